package promise_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/promise"
)

const today = allocation.Date("2027-06-01")

// line is an open line of SKU X; the order's name ranks it.
func line(order allocation.OrderID, qty, allocated int64) allocation.Line {
	return allocation.Line{Rank: allocation.Rank{Class: allocation.Redistribute, Accepted: time.Unix(0, 0), Order: order, Line: allocation.MakeLineID(order, "1")},
		SKU: "X", Ordered: qty, Allocated: allocated, Right: qty - allocated}
}

func inbound(id allocation.InboundID, day allocation.Date, qty int64) promise.Supply {
	return promise.Supply{Inbound: id, SKU: "X", Expected: day, Qty: qty}
}

func on(day allocation.Date, id allocation.InboundID, qty int64) promise.Portion {
	return promise.Portion{Qty: qty, Kind: promise.Inbound, Inbound: id, Date: day}
}

func dates(t *testing.T, g promise.Goods) promise.Forecast {
	t.Helper()
	g.Today = today
	f, err := promise.Dates(allocation.DefaultPolicy(), g)
	require.NoError(t, err)
	return f
}

const june10, june20 = allocation.Date("2027-06-10"), allocation.Date("2027-06-20")

// Ranked 5, 8; inbound 6 on 10 June and 10 on 20 June.
func TestDatesFollowRankAndTheExpectedDays(t *testing.T) {
	one, two := line("O1", 5, 0), line("O2", 8, 0)
	six, ten := inbound("PO1", june10, 6), inbound("PO2", june20, 10)
	whole := func(open int64, p ...promise.Portion) promise.Line {
		last := p[len(p)-1].Date
		return promise.Line{Open: open, Portions: p, First: p[0].Date, Whole: last, Leaves: p[0].Date, Done: last}
	}
	short := func(open, missing int64, p ...promise.Portion) promise.Line {
		l := promise.Line{Open: open, Missing: missing, Portions: p}
		if len(p) > 0 {
			l.First, l.Leaves = p[0].Date, p[0].Date
		}
		return l
	}
	stock := func(qty int64) promise.Portion {
		return promise.Portion{Qty: qty, Kind: promise.Stock, Date: today}
	}
	late := promise.Portion{Qty: 5, Kind: promise.Late, Inbound: "PO7", Due: "2027-05-30"}
	undated := promise.Portion{Qty: 4, Kind: promise.Undated, Inbound: "PO9"}
	cancelled := line("O1", 5, 0)
	cancelled.Cancelled, cancelled.Right = 3, 2
	doubtful := line("O1", 5, 0)
	doubtful.Right = 2
	for _, c := range []struct {
		name     string
		goods    promise.Goods
		one, two promise.Line
		left     int64
	}{
		{"as announced", promise.Goods{Lines: []allocation.Line{one, two}, Supply: []promise.Supply{ten, six}},
			whole(5, on(june10, "PO1", 5)), whole(8, on(june10, "PO1", 1), on(june20, "PO2", 7)), 3},
		{"the first was closed short, after 2 of its 6", promise.Goods{Lines: []allocation.Line{line("O1", 5, 2), two}, Supply: []promise.Supply{ten}},
			whole(3, on(june20, "PO2", 3)), short(8, 1, on(june20, "PO2", 7)), 0},
		{"the first brought 4 so far", promise.Goods{Lines: []allocation.Line{line("O1", 5, 4), two}, Supply: []promise.Supply{inbound("PO1", june10, 2), ten}},
			whole(1, on(june10, "PO1", 1)), whole(8, on(june10, "PO1", 1), on(june20, "PO2", 7)), 3},
		{"a cancel of 3 of line one", promise.Goods{Lines: []allocation.Line{cancelled, two}, Supply: []promise.Supply{six, ten}},
			whole(2, on(june10, "PO1", 2)), whole(8, on(june10, "PO1", 4), on(june20, "PO2", 4)), 6},
		{"3 lie free", promise.Goods{Lines: []allocation.Line{one, two}, Supply: []promise.Supply{six, ten}, Stock: []allocation.Parcel{{Batch: allocation.Batch{SKU: "X"}, Qty: 3}}},
			whole(5, stock(3), on(june10, "PO1", 2)), whole(8, on(june10, "PO1", 4), on(june20, "PO2", 4)), 6},
		{"nothing is announced", promise.Goods{Lines: []allocation.Line{one, two}}, short(5, 5), short(8, 8), 0},
		{"the day of the first is today", promise.Goods{Lines: []allocation.Line{one, two}, Supply: []promise.Supply{inbound("PO1", today, 6)}},
			whole(5, on(today, "PO1", 5)), short(8, 7, on(today, "PO1", 1)), 0},
		{"a late one, and one without a day, count behind those to come",
			promise.Goods{Lines: []allocation.Line{one, two}, Supply: []promise.Supply{inbound("PO9", "", 10), inbound("PO7", "2027-05-30", 5), inbound("PO1", june10, 4)}},
			promise.Line{Open: 5, First: june10, Leaves: june10, Portions: []promise.Portion{on(june10, "PO1", 4), {Qty: 1, Kind: promise.Late, Inbound: "PO7", Due: "2027-05-30"}}},
			promise.Line{Open: 8, Portions: []promise.Portion{{Qty: 4, Kind: promise.Late, Inbound: "PO7", Due: "2027-05-30"}, undated}}, 6},
		{"only a late one", promise.Goods{Lines: []allocation.Line{one, two}, Supply: []promise.Supply{inbound("PO7", "2027-05-30", 5)}},
			short(5, 0, late), short(8, 8), 0},
		{"the right to 3 is in doubt", promise.Goods{Lines: []allocation.Line{doubtful, two}, Supply: []promise.Supply{six}},
			short(5, 3, on(june10, "PO1", 2)), short(8, 4, on(june10, "PO1", 4)), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := dates(t, c.goods)
			assert.Equal(t, c.one, f.Lines["O1/1"])
			assert.Equal(t, c.two, f.Lines["O2/1"])
			assert.Equal(t, c.left, f.Left["X"])
		})
	}
}

func TestGoodsInStockThatDoNotLastArePassed(t *testing.T) {
	l := line("O1", 5, 0)
	l.MinLife = 30
	f := dates(t, promise.Goods{Lines: []allocation.Line{l}, Supply: []promise.Supply{inbound("PO1", june10, 9)},
		Stock: []allocation.Parcel{{Batch: allocation.Batch{SKU: "X", Expiry: "2027-06-15"}, Qty: 7}, {Batch: allocation.Batch{SKU: "X", Expiry: "2027-08-15"}, Qty: 1}}})
	assert.Equal(t, []promise.Portion{{Qty: 1, Kind: promise.Stock, Date: today}, on(june10, "PO1", 4)}, f.Lines["O1/1"].Portions)
	assert.EqualValues(t, 12, f.Left["X"])
}

// What lies there until a pack is whole grows old meanwhile.
func TestStockAgesUntilTheGoodsCome(t *testing.T) {
	l := line("O1", 2, 0)
	l.Pack, l.MinLife = 2, 30
	g := promise.Goods{Lines: []allocation.Line{l}, Supply: []promise.Supply{inbound("PO1", june20, 1)},
		Stock: []allocation.Parcel{{Batch: allocation.Batch{SKU: "X", Expiry: "2027-07-05"}, Qty: 1}}}
	assert.Empty(t, dates(t, g).Lines["O1/1"].Portions)
	g.Supply[0].Expected = "2027-06-05"
	assert.Equal(t, []promise.Portion{on("2027-06-05", "PO1", 2)}, dates(t, g).Lines["O1/1"].Portions)
}

// A line of whole packs takes what a worse order gathered that is not whole; whether
// it is, goods of another SKU decide.
func TestPacksTakeWhatAnOrderGathersInVain(t *testing.T) {
	pack, x, y := line("O1", 12, 0), line("O2", 12, 0), line("O2", 1, 0)
	pack.Pack, x.Ship, y.Ship, y.SKU, y.Rank.Line = 12, allocation.ShipOrder, allocation.ShipOrder, "Y", "O2/2"
	g := promise.Goods{Lines: []allocation.Line{pack, x, y}, Supply: []promise.Supply{inbound("PO1", june10, 6), inbound("PO2", june20, 6)}}
	assert.Equal(t, june20, dates(t, g).Lines["O1/1"].Whole)
	g.Supply = append(g.Supply, promise.Supply{Inbound: "PO3", SKU: "Y", Expected: june10, Qty: 1})
	f := dates(t, g)
	assert.Empty(t, f.Lines["O1/1"].Portions)
	assert.Equal(t, june20, f.Lines["O2/1"].Leaves)
}

// An order that ships whole leaves with its last line; nobody is told an earlier
// day because a part of it is there.
func TestGatesSetTheDayOfLeaving(t *testing.T) {
	y := line("O1", 1, 0)
	y.Rank.Line, y.SKU = "O1/2", "Y"
	for _, c := range []struct {
		ship        allocation.Ship
		leaves, all allocation.Date
	}{{allocation.ShipPartial, june10, june20}, {allocation.ShipLine, june20, june20}, {allocation.ShipOrder, "2027-06-30", "2027-06-30"}} {
		x := line("O1", 8, 0)
		x.Ship, y.Ship = c.ship, c.ship
		g := promise.Goods{Lines: []allocation.Line{x, y}, Supply: []promise.Supply{inbound("PO1", june10, 6), inbound("PO2", june20, 10), {Inbound: "PO3", SKU: "Y", Expected: "2027-06-30", Qty: 1}}}
		for range 2 {
			f := dates(t, g)
			assert.Equal(t, c.leaves, f.Lines["O1/1"].Leaves, c.ship)
			assert.Equal(t, c.all, f.Lines["O1/1"].Done, c.ship)
			never := g
			never.Supply = g.Supply[:2]
			if l := dates(t, never).Lines["O1/1"]; c.ship == allocation.ShipOrder {
				assert.Empty(t, l.Leaves+l.Done, "line Y may never come")
				assert.Equal(t, june20, l.Whole)
			}
			slices.Reverse(g.Lines)
		}
	}
}

func TestPromisesAreHeldAgainstTheDates(t *testing.T) {
	g := promise.Goods{Lines: []allocation.Line{line("O1", 5, 0), line("O2", 8, 0), line("O3", 9, 0)}, Supply: []promise.Supply{inbound("PO1", june10, 6), inbound("PO2", june20, 10)}}
	f := dates(t, g)
	two, three := f.Lines["O2/1"], f.Lines["O3/1"]
	assert.Equal(t, promise.Missed, two.Against("2027-06-12", today), "promised 12 June, comes 20 June")
	assert.Equal(t, promise.Kept, two.Against(june20, today))
	assert.Equal(t, promise.Missed, three.Against("2027-05-31", today), "the day has passed")
	assert.Equal(t, promise.Unknown, three.Against("2027-12-31", today), "not all of it is announced")
	assert.Empty(t, two.Against("", today))
}

// Under mode skip an order gets nothing before the announced goods complete it, so
// what another SKU lacks decides here too.
func TestGoodsOfAnOrderThatShipsWholeHangTogether(t *testing.T) {
	skip, err := allocation.NewPolicy("skip", allocation.Rules{Gate: allocation.GateSkip})
	require.NoError(t, err)
	x, y := line("O1", 4, 0), line("O1", 1, 0)
	y.Rank.Line, y.SKU = "O1/2", "Y"
	x.Ship, y.Ship = allocation.ShipOrder, allocation.ShipOrder
	g := promise.Goods{Today: today, Lines: []allocation.Line{x, y, line("O2", 3, 0)}, Supply: []promise.Supply{inbound("PO1", june10, 6)}}
	f, err := promise.Dates(skip, g)
	require.NoError(t, err)
	assert.Equal(t, []promise.Portion{on(june10, "PO1", 3)}, f.Lines["O2/1"].Portions)
	assert.Empty(t, f.Lines["O1/1"].Portions)
	g.Supply = append(g.Supply, promise.Supply{Inbound: "PO2", SKU: "Y", Expected: june20, Qty: 1})
	f, err = promise.Dates(skip, g)
	require.NoError(t, err)
	assert.Equal(t, []promise.Portion{on(june10, "PO1", 4)}, f.Lines["O1/1"].Portions)
	assert.Equal(t, june20, f.Lines["O1/1"].Leaves)
}

// Where not all was read that hangs together, each line gets its goods by rank; the
// order's day is none all the same.
func TestLooseGoodsFollowRank(t *testing.T) {
	skip, err := allocation.NewPolicy("skip", allocation.Rules{Gate: allocation.GateSkip})
	require.NoError(t, err)
	x, y := line("O1", 4, 0), line("O1", 1, 0)
	y.Rank.Line, y.SKU = "O1/2", "Y"
	x.Ship, y.Ship = allocation.ShipOrder, allocation.ShipOrder
	f, err := promise.Dates(skip, promise.Goods{Today: today, Loose: true, Lines: []allocation.Line{x, y}, Supply: []promise.Supply{inbound("PO1", june10, 6)}})
	require.NoError(t, err)
	assert.Equal(t, june10, f.Lines["O1/1"].Whole)
	assert.Empty(t, f.Lines["O1/1"].Leaves)
}
