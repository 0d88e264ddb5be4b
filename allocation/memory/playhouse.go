package memory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/allocation/scenario"
)

func (p *Player) order(in *scenario.Order, changed bool) (scenario.Result, error) {
	if err := checkOrder(in); err != nil {
		return scenario.Result{}, err
	}
	e := allocation.Demand{}
	before := p.rank(in.ID)
	wanted := map[allocation.LineID]bool{}
	for _, l := range in.Lines {
		id := allocation.MakeLineID(in.ID, l.ID)
		if had := p.State.Lines[id]; had != nil && had.SKU != l.SKU && had.Allocated > 0 {
			return scenario.Result{}, fmt.Errorf("line %s holds %s and cannot become a line of %s", id, had.SKU, l.SKU)
		}
		wanted[id] = true
		e.Wants = append(e.Wants, allocation.Want{Line: id, Qty: l.Qty})
	}
	for _, l := range in.Lines {
		p.put(in, l)
	}
	if changed && p.rank(in.ID) != before {
		e.Changed = []allocation.OrderID{in.ID}
	}
	had, _ := p.State.OrderLines(in.ID)
	for _, l := range had {
		if !wanted[l.ID()] {
			e.Wants = append(e.Wants, allocation.Want{Line: l.ID()})
		}
	}
	p.orders[in.ID] = in
	return p.decide(e)
}

// rank gives where the first line of an order stands; the others differ from it by
// no more than their names.
func (p *Player) rank(id allocation.OrderID) string {
	if lines, _ := p.State.OrderLines(id); len(lines) > 0 {
		return p.State.Policy.RankKey(lines[0].Rank)
	}
	return ""
}

func checkOrder(in *scenario.Order) error {
	if err := allocation.CheckID("order", string(in.ID)); err != nil {
		return err
	}
	if _, err := allocation.ParseClass(string(in.Class)); err != nil {
		return err
	}
	if _, err := allocation.ParseShip(in.Ship); err != nil {
		return err
	}
	for _, l := range in.Lines {
		if err := allocation.CheckLine(l.ID); err != nil {
			return err
		}
		if l.Qty < 0 || l.Qty > allocation.MaxQty || l.Pack < 0 || l.MinLifeDays < 0 {
			return fmt.Errorf("line %s: quantity, pack and min_life_days are 0 or more, and the quantity at most %d", l.ID, int64(allocation.MaxQty))
		}
	}
	return nil
}

// put writes a line's facts, and the right to all that it will want.
func (p *Player) put(in *scenario.Order, l scenario.OrderLine) {
	ship, _ := allocation.ParseShip(in.Ship)
	class, _ := allocation.ParseClass(string(in.Class))
	id := allocation.MakeLineID(in.ID, l.ID)
	p.State.Put(allocation.Line{
		Rank: allocation.Rank{
			Override: in.Override, Class: class, Contract: in.Contract, Tier: in.Tier,
			Due: allocation.Due(in.Promised, in.Requested), Accepted: in.Accepted, Order: in.ID, Line: id,
		},
		SKU: l.SKU, Segment: in.Segment, Ship: ship, Pack: l.Pack, MinLife: l.MinLifeDays,
	})
	now := p.State.Lines[id]
	now.Right = max(now.Right, l.Qty-now.Allocated)
	p.skus[l.SKU] = true
}

// cancel is a version of the order that wants less.
func (p *Player) cancel(in *scenario.Cancel) (scenario.Result, error) {
	order, line := in.Line.Split()
	had := p.orders[order]
	if had != nil {
		next := *had
		next.Lines = slices.Clone(had.Lines)
		for i, l := range next.Lines {
			if l.ID == line && in.Qty >= 1 && in.Qty <= l.Qty {
				next.Lines[i].Qty -= in.Qty
				return p.order(&next, false)
			}
		}
	}
	return scenario.Result{}, fmt.Errorf("line %s does not want %d: nothing was cancelled", in.Line, in.Qty)
}

func (p *Player) change(in *scenario.Change) (scenario.Result, error) {
	had := p.orders[in.Order]
	if had == nil {
		return scenario.Result{}, fmt.Errorf("no order %s is known", in.Order)
	}
	next := *had
	if in.Class != "" {
		next.Class = in.Class
	}
	for to, from := range map[*int]*int{&next.Tier: in.Tier, &next.Contract: in.Contract, &next.Override: in.Override} {
		if from != nil {
			*to = *from
		}
	}
	if in.Promised != nil {
		next.Promised = *in.Promised
	}
	return p.order(&next, true)
}

// mapCode says what a kept code stands for: its scans are received now.
func (p *Player) mapCode(in *scenario.Map) (scenario.Result, error) {
	goods := pack{in.SKU, 1}
	if in.Qty != nil {
		goods.qty = *in.Qty
	}
	if err := allocation.CheckQty(goods.qty); err != nil {
		return scenario.Result{}, err
	}
	p.mapped[nameIn(in.Code)], p.skus[in.SKU] = goods, true
	var result scenario.Result
	for _, k := range p.kept {
		if nameIn(k.scan.Code) != nameIn(in.Code) {
			continue
		}
		receipts := []allocation.Receipt{receipt(&k.scan, goods, k.times)}
		d, err := p.State.Decide(allocation.Receive{Receipts: receipts})
		var no *allocation.Refusal
		if errors.As(err, &no) {
			result = result.And(scenario.Result{Why: fmt.Sprintf("%s goes on waiting: %s", in.Code, no.Error())})
			continue
		}
		if err != nil {
			return result, err
		}
		k.of.kept, k.of.taken = false, Taken(receipts, d)
		result = result.And(scenario.ResultOf(d))
	}
	p.kept = slices.DeleteFunc(p.kept, func(k keptScan) bool { return !k.of.kept })
	return result, nil
}

func (p *Player) approve(in *scenario.Approve) (scenario.Result, error) {
	if p.State.Inbounds[in.Inbound] == nil {
		return scenario.Result{}, noInbound(in.Inbound)
	}
	if err := allocation.CheckQty(in.Qty); err != nil {
		return scenario.Result{}, err
	}
	return p.decide(allocation.Approve{Inbound: in.Inbound, Qty: in.Qty})
}

func (p *Player) close(id allocation.InboundID) (scenario.Result, error) {
	in := p.State.Inbounds[id]
	if in == nil {
		return scenario.Result{}, noInbound(id)
	}
	in.Closed = true
	return p.decide(allocation.Offer{SKUs: slices.Sorted(maps.Keys(in.Announced))})
}

func noInbound(id allocation.InboundID) error {
	return cmp.Or(allocation.CheckID("inbound", string(id)), fmt.Errorf("no inbound %s is known", id))
}

func (p *Player) adjust(in *scenario.Adjust) (scenario.Result, error) {
	if in.Reason == "" {
		return scenario.Result{}, errors.New("a correction of a count needs a reason")
	}
	p.skus[in.SKU] = true
	return p.decide(allocation.Adjust{SKU: in.SKU, Qty: in.Qty})
}

func (p *Player) item(in *scenario.Item) (scenario.Result, error) {
	if slices.Contains(in.Substitutes, in.SKU) {
		return scenario.Result{}, fmt.Errorf("%s: an item is no substitute of itself", in.SKU)
	}
	for _, g := range in.GTINs {
		gtin, err := allocation.ParseGTIN(g.GTIN)
		if err == nil {
			err = allocation.CheckQty(g.Qty)
		}
		if err != nil {
			return scenario.Result{}, err
		}
		p.gtins[gtin] = pack{in.SKU, g.Qty}
	}
	p.skus[in.SKU] = true
	p.State.SetSubstitutes(in.SKU, in.Substitutes)
	return p.decide(allocation.Offer{SKUs: []allocation.SKU{in.SKU}})
}

func (p *Player) inbound(in *scenario.Inbound) (scenario.Result, error) {
	had := p.State.Inbounds[in.ID]
	now := &Inbound{Announced: map[allocation.SKU]int64{}, Received: map[allocation.SKU]int64{}, Tolerance: in.TolerancePct, Expected: in.Expected}
	var skus []allocation.SKU
	if had != nil {
		now.Received, now.Loose, skus = had.Received, had.Loose, slices.Sorted(maps.Keys(had.Announced))
	}
	all := slices.Clone(in.Lines)
	p.announce(in)
	for _, on := range in.Pallets {
		all = append(all, on.Lines...)
	}
	for _, l := range all {
		now.Announced[l.SKU] += l.Qty
		skus = append(skus, l.SKU)
	}
	p.State.Inbounds[in.ID] = now
	return p.decide(allocation.Offer{SKUs: skus, Inbounds: []allocation.InboundID{in.ID}})
}

// announce replaces the pallets of an inbound that have not come.
func (p *Player) announce(in *scenario.Inbound) {
	maps.DeleteFunc(p.pallets, func(_ allocation.SSCC, on *pallet) bool { return on.inbound == in.ID && on.by == nil })
	for _, on := range in.Pallets {
		id := allocation.SSCC(on.SSCC)
		if had := p.pallets[id]; had == nil || had.by == nil {
			p.pallets[id] = &pallet{inbound: in.ID, lines: on.Lines}
		}
	}
}
