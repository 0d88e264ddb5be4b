package profile

import (
	"bytes"
	"time"

	"dockfill/scanner"
)

const (
	stx = 0x02
	etx = 0x03
	// tailHold is how long after a broken frame the next one counts as its rest: a
	// radio link may stall inside a scan for longer than the idle gap, and the
	// rest of a code must never pass for a code.
	tailHold = time.Second
	// frameMost is how long a frame may go on with pauses in it. Longer than that
	// somebody scans again and again because no end comes and nothing is heard.
	frameMost = 2 * time.Second
)

// Framer cuts plain text into scans.
//
// A frame without content is no event. With the terminator CR a line feed after
// it is passed over, with LF a carriage return before it; with the others both
// may be content, as two-dimensional codes can hold them.
type Framer struct {
	end    []byte // nil for Idle
	framed bool   // STX/ETX
	lrc    bool   // a check byte follows ETX
	gap    time.Duration
	trim   string // what is taken off both ends of the content

	buf       []byte
	inside    bool // an STX was seen; framed only
	closed    bool // an ETX was seen, and its check byte is to come
	skipping  bool // the frame was too long; its fault was told
	parted    bool // and a silence came behind it, so what ends now may be a scan
	last      time.Time
	began     time.Time // of the frame in buf
	tailUntil time.Time
	tailWhole bool // all up to tailUntil is the rest, not the next frame alone
	events    []Event
}

// NewFramer makes a framer; gap is the silence that ends a frame.
func NewFramer(t scanner.Terminator, gap time.Duration) *Framer {
	f := &Framer{gap: gap}
	switch t {
	case scanner.CR:
		f.end, f.trim = []byte("\r"), "\n"
	case scanner.LF:
		f.end, f.trim = []byte("\n"), "\r"
	case scanner.CRLF:
		f.end = []byte("\r\n")
	case scanner.CRCR:
		f.end = []byte("\r\r")
	case scanner.TAB:
		f.end = []byte("\t")
	case scanner.STXETX:
		f.end, f.framed = []byte{etx}, true
	case scanner.STXETXLRC:
		f.end, f.framed, f.lrc = []byte{etx}, true, true
	case scanner.Idle:
		f.trim = "\r\n"
	}
	return f
}

// Connect forgets what came before.
func (f *Framer) Connect(time.Time) []Event {
	f.reset()
	f.skipping, f.parted, f.tailUntil, f.tailWhole = false, false, time.Time{}, false
	return nil
}

// atStart reports whether the next byte begins a frame.
func (f *Framer) atStart() bool {
	return !f.inside && !f.skipping && len(bytes.Trim(f.buf, f.trim)) == 0
}

// Feed takes bytes. The events are Deliver without an ID.
func (f *Framer) Feed(now time.Time, p []byte) []Event {
	for _, b := range p {
		if len(f.buf) == 0 {
			f.began = now
		}
		switch {
		case f.closed:
			f.verify(b)
		case f.framed && !f.inside:
			f.outside(b)
		case f.framed && b == stx && !f.skipping:
			f.fault(scanner.ErrUnterminated)
			f.inside = true
		default:
			f.take(b)
		}
	}
	f.last = now
	return f.flush()
}

// outside handles a byte before STX. Line ends and NUL are harmless there;
// anything else is a scan that lacks its framing.
func (f *Framer) outside(b byte) {
	switch {
	case b == stx:
		f.fault(scanner.ErrUnframed)
		f.inside, f.skipping = true, false
	case b != '\r' && b != '\n' && b != 0 && !f.skipping:
		f.buf = append(f.buf, b)
		f.limit(0)
	}
}

// take handles a byte of a frame.
func (f *Framer) take(b byte) {
	f.buf = append(f.buf, b)
	switch {
	case f.end != nil && bytes.HasSuffix(f.buf, f.end):
		if f.lrc {
			f.closed = true
			return
		}
		f.finish()
	case f.skipping && f.parted && len(f.buf) <= scanner.MaxScan:
	case f.skipping:
		f.parted = false
		keep := max(0, len(f.end)-1)
		f.buf = append(f.buf[:0], f.buf[max(0, len(f.buf)-keep):]...)
	default:
		f.limit(len(f.end))
	}
}

// verify takes the check byte: the exclusive or of all that follows STX, ETX
// included (ISO 1155).
func (f *Framer) verify(check byte) {
	f.closed = false
	for _, b := range f.buf {
		check ^= b
	}
	if check == 0 || f.skipping {
		f.finish()
		return
	}
	f.buf = f.buf[:len(f.buf)-len(f.end)]
	f.fault(scanner.ErrGarbled)
}

// finish delivers the frame whose end is in the buffer.
func (f *Framer) finish() {
	if !f.skipping || f.parted {
		f.deliver(f.buf[:len(f.buf)-len(f.end)])
	}
	f.reset()
	f.skipping, f.parted = false, false
}

// limit tells once that a frame is too long. The rest is passed over, up to the
// next terminator or a silence of tailHold.
func (f *Framer) limit(terminator int) {
	if len(f.buf) < scanner.MaxScan+max(1, terminator) {
		return
	}
	f.buf = f.buf[:scanner.MaxScan]
	inside := f.inside
	f.fault(scanner.ErrTooLong)
	f.inside, f.skipping = inside, true
}

func (f *Framer) deliver(content []byte) {
	content = bytes.Trim(content, f.trim)
	if len(content) == 0 {
		return
	}
	e := Event{Kind: Deliver, Data: bytes.Clone(content)}
	rest := f.began.Before(f.tailUntil)
	if rest {
		e.Fault = scanner.ErrUnterminated
	}
	if !rest || !f.tailWhole {
		f.tailUntil, f.tailWhole = time.Time{}, false
	}
	f.events = append(f.events, e)
}

// fault delivers what is in the buffer as unreadable, if it holds more than line
// ends.
func (f *Framer) fault(why error) {
	if content := bytes.Trim(f.buf, "\r\n"); len(content) > 0 {
		f.events = append(f.events, Event{Kind: Deliver, Data: bytes.Clone(content), Fault: why})
	}
	f.reset()
}

// Silence ends or breaks a frame when it has lasted long enough.
func (f *Framer) Silence(now time.Time) []Event {
	switch quiet := now.Sub(f.last); {
	case quiet >= f.gap:
	case quiet < f.gap/2 || len(f.buf) == 0 || now.Sub(f.began) < frameMost:
		return nil
	case f.end == nil:
		f.fault(scanner.ErrUnterminated) // several scans, which nothing parts
		f.tailUntil = now.Add(tailHold)
		return f.flush()
	}
	if f.end == nil {
		f.deliver(f.buf)
		f.reset()
		f.skipping = false
		return f.flush()
	}
	if f.skipping {
		f.rest(now)
	}
	if f.breakOff(); len(f.events) > 0 && !f.framed {
		f.tailUntil = now.Add(tailHold)
	}
	return f.flush()
}

// rest is behind a frame that was too long, and a silence. A frame with its STX is
// none of it. Another one that ends before tailHold is told as a broken one: it may
// be a carton that somebody scanned right away. What has no end was told.
func (f *Framer) rest(now time.Time) {
	f.reset()
	over := now.Sub(f.last) >= tailHold
	f.skipping, f.parted = f.framed || !over, !f.framed && !over
	if f.parted {
		f.tailUntil = f.last.Add(tailHold)
	}
}

// cutShort gives up content that is known to be no whole frame, and the frames
// that follow on its heels, as there may be several in its rest.
func (f *Framer) cutShort(now time.Time, content []byte) []Event {
	if len(content) == 0 {
		return nil
	}
	f.buf = append(f.buf[:0], content...)
	f.fault(scanner.ErrUnterminated)
	f.tailUntil, f.tailWhole = now.Add(tailHold), true
	return f.flush()
}

// Lost breaks off what had begun.
func (f *Framer) Lost(time.Time) []Event {
	f.breakOff()
	return f.flush()
}

func (f *Framer) breakOff() {
	switch {
	case f.skipping:
	case f.framed && !f.inside:
		f.fault(scanner.ErrUnframed)
	default:
		f.fault(scanner.ErrUnterminated)
	}
}

func (f *Framer) reset() {
	f.buf, f.inside, f.closed = f.buf[:0], false, false
}

func (f *Framer) flush() []Event {
	out := f.events
	f.events = nil
	return out
}
