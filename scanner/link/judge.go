package link

import (
	"errors"
	"time"

	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// What the line itself says about the bytes: whether they are text, whether they
// are new, whether a hand made them. The codec knows nothing of it.

// feed takes bytes as they came. mu is held.
func (d *Device) feed(now time.Time, p []byte) []profile.Event {
	d.tap(true, p)
	if d.config.Profile != scanner.SSI { // its packets are no text, and say themselves that nothing answers
		d.garbage.feed(p)
	}
	switch {
	case now.Before(d.staleUntil):
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
	if trouble, fresh := d.garbage.silence(d.config); fresh && (trouble != nil || errors.Is(d.status.LastError, scanner.ErrWrongRate)) {
		d.status.LastError = trouble
	}
	return events
}

// quarantine has all that comes before a silence of quarantineGap count as old:
// the rest of what lay in the port may follow on the heels of it. mu is held.
func (d *Device) quarantine(now time.Time) { d.staleUntil = now.Add(quarantineGap + d.config.IdleGap) }

// judge says of a frame what the line says: that it is old, that the device had
// kept it, that the rate is right.
func (d *Device) judge(s *scanner.Scan, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	sending := time.Duration(len(s.Raw)+2) * 10 * time.Second / time.Duration(d.config.Baud)
	if d.hurry.late(now, sending, s.Raw) {
		s.Late = true
	}
	if d.told = true; d.stale && s.Fault == nil {
		s.Fault = scanner.ErrStale
	}
	if errors.Is(s.Fault, scanner.ErrUnterminated) {
		s.Fault = unterminated(s.Fault, d.garbage.bytes, d.config.Terminator)
	}
	if s.Fault != nil || s.Code.Err != nil {
		return
	}
	d.garbage.good()
	if errors.Is(d.status.LastError, scanner.ErrWrongRate) {
		d.status.LastError = nil
	}
}
