package allocation

import (
	"fmt"
	"slices"
)

// Undo looks for the units where the scan put them: with the lines that got them
// and in free stock, or set aside. What lines lost since, what free stock gave away,
// and what was set aside and is good by now, is taken from free stock and from the
// worst-ranked lines that hold such units loose.
func (e Undo) decide(d *draft) error {
	d.out.Why.Code = WhyUndone
	for _, r := range e.Receipts {
		if err := d.undo(r); err != nil {
			return err
		}
	}
	// Less has come by their inbounds now: what came later may have room.
	seen := map[InboundID]bool{"": true}
	for _, r := range e.Receipts {
		if seen[r.Inbound] {
			continue
		}
		seen[r.Inbound] = true
		if err := d.admit(r.Inbound); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) undo(r Taken) error {
	d.arrive(r.Receipt, -r.Qty)
	d.todo[r.SKU] = stageOwn
	left := r.Qty
	if r.Disposition == Damaged || r.Disposition == Hold {
		n, err := d.unshelf(r.Batch, left, shelves[r.Disposition])
		if err != nil || n == left {
			return err
		}
		left -= n
	}
	if r.Surplus > 0 {
		n, err := d.unsurplus(r)
		if err != nil {
			return err
		}
		left -= n
	}
	for _, g := range r.Lines {
		n, err := d.ungive(r.Batch, g)
		if err != nil {
			return err
		}
		left -= n
	}
	n, err := d.unfree(r.Batch, left)
	if err != nil {
		return err
	}
	return d.unhold(r.Batch, left-n)
}

func (d *draft) unsurplus(r Taken) (int64, error) {
	for p, err := range d.v.Surplus(r.Inbound) {
		if err != nil {
			return 0, err
		}
		if p.Batch == r.Batch {
			n := min(p.Qty, r.Surplus)
			d.leave(r.Batch, n, Place{Shelf: Surplus, Inbound: r.Inbound})
			return n, nil
		}
	}
	return 0, nil
}

// ungive takes back what the line got, as far as it still holds it.
func (d *draft) ungive(b Batch, g Given) (int64, error) {
	l, err := d.line(g.Line)
	if err != nil {
		return 0, err
	}
	held, err := d.heldBy(l.ID())
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(held, func(p Parcel) bool { return p.Batch == b })
	loose := int64(0)
	if i >= 0 {
		loose = held[i].Qty - held[i].Bound
	}
	n := min(g.Qty, loose)
	if n < g.Qty && l.Bound() > 0 {
		return 0, &Refusal{Code: WhyStaged}
	}
	if n == 0 {
		return 0, nil
	}
	d.leave(b, n, At(l.ID()))
	return n, d.lost(l, b, n)
}

func (d *draft) unfree(b Batch, n int64) (int64, error) {
	pool, err := d.pool(b.SKU)
	if err != nil || n == 0 {
		return 0, err
	}
	i := slices.IndexFunc(pool, func(p parcelAt) bool { return p.Batch == b && p.from.Shelf == Free })
	if i < 0 {
		return 0, nil
	}
	n = min(n, pool[i].Qty)
	d.draw(pool[i], n)
	d.leave(b, n, Place{Shelf: Free})
	return n, nil
}

// unhold takes what is missing from lines that hold it loose, the worst-ranked
// first, and refuses where there are too few.
func (d *draft) unhold(b Batch, n int64) error {
	got, err := d.strip(b.SKU, n, func(p Parcel) bool { return p.Batch == b }, Place{})
	if err != nil || got == n {
		return err
	}
	var aside int64
	for _, shelf := range []Shelf{Broken, Aside} {
		for p, err := range d.v.Stock(b.SKU, shelf) {
			if err != nil {
				return err
			}
			if p.Batch == b {
				aside += p.Qty
			}
		}
	}
	if n -= got; aside > 0 {
		return &Refusal{WhyStaged, fmt.Sprintf("%s of %s from this scan %s", Units(n), b.SKU, plural(n,
			"was regraded, was staged or has left: regrade it back where it is here, and undo then",
			"were regraded, were staged or have left: regrade them back where they are here, and undo then"))}
	}
	return &Refusal{WhyStaged, fmt.Sprintf("%s of %s from this scan %s cannot be taken back here", Units(n), b.SKU, plural(n, "was staged or has left: it", "were staged or have left: they"))}
}

// strip takes loose units from the lines of a SKU, and from those that it stands
// in for, the worst-ranked first.
func (d *draft) strip(sku SKU, n int64, fits func(Parcel) bool, to Place) (got int64, err error) {
	kin, err := d.about(sku)
	if err != nil || n == 0 {
		return 0, err
	}
	for _, of := range append([]SKU{sku}, kin.ServesAlso...) {
		for h, err := range d.holders(of, HoldAny) {
			if err != nil {
				return 0, err
			}
			if got == n {
				return got, nil
			}
			k, err := d.stripLine(h, sku, n-got, fits, to)
			if err != nil {
				return 0, err
			}
			got += k
		}
	}
	return got, nil
}

func (d *draft) stripLine(h *Line, sku SKU, n int64, fits func(Parcel) bool, to Place) (got int64, err error) {
	held, err := d.heldBy(h.ID())
	if err != nil {
		return 0, err
	}
	for _, p := range held {
		k := min(n-got, p.Qty-p.Bound)
		if k <= 0 || p.SKU != sku || !fits(p) {
			continue
		}
		h = d.touch(*h)
		if err := d.lost(h, p.Batch, k); err != nil {
			return 0, err
		}
		d.move(Move{Batch: p.Batch, Qty: k, From: At(h.ID()), To: to})
		got += k
	}
	return got, nil
}

// unshelf takes up to n units from where they were set aside out of the house.
func (d *draft) unshelf(b Batch, n int64, from Shelf) (int64, error) {
	for p, err := range d.v.Stock(b.SKU, from) {
		if err != nil {
			return 0, err
		}
		if p.Batch == b {
			n = min(n, p.Qty)
			d.leave(b, n, Place{Shelf: from})
			return n, nil
		}
	}
	return 0, nil
}

func (d *draft) leave(b Batch, n int64, from Place) {
	if n > 0 {
		d.move(Move{Batch: b, Qty: n, From: from})
	}
}

var shelves = map[Disposition]Shelf{Good: Free, Damaged: Broken, Hold: Aside}

func (e Regrade) decide(d *draft) error {
	if err := CheckQty(e.Qty); err != nil {
		return &Refusal{WhyQuantity, err.Error() + ": nothing was changed"}
	}
	from, ok := shelves[e.From]
	to, ok2 := shelves[e.To]
	if !ok || !ok2 || from == to {
		return &Refusal{WhyQuantity, fmt.Sprintf("units cannot be regraded from %q to %q: nothing was changed", e.From, e.To)}
	}
	left, err := d.unstock(e.SKU, e.Qty, from, func(b Batch, n int64) {
		if to == Free {
			d.air(b, n, Place{Shelf: from})
			return
		}
		d.move(Move{Batch: b, Qty: n, From: Place{Shelf: from}, To: Place{Shelf: to}})
	})
	if err != nil {
		return err
	}
	if left > 0 && from == Free {
		got, err := d.strip(e.SKU, left, func(Parcel) bool { return true }, Place{Shelf: to})
		if err != nil {
			return err
		}
		left -= got
	}
	if left > 0 {
		return &Refusal{WhyTooMany, fmt.Sprintf("only %d of %s of %s %s %s and loose: nothing was changed", e.Qty-left, Units(e.Qty), e.SKU, plural(e.Qty, "is", "are"), e.From)}
	}
	d.todo[e.SKU] = stageOwn
	return nil
}

// unstock takes units from a shelf and gives how many were missing.
func (d *draft) unstock(sku SKU, n int64, from Shelf, each func(Batch, int64)) (left int64, err error) {
	if from == Free {
		pool, err := d.pool(sku)
		for _, p := range pool {
			if k := min(n, p.Qty); k > 0 {
				d.draw(p, k)
				each(p.Batch, k)
				n -= k
			}
		}
		return n, err
	}
	for p, err := range d.v.Stock(sku, from) {
		if err != nil {
			return n, err
		}
		k := min(n, p.Qty)
		each(p.Batch, k)
		if n -= k; n == 0 {
			break
		}
	}
	return n, nil
}

func (e Adjust) decide(d *draft) error {
	if err := CheckQty(max(e.Qty, -e.Qty)); err != nil {
		return &Refusal{WhyQuantity, fmt.Sprintf("a count cannot be corrected by %d: nothing was changed", e.Qty)}
	}
	if e.Qty > 0 {
		d.air(Batch{SKU: e.SKU}, e.Qty, Place{})
		return nil
	}
	left, err := d.unstock(e.SKU, -e.Qty, Free, func(b Batch, n int64) { d.leave(b, n, Place{Shelf: Free}) })
	if err == nil && left > 0 {
		err = &Refusal{WhyTooMany, fmt.Sprintf("only %s of %s %s free, not %d: nothing was changed", Units(-e.Qty-left), e.SKU, plural(-e.Qty-left, "is", "are"), -e.Qty)}
	}
	return err
}
