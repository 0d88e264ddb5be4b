// Package promise says when what is owed will come. It is pure: it plays what is
// announced into the decision that the sites make at the beep, in the order of the
// expected days, and writes down what each line would get. So a date follows the
// very rules by which the units are given out: rank, class, fair share,
// guarantees, gates, packs, remaining life and substitutes.
//
// What a date assumes: the announced goods come whole, good and fresh on their
// day; no order is added or changed; and what a line holds it keeps.
package promise

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/allocation/memory"
)

// Goods is what one site has for its lines and waits for. Lines of other sites
// have their own.
type Goods struct {
	Today allocation.Date
	// Lines are the open lines of the SKUs: all of them, as each competes. Right is
	// what the site may still give to the line, now or once it is told.
	Lines []allocation.Line
	// Stock is what is free at the site, by SKU and expiry.
	Stock []allocation.Parcel
	// Supply is what open announcements have not brought yet.
	Supply []Supply
	// Substitutes of a SKU may serve its lines.
	Substitutes map[allocation.SKU][]allocation.SKU
	// Loose says that not all was read which hangs together, as it is too much. Gates
	// count as under mode hold then: each line gets its goods by rank.
	Loose bool
	// Guaranteed counts the units that lines of a segment got already, filled lines
	// included; what Lines say of it is not looked at. It is asked for only where the
	// policy has guarantees.
	Guaranteed map[Share]int64
}

// Share is what guarantees are counted by.
type Share struct {
	Segment string
	SKU     allocation.SKU
}

// Supply is what an announcement still has to bring of a SKU.
type Supply struct {
	Inbound  allocation.InboundID
	SKU      allocation.SKU
	Expected allocation.Date // "" where no day was said
	Qty      int64           // base units, more than 0
}

// Kind says where a portion comes from.
type Kind string

// The kinds of portions. Only the first two have a day.
const (
	Stock   Kind = "stock"   // it lies free at the site
	Inbound Kind = "inbound" // it is announced for a day to come
	Late    Kind = "late"    // the announced day has passed, and it has not come
	Undated Kind = "undated" // it is announced for no day
)

// Portion is units that come to a line together.
type Portion struct {
	Qty     int64
	Kind    Kind
	Inbound allocation.InboundID // with which they come; "" from stock
	// Date is the day on which the line gets them, today where they lie in stock;
	// "" where nobody knows.
	Date allocation.Date
	// Due is the day that a late inbound was announced for.
	Due allocation.Date
}

// Line is what can be said of an open line.
type Line struct {
	Open     int64     // base units
	Portions []Portion // in the order in which they come
	Missing  int64     // of Open: nothing that is announced brings it
	First    allocation.Date
	Whole    allocation.Date // "" where a part has no day
	// Leaves is the day on which goods for the line can leave the house next, by
	// its gate: First, Whole, or the last Whole of the order; "" where a part of
	// that has no day.
	Leaves allocation.Date
	// Done is the day on which the last of it can leave; "" as for Leaves.
	Done allocation.Date
}

// Forecast is what came of Dates.
type Forecast struct {
	Lines map[allocation.LineID]Line
	// Left is what no line took, stock included.
	Left map[allocation.SKU]int64
}

// Dates says for every line when what it lacks will come. The only error is that
// of a decision which contradicts itself.
//
// A late inbound, and one without a day, counts behind all that has a day to come:
// a day that is told hangs on none of them. Where they come sooner, it gets better.
func Dates(p allocation.Policy, g Goods) (Forecast, error) {
	f := Forecast{Lines: map[allocation.LineID]Line{}, Left: map[allocation.SKU]int64{}}
	if g.Loose {
		var err error
		if p, err = loosen(p); err != nil {
			return Forecast{}, err
		}
	}
	for _, part := range split(p, g) {
		if err := part.play(p, f); err != nil {
			return Forecast{}, err
		}
	}
	f.Gates(g.Lines)
	return f, nil
}

// play plays goods that hang together.
func (g Goods) play(p allocation.Policy, f Forecast) error {
	s, err := g.site(p)
	if err != nil {
		return err
	}
	got := map[allocation.LineID][]Portion{}
	step := func(e allocation.Event, with Portion) error {
		d, err := s.Decide(e)
		note(got, d.Moves, with)
		return err
	}
	if len(g.Stock) > 0 {
		if err := step(allocation.Offer{SKUs: g.skus()}, Portion{Kind: Stock, Date: g.Today}); err != nil {
			return fmt.Errorf("forecast of stock: %w", err)
		}
	}
	for _, in := range g.arrivals() {
		s.Today = max(g.Today, in.with.Date)
		if err := step(allocation.Receive{Receipts: in.receipts}, in.with); err != nil {
			return fmt.Errorf("forecast of inbound %s: %w", in.with.Inbound, err)
		}
	}
	for _, l := range g.Lines {
		f.Lines[l.ID()] = sum(l.Open(), got[l.ID()])
	}
	for _, sku := range g.skus() {
		if n := s.On(sku, allocation.Free); n > 0 {
			f.Left[sku] = n
		}
	}
	return nil
}

// site sets the state up from which the play begins. What lines hold counts as
// bound and guaranteed: they keep it, and what they get comes on top.
func (g Goods) site(p allocation.Policy) (*memory.State, error) {
	s := memory.New(p)
	s.Today = g.Today
	for sku, by := range g.Substitutes {
		s.SetSubstitutes(sku, by)
	}
	var stock []allocation.Receipt
	for _, parcel := range g.Stock {
		stock = append(stock, receipts(parcel.Batch, parcel.Qty, "")...)
	}
	if len(stock) > 0 { // there is no line yet that could take it
		if _, err := s.Decide(allocation.Receive{Receipts: stock}); err != nil {
			return nil, fmt.Errorf("forecast of stock: %w", err)
		}
	}
	for _, in := range g.Supply {
		if s.Inbounds[in.Inbound] == nil {
			s.Inbounds[in.Inbound] = &memory.Inbound{Announced: map[allocation.SKU]int64{}, Received: map[allocation.SKU]int64{}}
		}
		s.Inbounds[in.Inbound].Announced[in.SKU] += in.Qty
	}
	g.sayGuaranteed(p, s)
	// In the order of rank, each is put behind those before it.
	for _, l := range slices.SortedFunc(slices.Values(g.Lines), func(a, b allocation.Line) int {
		if _, better := p.Better(a.Rank, b.Rank); better {
			return -1
		}
		return 1
	}) {
		l.Staged, l.Guaranteed = l.Allocated-l.Picked, l.Allocated
		s.Put(l)
	}
	return s, nil
}

// sayGuaranteed puts a line that only sets the sum right of what each segment got
// by its guarantee. A guarantee goes before rank: as long as it lasts, what a
// segment gets is by it.
func (g Goods) sayGuaranteed(p allocation.Policy, s *memory.State) {
	for _, rule := range p.Rules().Guarantees {
		for _, sku := range g.skus() {
			n := min(rule.Qty, g.Guaranteed[Share{rule.Segment, sku}])
			for _, l := range g.Lines {
				if l.Segment == rule.Segment && l.SKU == sku {
					n -= l.Allocated
				}
			}
			// No line of an order has such a name: it would have a stroke in it.
			id := allocation.LineID(string(sku) + "\n" + rule.Segment)
			s.Put(allocation.Line{Rank: allocation.Rank{Line: id, Order: allocation.OrderID(id)}, SKU: sku, Segment: rule.Segment, Guaranteed: n})
		}
	}
}

// skus gives every SKU of the goods in order.
func (g Goods) skus() []allocation.SKU {
	all := map[allocation.SKU]bool{}
	for _, l := range g.Lines {
		all[l.SKU] = true
	}
	for _, p := range g.Stock {
		all[p.SKU] = true
	}
	for _, in := range g.Supply {
		all[in.SKU] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// arrival is one inbound, as it will be received.
type arrival struct {
	with     Portion
	receipts []allocation.Receipt
}

// arrivals gives the supply in the order in which it is counted on: by day, then
// what is late, the longest expected first, then what has no day.
func (g Goods) arrivals() (all []arrival) {
	supply := slices.SortedFunc(slices.Values(g.Supply), func(a, b Supply) int {
		return cmp.Or(cmp.Compare(turn(a, g.Today), turn(b, g.Today)), cmp.Compare(a.Expected, b.Expected),
			cmp.Compare(a.Inbound, b.Inbound), cmp.Compare(a.SKU, b.SKU))
	})
	for _, in := range supply {
		if n := len(all); n == 0 || all[n-1].with.Inbound != in.Inbound {
			all = append(all, arrival{with: portion(in, g.Today)})
		}
		last := &all[len(all)-1]
		last.receipts = append(last.receipts, receipts(allocation.Batch{SKU: in.SKU}, in.Qty, in.Inbound)...)
	}
	return all
}

// turn says in which of the three groups a supply comes.
func turn(in Supply, today allocation.Date) int {
	switch portion(in, today).Kind {
	case Inbound:
		return 0
	case Late:
		return 1
	}
	return 2
}

func portion(in Supply, today allocation.Date) Portion {
	switch {
	case in.Expected == "":
		return Portion{Kind: Undated, Inbound: in.Inbound}
	case in.Expected < today:
		return Portion{Kind: Late, Inbound: in.Inbound, Due: in.Expected}
	}
	return Portion{Kind: Inbound, Inbound: in.Inbound, Date: in.Expected}
}

// receipts are of quantities that a scan may have.
func receipts(b allocation.Batch, n int64, by allocation.InboundID) (all []allocation.Receipt) {
	for ; n > 0; n -= allocation.MaxQty {
		all = append(all, allocation.Receipt{Batch: b, Qty: min(n, allocation.MaxQty), Inbound: by})
	}
	return all
}

// note adds what lines got in a step by all of its moves, and takes off what they
// lost to others.
func note(got map[allocation.LineID][]Portion, moves []allocation.Move, with Portion) {
	net := map[allocation.LineID]int64{}
	for _, m := range moves {
		net[m.From.Line] -= m.Qty
		net[m.To.Line] += m.Qty
	}
	delete(net, "")
	for id, n := range net {
		all := got[id]
		switch last := len(all) - 1; {
		case n < 0:
			all = less(all, -n)
		case n > 0 && last >= 0 && same(all[last], with):
			all[last].Qty += n
		case n > 0:
			with.Qty = n
			all = append(all, with)
		}
		got[id] = all
	}
}

func same(a, b Portion) bool {
	a.Qty = b.Qty
	return a == b
}

// less takes units off, those that came last first.
func less(all []Portion, n int64) []Portion {
	for n > 0 {
		last := &all[len(all)-1]
		k := min(n, last.Qty)
		last.Qty -= k
		n -= k
		if last.Qty == 0 {
			all = all[:len(all)-1]
		}
	}
	return all
}

// sum says when the first and the last portion come. Those without a day are last.
func sum(open int64, portions []Portion) Line {
	l := Line{Open: open, Portions: portions, Missing: open}
	for _, p := range portions {
		l.Missing -= p.Qty
	}
	if len(portions) == 0 {
		return l
	}
	l.First = portions[0].Date
	if l.Missing == 0 {
		l.Whole = portions[len(portions)-1].Date
	}
	return l
}
