package profile

import (
	"bytes"
	"errors"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
)

const (
	// doubtFor is how long after a scan whose verdict was not heard the same code
	// may be that unit, scanned again by a worker who heard no good tone.
	doubtFor = time.Minute
	// askAgains bounds how often one garbled scan is asked for again.
	askAgains = 2
)

// waiting keeps account with a device that sends a scan and then does nothing
// until it is answered or its time is over. Plain text carries neither number nor
// flag, so a scan sent again is known by its content and by the first one's being
// unanswered.
type waiting struct {
	facts *Answer
	// guard is how long after a code the agent takes the same one for a bounce.
	guard  time.Duration
	newest owed
	epoch  int
	asked  int
	askBy  time.Time // when the repeat that was asked for is overdue; zero for none
}

// owed is the newest scan.
type owed struct {
	id        uint64
	data      []byte
	first, at time.Time // when it was read first and last
	came      time.Time // when it may have come last, at the earliest
	sends     int       // how often it came
	epoch     int
	verdict   allocation.Verdict
	known     bool // verdict is there
	heard     bool // the device has it
	doubtful  bool // it may be the unit before, for which nothing was heard
}

func (w *waiting) limit() time.Duration { return ms(w.facts.LimitMS) }

// inTime reports whether the device still waits for the newest scan's answer. A
// twentieth is left for the way there, and for a clock that is not ours.
func (w *waiting) inTime(now time.Time) bool {
	return scanner.Elapsed(w.newest.came, now) < w.limit()*19/20
}

func (w *waiting) reconnected() {
	w.epoch++
	w.asked, w.askBy = 0, time.Time{}
}

// askAgain reports whether a garbled scan can be asked for again.
func (w *waiting) askAgain(now time.Time, fault error) bool {
	if !errors.Is(fault, scanner.ErrGarbled) || len(w.facts.Resend.raw) == 0 || w.asked == askAgains {
		return false
	}
	w.asked++
	w.askBy = now.Add(w.limit())
	return true
}

// overdue reports once that a scan that was asked for again did not come.
func (w *waiting) overdue(now time.Time) bool {
	if w.askBy.IsZero() || now.Before(w.askBy) {
		return false
	}
	w.asked, w.askBy = askAgains, time.Time{}
	return true
}

// isRepeat reports whether the device itself sent the newest scan again, having
// no answer. Where the answer was withheld, as it was too late, and the device would
// have sent again before, a hand is as likely.
func (w *waiting) isRepeat(now, came time.Time, e Event) bool {
	n := w.newest
	if n.known && w.facts.ResendMS > 0 && !w.inTime(now) {
		return false
	}
	return e.Fault == nil && n.sends < w.facts.Sends && n.id != 0 && !n.heard && bytes.Equal(n.data, e.Data) &&
		came.Sub(n.first) <= time.Duration(w.facts.Sends)*w.limit()
}

// resent reports whether the time since the newest scan may be that after which the
// device sends again, give or take a quarter: a busy machine reads late. What is read
// sooner than a hand can scan is the guard's to judge.
func (w *waiting) resent(now, came time.Time) bool {
	n, after := w.newest, ms(w.facts.ResendMS)
	least, most := came.Sub(n.at), now.Sub(n.came)
	return after > 0 && n.sends < w.facts.Sends && now.Sub(n.at) >= w.guard && most >= after*3/4 && least <= after*5/4
}

// repeated notes a repeat, and reports whether its answer is there to be given.
func (w *waiting) repeated(now, came time.Time) bool {
	w.newest.at, w.newest.came, w.newest.epoch = now, came, w.epoch
	w.newest.sends++
	w.newest.heard = w.newest.known && w.inTime(now)
	return w.newest.heard
}

// doubt gives the fault of a scan: its own, or that it may be the last unit
// again, which was saved and of which the worker heard nothing.
func (w *waiting) doubt(now, came time.Time, e Event) error {
	n := w.newest
	if e.Fault == nil && n.id != 0 && n.heard && bytes.Equal(n.data, e.Data) && w.resent(now, came) {
		return scanner.ErrDoubtfulRepeat // a hand is as fast: the next carton, or a repeat whose answer was lost
	}
	if e.Fault == nil && n.id != 0 && !n.heard && (!n.known || n.verdict.Saved() || n.doubtful) && bytes.Equal(n.data, e.Data) && came.Sub(n.at) <= doubtFor {
		return scanner.ErrDoubtfulRepeat
	}
	return e.Fault
}

// sent notes a new scan.
func (w *waiting) sent(now, came time.Time, id uint64, e Event) {
	w.newest = owed{
		id: id, data: bytes.Clone(e.Data), first: now, at: now, came: came, sends: 1, epoch: w.epoch,
		doubtful: errors.Is(e.Fault, scanner.ErrDoubtfulRepeat),
	}
	w.asked, w.askBy = 0, time.Time{}
}

// answer notes a verdict and reports whether the device can still hear it: a
// later one would be taken for the next scan's.
func (w *waiting) answer(now time.Time, id uint64, v allocation.Verdict, up bool) bool {
	n := &w.newest
	if id != n.id || n.known {
		return false
	}
	n.verdict, n.known = v, true
	n.heard = up && n.epoch == w.epoch && w.inTime(now)
	return n.heard
}
