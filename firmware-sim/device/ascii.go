package device

import (
	"context"
	"slices"
	"strings"
)

// Framing says how a scan begins and ends where the make has no packets.
type Framing string

// The framings. None is a scanner without a suffix.
const (
	CR        Framing = "cr"
	LF        Framing = "lf"
	CRLF      Framing = "crlf"
	CRCR      Framing = "crcr"
	Tab       Framing = "tab"
	STXETX    Framing = "stx-etx"
	STXETXLRC Framing = "stx-etx-lrc"
	NoEnd     Framing = "none"
)

// Framings are all of them, for help texts.
var Framings = []Framing{CR, LF, CRLF, CRCR, Tab, STXETX, STXETXLRC, NoEnd}

var framings = map[Framing]struct{ before, after string }{
	CR: {"", "\r"}, LF: {"", "\n"}, CRLF: {"", "\r\n"}, CRCR: {"", "\r\r"}, Tab: {"", "\t"},
	STXETX: {"\x02", "\x03"}, STXETXLRC: {"\x02", "\x03"}, NoEnd: {"", ""},
}

func framingNames() string {
	var names []string
	for _, f := range Framings {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// frame is a label's bytes and the length of its end.
func (f Framing) frame(text string) (frame []byte, end int) {
	frame = []byte(framings[f].before + text + framings[f].after)
	end = len(framings[f].after)
	if f == STXETXLRC {
		frame, end = append(frame, lrc(frame[1:])), end+1
	}
	return frame, end
}

// lrc is the exclusive or of everything after STX, ETX included.
func lrc(b []byte) (sum byte) {
	for _, c := range b {
		sum ^= c
	}
	return sum
}

// typed is the text of a label as a make without packets sends it.
func (c Config) typed(l Label) string {
	if c.AIM {
		return l.AIM + c.separated(l.Text)
	}
	return c.separated(l.Text)
}

// separated puts the configured substitute in the place of GS.
func (c Config) separated(text string) string {
	if c.Separator == "" {
		return text
	}
	return strings.ReplaceAll(text, GS, c.Separator)
}

// ascii is a scanner that types its data and hears nothing: the worker's tone
// comes from the station's own speaker.
type ascii struct{ d *Device }

func newASCII(d *Device) *ascii { return &ascii{d} }

func (a *ascii) hear([]byte)  {}
func (a *ascii) silence()     {}
func (a *ascii) powerUp()     {}
func (a *ascii) listens() ear { return nil }

func (a *ascii) greeted() <-chan struct{} { return a.d.Opened() }

func (a *ascii) frame(l Label) ([]byte, int) { return a.d.cfg.Framing.frame(a.d.cfg.typed(l)) }

func (a *ascii) scan(ctx context.Context, l Label, f Fault) (Answer, error) {
	return Answer{Tries: 1}, a.d.typeOut(ctx, a.frame, l, f)
}

// typeOut sends a label as text, with what goes wrong with it.
func (d *Device) typeOut(ctx context.Context, frame func(Label) ([]byte, int), l Label, f Fault) error {
	if f == LostAck || f == Checksum && d.cfg.Framing != STXETXLRC {
		f = "" // nothing that could be lost or wrong
	}
	whole, end := frame(f.spoil(l))
	if err := d.sendBroken(ctx, f, whole, end); err != nil || f != Double {
		return err
	}
	if err := pause(ctx, d.bounce); err != nil {
		return err
	}
	return d.send(ctx, whole)
}

// Opened is closed once a host has the wire open, as far as can be told.
func (d *Device) Opened() <-chan struct{} {
	if end := d.current(); end != nil {
		return end.opened()
	}
	return nil
}

// knownFraming tells whether there is such a framing.
func knownFraming(f Framing) bool { return slices.Contains(Framings, f) }
