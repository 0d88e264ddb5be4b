package agent

import (
	"cmp"
	"slices"
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
)

// gainer is a line and the units that it got and kept.
type gainer struct {
	store.Line
	got []shift
}

// firstOf are the first n of the units that a line got, by their expiry.
func firstOf(all []shift, line allocation.LineID, n int64) (some []shift) {
	for _, s := range all {
		if s.line != line || n == 0 {
			continue
		}
		s.qty = min(s.qty, n)
		n -= s.qty
		if i := slices.IndexFunc(some, func(x shift) bool { return x.expiry == s.expiry }); i >= 0 {
			some[i].qty += s.qty
		} else {
			some = append(some, s)
		}
	}
	return some
}

// invert counts inversions, as Figures defines them. The gainer that was accepted
// first is held against those that wait first, and no wait counts for two units.
func (t *tally) invert(tx *store.Tx, gainers []gainer, at time.Time) error {
	slices.SortStableFunc(gainers, func(a, b gainer) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), a.Rank.Accepted.Compare(b.Rank.Accepted))
	})
	for len(gainers) > 0 {
		n := 1
		for n < len(gainers) && gainers[n].SKU == gainers[0].SKU {
			n++
		}
		waiting, err := tx.Older(gainers[0].SKU, gainers[n-1].Rank.Accepted)
		if err != nil {
			return err
		}
		if len(waiting) > 0 {
			t.inversion += inverted(gainers[:n], waiting, allocation.Date(at.Format(time.DateOnly)))
		}
		gainers = gainers[n:]
	}
	return nil
}

func inverted(gainers []gainer, waiting []store.Line, today allocation.Date) (n int64) {
	slices.SortFunc(waiting, func(a, b store.Line) int {
		return cmp.Or(a.Rank.Accepted.Compare(b.Rank.Accepted), cmp.Compare(a.ID(), b.ID()))
	})
	could := make([]int64, len(waiting))
	for i, w := range waiting {
		could[i] = w.Takes()
	}
	for _, g := range gainers {
		for _, s := range g.got {
			for i, w := range waiting {
				if !w.Rank.Accepted.Before(g.Rank.Accepted) {
					break
				}
				if !lasts(s.expiry, today, w.MinLife) {
					continue
				}
				k := min(s.qty, could[i]) / w.Least() * w.Least()
				could[i] -= k
				s.qty -= k
				n += k
			}
		}
	}
	return n
}

// lasts reports whether goods with that expiry have so many days left.
func lasts(expiry, today allocation.Date, days int) bool {
	if expiry == "" || days == 0 {
		return true
	}
	day, err := time.Parse(time.DateOnly, string(today))
	return err == nil && string(expiry) >= day.AddDate(0, 0, days).Format(time.DateOnly)
}
