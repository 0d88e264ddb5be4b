package agent

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/allocation/scenario"
	"dockfill/sync/wire"
)

// scan does what the dock does. Beside a code, quantity and disposition count as
// control cards that were scanned before it.
func (r *replay) scan(tx *store.Tx, in *scenario.Scan) (scenario.Result, error) {
	qty, err := r.checkScan(tx, in)
	if err != nil {
		return scenario.Result{}, err
	}
	s := scan{station: station1(in.Station), at: cmp.Or(in.At, r.clock), raw: []byte(cmp.Or(in.Code, string(in.SKU)))}
	sku := in.SKU
	if in.Code != "" && r.skus[allocation.SKU(in.Code)] {
		_, _, mapped, err := tx.Alias(nameIn(s.raw, r.desk.rules.Parse("", s.raw, r.clock.Year())))
		if err != nil {
			return scenario.Result{}, err
		}
		if !mapped {
			sku = allocation.SKU(in.Code)
		}
	}
	if sku != "" {
		s.named, err = r.named(tx, in, sku, qty)
	} else {
		r.parse(&s, in)
		err = playCards(tx, s.station, qty, in.Disposition)
	}
	if err != nil {
		return scenario.Result{}, err
	}
	f, err := r.desk.receive(tx, s)
	if err != nil {
		return scenario.Result{}, err
	}
	if f.Why == allocation.WhyUnknown {
		r.kept[f.Seq] = in
	}
	return r.came(f), nil
}

// came is the result of a scan.
func (r *replay) came(f reply) scenario.Result {
	for _, m := range f.Moves {
		if m.From.Shelf == allocation.Dock {
			r.skus[m.SKU] = true
		}
	}
	result := scenario.ResultOf(f.Decision)
	if result.Why == "" {
		result.Verdict, result.Why = f.Verdict, f.Text
	}
	return result
}

// parse reads the code, and what was said beside it.
func (r *replay) parse(s *scan, in *scenario.Scan) {
	s.code = r.desk.rules.Parse("", s.raw, r.clock.Year())
	s.code.Lot, s.code.Serial = cmp.Or(in.Lot, s.code.Lot), cmp.Or(in.Serial, s.code.Serial)
	s.code.Expiry = cmp.Or(in.Expiry, s.code.Expiry)
	s.inbound = in.Inbound
}

// beside adds to a kept scan what was said beside its code.
func (r *replay) beside(s *scan) {
	if in := r.kept[s.kept]; in != nil {
		r.parse(s, in)
	}
}

// checkScan gives how often a scan counts: as it says, or as a card before it said.
func (r *replay) checkScan(tx *store.Tx, in *scenario.Scan) (qty int64, err error) {
	if (in.Code == "") == (in.SKU == "") {
		return 0, errors.New("a scan names either a code or a sku")
	}
	if _, err := allocation.ParseDisposition(string(in.Disposition)); err != nil {
		return 0, err
	}
	if _, err := allocation.ParseDate(string(in.Expiry)); err != nil {
		return 0, err
	}
	if in.At.After(r.clock) {
		r.clock = in.At.UTC()
	}
	at, err := tx.Station(station1(in.Station))
	if err != nil {
		return 0, err
	}
	qty = max(1, at.NextQty)
	if in.Qty != nil {
		qty = *in.Qty
	}
	if err := allocation.CheckQty(qty); err != nil {
		return 0, stop(allocation.WhyQuantity, "%v: nothing was counted", err)
	}
	return qty, nil
}

func station1(id allocation.StationID) allocation.StationID { return cmp.Or(id, "1") }

func playCards(tx *store.Tx, id allocation.StationID, qty int64, d allocation.Disposition) error {
	at, err := tx.Station(id)
	if err != nil {
		return err
	}
	at.NextQty = qty
	if d != "" {
		at.NextDisposition = d
	}
	return tx.PutStation(at)
}

func (r *replay) named(tx *store.Tx, in *scenario.Scan, sku allocation.SKU, qty int64) (*goods, error) {
	if err := allocation.CheckID("sku", string(sku)); err != nil {
		return nil, err
	}
	u := unit{Receipt: allocation.Receipt{
		Batch: allocation.Batch{SKU: sku, Lot: in.Lot, Expiry: in.Expiry, Serial: in.Serial},
		Qty:   qty, Disposition: in.Disposition, Inbound: in.Inbound,
	}}
	var err error
	u.item, _, err = tx.ItemBySKU(sku)
	return &goods{units: []unit{u}}, err
}

func (r *replay) undo(tx *store.Tx, in *scenario.Undo) (scenario.Result, error) {
	s := scan{station: station1(in.Station), raw: []byte("DF:UNDO"), at: r.clock}
	s.code = r.desk.rules.Parse("", s.raw, r.clock.Year())
	f, err := r.desk.receive(tx, s)
	return scenario.ResultOf(f.Decision), err
}

// deed does what a person did with goods.
func (r *replay) deed(tx *store.Tx, w wire.Deed) (scenario.Result, error) {
	done, err := r.desk.perform(tx, w)
	return scenario.ResultOf(done.Decision), err
}

func (r *replay) adjust(tx *store.Tx, in *scenario.Adjust) (scenario.Result, error) {
	w := wire.Deed{Kind: wire.DeedAdjust, SKU: in.SKU, Qty: in.Qty, Reason: in.Reason}
	if w.Reason != "" {
		r.skus[in.SKU] = true
	}
	return r.deed(tx, w)
}

// command applies commands as one run. What they move is the result.
func (r *replay) command(tx *store.Tx, cmds ...wire.Command) (result scenario.Result, err error) {
	run, err := r.desk.apply(tx, replayCentre, tx.Meta().Commands.N+1, cmds)
	if err != nil {
		return scenario.Result{}, err
	}
	if len(run.refused) > 0 {
		return scenario.Result{}, errors.New(run.refused[0].Message)
	}
	for i, d := range run.decided {
		more := scenario.ResultOf(d)
		if more.Verdict = ""; i == 0 {
			result = more
			continue
		}
		result = result.And(more)
	}
	for _, why := range run.waits {
		result = result.And(scenario.Result{Why: why})
	}
	return result, nil
}

// order sends a version of an order with the rights to all of it.
func (r *replay) order(tx *store.Tx, in *scenario.Order, changed bool) (scenario.Result, error) {
	o := &wire.Order{
		ID: in.ID, Version: r.versions[in.ID] + 1, Customer: in.Customer, CustomerName: in.CustomerName, Segment: in.Segment,
		Override: in.Override, Class: in.Class, Contract: in.Contract, Tier: in.Tier, Accepted: in.Accepted, Promised: in.Promised,
		Requested: in.Requested, Ship: allocation.Ship(in.Ship), Door: in.Door, Changed: changed,
	}
	for _, l := range in.Lines {
		o.Lines = append(o.Lines, wire.OrderLine{Line: l.ID, SKU: l.SKU, Qty: l.Qty, Pack: l.Pack, MinLifeDays: l.MinLifeDays})
	}
	cmds := []wire.Command{{Order: o}}
	for _, l := range in.Lines {
		g := wire.Grant{Line: allocation.MakeLineID(in.ID, l.ID), Incarnation: replayLife, Total: l.Qty}
		had, _, err := tx.Shown(g.Line)
		if err != nil {
			return scenario.Result{}, err
		}
		g.Total = had.Rights.Granted + max(0, l.Qty-had.Allocated-had.Rights.Balance())
		cmds = append(cmds, wire.Command{Grant: &g})
	}
	result, err := r.command(tx, cmds...)
	if err != nil {
		return result, err
	}
	r.orders[in.ID], r.versions[in.ID] = in, o.Version
	for _, l := range in.Lines {
		r.skus[l.SKU] = true
	}
	return result, nil
}

// cancel is a version of the order that wants less.
func (r *replay) cancel(tx *store.Tx, in *scenario.Cancel) (scenario.Result, error) {
	order, line := in.Line.Split()
	if had := r.orders[order]; had != nil {
		next := *had
		next.Lines = slices.Clone(had.Lines)
		for i, l := range next.Lines {
			if l.ID == line && in.Qty >= 1 && in.Qty <= l.Qty {
				next.Lines[i].Qty -= in.Qty
				return r.order(tx, &next, false)
			}
		}
	}
	return scenario.Result{}, fmt.Errorf("line %s does not want %d: nothing was cancelled", in.Line, in.Qty)
}

// change is a version of the order that a person ranked anew.
func (r *replay) change(tx *store.Tx, in *scenario.Change) (scenario.Result, error) {
	had := r.orders[in.Order]
	if had == nil {
		return scenario.Result{}, fmt.Errorf("no order %s is known", in.Order)
	}
	next := *had
	next.Class = cmp.Or(in.Class, had.Class)
	for to, from := range map[*int]*int{&next.Tier: in.Tier, &next.Contract: in.Contract, &next.Override: in.Override} {
		if from != nil {
			*to = *from
		}
	}
	if in.Promised != nil {
		next.Promised = *in.Promised
	}
	return r.order(tx, &next, true)
}

func (r *replay) item(tx *store.Tx, in *scenario.Item) (scenario.Result, error) {
	i := &wire.Item{SKU: in.SKU, Description: in.Description, Putaway: in.Putaway, Substitutes: in.Substitutes}
	for _, g := range in.GTINs {
		key, err := allocation.ParseGTIN(g.GTIN)
		if err != nil {
			return scenario.Result{}, err
		}
		i.GTINs = append(i.GTINs, wire.ItemGTIN{GTIN: string(key), Qty: g.Qty})
	}
	result, err := r.command(tx, wire.Command{Item: i})
	if err == nil {
		r.skus[in.SKU] = true
	}
	return result, err
}

// mapCode says what a kept code stands for.
func (r *replay) mapCode(tx *store.Tx, in *scenario.Map) (scenario.Result, error) {
	m := &wire.Map{Code: []byte(in.Code), SKU: in.SKU, Qty: 1}
	if in.Qty != nil {
		m.Qty = *in.Qty
	}
	result, err := r.command(tx, wire.Command{Map: m})
	if err == nil {
		r.skus[in.SKU] = true
	}
	return result, err
}

func (r *replay) inbound(tx *store.Tx, in *scenario.Inbound) (scenario.Result, error) {
	w := &wire.Inbound{ID: in.ID, Supplier: in.Supplier, Expected: in.Expected, TolerancePct: in.TolerancePct, Lines: supply(in.Lines)}
	for _, p := range in.Pallets {
		w.Pallets = append(w.Pallets, wire.Pallet{SSCC: p.SSCC, Lines: supply(p.Lines)})
	}
	return r.sendInbound(tx, w)
}

func (r *replay) close(tx *store.Tx, id allocation.InboundID) (scenario.Result, error) {
	had := r.inbounds[id]
	if had == nil {
		return scenario.Result{}, noInbound(id)
	}
	w := *had
	w.Closed = true
	return r.sendInbound(tx, &w)
}

// sendInbound sends a version of announced supply.
func (r *replay) sendInbound(tx *store.Tx, w *wire.Inbound) (scenario.Result, error) {
	w.Version = 1
	if had := r.inbounds[w.ID]; had != nil {
		w.Version = had.Version + 1
	}
	result, err := r.command(tx, wire.Command{Inbound: w})
	if err == nil {
		r.inbounds[w.ID] = w
	}
	return result, err
}

func supply(lines []scenario.Supply) (w []wire.InboundLine) {
	for _, l := range lines {
		w = append(w, wire.InboundLine(l))
	}
	return w
}

// policy puts rules in force, under a version that says which of the scenario's
// policies they are.
func (r *replay) policy(tx *store.Tx, in *scenario.Policy) (scenario.Result, error) {
	w := &wire.Policy{
		Version: fmt.Sprintf("replay-%d", r.policies+1), Rank: in.Rank, Share: allocation.Share(in.Share),
		GateMode: allocation.GateMode(in.GateMode), OverReceipt: in.OverPct,
	}
	for _, g := range in.Guarantees {
		w.Guarantees = append(w.Guarantees, wire.Guarantee(g))
	}
	result, err := r.command(tx, wire.Command{Policy: w})
	if err == nil {
		r.policies++
	}
	return result, err
}
