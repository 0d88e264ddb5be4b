package allocation_test

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/allocation"
	"dockfill/allocation/memory"
)

func line(order string, qty int64, edit ...func(*allocation.Line)) allocation.Line {
	id := allocation.OrderID(order)
	l := allocation.Line{
		Rank: allocation.Rank{
			Class: allocation.Redistribute, Order: id, Line: allocation.MakeLineID(id, "1"),
			Accepted: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC),
		},
		SKU: "X", Ordered: qty, Right: qty,
	}
	for _, e := range edit {
		e(&l)
	}
	return l
}

func site(t testing.TB, r allocation.Rules, lines ...allocation.Line) *memory.State {
	p, err := allocation.NewPolicy("p1", r)
	require.NoError(t, err)
	s := memory.New(p)
	s.Today = "2026-06-02"
	for _, l := range lines {
		s.Put(l)
	}
	return s
}

func receive(t require.TestingT, s *memory.State, qty int64) allocation.Decision {
	d, err := s.Decide(allocation.Receive{Receipts: []allocation.Receipt{{Batch: allocation.Batch{SKU: "X"}, Qty: qty}}})
	require.NoError(t, err)
	return d
}

func TestALineWithoutARightIsPassedAndNamed(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 5, func(l *allocation.Line) { l.Right = 0 }), line("B", 1))
	d := receive(t, s, 1)
	assert.Equal(t, allocation.Allocated, d.Verdict)
	assert.Equal(t, []allocation.Passed{{Line: "A/1", Lacks: allocation.WhyNoRight}}, d.Why.Passed)
	assert.Contains(t, d.Why.Sentence(d.Moves[0]), "A/1 passed for want of a right")
	d = receive(t, s, 1)
	assert.Equal(t, allocation.Stock, d.Verdict)
	assert.Equal(t, allocation.WhyNoRight, d.Why.Code)
}

func TestALineThatIsPassedIsNamedWithWhatItLacks(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 6, func(l *allocation.Line) { l.Pack = 6 }), line("B", 1, func(l *allocation.Line) { l.MinLife = 60 }))
	d := decide(t, s, expiring("2026-07-01", 1))
	assert.Equal(t, []allocation.Passed{{Line: "A/1", Lacks: allocation.WhyPack}, {Line: "B/1", Lacks: allocation.WhyLife}}, d.Why.Passed)
	assert.Equal(t, allocation.WhyPassed, d.Why.Code)
}

// Those that were served are none of the few passed lines that a reason has room for.
func TestWhoWasServedIsNotPassed(t *testing.T) {
	lines := []allocation.Line{line("P", 6, func(l *allocation.Line) { l.SKU, l.Pack = "Y", 6 })}
	for i := range allocation.MaxPassed + 1 {
		lines = append(lines, line(fmt.Sprintf("A%02d", i), 1))
	}
	d := decide(t, site(t, allocation.Rules{}, lines...), allocation.Receive{Receipts: []allocation.Receipt{
		{Batch: allocation.Batch{SKU: "X"}, Qty: allocation.MaxPassed + 2}, {Batch: allocation.Batch{SKU: "Y"}, Qty: 1},
	}})
	assert.Equal(t, []allocation.Passed{{Line: "P/1", Lacks: allocation.WhyPack}}, d.Why.Passed)
	assert.False(t, d.Why.More)
}

func TestAMoveFreesTheRightOfTheLoserUnlessItIsReclaimed(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 2))
	receive(t, s, 2)
	s.Lines["A/1"].Sunk = 1
	s.Put(line("W", 0, func(l *allocation.Line) { l.Rank.Class = allocation.Win }))
	s.Lines["W/1"].Right = 2
	d, err := s.Decide(allocation.Demand{Wants: []allocation.Want{{Line: "W/1", Qty: 3}}})
	require.NoError(t, err)
	assert.Equal(t, [2]int64{1, 0}, [2]int64{s.Lines["A/1"].Right, s.Lines["A/1"].Sunk}, "one of two lost units frees a right")
	assert.Equal(t, int64(0), s.Lines["W/1"].Right)
	assert.Equal(t, []allocation.LineID{"W/1"}, d.Short, "win is told of as short")
}

func TestAnOrderIsCompletedOnce(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 2))
	assert.Empty(t, receive(t, s, 1).Completed)
	assert.Equal(t, []allocation.OrderID{"A"}, receive(t, s, 1).Completed)
	assert.Empty(t, receive(t, s, 1).Completed)
	d, err := s.Decide(allocation.Stage{Line: "A/1", Qty: 1})
	require.NoError(t, err)
	assert.Empty(t, d.Completed, "it was whole before")
}

func TestStageAtBeepStagesWhatCameAndWhatMayShip(t *testing.T) {
	s := site(t, allocation.Rules{StageAtBeep: true}, line("A", 2), line("B", 2, func(l *allocation.Line) { l.Ship = allocation.ShipLine }))
	receive(t, s, 3)
	assert.Equal(t, int64(2), s.Lines["A/1"].Staged)
	assert.Equal(t, int64(0), s.Lines["B/1"].Staged, "its gate is not open")
	receive(t, s, 1)
	assert.Equal(t, int64(1), s.Lines["B/1"].Staged)

	// What waits for approval, what is free, and what came before is not staged; an
	// order that ships whole only when it is, others also in part.
	first := line("A", 2, func(l *allocation.Line) { l.Ship = allocation.ShipOrder })
	second := line("A", 1, func(l *allocation.Line) { l.Ship, l.SKU, l.Rank.Line = allocation.ShipOrder, "Y", "A/2" })
	third := line("C", 9, func(l *allocation.Line) { l.SKU = "Z" })
	s = site(t, allocation.Rules{StageAtBeep: true}, first, second, third)
	s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"Z": 3}, Received: map[allocation.SKU]int64{}}
	receive(t, s, 1)
	receive(t, s, 1)
	assert.Equal(t, [2]int64{2, 0}, [2]int64{s.Lines["A/1"].Allocated, s.Lines["A/1"].Staged}, "the line is whole, the order is not")
	z := func(lot string, qty int64) allocation.Receipt {
		return allocation.Receipt{Batch: allocation.Batch{SKU: "Z", Lot: lot}, Qty: qty, Inbound: "PO"}
	}
	decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{
		z("1", 1), z("2", 4), {Batch: allocation.Batch{SKU: "X"}, Qty: 1}, {Batch: allocation.Batch{SKU: "Y"}, Qty: 1},
	}})
	assert.Equal(t, [3]int64{0, 1, 3}, [3]int64{s.Lines["A/1"].Staged, s.Lines["A/2"].Staged, s.Lines["C/1"].Staged})
}

func TestPickedStagedAndShippedUnitsAreBoundAndCountedOnce(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 4, func(l *allocation.Line) { l.Rank.Class = allocation.Lose }))
	receive(t, s, 4)
	for _, e := range []allocation.Event{
		allocation.Pick{Line: "A/1", Qty: 2}, allocation.Stage{Line: "A/1", Qty: 3}, allocation.Dispatch{Line: "A/1", Qty: 1},
	} {
		_, err := s.Decide(e)
		require.NoError(t, err)
	}
	l := s.Lines["A/1"]
	assert.Equal(t, [4]int64{4, 0, 3, 1}, [4]int64{l.Allocated, l.Picked, l.Staged, l.Shipped})
	s.Put(line("B", 0))
	s.Lines["B/1"].Right = 4
	_, err := s.Decide(allocation.Demand{Wants: []allocation.Want{{Line: "B/1", Qty: 4}}})
	require.NoError(t, err)
	assert.Equal(t, int64(1), s.Lines["B/1"].Allocated, "only the loose one moved")
}

func TestACancelBelowWhatIsStagedAsksForTheRestOnce(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 3))
	receive(t, s, 3)
	_, err := s.Decide(allocation.Stage{Line: "A/1", Qty: 2})
	require.NoError(t, err)
	want := allocation.Demand{Wants: []allocation.Want{{Line: "A/1", Qty: 1}}}
	d, err := s.Decide(want)
	require.NoError(t, err)
	assert.Equal(t, []allocation.Given{{Line: "A/1", Qty: 1}}, d.Returns)
	d, err = s.Decide(want)
	require.NoError(t, err)
	assert.Empty(t, d.Returns)
	_, err = s.Decide(allocation.Return{Line: "A/1", Qty: 1})
	require.NoError(t, err)
	assert.Equal(t, int64(2), s.On("X", allocation.Free))
	assert.Equal(t, int64(0), s.Lines["A/1"].Open())
}

func TestASerialIsInTheHouseUntilItIsShippedOrUndone(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 1))
	in := allocation.Receive{Receipts: []allocation.Receipt{{Batch: allocation.Batch{SKU: "X", Trade: "X", Serial: "S1"}, Qty: 1}}}
	_, err := s.Decide(in)
	require.NoError(t, err)
	_, err = s.Decide(in)
	var no *allocation.Refusal
	require.ErrorAs(t, err, &no)
	assert.Equal(t, allocation.WhyDuplicate, no.Code)
	_, err = s.Decide(allocation.Dispatch{Line: "A/1", Qty: 1})
	require.NoError(t, err)
	_, err = s.Decide(in)
	assert.NoError(t, err)
}

// A decision reads the lines that it serves, the next one, and at most MaxPassed
// others, however long the backlog is.
func TestADecisionReadsNoMoreWhereTheBacklogIsLonger(t *testing.T) {
	blocked := map[string]func(*allocation.Line){
		"no right": func(l *allocation.Line) { l.Right = 0 },
		"pack":     func(l *allocation.Line) { l.Pack = 6; l.Ordered = 6; l.Right = 6 },
		"gate":     func(l *allocation.Line) { l.Ship = allocation.ShipOrder; l.Ordered = 9; l.Right = 9 },
		"open":     func(*allocation.Line) {},
	}
	for name, edit := range blocked {
		for _, share := range []allocation.Share{allocation.Sequence, allocation.Fair} {
			var lines []allocation.Line
			for i := range 2000 {
				lines = append(lines, line(fmt.Sprintf("A%05d", i), 2, edit))
			}
			s := site(t, allocation.Rules{Share: share, Gate: allocation.GateSkip}, append(lines, line("B", 2))...)
			s.Read = 0
			receive(t, s, 1)
			assert.LessOrEqual(t, s.Read, allocation.MaxPassed+3, "%s, %s", name, share)
			if name != "open" {
				assert.Equal(t, int64(1), s.Lines["B/1"].Allocated, "%s, %s: B is behind them, and found", name, share)
			}
		}
	}
}

func TestFairKeySortsAsSharesCompare(t *testing.T) {
	p := allocation.DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) *allocation.Line {
			weight := rapid.Int64Range(1, allocation.MaxQty).Draw(t, name)
			return &allocation.Line{Ordered: weight, Allocated: rapid.Int64Range(0, weight).Draw(t, name+" given")}
		}
		a, b := draw("a"), draw("b")
		if rapid.Bool().Draw(t, "near") { // neighbours are the hard case
			b.Ordered, b.Allocated = max(1, a.Ordered-rapid.Int64Range(0, 2).Draw(t, "w")), max(0, a.Allocated-rapid.Int64Range(0, 2).Draw(t, "g"))
		}
		x, y := a.Wanted()*(2*b.Allocated+1), b.Wanted()*(2*a.Allocated+1)
		require.Equal(t, x > y, p.FairKey(a) > p.FairKey(b))
		require.Equal(t, x == y, p.FairKey(a) == p.FairKey(b))
	})
}

// someSite draws lines of one SKU whose keys collide often.
func someSite(t *rapid.T, r allocation.Rules, gates bool) (build func() *memory.State) {
	p, err := allocation.NewPolicy("p", r)
	require.NoError(t, err)
	small := rapid.IntRange(0, 2)
	var lines []allocation.Line
	for i := range rapid.IntRange(0, 6).Draw(t, "lines") {
		lines = append(lines, line(fmt.Sprintf("O%d", i), rapid.Int64Range(1, 6).Draw(t, "qty"), func(l *allocation.Line) {
			l.Rank.Override, l.Rank.Tier = small.Draw(t, "override"), small.Draw(t, "tier")
			l.Rank.Class = rapid.SampledFrom([]allocation.Class{"win", "gain", "redistribute", "fill", "lose"}).Draw(t, "class")
			l.Right = rapid.Int64Range(0, l.Ordered).Draw(t, "right")
			l.Segment = rapid.SampledFrom([]string{"", "B"}).Draw(t, "segment")
			if gates {
				l.Ship = rapid.SampledFrom([]allocation.Ship{"partial", "line"}).Draw(t, "ship")
			}
		}))
	}
	order := rapid.Permutation(lines).Draw(t, "order")
	return func() *memory.State {
		s := memory.New(p)
		for _, l := range order {
			s.Put(l)
		}
		order = lines // the next one is built in another order
		return s
	}
}

func totals(s *memory.State) map[allocation.LineID]int64 {
	all := map[allocation.LineID]int64{"": s.On("X", allocation.Free)}
	for id, l := range s.Lines {
		all[id] = l.Allocated
	}
	return all
}

func TestPropertyUnitsAtOnceEqualUnitsOneByOneInAnyOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := allocation.Rules{
			Share:      rapid.SampledFrom([]allocation.Share{"sequence", "fair"}).Draw(t, "share"),
			Guarantees: []allocation.Guarantee{{Segment: "B", Qty: 3}},
		}
		build := someSite(t, r, true)
		together, singles := build(), build()
		qty := rapid.Int64Range(1, 25).Draw(t, "units")
		d := receive(t, together, qty)
		for range qty {
			receive(t, singles, 1)
		}
		require.Equal(t, totals(together), totals(singles))
		require.Equal(t, qty, d.Allocated()+d.Put(allocation.Free))
	})
}

func TestPropertyNobodyStarves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.SampledFrom([]allocation.Share{"sequence", "fair"}).Draw(t, "share")
		s := someSite(t, allocation.Rules{Share: share}, false)()
		for range 36 {
			receive(t, s, 1)
		}
		for id, l := range s.Lines {
			require.Zero(t, l.Takes(), id)
		}
	})
}

// Shares are compared as whole numbers: quotients that differ in the seventh
// digit are different, and none is rounded.
func TestFairSharesAreComparedExactly(t *testing.T) {
	p, err := allocation.NewPolicy("p", allocation.Rules{Share: allocation.Fair})
	require.NoError(t, err)
	share := func(l allocation.Line) *big.Rat { return big.NewRat(l.Ordered, 2*l.Allocated+1) }
	rapid.Check(t, func(t *rapid.T) {
		large := rapid.Int64Range(allocation.MaxQty/2, allocation.MaxQty)
		a, b := line("A", large.Draw(t, "weight")), line("B", 0)
		a.Allocated, b.Allocated = large.Draw(t, "given")/2, large.Draw(t, "other given")/2
		// The weight that comes nearest to the same share.
		b.Ordered = (a.Ordered*(2*b.Allocated+1) + a.Allocated) / (2*a.Allocated + 1)
		key, first := p.Before(&a, &b)
		want := share(a).Cmp(share(b))
		require.Equal(t, want != 0, key == allocation.ByShare)
		require.Equal(t, want >= 0, first, "equal shares: A before B by its name")
	})
}
