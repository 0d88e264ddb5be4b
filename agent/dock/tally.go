package dock

import "dockfill/allocation"

// tally counts the run of scans of one SKU at a station, so that "was that
// eleven or twelve?" has an answer on the screen.
type tally struct {
	SKU        string
	Scans, Qty int64
}

// tallyDepth is how many feedbacks back a run is looked for when a page opens.
const tallyDepth = 200

// chipCount is how many of the last scans stand on the screen.
const chipCount = 5

// add takes the next feedback in the order of time. A scan that was not saved
// does not break a run; another SKU begins a new one; an undo takes one back.
func (t *tally) add(f Feedback) {
	switch {
	case f.Why == allocation.WhyUndone && f.SKU == t.SKU:
		t.Scans, t.Qty = max(0, t.Scans-1), max(0, t.Qty-f.Qty)
	case !f.Verdict.Saved() || f.SKU == "" || f.Why == allocation.WhyUndone:
		return
	case f.SKU != t.SKU:
		t.SKU, t.Scans, t.Qty = f.SKU, 1, f.Qty
	default:
		t.Scans, t.Qty = t.Scans+1, t.Qty+f.Qty
	}
}

// Scanned is the length of the run in words.
func (t tally) Scanned() string { return Number(t.Scans) + " in a row" }

// Text is what the run took in; "" before the first scan.
func (t tally) Text() string {
	if t.SKU == "" {
		return ""
	}
	return Plural(t.Qty, "unit", "units") + " of " + Visible(t.SKU)
}

// Plural counts things in words: "1 unit", "1,204 units".
func Plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// station is what a dock display remembers of its station: the last scans,
// newest first, and the tally.
type station struct {
	last  []view
	tally tally
}

// replay fills a station from what happened before, newest first.
func (s *station) replay(recent []Feedback) {
	for i := len(recent) - 1; i >= 0; i-- {
		s.add(recent[i])
	}
}

func (s *station) add(f Feedback) view {
	v := newView(f)
	s.tally.add(f)
	s.last = append([]view{v}, s.last[:min(len(s.last), chipCount-1)]...)
	return v
}
