package link

import (
	"time"

	"dockfill/scanner"
)

// A read gives up after about 100 ms of silence. A process that was stopped, a machine
// that slept and an agent that took no scans leave bytes in the system's buffer, and
// nothing there says when they came.
const (
	// attentive is the most that lies between two reads that nothing held up.
	attentive = 150 * time.Millisecond
	// inattentive is beyond what a busy machine adds to that: a device's conversation
	// has windows of seconds, and must not be doubted for less.
	inattentive = 250 * time.Millisecond
)

// attention knows when what is read may have come at the earliest.
type attention struct {
	emptied time.Time // until then all that had come was read
}

// read takes account of one read, asked for and over; full says that more may lie
// behind what it gave. It gives the earliest moment at which that may have come: over
// itself where nothing held the reader up.
func (a *attention) read(asked, over time.Time, full bool) (since time.Time) {
	since = a.emptied
	switch {
	case full:
	case scanner.Elapsed(asked, over) > attentive:
		a.emptied = asked // it may have been held up with the bytes in its hands
	default:
		a.emptied = over
	}
	if scanner.Elapsed(since, over) <= attentive {
		return over
	}
	return since
}
