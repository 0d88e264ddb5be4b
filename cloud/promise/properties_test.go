package promise_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/allocation"
	"dockfill/allocation/memory"
	"dockfill/cloud/promise"
)

var skus = []allocation.SKU{"X", "Y", "Z"}

// house says what a drawn site may have.
type house struct {
	plain bool // only lines without rules of their own
	packs bool // lines of whole packs
	held  bool // lines hold units already
}

// draw gives a site that has orders and got some goods: a real one, which the
// engine brought to where it is.
func (h house) draw(t *rapid.T, rules allocation.Rules) *memory.State {
	policy, err := allocation.NewPolicy("drawn", rules)
	require.NoError(t, err)
	s := memory.New(policy)
	s.Today = today
	if !h.plain && rapid.Bool().Draw(t, "substitute") {
		s.SetSubstitutes("X", []allocation.SKU{"Y"})
	}
	for o := range rapid.IntRange(1, 6).Draw(t, "orders") {
		h.order(t, s, allocation.OrderID(fmt.Sprintf("O%d", o)))
	}
	if !h.held {
		return s
	}
	for range rapid.IntRange(0, 4).Draw(t, "earlier scans") {
		b := allocation.Batch{SKU: rapid.SampledFrom(skus).Draw(t, "sku")}
		if !h.plain {
			b.Expiry = rapid.SampledFrom([]allocation.Date{"", "2027-06-15", "2027-08-01"}).Draw(t, "expiry")
		}
		_, err := s.Decide(allocation.Receive{Receipts: []allocation.Receipt{{Batch: b, Qty: rapid.Int64Range(1, 9).Draw(t, "qty")}}})
		require.NoError(t, err)
	}
	return s
}

func (h house) order(t *rapid.T, s *memory.State, id allocation.OrderID) {
	var wants []allocation.Want
	ship, segment := allocation.ShipPartial, ""
	if !h.plain {
		ship = rapid.SampledFrom([]allocation.Ship{allocation.ShipPartial, allocation.ShipLine, allocation.ShipOrder}).Draw(t, "ship")
		segment = rapid.SampledFrom([]string{"", "B"}).Draw(t, "segment")
	}
	class := allocation.Redistribute
	if !h.held {
		class = rapid.SampledFrom([]allocation.Class{allocation.Win, allocation.Gain, allocation.Redistribute, allocation.Fill, allocation.Lose}).Draw(t, "class")
	}
	rank := allocation.Rank{Class: class, Tier: rapid.IntRange(0, 2).Draw(t, "tier"), Accepted: time.Unix(rapid.Int64Range(0, 3).Draw(t, "accepted"), 0), Order: id}
	for n := range rapid.IntRange(1, 3).Draw(t, "lines") {
		rank.Line = allocation.MakeLineID(id, fmt.Sprint(n))
		qty := rapid.Int64Range(1, 12).Draw(t, "wanted")
		l := allocation.Line{Rank: rank, SKU: rapid.SampledFrom(skus).Draw(t, "sku"), Ship: ship, Segment: segment, Right: qty}
		if h.packs {
			l.Pack = rapid.SampledFrom([]int64{0, 0, 0, 2, 3}).Draw(t, "pack")
		}
		if !h.plain {
			l.MinLife = rapid.SampledFrom([]int{0, 0, 30}).Draw(t, "life")
		}
		s.Put(l)
		wants = append(wants, allocation.Want{Line: rank.Line, Qty: qty})
	}
	_, err := s.Decide(allocation.Demand{Wants: wants})
	require.NoError(t, err)
}

// announced draws supply of the days to come and puts it into the house.
func announced(t *rapid.T, s *memory.State) (all []promise.Supply) {
	for n := range rapid.IntRange(0, 4).Draw(t, "inbounds") {
		id := allocation.InboundID(fmt.Sprintf("PO%d", n))
		day := rapid.SampledFrom([]allocation.Date{today, june10, june20, "2027-07-20"}).Draw(t, "day")
		s.Inbounds[id] = &memory.Inbound{Announced: map[allocation.SKU]int64{}, Received: map[allocation.SKU]int64{}}
		var offer []allocation.SKU
		for _, sku := range skus {
			if qty := rapid.Int64Range(0, 12).Draw(t, "announced"); qty > 0 {
				s.Inbounds[id].Announced[sku] = qty
				all, offer = append(all, promise.Supply{Inbound: id, SKU: sku, Expected: day, Qty: qty}), append(offer, sku)
			}
		}
		_, err := s.Decide(allocation.Offer{SKUs: offer})
		require.NoError(t, err)
	}
	return all
}

// goods is what the centre would know of the house.
func goods(s *memory.State, supply []promise.Supply) promise.Goods {
	g := promise.Goods{Today: s.Today, Supply: supply, Guaranteed: map[promise.Share]int64{}, Substitutes: map[allocation.SKU][]allocation.SKU{}}
	for _, sku := range skus {
		for p := range s.Stock(sku, allocation.Free) {
			g.Stock = append(g.Stock, p)
		}
		if about, _ := s.About(sku); len(about.Substitutes) > 0 {
			g.Substitutes[sku] = about.Substitutes
		}
	}
	for _, l := range s.Lines {
		g.Guaranteed[promise.Share{Segment: l.Segment, SKU: l.SKU}] += l.Guaranteed
		if l.Open() > 0 {
			g.Lines = append(g.Lines, *l)
		}
	}
	return g
}

// arrive receives the supply for real, a day's inbound by inbound, and gives what
// every line got by when.
func arrive(t *rapid.T, s *memory.State, supply []promise.Supply) map[allocation.LineID]map[allocation.Date]int64 {
	got := map[allocation.LineID][]came{}
	slices.SortStableFunc(supply, func(a, b promise.Supply) int {
		return cmp.Or(cmp.Compare(a.Expected, b.Expected), cmp.Compare(a.Inbound, b.Inbound))
	})
	for i := 0; i < len(supply); {
		var scan []allocation.Receipt
		by := supply[i]
		for ; i < len(supply) && supply[i].Inbound == by.Inbound; i++ {
			scan = append(scan, allocation.Receipt{Batch: allocation.Batch{SKU: supply[i].SKU}, Qty: supply[i].Qty, Inbound: by.Inbound})
		}
		s.Today = max(s.Today, by.Expected)
		before := map[allocation.LineID]int64{}
		for id, l := range s.Lines {
			before[id] = l.Allocated
		}
		_, err := s.Decide(allocation.Receive{Receipts: scan})
		require.NoError(t, err)
		for id, l := range s.Lines {
			got[id] = append(got[id], came{by.Expected, l.Allocated - before[id]})
		}
	}
	sums := map[allocation.LineID]map[allocation.Date]int64{}
	for id, all := range got {
		if on := net(all); len(on) > 0 {
			sums[id] = on
		}
	}
	return sums
}

type came struct {
	on allocation.Date
	n  int64
}

// net sums by day; what a line lost again are the units that came last.
func net(all []came) map[allocation.Date]int64 {
	sum := map[allocation.Date]int64{}
	for i, c := range all {
		for j := i; c.n < 0; j-- {
			k := min(-c.n, max(0, all[j].n))
			c.n, all[j].n = c.n+k, all[j].n-k
		}
	}
	for _, c := range all {
		if c.n > 0 {
			sum[c.on] += c.n
		}
	}
	return sum
}

func drawRules(t *rapid.T) allocation.Rules {
	r := allocation.Rules{Share: rapid.SampledFrom([]allocation.Share{allocation.Sequence, allocation.Fair}).Draw(t, "share"),
		Gate: rapid.SampledFrom([]allocation.GateMode{allocation.GateHold, allocation.GateSkip}).Draw(t, "gate"), StageAtBeep: rapid.Bool().Draw(t, "stage at beep")}
	if rapid.Bool().Draw(t, "guarantee") {
		r.Guarantees = []allocation.Guarantee{{Segment: "B", Qty: 4}}
	}
	return r
}

// What is told is what really comes, once the goods come as announced.
func TestDatesAreWhatTheEngineDoes(t *testing.T) {
	for name, h := range map[string]house{"plain": {plain: true, held: true}, "all rules, nothing held": {packs: true}, "no packs": {held: true}} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			s := h.draw(t, drawRules(t))
			supply := announced(t, s)
			f, err := promise.Dates(s.Policy, goods(s, supply))
			require.NoError(t, err)
			told := map[allocation.LineID]map[allocation.Date]int64{}
			for id, l := range f.Lines {
				for _, p := range l.Portions {
					if told[id] == nil {
						told[id] = map[allocation.Date]int64{}
					}
					told[id][p.Date] += p.Qty
				}
			}
			require.Equal(t, arrive(t, s, supply), told)
		}))
	}
}

func TestNoUnitIsToldTwiceOrLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := house{packs: true, held: true}.draw(t, drawRules(t))
		g := goods(s, announced(t, s))
		f, err := promise.Dates(s.Policy, g)
		require.NoError(t, err)
		var supply, told, left int64
		for _, in := range g.Supply {
			supply += in.Qty
		}
		for _, p := range g.Stock {
			supply += p.Qty
		}
		for _, l := range g.Lines {
			var n int64
			for _, p := range f.Lines[l.ID()].Portions {
				n += p.Qty
			}
			assert.Equal(t, l.Open(), n+f.Lines[l.ID()].Missing)
			assert.GreaterOrEqual(t, f.Lines[l.ID()].Missing, int64(0))
			told += n
		}
		for _, n := range f.Left {
			left += n
		}
		assert.Equal(t, supply, told+left)
	})
}

// By strict rank and without rules of its own, a better line is whole before a
// worse one begins, and more supply makes no line wait longer.
func TestBetterLinesComeFirstAndMoreSupplyNeverHurts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := house{plain: true, held: true}.draw(t, allocation.Rules{})
		g := goods(s, announced(t, s))
		f, err := promise.Dates(s.Policy, g)
		require.NoError(t, err)
		for _, a := range g.Lines {
			for _, b := range g.Lines {
				if _, better := s.Policy.Better(a.Rank, b.Rank); better && a.SKU == b.SKU {
					assert.LessOrEqual(t, day(f.Lines[a.ID()].Whole), day(f.Lines[b.ID()].First))
				}
			}
		}
		more := promise.Supply{Inbound: "PO+", SKU: "X", Expected: rapid.SampledFrom([]allocation.Date{today, june10, june20}).Draw(t, "day"), Qty: rapid.Int64Range(1, 9).Draw(t, "more")}
		g.Supply = append(g.Supply, more)
		after, err := promise.Dates(s.Policy, g)
		require.NoError(t, err)
		for id, l := range f.Lines {
			assert.LessOrEqual(t, day(after.Lines[id].Whole), day(l.Whole))
			assert.LessOrEqual(t, day(after.Lines[id].First), day(l.First))
			assert.LessOrEqual(t, after.Lines[id].Missing, l.Missing)
		}
	})
}

// day puts an unknown day behind all others.
func day(d allocation.Date) allocation.Date { return cmp.Or(d, "9999-12-31") }
