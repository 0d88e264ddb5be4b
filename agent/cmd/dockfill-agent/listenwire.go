package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"dockfill/scanner"
)

// restAfter is how long bytes may wait for the scan that they belong to.
const restAfter = 600 * time.Millisecond

// mostHeld bounds what is shown of a scanner that sends without end.
const mostHeld = 2 * scanner.MaxScan

// wire keeps what came over the port until the scan is there that it became.
type wire struct {
	tape  *tape               // nil for none
	words func([]byte) string // names packets; nil where there are none

	mu   sync.Mutex
	held []byte
	at   time.Time // of the newest byte in held
	// aside is what came before a scan and is none of it: answers to the set-up,
	// acknowledgements.
	aside []byte
	sent  [][]byte
	// sentAt is when the newest of them went.
	sentAt time.Time
}

// hear is the tap of a port.
func (w *wire) hear(fromDevice bool, p []byte) {
	now := time.Now()
	w.tape.note(now, fromDevice, p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !fromDevice {
		w.sent, w.sentAt = append(w.sent, bytes.Clone(p)), now
		return
	}
	w.held, w.at = append(w.held, p...), now
	if over := len(w.held) - mostHeld; over > 0 {
		w.held = w.held[over:]
	}
}

// take gives what came since the last call.
func (w *wire) take() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.held
	w.held = nil
	return b
}

// frame gives the bytes of one scan out of what came, and sets aside what came
// before them. A scan whose bytes cannot be told from the rest gets all.
func (w *wire) frame(c scanner.Config, s scanner.Scan) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, to := newSeeker(c, s).find(w.held)
	w.aside = append(w.aside, w.held[:from]...)
	b := bytes.Clone(w.held[from:to])
	w.held = bytes.Clone(w.held[to:])
	return b
}

// printRest shows what went to the scanner, and what came and is no scan.
func (w *wire) printRest(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.sent {
		fmt.Fprintf(out, "> %s  %s\n", spaced(b), w.named(b))
	}
	w.sent = nil
	if time.Since(w.at) > restAfter {
		w.aside, w.held = append(w.aside, w.held...), nil
	}
	if len(w.aside) > 0 {
		fmt.Fprintf(out, "< %s  %s\n", spaced(w.aside), w.named(w.aside))
		w.aside = nil
	}
}

// named says what packets mean, and writes other bytes as text.
func (w *wire) named(b []byte) string {
	if w.words != nil {
		if words := w.words(b); words != "" {
			return words
		}
	}
	return named(b)
}

// tape writes a recording, a step a line, such as
//
//	< 0.012345s "4006381333931\r"
//
// An error stays until it is asked for: the port must not wait for a disk.
type tape struct {
	mu      sync.Mutex
	to      io.WriteCloser
	started time.Time
	was, in bool // the port was there once; it is there. Of one goroutine alone
	err     error
}

func newTape(to io.WriteCloser) *tape { return &tape{to: to, started: time.Now()} }

// note writes a step; a nil tape does nothing.
func (t *tape) note(now time.Time, fromDevice bool, p []byte) {
	if t == nil || len(p) == 0 {
		return
	}
	direction := '>'
	if fromDevice {
		direction = '<'
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.to, "%c %.6fs %q\n", direction, now.Sub(t.started).Seconds(), p)
	}
}

// plugged notes that the port went or came back; that it is there at first is no
// step.
func (t *tape) plugged(in bool) {
	if t == nil || t.in == in {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	word := map[bool]string{true: "plug", false: "unplug"}[in]
	if t.was && t.err == nil {
		_, t.err = fmt.Fprintf(t.to, "! %.6fs %s\n", time.Since(t.started).Seconds(), word)
	}
	t.was, t.in = true, in
}

func (t *tape) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.to.Close(); t.err == nil {
		t.err = err
	}
	if t.err != nil {
		return fmt.Errorf("the recording is not whole: %w", t.err)
	}
	return nil
}

// controls are the names of the characters below the space.
var controls = [...]string{
	"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI",
	"DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
}

// controlName names a byte that a person cannot see; "" is for the others.
func controlName(c byte) string {
	switch {
	case int(c) < len(controls):
		return controls[c]
	case c == 0x7f:
		return "DEL"
	}
	return ""
}

// named writes bytes as text, control characters as <GS>, and what is no text as
// <0x9C>.
func named(b []byte) string {
	var out []byte
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch name := controlName(b[0]); {
		case name != "":
			out = append(out, "<"+name+">"...)
		case r == utf8.RuneError && size == 1, r >= 0x80 && r < 0xa0:
			out = fmt.Appendf(out, "<0x%02X>", b[0])
			size = 1
		default:
			out = append(out, b[:size]...)
		}
		b = b[size:]
	}
	return string(out)
}

// spaced writes bytes as hexadecimal pairs.
func spaced(b []byte) string { return fmt.Sprintf("% X", b) }

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// idle reports that bytes came which nothing has taken, and none since a time.
func (w *wire) idle(since time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held) > 0 && time.Since(w.at) > since
}

// told reports that nothing went to the scanner for a time.
func (w *wire) told(since time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.sentAt) > since
}
