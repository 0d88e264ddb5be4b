package dock

import (
	"cmp"
	"slices"

	"dockfill/allocation"
)

// run is how many scans in a row took in one SKU, and how many units. Those that
// were set aside, damaged ones as well, are a run of their own.
type run struct {
	SKU, Item  string
	Aside      bool
	Scans, Qty int64
}

// tally counts the run of scans of one SKU at a station, so that "was that
// eleven or twelve?" has an answer on the screen. It holds the run as it stood
// after each saved scan, the newest last: an undo takes the latest scan back,
// whichever it was.
type tally struct{ runs []run }

// tallyDepth is how many feedbacks back a run is looked for when a page opens,
// and how many scans can be taken back one after another.
const tallyDepth = 200

// chipCount is how many of the last scans stand on the screen.
const chipCount = 5

// add takes the next feedback in the order of time. A scan that was not saved
// changes nothing; one that names no single SKU, a pallet of several, does not
// break a run; another SKU begins a new one.
func (t *tally) add(f Feedback) {
	switch {
	case f.Why == allocation.WhyUndone:
		t.runs = t.runs[:max(0, len(t.runs)-1)]
		return
	case !f.Verdict.Saved():
		return
	}
	now := t.last()
	aside := f.Verdict == allocation.Held
	switch {
	case f.SKU == "":
	case f.SKU == now.SKU && aside == now.Aside:
		now.Scans, now.Qty = now.Scans+1, now.Qty+f.Qty
	default:
		now = run{f.SKU, f.Item, aside, 1, f.Qty}
	}
	if len(t.runs) == tallyDepth {
		t.runs = slices.Delete(t.runs, 0, 1)
	}
	t.runs = append(t.runs, now)
}

// last is the run as it stands; zero before the first scan.
func (t tally) last() run {
	if len(t.runs) == 0 {
		return run{}
	}
	return t.runs[len(t.runs)-1]
}

// Text is what the run took in: "3 scans, 36 units", or "3 units" where each
// scan was one; "" where there is no run.
func (t tally) Text() string {
	r := t.last()
	units := Plural(r.Qty, "unit", "units")
	switch {
	case r.SKU == "":
		return ""
	case r.Scans == r.Qty:
		return units
	}
	return Plural(r.Scans, "scan", "scans") + ", " + units
}

// Of names the run's goods as the screen above does.
func (t tally) Of() string {
	r := t.last()
	text := "of " + Visible(cmp.Or(r.Item, r.SKU))
	if r.Aside {
		text += ", set aside"
	}
	if r.Scans > 1 {
		text += " in a row"
	}
	return text
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
