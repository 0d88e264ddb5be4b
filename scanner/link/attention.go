package link

import (
	"time"

	"dockfill/scanner"
)

// inattentive is beyond what lies between two reads that nothing held up: a read
// gives up after about 100 ms of silence. A process that was stopped, a machine that
// slept and an agent that took no scans leave bytes in the system's buffer, and
// nothing there says when they came.
const inattentive = 250 * time.Millisecond

// attention knows when what is read may have come at the earliest.
type attention struct {
	emptied time.Time // until then all that had come was read
}

// read takes account of one read, asked for and over; full says that more may lie
// behind what it gave. late says that what it gave may have come since then.
func (a *attention) read(asked, over time.Time, full bool) (since time.Time, late bool) {
	since = a.emptied
	switch {
	case full:
	case scanner.Elapsed(asked, over) > inattentive:
		a.emptied = asked // it may have been held up with the bytes in its hands
	default:
		a.emptied = over
	}
	return since, scanner.Elapsed(since, over) > inattentive
}
