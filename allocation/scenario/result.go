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
			r.Moves = moved(r.Moves, m)
		case m.To.Shelf == allocation.WithLine:
			r.Allocations = given(r.Allocations, m)
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
	r.Why = strings.Join(said, "; ")
	return r
}

func given(all []Given, m allocation.Move) []Given {
	for i := range all {
		if all[i].Line == m.To.Line {
			all[i].Qty += m.Qty
			return all
		}
	}
	return append(all, Given{Line: m.To.Line, Qty: m.Qty})
}

func moved(all []Moved, m allocation.Move) []Moved {
	for i := range all {
		if all[i].From == m.From.Line && all[i].To == m.To.Line {
			all[i].Qty += m.Qty
			return all
		}
	}
	return append(all, Moved{From: m.From.Line, To: m.To.Line, Qty: m.Qty})
}

// And makes one result of two decisions that a line asked for; the verdict is that
// of the first.
func (r Result) And(next Result) Result {
	r.Allocations, r.Moves = append(r.Allocations, next.Allocations...), append(r.Moves, next.Moves...)
	if r.Free += next.Free; r.Why != "" && next.Why != "" {
		r.Why += "; "
	}
	r.Why += next.Why
	return r
}
