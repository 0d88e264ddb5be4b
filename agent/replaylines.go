package agent

import (
	"fmt"
	"slices"
	"strings"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/allocation/scenario"
	"dockfill/sync/wire"
)

// unsupported says in a sentence what a line asks for that the engine does not
// do; "" where it does all of it. A rule that would be left out silently would
// give a wrong answer with a straight face.
func unsupported(l scenario.Line) string {
	switch {
	case l.Policy != nil:
		return unsupportedPolicy(l.Policy)
	case l.Order != nil:
		return unsupportedOrder(l.Order)
	case l.Item != nil && len(l.Item.Substitutes) > 0:
		return "substitutes are not decided here: leave them out"
	case l.Scan != nil, l.Undo != nil, l.Cancel != nil, l.Item != nil:
		return ""
	case l.Inbound != nil && l.Inbound.TolerancePct != nil:
		return "tolerance_pct is not decided here: units above what was announced are treated as usual"
	case l.Inbound != nil:
		return ""
	}
	return l.Kind() + " is not decided here"
}

func unsupportedPolicy(p *scenario.Policy) string {
	switch {
	case p.Share != "" && p.Share != "sequence":
		return fmt.Sprintf("share %q is not decided here: sequence is", p.Share)
	case p.GateMode != "":
		return "gate_mode is not decided here: every order ships partial"
	case p.OverPct != 0:
		return "over_receipt_pct is not decided here: units above what was announced are treated as usual"
	case len(p.Guarantees) > 0:
		return "guarantees are not decided here: leave them out"
	}
	return ""
}

func unsupportedOrder(o *scenario.Order) string {
	if o.Ship != "" && o.Ship != "partial" {
		return fmt.Sprintf("ship %q is not decided here: partial is", o.Ship)
	}
	for _, l := range o.Lines {
		if l.MinLifeDays != 0 || l.Pack > 1 {
			return "min_life_days and pack of a line are not decided here: leave them out"
		}
	}
	return ""
}

// scan does what the dock does. Beside a code, quantity and disposition count as
// control cards that were scanned before it.
func (r *replay) scan(tx *store.Tx, in *scenario.Scan) (scenario.Result, error) {
	qty, err := r.checkScan(in)
	if err != nil {
		return scenario.Result{}, err
	}
	s := scan{station: station1(in.Station), at: r.clock}
	if in.Code == "" {
		s.raw = []byte(in.SKU)
		s.named, err = r.named(tx, in, qty)
	} else {
		s.raw = []byte(in.Code)
		s.code = r.desk.rules.Parse("", s.raw, r.clock.Year())
		s.code.Lot, s.code.Serial = orElse(in.Lot, s.code.Lot), orElse(in.Serial, s.code.Serial)
		s.code.Expiry = allocation.Date(orElse(string(in.Expiry), string(s.code.Expiry)))
		err = playCards(tx, s.station, qty, in.Disposition)
	}
	if err != nil {
		return scenario.Result{}, err
	}
	return r.receive(tx, s)
}

func (r *replay) checkScan(in *scenario.Scan) (qty int64, err error) {
	if (in.Code == "") == (in.SKU == "") {
		return 0, fmt.Errorf("a scan names either a code or a sku")
	}
	if !in.At.IsZero() {
		r.clock = in.At
	}
	qty = 1
	if in.Qty != nil {
		qty = *in.Qty
	}
	if err := allocation.CheckQty(qty); err != nil {
		return 0, stop(allocation.WhyQuantity, "%v: nothing was counted", err)
	}
	if _, err := allocation.ParseDisposition(string(in.Disposition)); err != nil {
		return 0, err
	}
	_, err = allocation.ParseDate(string(in.Expiry))
	return qty, err
}

func station1(id allocation.StationID) allocation.StationID {
	return allocation.StationID(orElse(string(id), "1"))
}

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

func (r *replay) named(tx *store.Tx, in *scenario.Scan, qty int64) (*goods, error) {
	if err := allocation.CheckID("sku", string(in.SKU)); err != nil {
		return nil, err
	}
	r.skus[in.SKU] = true
	u := unit{Receipt: allocation.Receipt{
		SKU: in.SKU, Qty: qty, Disposition: in.Disposition, Lot: in.Lot, Expiry: in.Expiry, Serial: in.Serial, Inbound: in.Inbound,
	}}
	var err error
	u.item, _, err = tx.ItemBySKU(in.SKU)
	return &goods{units: []unit{u}}, err
}

// receive gives what the scan's own events say of it.
func (r *replay) receive(tx *store.Tx, s scan) (scenario.Result, error) {
	before := tx.Head().Seq
	f, err := r.desk.receive(tx, s)
	if err != nil {
		return scenario.Result{}, err
	}
	result := scenario.Result{Verdict: f.Verdict, Why: f.Text}
	for seq := before + 1; seq <= tx.Head().Seq; seq++ {
		e, _, err := tx.EventAt(seq)
		if err != nil {
			return result, err
		}
		if e.Applied != nil {
			result.Allocations = append(result.Allocations, given(e.Applied.Allocations)...)
			result.Why = joinWhy(result.Why, offered(e.Applied.Allocations))
		}
		if e.Scan == nil {
			continue
		}
		for _, got := range e.Scan.Receipts {
			r.skus[got.SKU] = true
			result.Free += got.Free
			result.Allocations = append(result.Allocations, given(got.Allocations)...)
		}
	}
	return result, nil
}

func given(all []wire.Allocation) (g []scenario.Given) {
	for _, a := range all {
		g = append(g, scenario.Given{Line: a.Line, Qty: a.Qty})
	}
	return g
}

// offered says why free stock went to each line that got of it.
func offered(all []wire.Allocation) (why string) {
	ranked := allocation.Why{Code: allocation.WhyRanked}
	for _, a := range all {
		why = joinWhy(why, ranked.Sentence(allocation.Allocation{Line: a.Line, Qty: a.Qty, By: a.By, Over: a.Over}))
	}
	return why
}

func joinWhy(before, more string) string {
	if before == "" || more == "" {
		return before + more
	}
	return before + "; " + more
}

func (r *replay) undo(tx *store.Tx, in *scenario.Undo) (scenario.Result, error) {
	s := scan{station: station1(in.Station), raw: []byte("DF:UNDO"), at: r.clock}
	s.code = r.desk.rules.Parse("", s.raw, r.clock.Year())
	result, err := r.receive(tx, s)
	result.Verdict = ""
	return result, err
}

// command applies commands as one run. What they move is the result.
func (r *replay) command(tx *store.Tx, cmds ...wire.Command) (scenario.Result, error) {
	run, err := r.desk.apply(tx, replayCentre, tx.Meta().Commands.N+1, cmds)
	if err != nil {
		return scenario.Result{}, err
	}
	for _, no := range run.refused {
		return scenario.Result{}, fmt.Errorf("%s", no.Message)
	}
	result := scenario.Result{Allocations: given(run.allocations), Why: offered(run.allocations)}
	for _, m := range run.moved {
		result.Moves = append(result.Moves, scenario.Moved{From: m.from, To: m.to, Qty: m.qty})
		result.Allocations = lessMoved(result.Allocations, m)
	}
	for _, a := range run.released {
		result.Free += a.Qty
	}
	for _, a := range run.allocations {
		result.Free -= a.Qty
	}
	result.Free = max(0, result.Free)
	return result, nil
}

// lessMoved keeps in allocations what came from free stock.
func lessMoved(all []scenario.Given, m moved) []scenario.Given {
	for i := range all {
		if all[i].Line == m.to {
			all[i].Qty -= m.qty
		}
	}
	return slices.DeleteFunc(all, func(g scenario.Given) bool { return g.Qty == 0 })
}

func (r *replay) order(tx *store.Tx, in *scenario.Order) (scenario.Result, error) {
	o := &wire.Order{
		ID: in.ID, Version: 1, Customer: in.Customer, CustomerName: in.CustomerName, Override: in.Override, Class: in.Class,
		Contract: in.Contract, Tier: in.Tier, Accepted: in.Accepted, Promised: in.Promised, Requested: in.Requested, Door: in.Door,
	}
	for _, l := range in.Lines {
		o.Lines = append(o.Lines, wire.OrderLine{Line: l.ID, SKU: l.SKU, Qty: l.Qty})
	}
	if had := r.orders[in.ID]; had != nil {
		o.Version = had.Version + 1
	}
	return r.placeOrder(tx, o)
}

// placeOrder sends a version of an order with the rights to all of it.
func (r *replay) placeOrder(tx *store.Tx, o *wire.Order) (scenario.Result, error) {
	cmds := []wire.Command{{Order: o}}
	ordered := map[allocation.LineID]int64{}
	for _, l := range o.Lines {
		id := allocation.MakeLineID(o.ID, l.Line)
		ordered[id] = r.ordered[id] + max(0, l.Qty-r.wanted(o.ID, l.Line))
		cmds = append(cmds, wire.Command{Grant: &wire.Grant{Line: id, Incarnation: replayLife, Total: ordered[id]}})
	}
	result, err := r.command(tx, cmds...)
	if err != nil {
		return result, err
	}
	r.orders[o.ID] = o
	for id, n := range ordered {
		r.ordered[id] = n
	}
	for _, l := range o.Lines {
		r.skus[l.SKU] = true
	}
	return result, nil
}

// wanted is what the latest version of an order wants of a line.
func (r *replay) wanted(id allocation.OrderID, line string) int64 {
	if o := r.orders[id]; o != nil {
		for _, l := range o.Lines {
			if l.Line == line {
				return l.Qty
			}
		}
	}
	return 0
}

// cancel is a version of the order that wants less.
func (r *replay) cancel(tx *store.Tx, in *scenario.Cancel) (scenario.Result, error) {
	id, line := in.Line.Split()
	wanted := r.wanted(id, line)
	if in.Qty < 1 || in.Qty > wanted {
		return scenario.Result{}, fmt.Errorf("line %s wants %d; %d cannot be cancelled", in.Line, wanted, in.Qty)
	}
	o := *r.orders[id]
	o.Version++
	o.Lines = slices.Clone(o.Lines)
	for i := range o.Lines {
		if o.Lines[i].Line == line {
			o.Lines[i].Qty -= in.Qty
		}
	}
	return r.placeOrder(tx, &o)
}

func (r *replay) item(tx *store.Tx, in *scenario.Item) (scenario.Result, error) {
	i := &wire.Item{SKU: in.SKU, Description: in.Description, Putaway: in.Putaway}
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

func (r *replay) inbound(tx *store.Tx, in *scenario.Inbound) (scenario.Result, error) {
	w := &wire.Inbound{ID: in.ID, Version: r.versions[in.ID] + 1, Supplier: in.Supplier, Expected: in.Expected, Lines: supply(in.Lines)}
	for _, p := range in.Pallets {
		w.Pallets = append(w.Pallets, wire.Pallet{SSCC: p.SSCC, Lines: supply(p.Lines)})
	}
	result, err := r.command(tx, wire.Command{Inbound: w})
	if err == nil {
		r.versions[in.ID] = w.Version
	}
	return result, err
}

func supply(lines []scenario.Supply) (w []wire.InboundLine) {
	for _, l := range lines {
		w = append(w, wire.InboundLine(l))
	}
	return w
}

// policy puts a rank in force, under a version that says which of the scenario's
// policies it is.
func (r *replay) policy(tx *store.Tx, in *scenario.Policy) (scenario.Result, error) {
	rank := in.Rank
	if len(rank) == 0 {
		rank = allocation.DefaultPolicy().Keys()
	}
	result, err := r.command(tx, wire.Command{Policy: &wire.Policy{Version: fmt.Sprintf("replay-%d", r.policies+1), Rank: rank}})
	if err == nil {
		r.policies++
		result.Why = joinWhy("ranked by "+joinKeys(rank), result.Why)
	}
	return result, err
}

func joinKeys(keys []allocation.Key) string {
	s := make([]string, len(keys))
	for i, k := range keys {
		s[i] = string(k)
	}
	return strings.Join(s, ", ")
}
