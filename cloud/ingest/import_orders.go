package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/rights"
)

func (im *importing) orders(ctx context.Context, all []store.Order) error {
	ids := make([]allocation.OrderID, len(all))
	for n, o := range all {
		ids[n] = o.ID
	}
	known, err := im.tx.Orders(ctx, ids)
	if err != nil {
		return err
	}
	said, err := im.tx.Said(ctx, ids)
	if err != nil {
		return err
	}
	w := &orderWork{importing: im, said: said, says: map[allocation.OrderID]store.Ranking{}}
	if err := w.load(ctx, all, known); err != nil {
		return err
	}
	seen := map[allocation.OrderID]bool{}
	for n := range all {
		o := all[n] // a copy: what is said here stays the caller's
		if seen[o.ID] {
			im.refuse("order", string(o.ID), "it stands twice in the import")
			continue
		}
		seen[o.ID] = true
		if err := w.order(ctx, &o, known[o.ID]); err != nil {
			return err
		}
		im.progress.decide(n+1, len(all))
	}
	im.progress.expect(len(w.heads) + len(w.changed) + im.homes.pending())
	if err := im.tx.PutOrders(ctx, w.heads); err != nil {
		return err
	}
	if err := im.tx.PutSaid(ctx, w.says); err != nil {
		return err
	}
	im.result.Lines = len(w.changed)
	return im.tx.PutLines(ctx, w.changed)
}

// orderWork is what orders need to know of what is stored, and what they change.
type orderWork struct {
	*importing
	lines     map[allocation.OrderID][]*store.Line
	registers map[allocation.LineID]map[store.Life]rights.Registers
	said      map[allocation.OrderID]store.Ranking // before, of orders that a person changed
	says      map[allocation.OrderID]store.Ranking // now
	heads     []*store.Order
	changed   []*store.Line
}

// load reads the lines of known orders, to change them or to compare, and the
// registers of those that a newer version may change.
func (w *orderWork) load(ctx context.Context, all []store.Order, known map[allocation.OrderID]*store.Order) error {
	var again []allocation.OrderID
	newer := map[allocation.OrderID]bool{}
	for _, o := range all {
		if k := known[o.ID]; k != nil && k.Version <= o.Version {
			again = append(again, o.ID)
			newer[o.ID] = k.Version < o.Version
		}
	}
	lines, err := w.tx.LinesOf(ctx, again)
	if err != nil {
		return err
	}
	w.lines = byOrder(lines)
	maps.DeleteFunc(lines, func(_ allocation.LineID, l *store.Line) bool { return !newer[l.Order] })
	ids, err := w.unseen(ctx, all)
	if err != nil {
		return err
	}
	w.registers, err = w.tx.Registers(ctx, append(ids, slices.Collect(maps.Keys(lines))...))
	return err
}

// unseen are the lines of the orders where a life of the centre before this one may have
// granted them: sites and the rights witness tell of rights of lines that an older copy
// does not have.
func (w *orderWork) unseen(ctx context.Context, all []store.Order) (ids []allocation.LineID, err error) {
	renewed, err := w.tx.Renewed(ctx)
	if err != nil || !renewed {
		return nil, err
	}
	for _, o := range all {
		for _, l := range o.Lines {
			ids = append(ids, allocation.MakeLineID(o.ID, l.Line))
		}
	}
	return ids, nil
}

// order takes one order in: its lines, what may be granted of them, and the
// command that tells its home, which goes before the grants.
func (w *orderWork) order(ctx context.Context, o, before *store.Order) error {
	now := o.Ranking
	said, changed := w.said[o.ID]
	if changed {
		o.Ranking = now.Over(said, before.Ranking)
	}
	switch {
	case before != nil && before.Version > o.Version:
		w.result.Stale++
		return nil
	case before != nil && before.Version == o.Version:
		w.again(string(o.ID), store.SameOrder(o, before, w.lines[o.ID]))
		return nil
	}
	o.Told = o.Version
	if before != nil {
		o.Told = max(o.Version, before.Told+1)
	}
	lines := w.merge(o)
	if reason := w.check(o, before, lines); reason != "" {
		w.refuse("order", string(o.ID), reason)
		return nil
	}
	if before == nil {
		w.result.New++
	} else {
		w.result.Changed++
	}
	w.heads, w.changed = append(w.heads, o), append(w.changed, lines...)
	if changed {
		w.says[o.ID] = now
	}
	home, err := w.homes.site(ctx, o.Site)
	if err != nil {
		return err
	}
	w.homes.tell(home, orderCommand(o, lines))
	for _, l := range lines {
		if l.Effective, err = w.homes.effective(ctx, l, w.registers[l.ID]); err != nil {
			return err
		}
		if err := w.homes.grant(ctx, l, w.registers[l.ID]); err != nil {
			return err
		}
	}
	return nil
}

// merge lays the new version over the lines that are known. A line that it does
// not name is wanted no longer.
func (w *orderWork) merge(o *store.Order) []*store.Line {
	known := map[string]*store.Line{}
	var lines []*store.Line
	for _, l := range w.lines[o.ID] {
		copied := *l
		copied.Wanted = 0
		known[l.Line] = &copied
		lines = append(lines, &copied)
	}
	for _, want := range o.Lines {
		l := known[want.Line]
		if l == nil {
			l = &store.Line{ID: allocation.MakeLineID(o.ID, want.Line), Order: o.ID, Line: want.Line, SKU: want.SKU}
			lines = append(lines, l)
		}
		l.Wanted, l.Ordered = want.Qty, max(l.Ordered, want.Qty)
		l.Pack, l.MinLife = want.Pack, want.MinLife
	}
	for _, l := range lines {
		l.Site, l.Customer, l.Accepted = o.Site, o.Customer, o.Accepted
	}
	return lines
}

// check says why an order cannot be taken.
func (w *orderWork) check(o, before *store.Order, lines []*store.Line) string {
	if before != nil && before.Site != o.Site && w.granted(o.ID) {
		return fmt.Sprintf("it belongs to site %s, which may fill it already: cancel it and enter a new order for %s", before.Site, o.Site)
	}
	skus := map[string]allocation.SKU{}
	for _, l := range w.lines[o.ID] {
		skus[l.Line] = l.SKU
	}
	for _, l := range o.Lines {
		if sku, ok := skus[l.Line]; ok && sku != l.SKU {
			return fmt.Sprintf("its line %s is for SKU %s already: cancel that line and add another for %s", l.Line, sku, l.SKU)
		}
	}
	return tooLarge(orderCommand(o, lines))
}

func (w *orderWork) granted(id allocation.OrderID) bool {
	for _, l := range w.lines[id] {
		if len(w.registers[l.ID]) > 0 {
			return true
		}
	}
	return false
}
