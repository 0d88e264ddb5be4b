package agent

import (
	"context"
	"maps"
	"slices"
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// tally counts one run by the events that it writes.
type tally struct {
	start            store.Counts
	whole            map[allocation.OrderID]bool // complete at the checkpoint
	wholeLines       map[allocation.LineID]bool
	given            map[allocation.LineID][]stint // behind the checkpoint, the last on top
	net              map[allocation.LineID]int64   // of lines that got or lost any
	moved, inversion int64
	last             time.Time
}

// stint is units of a line that waited equally long.
type stint struct {
	qty    int64
	waited time.Duration
}

func newTally() *tally {
	return &tally{
		whole: map[allocation.OrderID]bool{}, wholeLines: map[allocation.LineID]bool{},
		given: map[allocation.LineID][]stint{}, net: map[allocation.LineID]int64{},
	}
}

// begin notes how the site stands at the checkpoint.
func (t *tally) begin(ctx context.Context, s *store.Store) error {
	_, _, t.start = s.Now()
	return s.View(ctx, func(tx *store.Tx) (err error) {
		t.whole, err = wholeOrders(tx, func(l store.Line) {
			if isWhole(l) {
				t.wholeLines[l.ID()] = true
			}
		})
		return err
	})
}

func isWhole(l store.Line) bool { return l.Wanted() > 0 && l.Open() == 0 }

// wholeOrders gives the orders that want something and lack nothing, and each line on
// the way.
func wholeOrders(tx *store.Tx, each func(store.Line)) (map[allocation.OrderID]bool, error) {
	all, open := map[allocation.OrderID]bool{}, map[allocation.OrderID]bool{}
	err := tx.EachLine(func(l store.Line) error {
		each(l)
		switch {
		case l.Open() > 0:
			open[l.Rank.Order] = true
		case l.Wanted() > 0:
			all[l.Rank.Order] = true
		}
		return nil
	})
	maps.DeleteFunc(all, func(id allocation.OrderID, _ bool) bool { return open[id] })
	return all, err
}

// shift is units that a line got, or lost.
type shift struct {
	line   allocation.LineID
	qty    int64 // below 0 for lost ones
	expiry allocation.Date
}

// shifts are what an event says of lines.
func shifts(e wire.Event) (all []shift, moved int64) {
	var moves []wire.Move
	switch {
	case e.Scan != nil:
		for _, r := range e.Scan.Receipts {
			for _, a := range r.Allocations {
				all = append(all, shift{a.Line, a.Qty, r.Expiry})
			}
		}
		moves = e.Scan.Moves
	case e.Undo != nil:
		moves = e.Undo.Moves
	case e.Applied != nil:
		moves = e.Applied.Moves
	case e.Deed != nil:
		moves = e.Deed.Moves
	}
	for _, m := range moves {
		from, to := m.FromLine(), m.ToLine()
		if from != "" {
			all = append(all, shift{from, -m.Qty, m.Expiry})
		}
		if to != "" {
			all = append(all, shift{to, m.Qty, m.Expiry})
		}
		if from != "" && to != "" {
			moved += m.Qty
		}
	}
	return all, moved
}

// add counts what the events of one happening tell, in its own transaction.
func (t *tally) add(tx *store.Tx, told []wire.Event, at time.Time) error {
	t.last = at
	net := map[allocation.LineID]int64{}
	var got []shift
	for _, e := range told {
		all, moved := shifts(e)
		t.moved += moved
		for _, s := range all {
			net[s.line] += s.qty
			if s.qty > 0 {
				got = append(got, s)
			}
		}
	}
	var gainers []gainer
	for _, id := range slices.Sorted(maps.Keys(net)) {
		l, _, err := tx.Shown(id)
		if err != nil {
			return err
		}
		n := net[id]
		t.net[id] += n
		if n < 0 {
			t.lose(id, -n)
		}
		if n > 0 {
			t.given[id] = append(t.given[id], stint{n, max(0, at.Sub(l.Rank.Accepted))})
			gainers = append(gainers, gainer{l, firstOf(got, id, n)})
		}
	}
	return t.invert(tx, gainers, at)
}

// lose takes the units off that were given last. What the line had at the checkpoint
// is not known here.
func (t *tally) lose(id allocation.LineID, n int64) {
	all := t.given[id]
	for n > 0 && len(all) > 0 {
		top := &all[len(all)-1]
		k := min(n, top.qty)
		top.qty -= k
		n -= k
		if top.qty == 0 {
			all = all[:len(all)-1]
		}
	}
	t.given[id] = all
}
