package link

import (
	"slices"
	"time"
)

// hurry knows scans that no hand made: a handheld that was out of range or kept
// codes sends them back to back. The first two of such a run cannot be told from a
// trigger that bounced, nor can equal codes, as a scanner that stares at one label
// sends it as fast; so a run is one from its third different code on.
type hurry struct {
	last  time.Time
	codes [][]byte // different ones of the present run, the first few
}

const (
	// noHand is below what any hand needs between two labels. Measured: a paced
	// line leaves gaps of up to 32 ms between frames that were sent back to back.
	noHand = 60 * time.Millisecond
	// runFrom is how many different codes make a run.
	runFrom = 3
)

// late takes a frame that arrived at now after being on the wire for sending, and
// reports whether the device had kept it.
func (h *hurry) late(now time.Time, sending time.Duration, code []byte) bool {
	if now.Sub(h.last) > noHand+sending {
		h.codes = h.codes[:0]
	}
	h.last = now
	known := slices.ContainsFunc(h.codes, func(c []byte) bool { return string(c) == string(code) })
	if !known && len(h.codes) < runFrom {
		h.codes = append(h.codes, code)
	}
	return len(h.codes) == runFrom
}
