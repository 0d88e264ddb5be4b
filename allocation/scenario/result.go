package scenario

import (
	"fmt"
	"slices"
	"strings"

	"dockfill/allocation"
)

// ResultOf says what a decision came to, in the words of the format.
func ResultOf(d allocation.Decision) (r Result) {
	r.Verdict = d.Verdict
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
	}
	r.Free = max(0, r.Free)
	r.Why = reasons(d)
	return r
}

// reasons says why lines got units, and what became of the other units that came in.
func reasons(d allocation.Decision) string {
	var said []string
	ranked := allocation.Why{Code: allocation.WhyRanked, Passed: d.Why.Passed, More: d.Why.More}
	for _, s := range ranked.Sentences(d.Moves) {
		if s != "" && !slices.Contains(said, s) {
			said = append(said, s)
		}
	}
	rest := others(d.Moves)
	switch {
	case len(said) > 0 || len(rest) > 1:
		said = append(said, rest...)
	case d.Verdict != "" || d.Why.Code == allocation.WhyUndone:
		said = []string{d.Why.Sentence(allocation.Move{})}
	}
	return strings.Join(said, between)
}

// others says how many of the units that came in no line got, and where they went.
func others(moves []allocation.Move) (said []string) {
	went := map[allocation.Shelf]int64{}
	for _, m := range moves {
		if m.From.Shelf == allocation.Dock {
			went[m.To.Shelf] += m.Qty
		}
	}
	for _, to := range []struct {
		shelf allocation.Shelf
		words string
	}{
		{allocation.Free, "%d put away"},
		{allocation.Surplus, "%d set aside: more came than was announced"},
		{allocation.Broken, "%d set aside: damaged"},
		{allocation.Aside, "%d set aside: on hold"},
	} {
		if n := went[to.shelf]; n > 0 {
			said = append(said, fmt.Sprintf(to.words, n))
		}
	}
	return said
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
