package allocation

import "fmt"

func (e Demand) decide(d *draft) error {
	for _, w := range e.Wants {
		if w.Qty < 0 || w.Qty > MaxQty {
			return &Refusal{WhyQuantity, fmt.Sprintf("line %s: quantity %d is not between 0 and %d", w.Line, w.Qty, int64(MaxQty))}
		}
		if err := d.want(w); err != nil {
			return err
		}
	}
	for _, id := range e.Changed {
		put(&d.changed, id, true)
		all, err := d.orderLines(id)
		if err != nil {
			return err
		}
		for _, l := range all {
			if err := d.open(d.touch(*l)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *draft) want(w Want) error {
	l, err := d.line(w.Line)
	if err != nil {
		return err
	}
	before := max(0, w.Ordered-l.Ordered) // asked for and taken off unknown to this site
	l.Ordered += before
	l.Cancelled += before
	if more := w.Qty - (l.Wanted() - l.Excess); more > 0 {
		back := min(more, l.Excess) // what was to be brought back stays
		again := min(more-back, l.Cancelled)
		l.Excess -= back
		l.Cancelled -= again
		l.Ordered += more - back - again
	} else if more < 0 {
		if err := d.cut(l, w.Qty); err != nil {
			return err
		}
	}
	return d.open(l)
}

// cut cancels down to qty: open units go first, with the rights to them, then
// loose ones; what is bound stays until a person has brought it back.
func (d *draft) cut(l *Line, qty int64) error {
	keep := max(qty, l.Bound())
	if taken := l.Allocated - keep; taken > 0 {
		if err := d.release(l, taken, At(l.ID())); err != nil {
			return err
		}
	}
	l.Cancelled = l.Ordered - keep
	l.Right = min(l.Right, l.Open())
	if more := keep - qty - l.Excess; more > 0 {
		d.out.Returns = append(d.out.Returns, Given{l.ID(), more})
	}
	l.Excess = keep - qty
	return nil
}

// release puts loose units of a line in the air.
func (d *draft) release(l *Line, n int64, from Place) error {
	held, err := d.heldBy(l.ID())
	if err != nil {
		return err
	}
	for _, p := range held {
		k := min(n, p.Qty-p.Bound)
		if k <= 0 {
			continue
		}
		if err := d.lost(l, p.Batch, k); err != nil {
			return err
		}
		d.air(p.Batch, k, from)
		n -= k
	}
	return nil
}
