package device

import "context"

// Framing says how an ASCII scan begins and ends.
type Framing string

// The framings. None is a scanner without a suffix.
const (
	CR     Framing = "cr"
	LF     Framing = "lf"
	CRLF   Framing = "crlf"
	Tab    Framing = "tab"
	STXETX Framing = "stx-etx"
	NoEnd  Framing = "none"
)

var framings = map[Framing]struct{ before, after string }{
	CR: {"", "\r"}, LF: {"", "\n"}, CRLF: {"", "\r\n"}, Tab: {"", "\t"},
	STXETX: {"\x02", "\x03"}, NoEnd: {"", ""},
}

// ascii is a scanner that types its data and hears nothing: the worker's tone
// comes from the station's own speaker.
type ascii struct{ d *Device }

func newASCII(d *Device) *ascii { return &ascii{d} }

func (a *ascii) hear([]byte) {}
func (a *ascii) silence()    {}
func (a *ascii) powerUp()    {}

func (a *ascii) greeted() <-chan struct{} {
	if end := a.d.current(); end != nil {
		return end.opened()
	}
	return nil
}

func (a *ascii) scan(ctx context.Context, l Label, f Fault) (Answer, error) {
	if f == Checksum || f == LostAck {
		f = ""
	}
	frame, end := a.frame(f.spoil(l))
	err := a.d.sendBroken(ctx, f, frame, end)
	if f == Double && err == nil {
		err = a.d.send(ctx, frame)
	}
	return Answer{Tries: 1}, err
}

// frame is the label's bytes and the length of its terminator.
func (a *ascii) frame(l Label) ([]byte, int) {
	f := framings[a.d.cfg.Framing]
	text := l.Text
	if a.d.cfg.AIM {
		text = l.AIM + text
	}
	return []byte(f.before + text + f.after), len(f.after)
}
