package agent

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"dockfill/agent/store"
)

// Figures are what a run came to, in base units, from the checkpoint to the log's
// end.
type Figures struct {
	Received  int64 // good units, those that were taken back subtracted
	Allocated int64 // that lines hold or had shipped at the end, less those at the checkpoint
	Free      int64 // at the end
	Open      int64 // that lines lack at the end
	Orders    int64 // that are complete at the end and were not at the checkpoint
	Lines     int64 // likewise
	Moved     int64 // units that were taken from a line for another
	// Inversions are units that one happening gave to a line while, behind it, a line of
	// the same SKU that was accepted earlier could still take as many: it had the right
	// to them, they made whole packs of it, and they lasted as long as it demands.
	// Rank, class, share, guarantees and gates do not count: those are the policy.
	Inversions int64
	Waits      []Wait // by tier, the best first; tier 0, which is none, last
}

// Wait is how long units waited from the acceptance of their order until they were
// given to its line. It is of the units that were given behind the checkpoint and are
// the line's at the end. Of a line that lost units again, those given last are gone.
type Wait struct {
	Tier           int
	Units          int64
	Mean, P50, P95 time.Duration
	Max            time.Duration
	Open           int64         // units that lines of the tier lack at the end
	OpenMean       time.Duration // how long those have waited
}

// figures sum up the run at its end.
func (t *tally) figures(ctx context.Context, s *store.Store) (Figures, error) {
	_, _, end := s.Now()
	f := Figures{
		Received: end.Units - t.start.Units, Allocated: end.Allocated - t.start.Allocated,
		Free: end.Free, Open: end.OwedUnits, Moved: t.moved, Inversions: t.inversion,
	}
	waits := map[int]*waiting{}
	err := s.View(ctx, func(tx *store.Tx) error {
		whole, err := wholeOrders(tx, func(l store.Line) {
			if isWhole(l) && !t.wholeLines[l.ID()] {
				f.Lines++
			}
			stints, open := t.given[l.ID()], l.Open()
			if len(stints) == 0 && open == 0 {
				return
			}
			w := waits[l.Rank.Tier]
			if w == nil {
				w = &waiting{}
				waits[l.Rank.Tier] = w
			}
			w.given = append(w.given, stints...)
			if open > 0 {
				w.open = append(w.open, stint{open, max(0, t.last.Sub(l.Rank.Accepted))})
			}
		})
		for id := range whole {
			if !t.whole[id] {
				f.Orders++
			}
		}
		return err
	})
	for _, tier := range slices.SortedFunc(maps.Keys(waits), func(a, b int) int {
		return cmp.Or(cmp.Compare(one(a == 0), one(b == 0)), cmp.Compare(a, b))
	}) {
		f.Waits = append(f.Waits, waits[tier].sum(tier))
	}
	return f, err
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// waiting is what the lines of a tier got, and what they lack.
type waiting struct{ given, open []stint }

func (w *waiting) sum(tier int) Wait {
	slices.SortFunc(w.given, func(a, b stint) int { return cmp.Compare(a.waited, b.waited) })
	out := Wait{Tier: tier}
	out.Units, out.Mean = average(w.given)
	out.Open, out.OpenMean = average(w.open)
	out.P50, out.P95 = shortest(w.given, out.Units, 50), shortest(w.given, out.Units, 95)
	if n := len(w.given); n > 0 {
		out.Max = w.given[n-1].waited
	}
	return out
}

// average weighs by units.
func average(all []stint) (units int64, mean time.Duration) {
	var seconds float64
	for _, s := range all {
		units += s.qty
		seconds += s.waited.Seconds() * float64(s.qty)
	}
	if units > 0 {
		mean = time.Duration(seconds / float64(units) * float64(time.Second))
	}
	return units, mean
}

// shortest is the shortest wait that so many hundredths of the units had at most.
func shortest(sorted []stint, units, percent int64) time.Duration {
	var n int64
	for _, s := range sorted {
		if n += s.qty; n*100 >= units*percent {
			return s.waited
		}
	}
	return 0
}
