package allocation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/allocation"
	"dockfill/allocation/memory"
)

var byTier = allocation.Rules{Rank: []allocation.Key{allocation.ByTier}}

func ranked(class allocation.Class, tier int) func(*allocation.Line) {
	return func(l *allocation.Line) { l.Rank.Class, l.Rank.Tier = class, tier }
}

// comes orders a line that is new in one event.
func comes(t testing.TB, s *memory.State, l allocation.Line) allocation.Decision {
	qty := l.Ordered
	l.Ordered = 0
	s.Put(l)
	return decide(t, s, allocation.Demand{Wants: []allocation.Want{{Line: l.ID(), Qty: qty}}})
}

func TestALineThatTakesFromNobodyDoesNotHoldUpThoseBehindIt(t *testing.T) {
	for _, first := range []allocation.Class{allocation.Fill, allocation.Lose} {
		gathers := line("G", 2, ranked(allocation.Redistribute, 1), func(l *allocation.Line) { l.Ship, l.Right = allocation.ShipLine, 1 })
		s := site(t, byTier, line("H", 1, ranked(allocation.Redistribute, 1)), gathers)
		decide(t, s, allocation.Adjust{SKU: "X", Qty: 2})
		s.Put(line("F", 1, ranked(first, 2)))
		s.Put(line("R", 1, ranked(allocation.Redistribute, 3)))
		s.Put(line("H", 1, ranked(allocation.Lose, 4)))
		decide(t, s, allocation.Demand{Changed: []allocation.OrderID{"H"}})
		assert.Equal(t, int64(1), s.Lines["R/1"].Allocated, first)
		assert.Equal(t, int64(0), s.Lines["F/1"].Allocated, first)
	}
}

func TestALineTakesWholePacksAndNoMoreThanItWants(t *testing.T) {
	pack := func(l *allocation.Line) { l.Rank.Class, l.Pack = allocation.Win, 2 }
	holders := []allocation.Line{line("A", 1), line("B", 1), line("C", 1), line("D", 1)}
	for wants, gets := range map[int64]int64{3: 2, 4: 4, 5: 4, 1: 0} {
		s := site(t, allocation.Rules{}, holders...)
		receive(t, s, 4)
		comes(t, s, line("W", wants, pack))
		assert.Equal(t, gets, s.Lines["W/1"].Allocated, "of 4, wanting %d", wants)
	}
	s := site(t, allocation.Rules{}, holders[:3]...)
	receive(t, s, 3)
	comes(t, s, line("W", 4, pack))
	assert.Equal(t, int64(2), s.Lines["W/1"].Allocated, "of 3, wanting 4")
}

// F gets what was just received and what lay free in two moves: all of it can be
// taken at once.
func TestWhatALineGotInTwoMovesCanBeTaken(t *testing.T) {
	pack := func(n int64) func(*allocation.Line) { return func(l *allocation.Line) { l.Pack = n } }
	s := site(t, allocation.Rules{}, line("F", 8, ranked(allocation.Fill, 0), pack(4)), line("W", 6, ranked(allocation.Win, 0), pack(6)))
	receive(t, s, 4)
	receive(t, s, 2)
	assert.Equal(t, int64(2), s.On("X", allocation.Free), "neither pack is whole")
	receive(t, s, 2)
	assert.Equal(t, [2]int64{2, 6}, [2]int64{s.Lines["F/1"].Allocated, s.Lines["W/1"].Allocated})
}

func TestUnitsThatNoGateHoldsAreTakenInOneMove(t *testing.T) {
	s := site(t, allocation.Rules{}, line("F", 3, ranked(allocation.Fill, 0)))
	receive(t, s, 3)
	assert.Len(t, comes(t, s, line("W", 3, ranked(allocation.Win, 0))).Moves, 1)
}

// A line that finds too little for its pack leaves it to the next of its class.
func TestAPackThatIsNotWholeDoesNotHoldUpTheNextTaker(t *testing.T) {
	s := site(t, byTier, line("F", 1, ranked(allocation.Fill, 3)))
	receive(t, s, 1)
	s.Put(line("P", 5, ranked(allocation.Redistribute, 1), func(l *allocation.Line) { l.Pack = 5 }))
	s.Put(line("R", 1, ranked(allocation.Redistribute, 2)))
	decide(t, s, allocation.Offer{SKUs: []allocation.SKU{"X"}})
	assert.Equal(t, int64(1), s.Lines["R/1"].Allocated)
}

// A unit that stands in for others makes a pack whole for a line that may take.
func TestWhatALineGotOfOtherGoodsCanBeTaken(t *testing.T) {
	s := site(t, allocation.Rules{}, line("F", 2, ranked(allocation.Fill, 0)), line("W", 2, ranked(allocation.Win, 0), func(l *allocation.Line) { l.Pack = 2 }))
	s.SetSubstitutes("X", []allocation.SKU{"Y"})
	receive(t, s, 1)
	decide(t, s, allocation.Adjust{SKU: "Y", Qty: 1})
	assert.Equal(t, [2]int64{0, 2}, [2]int64{s.Lines["F/1"].Allocated, s.Lines["W/1"].Allocated})
}

// The first unit that an order loses closes its gate, and the next one is any
// better line's.
func TestALineTakesOneByOneWhereAGateMayClose(t *testing.T) {
	s := site(t, byTier, line("H", 2, ranked(allocation.Redistribute, 3), func(l *allocation.Line) { l.Ship = allocation.ShipLine }))
	receive(t, s, 2)
	s.Put(line("P", 1, ranked(allocation.Redistribute, 1)))
	comes(t, s, line("T", 2, ranked(allocation.Win, 2)))
	assert.Equal(t, [2]int64{1, 1}, [2]int64{s.Lines["P/1"].Allocated, s.Lines["T/1"].Allocated})
}

// The worst-ranked holder may be one that loses nothing to this line: F takes what
// G has gathered, and G takes from A, which was ranked below it.
func TestALinePassesHoldersThatLoseNothingToIt(t *testing.T) {
	s := site(t, byTier, line("A", 1, ranked(allocation.Redistribute, 1)), line("G", 2, ranked(allocation.Redistribute, 3), func(l *allocation.Line) { l.Ship = allocation.ShipLine }))
	receive(t, s, 2)
	s.Put(line("A", 1, ranked(allocation.Redistribute, 4)))
	s.Put(line("F", 0, ranked(allocation.Fill, 2)))
	s.Lines["F/1"].Right = 1
	decide(t, s, allocation.Demand{Wants: []allocation.Want{{Line: "F/1", Qty: 1}}, Changed: []allocation.OrderID{"A"}})
	assert.Equal(t, [3]int64{0, 1, 1}, [3]int64{s.Lines["A/1"].Allocated, s.Lines["G/1"].Allocated, s.Lines["F/1"].Allocated})
}

func TestAGuaranteedUnitIsToldOverALineThatStillWaits(t *testing.T) {
	segment := func(name string) func(*allocation.Line) { return func(l *allocation.Line) { l.Segment = name } }
	s := site(t, allocation.Rules{Guarantees: []allocation.Guarantee{{Segment: "S", Qty: 1}, {Segment: "T", Qty: 1}}},
		line("A", 1, segment("S")), line("B", 1, segment("T")), line("C", 5))
	d := receive(t, s, 2)
	over := map[allocation.LineID]allocation.LineID{}
	for _, m := range d.Moves {
		over[m.To.Line] = m.Over
	}
	assert.Equal(t, map[allocation.LineID]allocation.LineID{"A/1": "B/1", "B/1": "C/1"}, over)
}

// What a pallet has just brought is here, and not awaited any more, whatever else
// is on it.
func TestWhatAPalletBringsIsNotCountedTwiceByAGate(t *testing.T) {
	for range 20 { // of maps that are walked in any order
		s := site(t, allocation.Rules{Gate: allocation.GateSkip}, line("A", 5, func(l *allocation.Line) { l.Ship = allocation.ShipLine }))
		s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"X": 4, "Y": 1}, Received: map[allocation.SKU]int64{}}
		in := func(sku allocation.SKU, qty int64, po allocation.InboundID) allocation.Receipt {
			return allocation.Receipt{Batch: allocation.Batch{SKU: sku}, Qty: qty, Inbound: po}
		}
		decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{in("X", 2, "PO"), in("Y", 1, "PO"), in("X", 1, "unknown")}})
		assert.Equal(t, int64(3), s.Lines["A/1"].Allocated, "3 are here and 2 awaited: 5")
		s = site(t, allocation.Rules{Gate: allocation.GateSkip}, line("A", 6, func(l *allocation.Line) { l.Ship = allocation.ShipLine }))
		s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"X": 4, "Y": 1}, Received: map[allocation.SKU]int64{}}
		decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{in("X", 2, "PO"), in("Y", 1, "PO"), in("X", 1, "unknown")}})
		assert.Equal(t, int64(0), s.Lines["A/1"].Allocated, "3 are here and 2 awaited: not 6")
	}
}
