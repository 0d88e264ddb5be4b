package device

import (
	"bytes"
	"context"
	"fmt"
)

// This file is what a Honeywell scanner does when the host speaks.

const (
	syn = 0x16
	esc = 0x1B
	bel = 0x07
	ack = 0x06
	enq = 0x05
	nak = 0x15
)

// escapes are the Host ACK responses of the user guides.
var escapes = map[byte]struct {
	note  note
	light string
}{
	'a': {note: note{sound: "ESC a, two beeps of a menu change", pitch: 2, tone: Other}},
	'b': {note: note{sound: "ESC b, error tone of a menu change", razz: true}},
	'1': {light: "ESC 1: green LED for 135 ms"},
	'2': {light: "ESC 2: green LED for 2 s"},
	'3': {light: "ESC 3: green LED for 5 s"},
	'4': {note: note{sound: "ESC 4, a low beep", pitch: 1}},
	'5': {note: note{sound: "ESC 5, a medium beep", pitch: 2}},
	'6': {note: note{sound: "ESC 6, a high beep", pitch: 3}},
	'7': {note: note{sound: "ESC 7, the beep of a good read", pitch: 3, read: true}},
	'8': {note: note{sound: "ESC 8, razz", razz: true}},
}

// hear takes the host's bytes. The sounds of one string of commands go to the
// scan together.
func (h *honeywell) hear(b []byte) {
	h.in = append(h.in, b...)
	var notes []note
	released := false
	for len(h.in) > 0 {
		n := h.size()
		if n == 0 {
			break // the rest has not come yet
		}
		command := h.in[:n:n]
		h.in = h.in[n:]
		if command[0] == esc && n > 1 {
			released = true
			notes = append(notes, h.escape(command[1])...)
		} else if n > 1 {
			h.syn(command)
		}
	}
	if len(notes) > 0 {
		h.d.tell(Event{Kind: Beep, notes: notes})
	}
	if released {
		h.ear.hear(reply{kind: Acked})
	}
	if len(notes) > 0 {
		h.ear.hear(reply{kind: Beep, notes: notes})
	}
}

// size is the length of the command that the waiting bytes begin with: 1 for a
// byte that is none, 0 while more must come.
func (h *honeywell) size() int {
	switch h.in[0] {
	case esc:
		return h.escapeSize()
	case syn:
		return h.synSize()
	}
	return 1 // a work group's number, or nothing known
}

func (h *honeywell) escapeSize() int {
	want := 3
	if h.d.cfg.NoComma {
		want = 2
	}
	if len(h.in) < want {
		return 0
	}
	if _, known := escapes[h.in[1]]; !known || want == 3 && h.in[2] != ',' {
		h.d.tell(Event{Kind: Told, Words: fmt.Sprintf("an escape string that it does not know: %q", h.in[:want])})
		return 1
	}
	return want
}

func (h *honeywell) synSize() int {
	switch {
	case len(h.in) < 3:
		return 0
	case h.in[2] != '\r':
		return 1
	case h.in[1] != 'M':
		return 3
	}
	return bytes.IndexAny(h.in, "!.") + 1
}

// escape shows a light, or gives the sound.
func (h *honeywell) escape(which byte) []note {
	e := escapes[which]
	if e.light != "" {
		h.d.tell(Event{Kind: LEDOn, Code: Green, Words: e.light})
		return nil
	}
	return []note{e.note}
}

// syn obeys a command that began with SYN.
func (h *honeywell) syn(command []byte) {
	switch command[1] {
	case 'T':
		h.d.tell(Event{Kind: Trigger, Code: 1})
	case 'U':
		h.d.tell(Event{Kind: Trigger})
	case bel:
		h.d.tell(Event{Kind: Beep, notes: []note{{sound: "SYN BEL, a high beep", pitch: 3}}})
	case 'M':
		answer := h.menu.obey(string(command[3:]))
		_ = h.d.send(context.Background(), []byte(answer)) // lost where nobody reads, as on a wire
		h.d.tell(Event{Kind: Told, Words: fmt.Sprintf("menu command %q, answered %q", command[3:], answer)})
	}
}
