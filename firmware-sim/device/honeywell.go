package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// honeywell is a scanner of Honeywell's families with menu commands (Xenon,
// Granit, Voyager). Facts, from the makers' user guides unless marked:
//
//   - SYN M CR opens a menu command, SYN T CR and SYN U CR press and let go of
//     the trigger, SYN BEL CR beeps (the last from an open implementation).
//   - In Host ACK mode a scan is silent and the scanner suspended until the host
//     sends an escape command, ESC x and a comma; older models (1900, 2020) know
//     no comma. After 10 s (1 to 90) without one the scanner gives its error tone.
//   - A work group's number may stand before ESC; several commands may follow
//     each other.
//   - The data header of DECHDR1 is from an open implementation.
type honeywell struct {
	d    *Device
	ear  ear
	in   []byte // the host's bytes, not yet understood
	menu menu
}

func newHoneywell(d *Device) *honeywell {
	h := &honeywell{d: d, ear: newEar()}
	h.menu.factory(d.cfg)
	return h
}

func (h *honeywell) powerUp() {
	h.in = nil
	h.menu.powerUp()
}

func (h *honeywell) listens() ear {
	if h.menu.on("HSTACK") {
		return h.ear
	}
	return nil
}

func (h *honeywell) silence()                 { h.in = nil }
func (h *honeywell) greeted() <-chan struct{} { return h.d.Opened() }

// scan sends the label and, in Host ACK mode, stands still until the host has
// spoken. Without that mode the scanner beeps by itself and hears nothing.
func (h *honeywell) scan(ctx context.Context, l Label, f Fault) (Answer, error) {
	w := h.d.listen(h.ear)
	if err := h.d.typeOut(ctx, h.frame, l, f); err != nil {
		return w.Answer, err
	}
	if h.menu.on("BEPBEP") && !h.menu.on("HSTACK") {
		h.d.tell(Event{Kind: Own, Words: "its own good-read beep: it says nothing of the unit (BEPBEP0 turns it off)"})
	}
	if !h.menu.on("HSTACK") {
		return w.Answer, nil
	}
	return w.Answer, h.suspended(ctx, w)
}

// suspended waits for the first escape command, and for the sounds of its string.
func (h *honeywell) suspended(ctx context.Context, w *waiter) error {
	limit := time.After(h.menu.hostWait())
	for !w.Acked {
		r, err := w.next(ctx, limit)
		if err != nil {
			return err
		}
		if r.kind == "" {
			w.GaveUp = true
			h.d.tell(Event{Kind: GaveUp, Words: fmt.Sprintf("no host ACK in %s: the scanner's error tone", h.menu.hostWait())})
			return nil
		}
		w.note(r)
	}
	if w.Tone == None {
		return w.tone(ctx, melodyGap)
	}
	return w.finish(ctx)
}

// frame is the label's bytes: data and terminator, behind the data header where
// the menu asks for it. The header counts the terminator as data.
func (h *honeywell) frame(l Label) ([]byte, int) {
	if !h.menu.on("DECHDR") {
		return h.d.cfg.Framing.frame(h.d.cfg.typed(l))
	}
	data := []byte(h.d.cfg.separated(l.Text) + "\r")
	payload := fmt.Appendf(nil, "MSGGET%04d%c%s\x1d", len(data), honeywellID(l.AIM), (l.AIM + "]C0")[1:3])
	payload = append(payload, data...)
	head := binary.LittleEndian.AppendUint32([]byte{syn, 0xFE}, uint32(len(payload)))
	return append(append(head, '\r'), payload...), 1
}

// honeywellID is Honeywell's letter for a symbology, by its AIM identifier.
func honeywellID(aim string) byte {
	for _, s := range []struct {
		aim string
		id  byte
	}{{"]C1", 'I'}, {"]E4", 'D'}, {"]E", 'd'}, {"]A", 'b'}, {"]I", 'e'}, {"]d", 'w'}, {"]Q", 's'}, {"]L", 'r'}, {"]e", 'y'}, {"]z", 'z'}} {
		if bytes.HasPrefix([]byte(aim), []byte(s.aim)) {
			return s.id
		}
	}
	return 'j' // Code 128
}
