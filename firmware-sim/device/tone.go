package device

import (
	"fmt"
	"strings"
)

// Tone is what a sound means to a dock worker.
type Tone string

// The tones. None is silence; Other is a sound without an agreed meaning.
const (
	None  Tone = ""
	Good  Tone = "good"
	Hold  Tone = "hold"
	Check Tone = "check"
	Stop  Tone = "stop"
	Other Tone = "other"
)

// note is one sound of a device that is told sounds one by one. Those of SSI
// are whole patterns: their tone is known.
type note struct {
	sound string // in words: "a high beep"
	pitch int    // 1 low, 2 medium, 3 high
	long  bool
	razz  bool // the device's own sign of an error
	read  bool // the device's own sign of a good read
	tone  Tone // of a whole pattern
}

// meaning is what a worker takes a row of sounds for: the scanner's own sign of
// an error is bad; one that rises, and the scanner's own good-read beep, is good;
// two equal ones ask; a single long or low one sets aside, or three equal ones of
// a make that knows one short sound only.
func meaning(notes []note) Tone {
	if len(notes) == 0 {
		return None
	}
	first, equal, rising := notes[0], true, true
	for i, n := range notes {
		if n.razz {
			return Stop
		}
		equal = equal && n == first
		rising = rising && (i == 0 || n.pitch > notes[i-1].pitch)
	}
	switch {
	case first.tone != None:
		return first.tone
	case len(notes) == 2 && equal:
		return Check
	case len(notes) > 2 && equal:
		return Hold
	case len(notes) > 1 && rising:
		return Good
	case len(notes) > 1:
		return Other
	case first.read, first.pitch == 3 && !first.long:
		return Good
	}
	return Hold
}

// final tells whether further sounds would change nothing, or are not to be
// waited for.
func final(notes []note) bool {
	for _, n := range notes {
		if n.razz || n.read || n.tone != None {
			return true
		}
	}
	return len(notes) == 0
}

// inWords names sounds for a person, and what they mean together.
func inWords(notes []note) string {
	var sounds []string
	for _, n := range notes {
		sounds = append(sounds, n.sound)
	}
	return fmt.Sprintf("%s: %s", strings.Join(sounds, ", "), meaning(notes))
}
