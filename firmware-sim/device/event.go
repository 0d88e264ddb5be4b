package device

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what happened at a device.
type Kind string

// The kinds. All but GaveUp and Own are something that the host told the device.
const (
	Acked    Kind = "ack"     // the host has the scan
	Nak      Kind = "nak"     // the host refused a packet; Code is the cause
	Beep     Kind = "beep"    // sounds; Code is the pattern of SSI
	LEDOn    Kind = "led-on"  // Code is the mask
	LEDOff   Kind = "led-off" // Code is the mask
	Enabled  Kind = "enable"
	Disabled Kind = "disable"
	Param    Kind = "param"   // Code is the new value of parameter Number
	Trigger  Kind = "trigger" // START (Code 1) or STOP (0) session
	Garbled  Kind = "garbled" // a packet of the host had a wrong checksum
	Told     Kind = "told"    // any other command; Words say which
	Own      Kind = "own"     // the device made a sound of its own accord
	GaveUp   Kind = "gave-up" // no answer: the device's own error beep
)

// The bits of a LED mask.
const (
	Green byte = 1 << 0
	Red   byte = 1 << 1
)

// Event is one thing that happened at a device.
type Event struct {
	At     time.Time
	Kind   Kind
	Code   byte   // meaning: see Kind
	Number uint16 // parameter number, for Param
	// Words say what happened, where Kind and Code do not say all of it.
	Words string

	notes []note // what sounds, for a Beep
}

// Tone is what a Beep means; None for every other kind.
func (e Event) Tone() Tone { return meaning(e.notes) }

// String is the event as a person would say it.
func (e Event) String() string {
	if e.Words != "" {
		return e.Words
	}
	switch e.Kind {
	case Acked:
		return "acknowledged"
	case Nak:
		return "refused: " + nakCause(e.Code)
	case Beep:
		return inWords(e.notes)
	case LEDOn:
		return "LED on: " + LEDs(e.Code)
	case LEDOff:
		return "LED off: " + LEDs(e.Code)
	case Enabled:
		return "scanning enabled"
	case Disabled:
		return "scanning disabled"
	case Param:
		return fmt.Sprintf("parameter %02Xh set to %d", e.Number, e.Code)
	case Trigger:
		return fmt.Sprintf("session %s", map[bool]string{true: "started", false: "stopped"}[e.Code == 1])
	case Garbled:
		return "a packet with a wrong checksum"
	}
	return "no acknowledgement: four low beeps, the scan is lost"
}

// LEDs is a LED mask in words.
func LEDs(mask byte) string {
	var lit []string
	if mask&Green != 0 {
		lit = append(lit, "green")
	}
	if mask&Red != 0 {
		lit = append(lit, "red")
	}
	if rest := mask &^ (Green | Red); rest != 0 || mask == 0 {
		lit = append(lit, fmt.Sprintf("mask %02Xh", rest))
	}
	return strings.Join(lit, " and ")
}

// Answer is what a worker got for one scan.
type Answer struct {
	// Acked: the host took the scan. Always false for a device without an
	// acknowledgement.
	Acked bool
	// Nak is the cause of a final refusal, 0 if there was none.
	Nak byte
	// GaveUp: nobody answered; the device made its own error beep.
	GaveUp bool
	// Kept: the scan lies in the device's memory and was not sent.
	Kept bool
	// Tone is the meaning of the sounds after the scan, None if silent.
	Tone Tone
	// Pattern is the code of SSI's beep, where Tone is not None.
	Pattern byte
	// Tries counts how often the last packet was sent.
	Tries int
	// Took is the time from the first byte sent to the first sound.
	Took time.Duration
}
