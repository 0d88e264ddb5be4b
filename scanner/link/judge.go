package link

import (
	"errors"
	"slices"
	"time"

	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/scanner/profile"
)

// What the line itself says about the bytes: whether they are text, whether they
// are new, whether a hand made them. The codec knows nothing of it.

// feed takes bytes as they came. mu is held.
func (d *Device) feed(now time.Time, p []byte) []profile.Event {
	d.tap(true, p)
	quiet := now.Sub(d.heard)
	if quiet > lull {
		d.began = now
	}
	d.heard = now
	if d.config.Profile != scanner.SSI { // its packets are no text, and say themselves that nothing answers
		d.garbage.feed(p)
	}
	switch {
	case now.Before(d.staleUntil):
		if d.flows = d.flows && quiet < noHand; d.flows {
			d.flowed = now
		}
		d.quarantine(now)
		d.stale, d.told = true, false
	case d.told: // a device's memory is held back until it is whole
		d.stale = false
	}
	return d.codec.Feed(now, p)
}

// silence also looks at whether what came before it was text. mu is held.
func (d *Device) silence(now time.Time) []profile.Event {
	events := d.codec.Silence(now)
	switch trouble, text := d.garbage.silence(d.config); {
	case trouble != nil:
		d.status.LastError = trouble
	case text && d.suspect():
		d.status.LastError = nil
	}
	return events
}

// quarantine has all that comes before a silence of quarantineGap count as old:
// the rest of what lay in the port may follow on the heels of it, or after the stall
// of a radio link. Whoever scans without rest is heard in the end: quarantineMost
// after the stream broke off that was under way at the opening. mu is held.
func (d *Device) quarantine(now time.Time) {
	d.staleUntil = now.Add(quarantineGap + d.config.IdleGap)
	if most := d.flowed.Add(quarantineMost); most.Before(d.staleUntil) {
		d.staleUntil = most
	}
}

// suspect says that the rate is taken for wrong. mu is held.
func (d *Device) suspect() bool { return errors.Is(d.status.LastError, scanner.ErrWrongRate) }

// lull is a silence on the line between two frames. A port hands over what comes in
// pieces of a few bytes.
const lull = 10 * time.Millisecond

// onWire is how long so many bytes take.
func (d *Device) onWire(bytes int) time.Duration {
	return time.Duration(bytes) * 10 * time.Second / time.Duration(d.config.Baud)
}

// packetBytes is the most that frames a code on the wire, ackBytes an
// acknowledgement.
const packetBytes, ackBytes = 8, 6

// judge says of a frame what the line says: that it is old, that the device had
// kept it, that the rate is right.
func (d *Device) judge(id uint64, s *scanner.Scan, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	began := now.Add(-d.onWire(len(s.Raw) + packetBytes))
	if began.Before(d.began) { // a line without a rate is faster than its setting
		began = d.began
	}
	if !d.since.IsZero() {
		s.Since = d.since
	}
	if d.hurry.late(began, s.Since, now, d.onWire(len(s.Raw)+2), d.onWire(ackBytes), s.Raw) {
		s.Late = true
	}
	if d.told = true; d.stale && s.Fault == nil {
		s.Fault = scanner.ErrStale
	}
	if errors.Is(s.Fault, scanner.ErrUnterminated) {
		s.Fault = d.unended(s.Fault)
	}
	if s.Fault == nil {
		s.Fault = d.wrongRate(s.Code)
	}
	d.newest = id
	d.note(s)
}

// unended says of a frame without its end what may be wrong: the terminator only
// where what came is text. mu is held.
func (d *Device) unended(fault error) error {
	if d.config.Profile != scanner.SSI && d.garbage.dubious(d.config) {
		return noText{fault}
	}
	return unterminated(fault, d.garbage.bytes, d.config.Terminator)
}

// wrongRate doubts a code of no known form where what came before it was no text
// either: at a wrong rate some bursts look like a word. mu is held.
func (d *Device) wrongRate(c barcode.Code) error {
	switch {
	case c.Err != nil || c.Format != barcode.Unknown:
		return nil
	case d.suspect():
		return d.status.LastError
	}
	trouble, _ := d.garbage.judge(d.config)
	return trouble
}

// note keeps in the status what a person at the scanner's settings has to know,
// until a scan is good: a wrong rate until one has a known form. mu is held.
func (d *Device) note(s *scanner.Scan) {
	if s.Fault != nil {
		d.noteFraming(s.Fault)
		return
	}
	d.unframed = 0
	if s.Code.Err == nil && s.Code.Format != barcode.Unknown {
		d.garbage.good()
		d.status.LastError = d.unless(scanner.ErrWrongRate)
	}
	d.status.LastError = d.unless(scanner.ErrUnterminated, scanner.ErrUnframed, scanner.ErrTooLong, errThrownAway)
}

// unless is the last trouble if it is none of these. mu is held.
func (d *Device) unless(over ...error) error {
	if slices.ContainsFunc(over, func(e error) bool { return errors.Is(d.status.LastError, e) }) {
		return nil
	}
	return d.status.LastError
}

// noteFraming puts a wrong terminator into the status: at once where it is known
// which came instead, else when a second frame in a row had none. mu is held.
func (d *Device) noteFraming(fault error) {
	if !errors.Is(fault, scanner.ErrUnterminated) && !errors.Is(fault, scanner.ErrUnframed) && !errors.Is(fault, scanner.ErrTooLong) {
		return
	}
	d.unframed++
	named := errors.As(fault, new(wrongEnd)) || errors.As(fault, new(noText))
	if d.current == nil || d.suspect() || !named && d.unframed < 2 {
		return
	}
	d.status.LastError = fault
	if !named && !errors.As(fault, new(noText)) && errors.Is(fault, scanner.ErrUnterminated) && d.config.Terminator != "" {
		d.status.LastError = noEnd(fault, d.config.Terminator)
	}
}

// errThrownAway is for the status alone: the scan comes again, and is counted then.
var errThrownAway = errors.New("a scan lay in the port from the time before it was opened and was thrown away, as the scanner sends it again; scan it again if it does not come")

// thrownAway tells of what lay in the port of a device that repeats. It is read by a
// codec of its own, as the line's knows nothing of that time.
func (d *Device) thrownAway(now time.Time, old []byte) {
	codec, err := profile.New(d.config)
	if err != nil {
		return
	}
	events := slices.Concat(codec.Feed(now, old), codec.Silence(now.Add(time.Second)), codec.Lost(now))
	if !slices.ContainsFunc(events, func(e profile.Event) bool { return e.Kind == profile.Deliver }) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.LastError = errThrownAway
}
