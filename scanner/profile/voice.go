package profile

import (
	"bytes"
	"slices"
	"time"

	"dockfill/allocation"
)

// voice gives verdicts to a device of plain text by its tones and lights.
type voice struct {
	profile *Profile
	beep    bool
	later   []timed
}

// timed is something to send at its time: a light off, a hold's end.
type timed struct {
	at   time.Time
	data []byte
	hold bool
}

func (v *voice) stop() { v.later = nil }

// show gives the bytes of a verdict. What an earlier verdict lit goes out first;
// a new hold takes the place of an old one.
func (v *voice) show(now time.Time, verdict allocation.Verdict) []byte {
	if !v.beep {
		return nil
	}
	var data []byte
	v.later = slices.DeleteFunc(v.later, func(l timed) bool {
		if !l.hold {
			data = append(data, l.data...)
		}
		return !l.hold || stops(verdict)
	})
	data = append(data, v.profile.Tones.toneOf(verdict).raw...)
	if light := v.profile.Lights.lightOf(verdict); light != nil {
		data = append(data, light.On.raw...)
		if len(light.Off.raw) > 0 {
			v.later = append(v.later, timed{at: now.Add(ms(light.MS)), data: light.Off.raw})
		}
	}
	if h := v.profile.Hold; h != nil && stops(verdict) {
		data = append(data, h.Begin.raw...)
		v.later = append(v.later, timed{at: now.Add(ms(h.MS)), data: h.End.raw, hold: true})
	}
	return data
}

// due gives what is to be sent by now.
func (v *voice) due(now time.Time) (events []Event) {
	v.later = slices.DeleteFunc(v.later, func(l timed) bool {
		if now.Before(l.at) {
			return false
		}
		events = append(events, Event{Kind: Send, Data: bytes.Clone(l.data)})
		return true
	})
	return events
}
