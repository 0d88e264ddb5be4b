package agent

import (
	"fmt"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// order replaces what is known of an order, and says what its lines are to get in
// all. A version that is not newer says nothing new. A line that is missing now is
// cancelled.
func (r *run) order(o *wire.Order) error {
	if err := checkOrder(o); err != nil {
		return err
	}
	had, err := r.tx.OrderVersion(o.ID)
	if err != nil || o.Version <= had {
		return err
	}
	anew, err := r.put(o)
	if err != nil {
		return err
	}
	d := &allocation.Demand{}
	wanted := map[allocation.LineID]bool{}
	for _, l := range o.Lines {
		id := allocation.MakeLineID(o.ID, l.Line)
		wanted[id] = true
		d.Wants = append(d.Wants, allocation.Want{Line: id, Qty: l.Qty, Ordered: l.Ordered})
		if err := r.line(id, o.ID, l, had > 0); err != nil {
			return err
		}
	}
	if had > 0 {
		if err := r.missing(d, o.ID, wanted); err != nil {
			return err
		}
	}
	if anew {
		d.Changed = []allocation.OrderID{o.ID}
	}
	r.demand = d
	return nil
}

// put writes what is known of an order as a whole, and reports whether a person's
// change ranked it anew: one that leaves its rank as it is gives its lines no right
// to the units of others.
func (r *run) put(o *wire.Order) (anew bool, err error) {
	if !o.Changed {
		return false, r.tx.PutOrder(o)
	}
	before, err := r.rank(o.ID)
	if err == nil {
		err = r.tx.PutOrder(o)
	}
	if err != nil {
		return false, err
	}
	after, err := r.rank(o.ID)
	return before != after, err
}

// rank gives where the first line of an order stands; the others differ from it by
// no more than their names.
func (r *run) rank(id allocation.OrderID) (string, error) {
	lines, err := r.tx.LinesOf(id)
	if err != nil || len(lines) == 0 {
		return "", err
	}
	return r.tx.Meta().Policy.RankKey(lines[0].Rank), nil
}

// missing cancels the lines that the order no longer has.
func (r *run) missing(d *allocation.Demand, id allocation.OrderID, wanted map[allocation.LineID]bool) error {
	lines, err := r.tx.LinesOf(id)
	for _, l := range lines {
		if !wanted[l.ID()] {
			d.Wants = append(d.Wants, allocation.Want{Line: l.ID()})
		}
	}
	return err
}

// maxLifeDays is a hundred years.
const maxLifeDays = 36500

func checkOrder(o *wire.Order) error {
	if err := allocation.CheckID("order", string(o.ID)); err != nil {
		return err
	}
	if o.Version < 1 {
		return fmt.Errorf("order %s has version %d; versions begin at 1", o.ID, o.Version)
	}
	if _, err := allocation.ParseClass(string(o.Class)); err != nil {
		return fmt.Errorf("order %s: %w", o.ID, err)
	}
	if o.Override < 0 || o.Contract < 0 || o.Tier < 0 {
		return fmt.Errorf("order %s: override, contract and tier are 0 (none) or more", o.ID)
	}
	if _, err := allocation.ParseShip(string(o.Ship)); err != nil {
		return fmt.Errorf("order %s: %w", o.ID, err)
	}
	if o.Segment != "" {
		if err := allocation.CheckID("segment", o.Segment); err != nil {
			return fmt.Errorf("order %s: %w", o.ID, err)
		}
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
		case l.Ordered < 0 || l.Ordered > allocation.MaxQty:
			err = fmt.Errorf("line %s: %d units ordered are not between 0 and %d", l.Line, l.Ordered, int64(allocation.MaxQty))
		case l.Pack < 0 || l.Pack > allocation.MaxQty:
			err = fmt.Errorf("line %s: a pack of %d is not between 0 (none) and %d", l.Line, l.Pack, int64(allocation.MaxQty))
		case l.MinLifeDays < 0 || l.MinLifeDays > maxLifeDays:
			err = fmt.Errorf("line %s: %d days of remaining life are not between 0 and %d", l.Line, l.MinLifeDays, maxLifeDays)
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

// line brings the facts of one line to what the order says now. What it holds and
// wants is decided with the order's other lines.
func (r *run) line(id allocation.LineID, order allocation.OrderID, l wire.OrderLine, known bool) error {
	if !known {
		return r.tx.AddLine(id, order, l)
	}
	had, found, err := r.tx.Line(id)
	switch {
	case err != nil:
		return err
	case !found:
		return r.tx.AddLine(id, order, l)
	case had.SKU != l.SKU && had.Allocated > 0:
		return fmt.Errorf("line %s holds %s of %s and cannot become a line of %s: cancel it and add another", id, allocation.Units(had.Allocated), had.SKU, l.SKU)
	case had.SKU == l.SKU && had.Pack == l.Pack && had.MinLife == l.MinLifeDays:
		return nil
	}
	return r.tx.SetLine(id, l)
}
