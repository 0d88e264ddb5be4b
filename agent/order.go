package agent

import (
	"fmt"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// order replaces what is known of an order. A version that is not newer says
// nothing new. A line that is missing now is cancelled.
func (r *run) order(o *wire.Order) error {
	if err := checkOrder(o); err != nil {
		return err
	}
	had, err := r.tx.OrderVersion(o.ID)
	if err != nil || o.Version <= had {
		return err
	}
	if o.Class, err = allocation.ParseClass(string(o.Class)); err != nil {
		return err
	}
	if err := r.tx.PutOrder(o); err != nil {
		return err
	}
	wanted := map[allocation.LineID]bool{}
	for _, l := range o.Lines {
		id := allocation.MakeLineID(o.ID, l.Line)
		wanted[id] = true
		if err := r.line(id, o.ID, l); err != nil {
			return err
		}
	}
	return r.settleOrder(o.ID, wanted)
}

// settleOrder cancels the lines that the order no longer has, and ranks the open
// ones by what the order says now.
func (r *run) settleOrder(id allocation.OrderID, wanted map[allocation.LineID]bool) error {
	lines, err := r.tx.LinesOf(id)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if !wanted[l.ID] {
			err = r.want(l.ID, 0)
		} else if l.Open() > 0 {
			r.touched[l.SKU] = true
			err = r.tx.RankLine(l.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkOrder(o *wire.Order) error {
	if err := allocation.CheckID("order", string(o.ID)); err != nil {
		return err
	}
	if o.Version < 1 {
		return fmt.Errorf("order %s has version %d; versions begin at 1", o.ID, o.Version)
	}
	if o.Override < 0 || o.Contract < 0 || o.Tier < 0 {
		return fmt.Errorf("order %s: override, contract and tier are 0 (none) or more", o.ID)
	}
	for _, d := range []allocation.Date{o.Promised, o.Requested} {
		if _, err := allocation.ParseDate(string(d)); err != nil {
			return fmt.Errorf("order %s: %w", o.ID, err)
		}
	}
	seen := map[string]bool{}
	for _, l := range o.Lines {
		err := allocation.CheckLine(l.Line)
		switch {
		case err != nil:
		case seen[l.Line]:
			err = fmt.Errorf("line %q stands twice", l.Line)
		case l.Qty < 0 || l.Qty > allocation.MaxQty:
			err = fmt.Errorf("line %s: quantity %d is not between 0 and %d", l.Line, l.Qty, int64(allocation.MaxQty))
		default:
			err = allocation.CheckID("sku", string(l.SKU))
		}
		if err != nil {
			return fmt.Errorf("order %s: %w", o.ID, err)
		}
		seen[l.Line] = true
	}
	return nil
}

// line brings one line to what the order wants of it now.
func (r *run) line(id allocation.LineID, order allocation.OrderID, l wire.OrderLine) error {
	had, found, err := r.tx.Line(id)
	if err != nil {
		return err
	}
	if !found {
		return r.tx.AddLine(id, order, l.SKU, l.Qty)
	}
	if had.SKU != l.SKU {
		if had.Allocated > 0 {
			return fmt.Errorf("line %s holds %d units of %s and cannot become a line of %s: cancel it and add another", id, had.Allocated, had.SKU, l.SKU)
		}
		if err := r.tx.RenameSKU(id, l.SKU); err != nil {
			return err
		}
	}
	return r.want(id, l.Qty)
}

// want sets what a line is to get in all. More is ordered anew. Less is a cancel:
// open units go first, with the rights to them, and then unstaged ones, which
// become free stock; a staged unit never moves by itself, so it becomes a task
// for a person.
func (r *run) want(id allocation.LineID, wanted int64) error {
	l, _, err := r.tx.Line(id)
	if err != nil {
		return err
	}
	before := l
	if wanted > l.Wanted() {
		l.Ordered += wanted - l.Wanted()
		return r.tx.PutLine(before, l)
	}
	keep := max(wanted, l.Staged)
	taken := max(0, l.Allocated-keep)
	l.Allocated -= taken
	l.Cancelled = l.Ordered - keep
	if err := l.Rights.Undo(taken); err != nil {
		return err
	}
	if err := l.Rights.Return(taken); err != nil {
		return err
	}
	_, unspent := l.Rights.Reclaim(keep)
	if err := l.Rights.Return(unspent); err != nil {
		return err
	}
	r.tellCut(id, taken, unspent)
	if err := r.tx.PutLine(before, l); err != nil {
		return err
	}
	return r.release(l, taken, keep-wanted)
}

func (r *run) tellCut(id allocation.LineID, taken, unspent int64) {
	if taken > 0 {
		r.released = append(r.released, wire.Allocation{Line: id, Qty: taken})
	}
	if unspent > 0 {
		r.returned = append(r.returned, wire.Allocation{Line: id, Qty: unspent})
	}
}
