package scenario

import (
	"slices"
	"strings"

	"dockfill/allocation"
)

// ResultOf says what a decision came to, in the words of the format.
func ResultOf(d allocation.Decision) (r Result) {
	r.Verdict = d.Verdict
	var said []string
	for _, m := range d.Moves {
		switch {
		case m.To.Shelf == allocation.WithLine && m.From.Shelf == allocation.WithLine:
			r.Moves = moved(r.Moves, Moved{From: m.From.Line, To: m.To.Line, Qty: m.Qty})
		case m.To.Shelf == allocation.WithLine:
			r.Allocations = given(r.Allocations, Given{Line: m.To.Line, Qty: m.Qty})
		case m.To.Shelf == allocation.Free:
			r.Free += m.Qty
		}
		if m.From.Shelf == allocation.Free {
			r.Free -= m.Qty
		}
		if m.To.Shelf == allocation.WithLine {
			why := allocation.Why{Code: allocation.WhyRanked}
			if len(said) == 0 {
				why.Passed, why.More = d.Why.Passed, d.Why.More
			}
			if s := why.Sentence(m); !slices.Contains(said, s) {
				said = append(said, s)
			}
		}
	}
	r.Free = max(0, r.Free)
	if len(said) == 0 && (d.Verdict != "" || d.Why.Code == allocation.WhyUndone) {
		said = []string{d.Why.Sentence(allocation.Move{})}
	}
	r.Why = strings.Join(said, between)
	return r
}

func given(all []Given, g Given) []Given {
	for i := range all {
		if all[i].Line == g.Line {
			all[i].Qty += g.Qty
			return all
		}
	}
	return append(all, g)
}

func moved(all []Moved, m Moved) []Moved {
	for i := range all {
		if all[i].From == m.From && all[i].To == m.To {
			all[i].Qty += m.Qty
			return all
		}
	}
	return append(all, m)
}

// And makes one result of two decisions that a line asked for; the verdict is that
// of the first. What a line got is summed, and what is said twice is said once.
func (r Result) And(next Result) Result {
	for _, g := range next.Allocations {
		r.Allocations = given(r.Allocations, g)
	}
	for _, m := range next.Moves {
		r.Moves = moved(r.Moves, m)
	}
	r.Free += next.Free
	r.Why = also(r.Why, next.Why)
	return r
}

const between = "; " // sentences

func also(said, more string) string {
	all := strings.Split(said, between)
	for s := range strings.SplitSeq(more, between) {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return strings.Trim(strings.Join(all, between), between)
}
