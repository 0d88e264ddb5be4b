package allocation

import "fmt"

func (e Receive) decide(d *draft) error {
	d.beep = true
	serials := map[Batch]bool{}
	for _, r := range e.Receipts {
		if err := CheckQty(r.Qty); err != nil {
			return &Refusal{WhyQuantity, err.Error() + ": nothing was counted"}
		}
		if r.Serial != "" {
			key := Batch{Trade: r.Trade, Serial: r.Serial}
			here, err := d.v.Serial(r.Trade, r.Serial)
			if err != nil {
				return err
			}
			if here || serials[key] {
				return &Refusal{WhyDuplicate, fmt.Sprintf("serial %s of %s was received before: it is not counted again", r.Serial, r.SKU)}
			}
			serials[key] = true
		}
		if err := d.receive(r); err != nil {
			return err
		}
	}
	return nil
}

// receive puts damaged and held units aside, and those above what was announced;
// the rest is in the air.
func (d *draft) receive(r Receipt) error {
	dock := Place{Shelf: Dock}
	usual, err := d.usual(r)
	if err != nil {
		return err
	}
	d.arrive(r, r.Qty)
	d.todo[r.SKU] = stageOwn
	switch r.Disposition {
	case Damaged:
		d.out.Why.Code = WhyDamaged
		d.move(Move{Batch: r.Batch, Qty: r.Qty, From: dock, To: Place{Shelf: Broken}})
		return nil
	case Hold:
		d.out.Why.Code = WhyOnHold
		d.move(Move{Batch: r.Batch, Qty: r.Qty, From: dock, To: Place{Shelf: Aside}})
		return nil
	}
	if over := r.Qty - usual; over > 0 {
		d.move(Move{Batch: r.Batch, Qty: over, From: dock, To: Place{Shelf: Surplus, Inbound: r.Inbound}})
		d.surplus = true
	}
	d.expired = d.expired || !r.lasts(d.today, 0)
	d.air(r.Batch, usual, dock)
	return nil
}

// usual is how many units of a receipt are treated as usual: up to
// floor(announced * (100 + tolerance) / 100) of its inbound in all.
func (d *draft) usual(r Receipt) (int64, error) {
	if r.Inbound == "" {
		return r.Qty, nil
	}
	in, found, err := d.v.Inbound(r.Inbound, r.SKU)
	if err != nil || !found {
		return r.Qty, err
	}
	return min(max(0, -d.over(r.Inbound, r.SKU, in)), r.Qty), nil
}

// over is how many units came above what is announced and tolerated; below 0, how
// many may still come.
func (d *draft) over(id InboundID, sku SKU, in Inbound) int64 {
	tolerance := d.p.rules.OverPct
	if in.Tolerance != nil {
		tolerance = *in.Tolerance
	}
	return in.Received + d.arrived[inboundSKU{id, sku}] - in.Announced*(100+tolerance)/100
}

// admit frees what waits for the approval of an inbound and is not above what is
// announced any more: only units that are wait.
func (d *draft) admit(id InboundID) error {
	waits, total := map[Batch]int64{}, map[SKU]int64{}
	for _, m := range d.out.Moves { // what the event has taken away
		if m.From == (Place{Shelf: Surplus, Inbound: id}) {
			waits[m.Batch] -= m.Qty
		}
	}
	var all []Parcel
	for p, err := range d.v.Surplus(id) {
		if err != nil {
			return err
		}
		p.Qty += waits[p.Batch]
		total[p.SKU] += p.Qty
		all = append(all, p)
	}
	for sku, n := range total {
		in, _, err := d.v.Inbound(id, sku)
		if err != nil {
			return err
		}
		total[sku] = n - max(0, d.over(id, sku, in))
	}
	for _, p := range all {
		n := min(p.Qty, total[p.SKU])
		d.air(p.Batch, n, Place{Shelf: Surplus, Inbound: id})
		total[p.SKU] -= max(0, n)
	}
	return nil
}

func (d *draft) arrive(r Receipt, n int64) {
	at := inboundSKU{r.Inbound, r.SKU}
	put(&d.arrived, at, d.arrived[at]+n)
}

// air puts units in the air: they are offered, and what nobody takes is free.
func (d *draft) air(b Batch, n int64, from Place) {
	if n <= 0 {
		return
	}
	d.todo[b.SKU], d.fresh[b.SKU] = stageOwn, true
	if p := (parcelAt{Parcel{Batch: b, Qty: n}, from}); d.pour(p) {
		d.loose = append(d.loose, p)
	}
}

// stageAtBeep stages what a receipt brought to lines whose gate is open, where
// the policy says so.
func (d *draft) stageAtBeep() error {
	if !d.beep || !d.p.rules.StageAtBeep {
		return nil
	}
	for _, m := range d.out.Moves { // those that are added are none of a receipt
		if m.From.Shelf != Dock || m.To.Shelf != WithLine {
			continue
		}
		l := d.lines[m.To.Line]
		ready := !l.gated() || l.Open() == 0
		if l.Ship == ShipOrder {
			var err error
			if ready, err = d.whole(l.Rank.Order); err != nil {
				return err
			}
		}
		if ready {
			l.Staged += m.Qty
			d.move(Move{Batch: m.Batch, Qty: m.Qty, From: m.To, To: Place{Shelf: Bound, Line: l.ID()}})
		}
	}
	return nil
}

func (e Offer) decide(d *draft) error {
	for _, id := range e.Inbounds {
		if err := d.admit(id); err != nil {
			return err
		}
	}
	for _, sku := range e.SKUs {
		d.fresh[sku] = true
		if err := d.wakeSKU(sku); err != nil {
			return err
		}
	}
	return nil
}

func (e Approve) decide(d *draft) error {
	left := e.Qty
	for p, err := range d.v.Surplus(e.Inbound) {
		if err != nil {
			return err
		}
		n := min(left, p.Qty)
		d.air(p.Batch, n, Place{Shelf: Surplus, Inbound: e.Inbound})
		if left -= n; left == 0 {
			break
		}
	}
	return nil
}
