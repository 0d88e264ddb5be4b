package allocation

import "fmt"

func (e Pick) decide(d *draft) error {
	l, err := d.bind(e.Line, e.Qty, (*Line).Loose)
	if err != nil {
		return err
	}
	l.Picked += e.Qty
	return d.bound(l, e.Qty)
}

func (e Stage) decide(d *draft) error {
	l, err := d.bind(e.Line, e.Qty, func(l *Line) int64 { return l.Picked + l.Loose() })
	if err != nil {
		return err
	}
	picked := min(e.Qty, l.Picked)
	l.Picked -= picked
	l.Staged += e.Qty
	return d.bound(l, e.Qty-picked)
}

// An order with a gate is not shipped before all of it is there.
func (e Dispatch) decide(d *draft) error {
	l, err := d.bind(e.Line, e.Qty, func(l *Line) int64 { return l.Allocated - l.Shipped })
	if err != nil {
		return err
	}
	whole := !l.gated() || l.Open() == 0
	if l.Ship == ShipOrder {
		if whole, err = d.whole(l.Rank.Order); err != nil {
			return err
		}
	}
	if !whole {
		return &Refusal{WhyGate, fmt.Sprintf("line %s ships only with the rest of its %s: nothing was changed", l.ID(), l.Ship)}
	}
	left := e.Qty - min(e.Qty, l.Staged-l.Shipped)
	picked := min(left, l.Picked)
	l.Picked -= picked
	l.Staged += left
	l.Shipped += e.Qty
	if err := d.bound(l, left-picked); err != nil {
		return err
	}
	return d.unbind(l, e.Qty, Place{})
}

func (e Return) decide(d *draft) error {
	l, err := d.bind(e.Line, e.Qty, func(l *Line) int64 { return min(l.Excess, l.Bound()-l.Shipped) })
	if err != nil {
		return err
	}
	picked := min(e.Qty, l.Picked)
	l.Picked -= picked
	l.Staged -= e.Qty - picked
	l.Excess -= e.Qty
	l.Cancelled += e.Qty
	l.lose(e.Qty)
	l.Right = min(l.Right, l.Open())
	return d.unbind(l, e.Qty, Place{Shelf: Free})
}

// bind finds the line and refuses more units than it has.
func (d *draft) bind(id LineID, n int64, has func(*Line) int64) (*Line, error) {
	if err := CheckQty(n); err != nil {
		return nil, &Refusal{WhyQuantity, err.Error() + ": nothing was changed"}
	}
	l, err := d.line(id)
	if err != nil {
		return nil, err
	}
	if have := has(l); n > have {
		return nil, &Refusal{WhyTooMany, fmt.Sprintf("line %s has %s for this, not %d: nothing was changed", id, Units(have), n)}
	}
	return l, nil
}

// bound binds loose units of a line.
func (d *draft) bound(l *Line, n int64) error {
	held, err := d.heldBy(l.ID())
	if err != nil {
		return err
	}
	for i := range held {
		k := min(n, held[i].Qty-held[i].Bound)
		if k <= 0 {
			continue
		}
		held[i].Bound += k
		n -= k
		d.move(Move{Batch: held[i].Batch, Qty: k, From: At(l.ID()), To: Place{Shelf: Bound, Line: l.ID()}})
	}
	return nil
}

// unbind takes bound units from a line: out of the house, or in the air.
func (d *draft) unbind(l *Line, n int64, to Place) error {
	held, err := d.heldBy(l.ID())
	if err != nil {
		return err
	}
	from := Place{Shelf: Bound, Line: l.ID()}
	for i := range held {
		k := min(n, held[i].Bound)
		if k <= 0 {
			continue
		}
		held[i].Bound -= k
		held[i].Qty -= k
		n -= k
		if to.Shelf == Free {
			d.air(held[i].Batch, k, from)
			continue
		}
		d.move(Move{Batch: held[i].Batch, Qty: k, From: from, To: to})
	}
	return d.wake(l)
}
