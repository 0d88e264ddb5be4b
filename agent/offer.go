package agent

import (
	"maps"
	"slices"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// release makes free stock of units that a line lost, and remembers where they
// lie: what was only to be carried to the line has not moved yet. Staged units
// stay the line's until a person has brought them back.
func (r *run) release(l store.Line, taken, staged int64) error {
	if staged > 0 {
		if err := r.task(store.Return, l.SKU, staged, l.ID, ""); err != nil {
			return err
		}
	}
	if taken == 0 {
		return nil
	}
	r.touched[l.SKU] = true
	if err := r.tx.AddStock(l.SKU, allocation.Good, taken); err != nil {
		return err
	}
	tasks, err := r.tx.Tasks(l.SKU)
	if err != nil {
		return err
	}
	for _, t := range slices.Backward(tasks) {
		if t.To != l.ID || taken == 0 {
			continue
		}
		n := min(taken, t.Qty)
		if err := r.tx.ShrinkTask(t, n); err != nil {
			return err
		}
		r.lay(l.SKU, t.From, n)
		taken -= n
	}
	r.lay(l.SKU, l.ID, taken)
	return nil
}

// lay notes where loose units lie. The map is copied, as a run that is refused
// must leave no trace in it.
func (r *run) lay(sku allocation.SKU, line allocation.LineID, n int64) {
	if n == 0 || line == "" {
		return
	}
	r.loose = maps.Clone(r.loose)
	r.loose[sku] = append(slices.Clip(r.loose[sku]), place{line, n})
}

// offer gives the free stock of every SKU that the run touched to the lines that
// wait for it, and makes tasks of what is to be carried.
func (r *run) offer() error {
	for _, sku := range slices.Sorted(maps.Keys(r.touched)) {
		if err := r.offerSKU(sku); err != nil {
			return err
		}
		for _, p := range r.loose[sku] {
			if err := r.task(store.Return, sku, p.qty, p.line, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) offerSKU(sku allocation.SKU) error {
	free, err := r.tx.Stock(sku, allocation.Good)
	if err != nil || free == 0 {
		return err
	}
	decision, err := allocation.Offer(r.tx.Meta().Policy, r.tx, sku, free)
	if err != nil {
		return err
	}
	for _, a := range decision.Allocations {
		if _, err := r.tx.Allocate(a.Line, a.Qty); err != nil {
			return err
		}
		r.allocations = append(r.allocations, wire.Allocation{Line: a.Line, Qty: a.Qty, By: a.By, Over: a.Over})
		if err := r.carry(sku, a); err != nil {
			return err
		}
	}
	return r.tx.AddStock(sku, allocation.Good, decision.Free-free)
}

// carry makes the tasks of one allocation: loose units are moved straight from
// line to line, the rest is picked from stock.
func (r *run) carry(sku allocation.SKU, a allocation.Allocation) error {
	left := a.Qty
	for left > 0 && len(r.loose[sku]) > 0 {
		p := &r.loose[sku][0]
		n := min(left, p.qty)
		if p.line != a.Line { // a line that gets its own units back has them
			r.moved = append(r.moved, moved{p.line, a.Line, n})
			if err := r.task(store.Move, sku, n, p.line, a.Line); err != nil {
				return err
			}
		}
		left -= n
		if p.qty -= n; p.qty == 0 {
			r.loose[sku] = r.loose[sku][1:]
		}
	}
	if left == 0 {
		return nil
	}
	return r.task(store.Pick, sku, left, "", a.Line)
}

func (r *run) task(kind string, sku allocation.SKU, n int64, from, to allocation.LineID) error {
	return r.tx.AddTask(store.Task{Kind: kind, SKU: sku, Qty: n, From: from, To: to, Since: r.d.now()})
}

// offerAfter offers free stock to lines that an undo has opened again. What they
// get is told by an event of its own, as of commands that moved units.
func (d *desk) offerAfter(tx *store.Tx, touched map[allocation.SKU]bool) error {
	r := &run{d: d, tx: tx, touched: touched, loose: map[allocation.SKU][]place{}}
	if err := r.offer(); err != nil {
		return err
	}
	return r.append(tx.Meta().Commands, false)
}
