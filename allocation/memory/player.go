package memory

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/allocation/scenario"
)

// Player plays scenarios over a State: one site that holds the rights to all that
// is ordered, and reads codes that are a GTIN's digits, a SKU, or 00 and the digits
// of a pallet's SSCC.
type Player struct {
	State *State

	gtins    map[allocation.GTIN]pack
	pallets  map[allocation.SSCC]*pallet
	orders   map[allocation.OrderID]*scenario.Order
	scans    map[allocation.StationID][]*scan // not undone, oldest first
	kept     []keptScan
	mapped   map[string]pack
	seen     map[int64]bool
	skus     map[allocation.SKU]bool
	clock    time.Time
	policies int
}

type pack struct {
	sku allocation.SKU
	qty int64
}

// pallet is an announced one.
type pallet struct {
	inbound allocation.InboundID
	lines   []scenario.Supply
	by      *scan // that took it in
}

type scan struct {
	taken []allocation.Taken
	kept  bool // its code is not known yet
}

type keptScan struct {
	of    *scan
	scan  scenario.Scan
	times int64
}

// NewPlayer plays from nothing under the default policy.
func NewPlayer() *Player {
	return &Player{
		State: New(allocation.DefaultPolicy()), gtins: map[allocation.GTIN]pack{}, pallets: map[allocation.SSCC]*pallet{}, orders: map[allocation.OrderID]*scenario.Order{},
		scans: map[allocation.StationID][]*scan{}, mapped: map[string]pack{}, seen: map[int64]bool{}, skus: map[allocation.SKU]bool{},
	}
}

// Play plays in to out. Its errors are those of in and out.
func (p *Player) Play(in io.Reader, out io.Writer) error {
	r, w := scenario.NewReader(in), scenario.NewWriter(out)
	for {
		n, l, err := r.Next()
		if errors.Is(err, io.EOF) {
			return w.Balances(p.Balances())
		}
		var bad *scenario.Error
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		result := scenario.Result{Error: bad}
		if bad == nil {
			result = p.Line(l)
		}
		result.N = n
		if err := w.Result(result); err != nil {
			return err
		}
	}
}

// Line plays one line. What it is to blame for stands in the result.
func (p *Player) Line(l scenario.Line) scenario.Result {
	if l.Cmd != nil {
		if p.seen[*l.Cmd] {
			return scenario.Result{Why: fmt.Sprintf("command %d was seen before", *l.Cmd)}
		}
		p.seen[*l.Cmd] = true
	}
	result, err := p.perform(l)
	var no *allocation.Refusal
	switch {
	case errors.As(err, &no):
		result = scenario.Result{Why: no.Error(), Error: &scenario.Error{Code: string(no.Code), Message: no.Error()}}
		if l.Scan != nil || l.Undo != nil {
			result.Verdict = allocation.Stop
		}
	case err != nil:
		result = scenario.Result{Error: &scenario.Error{Code: scenario.Invalid, Message: err.Error()}}
	}
	return result
}

func (p *Player) perform(l scenario.Line) (scenario.Result, error) {
	switch {
	case l.Scan != nil:
		return p.scan(l.Scan)
	case l.Undo != nil:
		return p.undo(station1(l.Undo.Station))
	case l.Order != nil:
		return p.order(l.Order, false)
	case l.Cancel != nil:
		return p.cancel(l.Cancel)
	case l.Change != nil:
		return p.change(l.Change)
	case l.Stage != nil:
		return p.decide(allocation.Stage(*l.Stage))
	case l.Regrade != nil:
		p.skus[l.Regrade.SKU] = true
		return p.decide(allocation.Regrade(*l.Regrade))
	case l.Map != nil:
		return p.mapCode(l.Map)
	case l.Approve != nil:
		return p.approve(l.Approve)
	case l.Close != nil:
		return p.close(l.Close.Inbound)
	case l.Adjust != nil:
		return p.adjust(l.Adjust)
	case l.Item != nil:
		return p.item(l.Item)
	case l.Inbound != nil:
		return p.inbound(l.Inbound)
	}
	return p.policy(l.Policy)
}

func (p *Player) decide(e allocation.Event) (scenario.Result, error) {
	d, err := p.State.Decide(e)
	return scenario.ResultOf(d), err
}

func station1(id allocation.StationID) allocation.StationID {
	if id == "" {
		return "1"
	}
	return id
}

func (p *Player) scan(in *scenario.Scan) (scenario.Result, error) {
	if (in.Code == "") == (in.SKU == "") {
		return scenario.Result{}, errors.New("a scan names either a code or a sku")
	}
	if err := checkScan(in); err != nil {
		return scenario.Result{}, err
	}
	p.tick(in.At)
	times := int64(1)
	if in.Qty != nil {
		times = *in.Qty
	}
	if err := allocation.CheckQty(times); err != nil {
		return scenario.Result{}, &allocation.Refusal{Code: allocation.WhyQuantity, Text: err.Error() + ": nothing was counted"}
	}
	if on := p.pallets[sscc(in.Code)]; on != nil {
		return p.unload(in, on, times)
	}
	goods, known, err := p.named(in)
	if err != nil {
		return scenario.Result{}, err
	}
	if err := oneSerial(in, times); err != nil {
		return scenario.Result{}, err
	}
	if !known {
		return p.keep(in, times), nil
	}
	return p.receive(station1(in.Station), []allocation.Receipt{receipt(in, goods, times)})
}

// sscc is the pallet that a code of digits names; "" for none.
func sscc(code string) allocation.SSCC {
	digits, is := strings.CutPrefix(code, "00")
	id, err := allocation.ParseSSCC(digits)
	if !is || err != nil {
		return ""
	}
	return id
}

// unload takes the announced contents of a pallet in.
func (p *Player) unload(in *scenario.Scan, on *pallet, times int64) (scenario.Result, error) {
	switch {
	case on.by != nil:
		return scenario.Result{}, &allocation.Refusal{Code: allocation.WhyDuplicate}
	case times > 1:
		return scenario.Result{}, &allocation.Refusal{Code: allocation.WhyQuantity, Text: "a pallet is one thing: nothing was counted"}
	}
	var all []allocation.Receipt
next:
	for _, l := range on.lines {
		for i := range all {
			if all[i].SKU == l.SKU {
				all[i].Qty += l.Qty
				continue next
			}
		}
		all = append(all, allocation.Receipt{Batch: allocation.Batch{SKU: l.SKU}, Qty: l.Qty, Disposition: in.Disposition, Inbound: on.inbound})
	}
	at := station1(in.Station)
	result, err := p.receive(at, all)
	if err == nil {
		on.by = p.scans[at][len(p.scans[at])-1]
	}
	return result, err
}

// oneSerial refuses a count beside a serial, which names one trade item.
func oneSerial(in *scenario.Scan, times int64) error {
	if in.Serial == "" || times == 1 {
		return nil
	}
	return &allocation.Refusal{Code: allocation.WhyQuantity, Text: allocation.OneSerial(in.Serial, times)}
}

func checkScan(in *scenario.Scan) error {
	if _, err := allocation.ParseDisposition(string(in.Disposition)); err != nil {
		return err
	}
	if _, err := allocation.ParseDate(string(in.Expiry)); err != nil {
		return err
	}
	return nil
}

// tick sets the day by the latest time that was named.
func (p *Player) tick(at time.Time) {
	if at.After(p.clock) {
		p.clock = at
		p.State.Today = allocation.Date(at.UTC().Format(time.DateOnly))
	}
}

func (p *Player) named(in *scenario.Scan) (goods pack, known bool, err error) {
	if in.SKU != "" {
		return pack{in.SKU, 1}, true, allocation.CheckID("sku", string(in.SKU))
	}
	if goods, known = p.mapped[in.Code]; known {
		return goods, true, nil
	}
	if p.skus[allocation.SKU(in.Code)] {
		return pack{allocation.SKU(in.Code), 1}, true, nil
	}
	digits := !strings.ContainsFunc(in.Code, func(r rune) bool { return r < '0' || r > '9' })
	if !digits || !slices.Contains([]int{8, 12, 13, 14}, len(in.Code)) {
		return pack{}, false, nil
	}
	gtin, err := allocation.ParseGTIN(in.Code)
	if err != nil {
		return pack{}, false, &allocation.Refusal{Code: allocation.WhyUnread, Text: err.Error()}
	}
	goods, known = p.gtins[gtin]
	return goods, known, nil
}

func receipt(in *scenario.Scan, goods pack, times int64) allocation.Receipt {
	r := allocation.Receipt{
		Batch: allocation.Batch{SKU: goods.sku, Lot: in.Lot, Expiry: in.Expiry, Serial: in.Serial},
		Qty:   times * goods.qty, Disposition: in.Disposition, Inbound: in.Inbound,
	}
	if in.Serial != "" {
		r.Trade = string(goods.sku)
		if gtin, err := allocation.ParseGTIN(in.Code); err == nil {
			r.Trade = string(gtin)
		}
	}
	return r
}

func (p *Player) keep(in *scenario.Scan, times int64) scenario.Result {
	at := station1(in.Station)
	k := keptScan{of: &scan{kept: true}, scan: *in, times: times}
	p.kept = append(p.kept, k)
	p.scans[at] = append(p.scans[at], k.of)
	return scenario.Result{Verdict: allocation.Held, Why: allocation.Why{Code: allocation.WhyUnknown}.Sentence(allocation.Move{})}
}

func (p *Player) receive(at allocation.StationID, receipts []allocation.Receipt) (scenario.Result, error) {
	d, err := p.State.Decide(allocation.Receive{Receipts: receipts})
	if err != nil {
		return scenario.Result{}, err
	}
	p.scans[at] = append(p.scans[at], &scan{taken: Taken(receipts, d)})
	for _, r := range receipts {
		p.skus[r.SKU] = true
	}
	return scenario.ResultOf(d), nil
}

// Taken tells of receipts where their units went.
func Taken(receipts []allocation.Receipt, d allocation.Decision) (all []allocation.Taken) {
	for _, r := range receipts {
		all = append(all, allocation.Taken{Receipt: r})
	}
	for _, m := range d.Moves {
		i := slices.IndexFunc(all, func(t allocation.Taken) bool { return t.Batch == m.Batch })
		switch {
		case i < 0 || m.From.Shelf != allocation.Dock:
		case m.To.Shelf == allocation.WithLine:
			all[i].Lines = append(all[i].Lines, allocation.Given{Line: m.To.Line, Qty: m.Qty})
		case m.To.Shelf == allocation.Surplus:
			all[i].Surplus += m.Qty
		}
	}
	return all
}

func (p *Player) undo(at allocation.StationID) (scenario.Result, error) {
	all := p.scans[at]
	if len(all) == 0 {
		return scenario.Result{}, &allocation.Refusal{Code: allocation.WhyNothing}
	}
	last := all[len(all)-1]
	result, err := p.decide(allocation.Undo{Receipts: last.taken})
	if err != nil {
		return result, err
	}
	p.kept = slices.DeleteFunc(p.kept, func(k keptScan) bool { return k.of == last })
	for _, on := range p.pallets {
		if on.by == last {
			on.by = nil
		}
	}
	p.scans[at] = all[:len(all)-1]
	return result, nil
}

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
	p.mapped[in.Code], p.skus[in.SKU] = goods, true
	var result scenario.Result
	for _, k := range p.kept {
		if k.scan.Code != in.Code {
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
	return scenario.Result{}, nil
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
	now := &Inbound{Announced: map[allocation.SKU]int64{}, Received: map[allocation.SKU]int64{}, Tolerance: in.TolerancePct}
	if had != nil {
		now.Received = had.Received
	}
	all := slices.Clone(in.Lines)
	p.announce(in)
	for _, on := range in.Pallets {
		all = append(all, on.Lines...)
	}
	var skus []allocation.SKU
	for _, l := range all {
		now.Announced[l.SKU] += l.Qty
		skus = append(skus, l.SKU)
	}
	p.State.Inbounds[in.ID] = now
	return p.decide(allocation.Offer{SKUs: skus})
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

func (p *Player) policy(in *scenario.Policy) (scenario.Result, error) {
	rules := allocation.Rules{Rank: in.Rank, Share: allocation.Share(in.Share), Gate: allocation.GateMode(in.GateMode), OverPct: in.OverPct}
	for _, g := range in.Guarantees {
		rules.Guarantees = append(rules.Guarantees, allocation.Guarantee(g))
	}
	policy, err := allocation.NewPolicy(fmt.Sprintf("replay-%d", p.policies+1), rules)
	if err != nil {
		return scenario.Result{}, err
	}
	p.policies++
	p.State.SetPolicy(policy)
	var all []allocation.SKU
	for sku := range p.skus {
		all = append(all, sku)
	}
	return p.decide(allocation.Offer{SKUs: all})
}

// Balances gives every line and every SKU that was named.
func (p *Player) Balances() scenario.Balances {
	b := scenario.Balances{
		Lines: map[allocation.LineID]scenario.Balance{}, Free: map[allocation.SKU]int64{},
		Damaged: map[allocation.SKU]int64{}, Hold: map[allocation.SKU]int64{},
	}
	for id, l := range p.State.Lines {
		b.Lines[id] = scenario.Balance{Ordered: l.Ordered, Cancelled: l.Cancelled, Allocated: l.Allocated, Staged: l.Staged, Open: l.Open()}
	}
	for sku := range p.skus {
		b.Free[sku] = p.State.On(sku, allocation.Free)
		b.Damaged[sku] = p.State.On(sku, allocation.Broken)
		b.Hold[sku] = p.State.On(sku, allocation.Aside) + p.State.On(sku, allocation.Surplus)
	}
	return b
}
