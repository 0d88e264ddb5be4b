package profile

import (
	"bytes"

	"dockfill/allocation"
)

// toneOf is the one table of what a verdict sounds like, for every make. A word
// that is not known is told as STOP: no good tone by mistake.
func (t *Tones) toneOf(v allocation.Verdict) Bytes {
	switch v {
	case allocation.Allocated, allocation.Stock:
		return t.Good.Send
	case allocation.Held:
		return t.Long.Send
	case allocation.Check:
		return t.Question.Send
	}
	return t.Razz.Send
}

// Praises reports whether bytes that went to the device hold its good tone.
func (p *Profile) Praises(sent []byte) bool {
	if p.Tones == nil {
		return false
	}
	if p.Engine != SSIEngine {
		return bytes.Contains(sent, p.Tones.Good.Send.raw)
	}
	pkt, err := decodePacket(sent)
	return err == nil && pkt.op == opBeep && bytes.Equal(pkt.data, p.Tones.Good.Send.raw)
}

// lightOf is the same for the lights; HOLD and CHECK show none, and a make may
// lack one.
func (l *Lights) lightOf(v allocation.Verdict) *Light {
	switch {
	case l == nil, v == allocation.Held, v == allocation.Check:
		return nil
	case v == allocation.Allocated, v == allocation.Stock:
		return l.Green
	}
	return l.Red
}

// stops reports whether a verdict holds the device.
func stops(v allocation.Verdict) bool {
	return !v.Saved() && v != allocation.Check
}
