package main

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/scanner/hid"
	"dockfill/scanner/link"
	"dockfill/scanner/profile"
)

// speeds are those to try, one after the other.
type speeds struct {
	now   int
	tried []int
	fixed bool // a port without a speed
}

func (l *listener) speeds(first int) *speeds {
	return &speeds{now: first, fixed: strings.HasPrefix(l.port, "tcp://") || hid.Names(l.port)}
}

// next takes the likeliest speed of those not tried, by what came at the present
// one; false is the end.
func (s *speeds) next(came []byte) bool {
	s.tried = append(s.tried, s.now)
	for _, rate := range link.LikelyRates(came, s.now) {
		if !s.fixed && !slices.Contains(s.tried, rate) {
			s.now = rate
			return true
		}
	}
	return false
}

// baudOf is the speed that a profile begins with.
func baudOf(p *profile.Profile) int {
	if p.Line != nil && p.Line.Baud > 0 {
		return p.Line.Baud
	}
	return 9600
}

// isPackets asks the codec of packets whether it can read the bytes.
func (l *listener) isPackets(came []byte) bool {
	p, err := l.config.Profiles.Find(string(scanner.SSI))
	return err == nil && slices.ContainsFunc(l.readBy(p, came), func(e profile.Event) bool { return e.Fault == nil })
}

// readHeader gives the profiles whose codec finds their data header before the
// scan: of what it read, the header alone names the symbology.
func (l *listener) readHeader(came []byte) (read []*profile.Profile) {
	for _, name := range l.config.Profiles.Names() {
		p, err := l.config.Profiles.Find(name)
		if err != nil || p.Header == nil {
			continue
		}
		if slices.ContainsFunc(l.readBy(p, came), func(e profile.Event) bool { return e.Fault == nil && e.Symbology != "" }) {
			read = append(read, p)
		}
	}
	return read
}

// readBy gives the scans that a profile's codec finds in the bytes.
func (l *listener) readBy(p *profile.Profile, came []byte) []profile.Event {
	c, err := l.complete(scanner.Config{Profile: scanner.Profile(p.Name)}, p)
	if err != nil {
		return nil
	}
	codec, err := profile.New(c)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(codec.Feed(time.Now(), came), func(e profile.Event) bool { return e.Kind != profile.Deliver })
}

// endOf tells how a scan ended, and what stood before.
func endOf(came []byte) (scanner.Terminator, []byte) {
	if n := len(came); n > 2 && came[0] == 0x02 && came[n-1] == 0x03 {
		return scanner.STXETX, came[1 : n-1]
	} else if n > 3 && came[0] == 0x02 && came[n-2] == 0x03 {
		return scanner.STXETXLRC, came[1 : n-2]
	}
	for _, end := range []struct {
		t    scanner.Terminator
		tail string
	}{{scanner.CRLF, "\r\n"}, {scanner.CRCR, "\r\r"}, {scanner.CR, "\r"}, {scanner.LF, "\n"}, {scanner.TAB, "\t"}} {
		if content, ok := bytes.CutSuffix(came, []byte(end.tail)); ok {
			return end.t, content
		}
	}
	return scanner.Idle, came
}

// isText tells a scan from the garbage of a wrong speed.
func isText(content []byte) bool {
	err := barcode.Rules{}.Parse("", content, time.Now().Year()).Err
	return len(content) > 0 && (err == nil || err.Code != barcode.NotText)
}
