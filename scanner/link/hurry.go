package link

import (
	"slices"
	"time"
)

// hurry knows scans that no hand made: a handheld that was out of range or kept
// codes sends them back to back. There are two signs of it.
//
// Three different codes in a run that is faster than any hand are one from the
// third on. Equal codes are no sign: a scanner that stares at one label sends it as
// fast.
//
// A device that waits for our acknowledgement shows more. What begins on the heels
// of it was read before; and where so little time lies between two codes that no
// trigger bounced in it, it was read long before. That holds for equal codes too.
type hurry struct {
	last     time.Time
	answered time.Time // when the newest frame was acknowledged; zero for not yet
	codes    [][]byte  // different ones of the present run, the first few
	// room is how many kept codes are believed yet: no more than a hand can have
	// read in the silence before. It ends the run of a reader that never rests.
	room int
}

const (
	// noHand is below what any hand needs between two labels. Measured: a paced
	// line leaves gaps of up to 32 ms between frames that were sent back to back.
	noHand = 60 * time.Millisecond
	// runFrom is how many different codes make a run.
	runFrom = 3
	// heels is below what a reader needs from our acknowledgement to the first byte
	// of a label that it reads only then: light, picture, decoding.
	heels = 12 * time.Millisecond
	// noBounce is below the time from one reading to the next of a trigger that
	// bounces, 50 to 380 ms.
	noBounce = 45 * time.Millisecond
)

// late takes a frame that began at began, was whole at now after being on the wire
// for sending, and reports whether the device had kept it. ack is how long our
// acknowledgement takes on the wire.
func (h *hurry) late(began, now time.Time, sending, ack time.Duration, code []byte) bool {
	if now.Sub(h.last) > noHand+sending {
		h.codes = h.codes[:0]
	}
	if quiet := began.Sub(h.last); quiet > quarantineGap {
		h.room = int(quiet / noHand)
	}
	kept := h.room > 0 && h.onTheHeels(began, ack)
	if kept {
		h.room--
	}
	h.last, h.answered = now, time.Time{}
	known := slices.ContainsFunc(h.codes, func(c []byte) bool { return string(c) == string(code) })
	if !known && len(h.codes) < runFrom {
		h.codes = append(h.codes, code)
	}
	return kept || len(h.codes) == runFrom
}

func (h *hurry) onTheHeels(began time.Time, ack time.Duration) bool {
	if h.answered.IsZero() || began.Sub(h.last) >= noBounce {
		return false
	}
	behind := began.Sub(h.answered)
	return behind >= 0 && behind <= heels+ack
}
