package device

import (
	"context"
	"fmt"
	"time"
)

// datalogic is a Datalogic scanner on RS-232 or USB-COM. Facts, from the makers'
// product reference guides:
//
//   - Single bytes: E enables, D disables, R resets (deaf for up to 30 s after
//     it), F says that an article is not on file (long beeps; the Magellan 800i
//     then stays disabled until E), B beeps if the good-read beep is on, 01h and
//     07h in any case, i h s ask for identification, health and status.
//   - Where ACK/NAK is switched on, a scan waits for ACK (06h), is sent again at NAK
//     (15h) or after a time that is set in steps of 200 ms, as often as is set, and no
//     other can be read meanwhile. That it comes with 200 ms and three repeats is not
//     confirmed.
//   - ESC [ n q: 0 short high, 1 short low, 2 long low, 3 good-read and 4
//     bad-transmission tone, 5 waits 100 ms, 6 and 7 green LED on and off, 8 and 9
//     red LED (a green spot on some models) on and off. Others are ignored, and a
//     sequence is played when it is whole.
//
// What i, h and s are answered with is not published; the texts are our own.
type datalogic struct {
	d    *Device
	ear  ear
	gate gate
	in   []byte
	deaf time.Time // until when commands are ignored, after R
}

func newDatalogic(d *Device) *datalogic { return &datalogic{d: d, ear: newEar()} }

func (g *datalogic) listens() ear             { return g.ear }
func (g *datalogic) greeted() <-chan struct{} { return g.d.Opened() }
func (g *datalogic) silence()                 { g.in = nil }

func (g *datalogic) powerUp() {
	g.in, g.deaf = nil, time.Time{}
	g.gate.turn(true)
}

func (g *datalogic) frame(l Label) ([]byte, int) { return g.d.cfg.Framing.frame(g.d.cfg.typed(l)) }

func (g *datalogic) scan(ctx context.Context, l Label, f Fault) (Answer, error) {
	if err := g.gate.await(ctx, g.d.cfg.EnableWait); err != nil {
		return Answer{}, err
	}
	w := g.d.listen(g.ear)
	for w.Tries = 1; ; w.Tries++ {
		if err := g.d.typeOut(ctx, g.frame, l, f); err != nil {
			return w.Answer, err
		}
		if !g.d.cfg.AckNak {
			break
		}
		if err := w.acknowledged(ctx, g.d.cfg.AckWait); err != nil {
			return w.Answer, err
		}
		if w.Acked && f != LostAck {
			break
		}
		if w.Acked { // it does not know, and waits its time
			if err := pause(ctx, g.d.cfg.AckWait); err != nil {
				return w.Answer, err
			}
		}
		if w.Tries == labelTries {
			w.GaveUp = true
			g.d.tell(Event{Kind: GaveUp, Words: "no ACK: the scan is lost"})
			return w.Answer, nil
		}
		w.Acked, f = false, ""
	}
	return w.Answer, w.tone(ctx, g.d.cfg.ToneWait)
}

// labelTries is how often a label is sent in all.
const labelTries = 4

// tones are the sounds of ESC [ n q.
var tones = map[byte]note{
	'0': {sound: "ESC [0q, a short high tone", pitch: 3},
	'1': {sound: "ESC [1q, a short low tone", pitch: 1},
	'2': {sound: "ESC [2q, a long low tone", pitch: 1, long: true},
	'3': {sound: "ESC [3q, the good-read tone", pitch: 3, read: true},
	'4': {sound: "ESC [4q, the bad-transmission tone", razz: true},
}

// hear takes the host's bytes. Sounds that came together are played together.
func (g *datalogic) hear(b []byte) {
	if time.Now().Before(g.deaf) {
		g.d.tell(Event{Kind: Told, Words: fmt.Sprintf("%q, ignored: it still starts after the reset", b)})
		return
	}
	g.in = append(g.in, b...)
	var notes []note
	for len(g.in) > 0 {
		if g.in[0] != esc {
			notes = append(notes, g.byte(g.in[0])...)
			g.in = g.in[1:]
			continue
		}
		if len(g.in) < 4 {
			break // the rest has not come yet
		}
		notes = append(notes, g.sequence(g.in[1:4])...)
		g.in = g.in[4:]
	}
	g.play(notes)
}

// play makes sounds that belong together.
func (g *datalogic) play(notes []note) {
	if len(notes) > 0 {
		g.d.tell(Event{Kind: Beep, notes: notes})
		g.ear.hear(reply{kind: Beep, notes: notes})
	}
}

// byte obeys a command of one byte.
func (g *datalogic) byte(c byte) []note {
	switch c {
	case 'E', 'D':
		g.enable(c == 'E')
	case 'R':
		g.deaf = time.Now().Add(g.d.cfg.ResetTime)
		g.gate.turn(true)
		g.d.tell(Event{Kind: Told, Words: fmt.Sprintf("reset: deaf for %s", g.d.cfg.ResetTime)})
	case 'F':
		if g.d.cfg.NeedsEnable {
			g.enable(false)
		}
		return []note{{sound: "F, the beeps of an article not on file", razz: true}}
	case 'B', 0x01, bel:
		return []note{{sound: fmt.Sprintf("%q, the good-read tone", c), pitch: 3, read: true}}
	case ack:
		g.ear.hear(reply{kind: Acked})
		g.d.tell(Event{Kind: Acked})
	case nak:
		g.ear.hear(reply{kind: Nak, code: nakResend})
		g.d.tell(Event{Kind: Nak, Code: nakResend, Words: "refused: send again"})
	case 'i', 'h', 's':
		text := map[byte]string{'i': "DOCKSIM DATALOGIC 01", 'h': "HEALTH OK", 's': "STATUS ENABLED"}[c]
		_ = g.d.send(context.Background(), []byte(text+"\r\n")) // lost where nobody reads, as on a wire
		g.d.tell(Event{Kind: Told, Words: fmt.Sprintf("asked %q, answered %q", c, text)})
	}
	return nil
}

// sequence obeys what follows ESC.
func (g *datalogic) sequence(s []byte) []note {
	if s[0] != '[' || s[2] != 'q' {
		return nil
	}
	switch s[1] {
	case '6', '7', '8', '9':
		kind, mask := LEDOn, Green
		if s[1]%2 == 1 {
			kind = LEDOff
		}
		if s[1] >= '8' {
			mask = Red
		}
		g.d.tell(Event{Kind: kind, Code: mask})
	}
	if n, ok := tones[s[1]]; ok {
		return []note{n}
	}
	return nil
}

func (g *datalogic) enable(on bool) {
	g.gate.turn(on)
	if on {
		g.d.tell(Event{Kind: Enabled})
	} else {
		g.d.tell(Event{Kind: Disabled})
	}
}
