package hid

import (
	"bytes"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// tailHold is how long after a broken scan its rest may still come: a radio link
// to a cradle can stall between two reports, and the rest of a code must never
// pass for a code.
const tailHold = time.Second

// Between these, reports may be missing. No report is like them: an id is never 0.
const (
	holeBegins = "\x00reports may be lost from here"
	holeEnds   = "\x00to here"
)

// errHole is told where reports may be missing, and is the fault of what is read
// among them: whether it is whole cannot be known.
const errHole = unreadable("reports of the scanner may be lost because the machine stood still; compare what was scanned with what was booked, and scan again what is missing")

// joiner is the codec of a HID POS scanner: it joins reports to scans. The device
// hears no answer. Unlike the codecs of bytes it takes exactly one report a Feed,
// as hidraw reads them.
type joiner struct {
	// layout is of the open device, and known when Connect is called.
	layout func() layout
	end    affix
	gap    time.Duration

	buf       []byte
	symbology string
	joining   bool // the last report said that the scan goes on
	skipping  bool // the scan was too long or broken; its fault was told
	doubt     bool // between holeBegins and holeEnds
	last      time.Time
	// expectTail: the rest of a broken scan may come, until silence after tailUntil.
	expectTail bool
	tailUntil  time.Time
	events     []profile.Event
}

// newJoiner makes the codec of a completed configuration.
func newJoiner(c scanner.Config, l func() layout) *joiner {
	return &joiner{layout: l, end: affixOf(c.Terminator), gap: c.IdleGap}
}

// Connect starts anew. The rest of a scan that broke off may still come.
func (j *joiner) Connect(time.Time) []profile.Event {
	j.reset()
	j.skipping = false
	return nil
}

// Feed takes one report, or an end of a hole.
func (j *joiner) Feed(now time.Time, report []byte) []profile.Event {
	if s := string(report); s == holeBegins || s == holeEnds {
		return j.miss(now, s == holeBegins)
	}
	p, ok, err := j.layout().read(report)
	if !ok {
		return nil // keys, batteries, answers: no scan
	}
	switch {
	case j.doubt:
		err = errHole
	case j.expectTail && !j.joining:
		err = scanner.ErrUnterminated
	}
	if j.joining && p.symbology != "" && p.symbology != j.symbology {
		// A report is missing between two scans, and who knows how many.
		j.breakOff()
		err = scanner.ErrUnterminated
	}
	j.last = now
	j.add(p, err)
	return j.flush()
}

// miss takes the ends of a hole. What comes after it may be the rest of a scan that
// began in it.
func (j *joiner) miss(now time.Time, begins bool) []profile.Event {
	j.breakOff()
	if begins {
		j.fault(errHole)
		j.skipping = false
	}
	j.doubt = begins
	j.awaitTail(now)
	return j.flush()
}

func (j *joiner) add(p part, err error) {
	if !j.joining {
		j.symbology = p.symbology
	}
	j.joining = p.continued
	j.buf = append(j.buf, p.data...)
	switch {
	case j.skipping:
	case err != nil:
		j.fault(err)
	case len(j.buf) > scanner.MaxScan:
		j.buf = j.buf[:scanner.MaxScan]
		j.fault(scanner.ErrTooLong)
	case !p.continued:
		j.deliver()
	}
	if !p.continued {
		j.skipping, j.expectTail = false, false
		j.reset()
	} else if j.skipping {
		j.buf = j.buf[:0]
	}
}

// deliver gives the scan, without a suffix that the scanner was set to send. One
// without content is none.
func (j *joiner) deliver() {
	if data := j.end.strip(j.buf); len(data) > 0 {
		j.events = append(j.events, profile.Event{Kind: profile.Deliver, Data: bytes.Clone(data), Symbology: j.symbology})
	}
}

// fault tells once of a scan that cannot be read, and passes over its rest.
func (j *joiner) fault(why error) {
	j.events = append(j.events, profile.Event{Kind: profile.Deliver, Data: bytes.Clone(j.buf), Symbology: j.symbology, Fault: why})
	j.skipping = true
}

// Silence breaks off a scan whose next report does not come, and ends the wait for
// the rest of one.
func (j *joiner) Silence(now time.Time) []profile.Event {
	switch {
	case j.joining && now.Sub(j.last) >= j.gap:
		j.awaitTail(now)
		j.breakOff()
	case !now.Before(j.tailUntil):
		j.expectTail = false
	}
	return j.flush()
}

// awaitTail is ended by silence alone: what waited while the agent was busy is read
// late.
func (j *joiner) awaitTail(now time.Time) { j.expectTail, j.tailUntil = true, now.Add(tailHold) }

// Lost breaks off what had begun.
func (j *joiner) Lost(now time.Time) []profile.Event {
	if j.joining || j.doubt {
		j.awaitTail(now)
	}
	j.breakOff()
	j.doubt = false
	return j.flush()
}

func (j *joiner) breakOff() {
	if j.joining && !j.skipping {
		j.fault(scanner.ErrUnterminated)
	}
	j.skipping = false
	j.reset()
}

// Answer has no channel in HID POS.
func (j *joiner) Answer(time.Time, uint64, allocation.Verdict) []profile.Event { return nil }

func (j *joiner) reset() { j.buf, j.symbology, j.joining = j.buf[:0], "", false }

func (j *joiner) flush() []profile.Event {
	out := j.events
	j.events = nil
	return out
}

// affix is what a scanner puts around its data when it was set up for a serial
// line. Reports need none of it.
type affix struct{ before, after string }

func affixOf(t scanner.Terminator) affix {
	switch t {
	case scanner.STXETX:
		return affix{"\x02", "\x03"}
	case scanner.Idle:
		return affix{}
	}
	return affix{after: map[scanner.Terminator]string{scanner.CR: "\r", scanner.LF: "\n", scanner.CRLF: "\r\n", scanner.CRCR: "\r\r", scanner.TAB: "\t"}[t]}
}

func (a affix) strip(data []byte) []byte {
	if bytes.HasPrefix(data, []byte(a.before)) && bytes.HasSuffix(data, []byte(a.after)) && len(data) >= len(a.before)+len(a.after) {
		return data[len(a.before) : len(data)-len(a.after)]
	}
	return data
}
