package link

import (
	"bytes"
	"slices"
	"time"

	"dockfill/scanner"
)

// hurry knows scans that no hand made: a handheld that was out of range or kept
// codes sends them back to back. There are two signs of it.
//
// Three different codes in a run that is faster than any hand are one from the
// third on. Equal codes are no sign: a scanner that stares at one label sends it as
// fast.
//
// What lay in the system's buffer is read faster than any hand, too, and shows
// nothing but how many codes came in how long.
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
	// code is the newest one. unread is since when the bytes lay in the system's buffer
	// that are read now, zero for none, and changes how many codes of them were another
	// than the one before.
	code    []byte
	unread  time.Time
	changes int
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
// for sending, may have been whole since since, and reports whether the device had kept it. ack is how long our
// acknowledgement takes on the wire.
func (h *hurry) late(began, since, now time.Time, sending, ack time.Duration, code []byte) bool {
	byHand := h.byHand(since, now, code)
	if now.Sub(h.last) > noHand+sending || byHand {
		h.codes = h.codes[:0]
	}
	if quiet := began.Sub(h.last); quiet > quarantineGap {
		h.room = int(quiet / noHand)
	}
	kept := h.room > 0 && !since.Before(now) && h.onTheHeels(began, ack)
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

// byHand reports whether a hand may have made what lay in the system's buffer.
func (h *hurry) byHand(since, now time.Time, code []byte) bool {
	again := bytes.Equal(code, h.code)
	h.code = code
	if !since.Before(now) {
		h.unread = time.Time{}
		return false
	}
	if !h.unread.Equal(since) {
		h.unread, h.changes = since, 0
	}
	if !again {
		h.changes++
	}
	return scanner.Elapsed(since, now) > time.Duration(h.changes)*noHand
}

func (h *hurry) onTheHeels(began time.Time, ack time.Duration) bool {
	if h.answered.IsZero() || began.Sub(h.last) >= noBounce {
		return false
	}
	behind := began.Sub(h.answered)
	return behind >= 0 && behind <= heels+ack
}
