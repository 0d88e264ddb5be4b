package memory

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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

// tick sets the day by the latest time that was named.
func (p *Player) tick(at time.Time) {
	if at.After(p.clock) {
		p.clock = at
		p.State.Today = allocation.Date(at.UTC().Format(time.DateOnly))
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
	return p.decide(allocation.Offer{SKUs: slices.Sorted(maps.Keys(p.skus)), Inbounds: slices.Sorted(maps.Keys(p.State.Inbounds))})
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
