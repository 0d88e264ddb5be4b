package allocation_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/allocation"
	"dockfill/allocation/memory"
)

var skip = allocation.Rules{Gate: allocation.GateSkip}

// block is a line of an order that ships whole; of tier 5, so that others can rank
// before and behind it.
func block(order, name string, sku allocation.SKU, qty int64) allocation.Line {
	return line(order, qty, func(l *allocation.Line) {
		l.Rank.Line, l.SKU, l.Ship, l.Rank.Tier = allocation.MakeLineID(allocation.OrderID(order), name), sku, allocation.ShipOrder, 5
	})
}

func of(sku allocation.SKU, tier int) func(*allocation.Line) {
	return func(l *allocation.Line) { l.SKU, l.Rank.Tier = sku, tier }
}

func pallet(t testing.TB, s *memory.State, goods ...allocation.Batch) {
	var all []allocation.Receipt
	for _, b := range goods {
		all = append(all, allocation.Receipt{Batch: b, Qty: 1})
	}
	decide(t, s, allocation.Receive{Receipts: all})
}

func announce(s *memory.State, sku allocation.SKU, qty int64) {
	s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{sku: qty}, Received: map[allocation.SKU]int64{}}
}

// X has its turn before Y of the same pallet. G, which ships whole, may count on so
// much of Y as no line has before it; where that is too little, C gets X.
func TestAGateCountsOnAPalletsOtherGoodsAfterThoseBeforeIt(t *testing.T) {
	y := func(lot string) allocation.Batch { return allocation.Batch{SKU: "Y", Lot: lot} }
	guaranteed := func(qty int64) allocation.Rules {
		return allocation.Rules{Gate: allocation.GateSkip, Guarantees: []allocation.Guarantee{{Segment: "S", Qty: qty}}}
	}
	small := line("S", 1, of("Y", 9), func(l *allocation.Line) { l.Segment = "S" })
	one, two := line("B1", 1, of("Y", 1)), line("B2", 1, of("Y", 1))
	for name, c := range map[string]struct {
		rules  allocation.Rules
		others []allocation.Line
		brings []allocation.Batch
		whole  bool
	}{
		"nobody before it":            {skip, nil, []allocation.Batch{y("1")}, true},
		"one line":                    {skip, []allocation.Line{one}, []allocation.Batch{y("1")}, false},
		"one line, of two lots":       {skip, []allocation.Line{one}, []allocation.Batch{y("1"), y("2")}, true},
		"two lines, of two lots":      {skip, []allocation.Line{one, two}, []allocation.Batch{y("1"), y("2")}, false},
		"a guarantee":                 {guaranteed(1), []allocation.Line{small}, []allocation.Batch{y("1")}, false},
		"a line and a guarantee":      {guaranteed(1), []allocation.Line{one, small}, []allocation.Batch{y("1"), y("2")}, false},
		"under fair share":            {allocation.Rules{Gate: allocation.GateSkip, Share: allocation.Fair}, nil, []allocation.Batch{y("1")}, false},
		"goods that stand in for its": {skip, nil, []allocation.Batch{{SKU: "Z"}}, false},
	} {
		s := site(t, c.rules, append(c.others, block("G", "1", "X", 1), block("G", "2", "Y", 1), line("C", 1, of("X", 5), func(l *allocation.Line) { l.Rank.Order = "H" }))...)
		s.SetSubstitutes("Y", []allocation.SKU{"Z"})
		pallet(t, s, append(c.brings, allocation.Batch{SKU: "X"})...)
		got := [2]int64{s.Lines["G/1"].Allocated, s.Lines["C/1"].Allocated}
		if c.whole {
			assert.Equal(t, [2]int64{1, 0}, got, name)
		} else {
			assert.Equal(t, [2]int64{0, 1}, got, name)
		}
	}
}

// Once G has X, the one piece of A that lies free is G's, and not to be counted on
// again.
func TestAGateThatBeganToFillHasItsOtherGoodsFirst(t *testing.T) {
	s := site(t, skip)
	decide(t, s, allocation.Adjust{SKU: "A", Qty: 1}, allocation.Adjust{SKU: "X", Qty: 2})
	for _, order := range []string{"G", "H"} {
		s.Put(block(order, "1", "X", 1))
		s.Put(block(order, "2", "A", 1))
	}
	decide(t, s, allocation.Offer{SKUs: []allocation.SKU{"X"}})
	assert.Equal(t, [4]int64{1, 1, 0, 0}, [4]int64{s.Lines["G/1"].Allocated, s.Lines["G/2"].Allocated, s.Lines["H/1"].Allocated, s.Lines["H/2"].Allocated})
}

// What is announced is promised once within a gate too.
func TestLinesOfAGateDoNotCountOnTheSameAnnouncedUnits(t *testing.T) {
	for announced, gets := range map[int64]int64{3: 0, 4: 1} {
		s := site(t, skip, block("G", "1", "X", 2), block("G", "2", "X", 2), block("G", "3", "Y", 1))
		announce(s, "X", announced)
		pallet(t, s, allocation.Batch{SKU: "Y"})
		assert.Equal(t, gets, s.Lines["G/3"].Allocated, "%d announced, 4 needed", announced)
	}
}

// Three lines before the gate take 2 each of what is announced, as none can use
// what came; the gate lacks 3 then. Where two of them are served by the same pallet,
// they take nothing of it. What comes is some of what was announced.
func TestAGateLeavesAnnouncedUnitsToAllLinesBeforeIt(t *testing.T) {
	for _, c := range []struct{ served, announced, gets int64 }{{0, 10, 0}, {0, 11, 2}, {2, 10, 0}, {2, 11, 2}} {
		var lines []allocation.Line
		for i := range 3 {
			lines = append(lines, line(fmt.Sprintf("B%d", i), 2, of("X", 1), func(l *allocation.Line) { l.MinLife = 60 }))
		}
		s := site(t, skip, append(lines, line("G", 5, of("X", 2), func(l *allocation.Line) { l.Ship = allocation.ShipLine }))...)
		announce(s, "X", c.announced)
		receipts := []allocation.Receipt{{Batch: allocation.Batch{SKU: "X", Expiry: "2026-06-20"}, Qty: 2}}
		if c.served > 0 {
			receipts = append(receipts, allocation.Receipt{Batch: allocation.Batch{SKU: "X", Expiry: "2026-12-01"}, Qty: 2 * c.served})
		}
		decide(t, s, allocation.Receive{Receipts: receipts})
		assert.Equal(t, c.gets, s.Lines["G/1"].Allocated, "%+v", c)
	}
}

// G/1 was filled before; it is G/2's rank that says who comes before the gate.
func TestALineThatIsFullDoesNotRankItsGate(t *testing.T) {
	due := func(l allocation.Line, day allocation.Date) allocation.Line { l.Rank.Due = day; return l }
	for announced, gets := range map[int64]int64{3: 0, 4: 1} {
		s := site(t, skip, due(block("G", "1", "X", 1), "2026-06-10"))
		receive(t, s, 1)
		s.Put(due(block("G", "2", "X", 2), "2026-06-30"))
		s.Put(due(line("M", 2, of("X", 5), func(l *allocation.Line) { l.MinLife = 60 }), "2026-06-20"))
		announce(s, "X", announced)
		decide(t, s, expiring("2026-06-20", 1))
		assert.Equal(t, gets, s.Lines["G/2"].Allocated, "%d announced, 1 here, 2 of them for M", announced)
	}
}

// Nothing of X is here, nor of A: that they are announced lets the gate count on them,
// and it has the Y that lies free.
func TestAGateHasItsOtherGoodsOnceTheRestIsAnnounced(t *testing.T) {
	s := site(t, skip, block("G", "1", "X", 1), block("G", "2", "A", 1), block("G", "3", "Y", 1))
	decide(t, s, allocation.Adjust{SKU: "Y", Qty: 1})
	assert.Equal(t, int64(0), s.Lines["G/3"].Allocated)
	s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"X": 1, "A": 1}, Received: map[allocation.SKU]int64{}}
	decide(t, s, allocation.Offer{SKUs: []allocation.SKU{"X"}})
	assert.Equal(t, int64(1), s.Lines["G/3"].Allocated)
}

// The same where the announced goods lie free beside, but too few, and where what
// lies free may stand in for them.
func TestAGateHasItsOtherGoodsOnceTheRestIsHereInPart(t *testing.T) {
	s := site(t, skip, block("G", "1", "X", 2), block("G", "2", "Y", 1))
	s.SetSubstitutes("X", []allocation.SKU{"Z"})
	decide(t, s, allocation.Adjust{SKU: "Y", Qty: 1}, allocation.Adjust{SKU: "Z", Qty: 1})
	announce(s, "X", 1)
	decide(t, s, allocation.Offer{SKUs: []allocation.SKU{"Z"}})
	assert.Equal(t, [2]int64{1, 1}, [2]int64{s.Lines["G/1"].Allocated, s.Lines["G/2"].Allocated})
}

// What is here of X does not last as long as both orders demand; with what is announced
// each of them can be whole, and each has its other goods.
func TestEachGateHasItsOtherGoodsOnceTheRestIsAnnounced(t *testing.T) {
	lasting := func(order string) allocation.Line {
		l := block(order, "1", "X", 1)
		l.MinLife = 60
		return l
	}
	s := site(t, skip, lasting("G"), block("G", "2", "Y", 1), lasting("H"), block("H", "2", "A", 1))
	decide(t, s, allocation.Adjust{SKU: "Y", Qty: 1}, allocation.Adjust{SKU: "A", Qty: 1}, expiring("2026-06-20", 1))
	announce(s, "X", 2)
	decide(t, s, allocation.Offer{SKUs: []allocation.SKU{"X"}})
	assert.Equal(t, [2]int64{1, 1}, [2]int64{s.Lines["G/2"].Allocated, s.Lines["H/2"].Allocated})
}

// What lies free only stands in for the gate's other goods.
func TestAGateHasWhatStandsInForItsOtherGoodsOnceTheRestIsAnnounced(t *testing.T) {
	s := site(t, skip, block("G", "1", "X", 1), block("G", "2", "Y", 1))
	s.SetSubstitutes("Y", []allocation.SKU{"Z"})
	decide(t, s, allocation.Adjust{SKU: "Z", Qty: 1})
	announce(s, "X", 1)
	decide(t, s, allocation.Offer{SKUs: []allocation.SKU{"X"}})
	assert.Equal(t, int64(1), s.Lines["G/2"].Allocated)
}

// G wants A now, and X that lasts, in the place of the X that it had. P has that one, so
// that the announced X is G's, in the event that changed G.
func TestAGateThatTheEventChangedHasItsOtherGoodsOnceTheRestIsItsOwn(t *testing.T) {
	s := site(t, skip, block("G", "1", "X", 1))
	decide(t, s, expiring("2026-07-01", 1), allocation.Adjust{SKU: "A", Qty: 1})
	announce(s, "X", 1)
	s.Put(line("P", 1, of("X", 1)))
	lasting := block("G", "3", "X", 0)
	lasting.MinLife = 60
	s.Put(lasting)
	s.Put(block("G", "2", "A", 0))
	for _, id := range []allocation.LineID{"G/2", "G/3"} {
		s.Lines[id].Right = 1
	}
	decide(t, s, allocation.Demand{Wants: []allocation.Want{{Line: "G/1", Qty: 0}, {Line: "G/2", Qty: 1}, {Line: "G/3", Qty: 1}}})
	assert.Equal(t, [3]int64{1, 1, 0}, [3]int64{s.Lines["P/1"].Allocated, s.Lines["G/2"].Allocated, s.Lines["G/3"].Allocated})
}

// Six are announced, and the cartons that came bear no label that would say by what: with
// four of them here two are on their way, not six.
func TestAGateCountsLooseCartonsOnce(t *testing.T) {
	for need, gets := range map[int64]int64{6: 4, 7: 0} {
		s := site(t, skip, line("G", need, func(l *allocation.Line) { l.Ship = allocation.ShipLine }))
		announce(s, "X", 6)
		receive(t, s, 4)
		assert.Equal(t, gets, s.Lines["G/1"].Allocated, "%d of 6 needed", need)
	}
	s := site(t, skip, line("G", 10, func(l *allocation.Line) { l.Ship = allocation.ShipLine }))
	announce(s, "X", 6)
	receive(t, s, 4)
	receive(t, s, 2)
	assert.Zero(t, s.Lines["G/1"].Allocated, "6 in all")
	taken := []allocation.Taken{{Receipt: allocation.Receipt{Batch: allocation.Batch{SKU: "X"}, Qty: 2}}}
	decide(t, s, allocation.Undo{Receipts: taken}, allocation.Adjust{SKU: "X", Qty: 4})
	assert.Equal(t, int64(8), s.Lines["G/1"].Allocated, "8 here, and 2 that were not scanned after all")
}

// Nothing lies free: W may take its other goods from F, as all it lacks is announced.
func TestAGateTakesItsOtherGoodsFromALineOnceTheRestIsAnnounced(t *testing.T) {
	win := func(name string, sku allocation.SKU) allocation.Line {
		l := block("W", name, sku, 1)
		l.Rank.Class = allocation.Win
		return l
	}
	s := site(t, skip, line("F", 1, of("Y", 1), func(l *allocation.Line) { l.Rank.Class = allocation.Fill }))
	pallet(t, s, allocation.Batch{SKU: "Y"})
	s.Put(win("1", "X"))
	s.Put(win("2", "Y"))
	s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"X": 1, "Y": 1}, Received: map[allocation.SKU]int64{}}
	decide(t, s, allocation.Offer{SKUs: []allocation.SKU{"X"}})
	assert.Equal(t, [2]int64{0, 1}, [2]int64{s.Lines["F/1"].Allocated, s.Lines["W/2"].Allocated})
}
