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
	"dockfill/scanner/hid"
	"dockfill/scanner/profile"
)

// restAfter is how long bytes may wait for the scan that they belong to.
const restAfter = 600 * time.Millisecond

// mostHeld bounds what is shown of a scanner that sends without end, mostKept of one
// with a memory: the largest that are known keep 2,671 codes.
const (
	mostHeld = 2 * scanner.MaxScan
	mostKept = 1 << 20
)

// tap keeps what came over the port until the scan is there that it became.
type tap struct {
	tape   *tape            // nil for none
	speech *profile.Profile // says what bytes mean; nil where nothing does

	rest time.Duration // beyond restAfter: a memory's scans come when it is whole
	most int           // bytes in held

	mu   sync.Mutex
	held []byte
	at   time.Time // of the newest byte in held
	came int       // bytes from the device in all; those in held are the newest
	// aside is what came before a scan and is none of it: answers to the set-up,
	// acknowledgements.
	aside []said
	sent  []said
	// sentAt is when the newest of them went.
	sentAt time.Time
}

// said is what went over the port one way; came counts the device's bytes up to its
// end, or up to when it was sent.
type said struct {
	bytes []byte
	came  int
}

// newTap is the tap of a port; what it says is known of serial ones alone.
func newTap(c scanner.Config) *tap {
	w := &tap{most: mostHeld}
	if speech, ok := c.Speech.(*profile.Profile); ok && !hid.Names(c.Port) {
		w.speech = speech
		if m := speech.Memory; m != nil {
			w.rest, w.most = time.Duration(m.EndMS)*time.Millisecond, mostKept
		}
	}
	return w
}

// hear takes what goes over the port.
func (w *tap) hear(fromDevice bool, p []byte) {
	now := time.Now()
	w.tape.note(now, fromDevice, p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !fromDevice {
		w.sent, w.sentAt = append(w.sent, said{bytes.Clone(p), w.came}), now
		return
	}
	w.held, w.at, w.came = append(w.held, p...), now, w.came+len(p)
	if over := len(w.held) - w.most; over > 0 {
		w.held = w.held[over:]
	}
}

// take gives what came since the last call.
func (w *tap) take() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.held
	w.held = nil
	return b
}

// frame gives the bytes of one scan out of what came, and sets aside what came
// before them. A scan whose bytes cannot be told from the rest gets all.
func (w *tap) frame(c scanner.Config, s scanner.Scan) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, to := newSeeker(c, s).find(w.held)
	w.setAside(from)
	b := bytes.Clone(w.held[:to-from])
	w.held = bytes.Clone(w.held[to-from:])
	return b
}

// setAside takes the first n bytes of held for what is no scan, in pieces where
// something was sent between them. mu is held.
func (w *tap) setAside(n int) {
	from := w.came - len(w.held)
	end := from + n
	cut := func(to int) {
		if to > from && to <= end {
			w.aside = append(w.aside, said{bytes.Clone(w.held[:to-from]), to})
			w.held, from = w.held[to-from:], to
		}
	}
	for _, s := range w.sent {
		cut(s.came)
	}
	cut(end)
}

// printBefore shows what went over the port before a scan whose bytes were taken last,
// and is so many bytes long; printRest all else that is no scan, but for what was sent
// behind bytes that still wait for their scan. Both keep the order of time.
func (w *tap) printBefore(out io.Writer, scan int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.print(out, w.came-len(w.held)-scan)
}

func (w *tap) printRest(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.at) > restAfter+w.rest {
		w.setAside(len(w.held))
	}
	w.print(out, w.came-len(w.held))
}

// print shows what is no scan, up to so many of the device's bytes. mu is held.
func (w *tap) print(out io.Writer, upTo int) {
	for len(w.aside) > 0 || len(w.sent) > 0 && w.sent[0].came <= upTo {
		if len(w.sent) == 0 || len(w.aside) > 0 && w.aside[0].came <= w.sent[0].came {
			fmt.Fprintf(out, "< %s  %s\n", spaced(w.aside[0].bytes), w.named(true, w.aside[0].bytes))
			w.aside = w.aside[1:]
			continue
		}
		fmt.Fprintf(out, "> %s  %s\n", spaced(w.sent[0].bytes), w.named(false, w.sent[0].bytes))
		w.sent = w.sent[1:]
	}
}

// named writes bytes as text, and what they mean; packets, which are no text, by
// their meaning alone.
func (w *tap) named(fromDevice bool, b []byte) string {
	if w.speech == nil {
		return named(b)
	}
	switch says := w.speech.Said(fromDevice, b); {
	case says == "":
		return named(b)
	case w.speech.Engine == profile.SSIEngine:
		return says
	default:
		return named(b) + "  " + says
	}
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
func (w *tap) idle(since time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held) > 0 && time.Since(w.at) > since
}

// praised counts how often the scanner was told to sound the good tone.
func (w *tap) praised(p *profile.Profile) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sent {
		if p.Praises(s.bytes) {
			n++
		}
	}
	return n
}

// told reports that nothing went to the scanner for a time.
func (w *tap) told(since time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.sentAt) > since
}
