package allocation_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/allocation/memory"
)

func decide(t testing.TB, s *memory.State, events ...allocation.Event) (d allocation.Decision) {
	for _, e := range events {
		var err error
		d, err = s.Decide(e)
		require.NoError(t, err)
	}
	return d
}

func refused(t testing.TB, s *memory.State, e allocation.Event) *allocation.Refusal {
	_, err := s.Decide(e)
	var no *allocation.Refusal
	require.ErrorAs(t, err, &no)
	return no
}

func expiring(day allocation.Date, qty int64) allocation.Receive {
	return allocation.Receive{Receipts: []allocation.Receipt{{Batch: allocation.Batch{SKU: "X", Expiry: day}, Qty: qty}}}
}

func wants(qty int64) allocation.Demand {
	return allocation.Demand{Wants: []allocation.Want{{Line: "A/1", Qty: qty}}}
}

func TestShippingTakesWhatIsNearestTheDoorFirst(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 4))
	receive(t, s, 4)
	decide(t, s, allocation.Pick{Line: "A/1", Qty: 1}, allocation.Stage{Line: "A/1", Qty: 2}, allocation.Pick{Line: "A/1", Qty: 1})
	l := s.Lines["A/1"]
	assert.Equal(t, [3]int64{1, 2, 0}, [3]int64{l.Picked, l.Staged, l.Shipped}, "staging takes picked ones first")
	decide(t, s, allocation.Dispatch{Line: "A/1", Qty: 1})
	assert.Equal(t, [3]int64{1, 2, 1}, [3]int64{l.Picked, l.Staged, l.Shipped}, "staged ones first")
	decide(t, s, allocation.Dispatch{Line: "A/1", Qty: 2})
	assert.Equal(t, [3]int64{0, 3, 3}, [3]int64{l.Picked, l.Staged, l.Shipped}, "then picked ones")
	assert.ErrorContains(t, refused(t, s, allocation.Dispatch{Line: "A/1", Qty: 2}), "line A/1 has 1 unit for this, not 2")
	decide(t, s, allocation.Dispatch{Line: "A/1", Qty: 1})
	assert.Equal(t, [3]int64{0, 4, 4}, [3]int64{l.Picked, l.Staged, l.Shipped}, "then loose ones")
	decide(t, s, wants(1))
	assert.Equal(t, int64(3), l.Excess)
	assert.ErrorContains(t, refused(t, s, allocation.Return{Line: "A/1", Qty: 1}), "has 0 units for this", "they have left")
}

func TestAGateLetsNothingLeaveBeforeItIsOpen(t *testing.T) {
	whole := func(ship allocation.Ship) func(*allocation.Line) {
		return func(l *allocation.Line) { l.Ship = ship }
	}
	s := site(t, allocation.Rules{}, line("A", 2, whole(allocation.ShipLine)))
	receive(t, s, 1)
	assert.Equal(t, allocation.WhyGate, refused(t, s, allocation.Dispatch{Line: "A/1", Qty: 1}).Code)
	receive(t, s, 1)
	decide(t, s, allocation.Dispatch{Line: "A/1", Qty: 1})

	second := line("B", 1, whole(allocation.ShipOrder), func(l *allocation.Line) { l.Rank.Line, l.SKU = "B/2", "Y" })
	s = site(t, allocation.Rules{}, line("B", 1, whole(allocation.ShipOrder)), second)
	receive(t, s, 1)
	assert.Equal(t, allocation.WhyGate, refused(t, s, allocation.Dispatch{Line: "B/1", Qty: 1}).Code)
	decide(t, s, allocation.Adjust{SKU: "Y", Qty: 1}, allocation.Dispatch{Line: "B/1", Qty: 1})
}

func TestWhatIsBroughtBackIsTakenFromTheCarriedFirst(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 4))
	decide(t, s, expiring("2026-07-01", 2), expiring("2026-08-01", 2))
	d := decide(t, s, allocation.Stage{Line: "A/1", Qty: 3}, allocation.Pick{Line: "A/1", Qty: 1}, wants(1))
	assert.Equal(t, []allocation.Given{{Line: "A/1", Qty: 3}}, d.Returns)
	assert.ErrorContains(t, refused(t, s, allocation.Return{Line: "A/1", Qty: 4}), "has 3 units for this, not 4")
	decide(t, s, allocation.Return{Line: "A/1", Qty: 3})
	l := s.Lines["A/1"]
	assert.Equal(t, [6]int64{0, 1, 1, 3, 0, 0}, [6]int64{l.Picked, l.Staged, l.Allocated, l.Cancelled, l.Excess, l.Right})
	assert.Equal(t, int64(3), s.On("X", allocation.Free), "of both batches")
}

// What a line got later may expire sooner; that is not what stands at the door.
// Goods are good on the day of their expiry, and nobody's from the next day on: they
// lie free, and are neither given, nor taken from a line that got them in time, nor
// counted on by a gate.
func TestExpiredGoodsAreGivenToNobody(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 2))
	assert.Equal(t, allocation.Allocated, decide(t, s, expiring("2026-06-02", 1)).Verdict)
	d := decide(t, s, expiring("2026-06-01", 2))
	assert.Equal(t, allocation.Stock, d.Verdict)
	assert.Equal(t, allocation.WhyExpired, d.Why.Code)
	assert.Equal(t, []allocation.Passed{{Line: "A/1", Lacks: allocation.WhyExpired}}, d.Why.Passed)
	assert.Equal(t, "it is past its expiry date and goes to no order: put it away by itself; A/1 passed as the goods have expired", d.Why.Sentence(allocation.Move{}))
	assert.Equal(t, [2]int64{1, 2}, [2]int64{s.Lines["A/1"].Allocated, s.On("X", allocation.Free)})

	s = site(t, allocation.Rules{}, line("F", 1, ranked(allocation.Fill, 0)))
	decide(t, s, expiring("2026-06-02", 1))
	s.Today = "2026-06-03"
	assert.Empty(t, comes(t, s, line("W", 1, ranked(allocation.Win, 0))).Moves)

	s = site(t, skip, block("G", "1", "X", 1), block("G", "2", "Y", 1))
	decide(t, s, expiring("2026-06-01", 1))
	pallet(t, s, allocation.Batch{SKU: "Y"})
	assert.Zero(t, s.Lines["G/2"].Allocated)
}

func TestOnlyBoundUnitsAreShipped(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 2))
	late, soon := allocation.Batch{SKU: "X", Expiry: "2026-08-01"}, allocation.Batch{SKU: "X", Expiry: "2026-07-01"}
	decide(t, s, expiring(late.Expiry, 1), allocation.Stage{Line: "A/1", Qty: 1}, expiring(soon.Expiry, 1))
	d := decide(t, s, allocation.Dispatch{Line: "A/1", Qty: 1})
	require.Len(t, d.Moves, 1)
	assert.Equal(t, late, d.Moves[0].Batch)
	held, err := s.Held("A/1")
	require.NoError(t, err)
	assert.Equal(t, []allocation.Parcel{{Batch: soon, Qty: 1}}, held)
}

// What is left of a batch after some of it was shipped is loose, and a better line
// takes it; it takes nothing that has left.
func TestWhatStaysBehindAShipmentCanBeTaken(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 5, ranked(allocation.Fill, 0)))
	decide(t, s, expiring("2026-07-01", 3), expiring("2026-08-01", 2))
	s.Put(line("W", 3, ranked(allocation.Win, 0)))
	decide(t, s, allocation.Dispatch{Line: "A/1", Qty: 1})
	held, err := s.Held("W/1")
	require.NoError(t, err)
	assert.Equal(t, []allocation.Parcel{
		{Batch: allocation.Batch{SKU: "X", Expiry: "2026-07-01"}, Qty: 2}, {Batch: allocation.Batch{SKU: "X", Expiry: "2026-08-01"}, Qty: 1},
	}, held)
}

// What was set aside elsewhere since may be another scan's: a person says first which
// it is.
func TestAnUndoSaysWhatIsNoLongerThere(t *testing.T) {
	for qty, text := range map[int64]string{1: "1 unit of X from this scan was regraded,", 2: "2 units of X from this scan were regraded,"} {
		for _, from := range []allocation.Disposition{allocation.Good, allocation.Damaged} {
			s := site(t, allocation.Rules{})
			in := allocation.Receipt{Batch: allocation.Batch{SKU: "X"}, Qty: 2, Disposition: from}
			aside := allocation.Regrade{SKU: "X", Qty: qty, From: from, To: allocation.Hold}
			decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{in}}, aside)
			undo := allocation.Undo{Receipts: []allocation.Taken{{Receipt: in}}}
			assert.ErrorContains(t, refused(t, s, undo), text)
			assert.ErrorContains(t, refused(t, s, undo), "regrade")
			aside.From, aside.To = aside.To, aside.From
			decide(t, s, aside, undo)
			assert.Zero(t, s.On("X", allocation.Free)+s.On("X", allocation.Broken)+s.On("X", allocation.Aside))
		}
	}
}

// It was scanned as damaged, found good, and given to an order: it is loose all the
// same, and leaves, whoever has it; not where it was staged.
func TestAnUndoTakesBackWhatWasFoundGood(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 1))
	in := allocation.Receipt{Batch: allocation.Batch{SKU: "X"}, Qty: 3, Disposition: allocation.Damaged}
	undo := allocation.Undo{Receipts: []allocation.Taken{{Receipt: in}}}
	decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{in}}, allocation.Regrade{SKU: "X", Qty: 2, From: allocation.Damaged, To: allocation.Good})
	require.EqualValues(t, 1, s.Lines["A/1"].Allocated)
	require.EqualValues(t, 1, s.On("X", allocation.Free))
	decide(t, s, undo)
	assert.EqualValues(t, 1, s.Lines["A/1"].Open())
	assert.Zero(t, s.On("X", allocation.Free)+s.On("X", allocation.Broken))

	decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{in}}, allocation.Regrade{SKU: "X", Qty: 2, From: allocation.Damaged, To: allocation.Good},
		allocation.Stage{Line: "A/1", Qty: 1})
	assert.Equal(t, allocation.WhyStaged, refused(t, s, undo).Code)
	assert.EqualValues(t, 1, s.On("X", allocation.Broken), "all of it or nothing")
}

// The second receipt of the same goods finds nothing free any more, and goes on to
// who got them.
func TestAnUndoOfTwoReceiptsOfTheSameGoodsTakesEachUnitOnce(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 0))
	one := allocation.Receipt{Batch: allocation.Batch{SKU: "X"}, Qty: 1}
	s.Lines["A/1"].Right = 1
	decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{one, one}}, wants(1))
	assert.Len(t, decide(t, s, allocation.Undo{Receipts: []allocation.Taken{{Receipt: one}, {Receipt: one}}}).Moves, 2)
	assert.Equal(t, [2]int64{}, [2]int64{s.On("X", allocation.Free), s.Lines["A/1"].Allocated})
}

func TestARegradeReachesWhatALineHoldsOfSeveralBatches(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 4))
	decide(t, s, expiring("2026-07-01", 1), expiring("2026-08-01", 2), expiring("2026-09-01", 1))
	decide(t, s, allocation.Regrade{SKU: "X", Qty: 3, From: allocation.Good, To: allocation.Damaged})
	assert.Equal(t, int64(3), s.On("X", allocation.Broken))
	assert.Equal(t, int64(1), s.Lines["A/1"].Allocated)
	no := refused(t, s, allocation.Regrade{SKU: "X", Qty: 3, From: allocation.Good, To: allocation.Hold})
	assert.ErrorContains(t, no, "only 1 of 3 units of X are good and loose")
	no = refused(t, s, allocation.Regrade{SKU: "X", Qty: 4, From: allocation.Damaged, To: allocation.Good})
	assert.ErrorContains(t, no, "only 3 of 4 units of X are damaged and loose")
	no = refused(t, s, allocation.Regrade{SKU: "X", Qty: 1, From: allocation.Good, To: "new"})
	assert.ErrorContains(t, no, `from "good" to "new"`)
	no = refused(t, s, allocation.Regrade{SKU: "X", Qty: 1, From: "old", To: allocation.Good})
	assert.ErrorContains(t, no, `from "old" to "good"`)
	no = refused(t, s, allocation.Regrade{SKU: "X", Qty: 1, From: allocation.Hold, To: allocation.Hold})
	assert.Equal(t, allocation.WhyQuantity, no.Code)
}

func TestACountIsCorrectedByWhatIsFreeAtMost(t *testing.T) {
	s := site(t, allocation.Rules{})
	receive(t, s, 2)
	assert.ErrorContains(t, refused(t, s, allocation.Adjust{SKU: "X", Qty: -3}), "only 2 units of X are free, not 3")
	assert.ErrorContains(t, refused(t, s, allocation.Adjust{SKU: "X"}), "cannot be corrected by 0")
	decide(t, s, allocation.Adjust{SKU: "X", Qty: -2})
	assert.Equal(t, int64(0), s.On("X", allocation.Free))
}

func TestAnUndoTakesBackWhatItsScanPutEverywhere(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 1))
	s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"X": 3}, Received: map[allocation.SKU]int64{}}
	in := []allocation.Receipt{{Batch: allocation.Batch{SKU: "X"}, Qty: 5, Inbound: "PO"}}
	d := decide(t, s, allocation.Receive{Receipts: in})
	assert.Equal(t, int64(2), d.Put(allocation.Surplus))
	decide(t, s, allocation.Approve{Inbound: "PO", Qty: 1})
	decide(t, s, allocation.Undo{Receipts: memory.Taken(in, d)})
	assert.Equal(t, [3]int64{}, [3]int64{s.On("X", allocation.Free), s.On("X", allocation.Surplus), s.Lines["A/1"].Allocated})
	assert.Equal(t, int64(0), s.Inbounds["PO"].Received["X"])

	decide(t, s, allocation.Receive{Receipts: in}, allocation.Dispatch{Line: "A/1", Qty: 1})
	no := refused(t, s, allocation.Undo{Receipts: []allocation.Taken{{Receipt: in[0], Surplus: 2}}})
	assert.ErrorContains(t, no, "1 unit of X from this scan was staged or has left: it cannot")

	s = site(t, allocation.Rules{}, line("A", 3))
	receive(t, s, 3)
	decide(t, s, allocation.Stage{Line: "A/1", Qty: 1})
	no = refused(t, s, allocation.Undo{Receipts: []allocation.Taken{{Receipt: allocation.Receipt{Batch: allocation.Batch{SKU: "X"}, Qty: 3}}}})
	assert.ErrorContains(t, no, "1 unit of X from this scan was staged or has left: it cannot", "2 are loose")
}

// Units that turned out to be damaged were counted as come; once their receipt is
// taken back they are awaited again, and a gate may count on them.
func TestAnUndoneReceiptIsAwaitedAgain(t *testing.T) {
	s := site(t, allocation.Rules{Gate: allocation.GateSkip}, line("A", 5, func(l *allocation.Line) { l.Ship = allocation.ShipLine }))
	s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"X": 5}, Received: map[allocation.SKU]int64{}}
	in := []allocation.Receipt{{Batch: allocation.Batch{SKU: "X"}, Qty: 1, Disposition: allocation.Damaged, Inbound: "PO"}}
	d := decide(t, s, allocation.Receive{Receipts: in})
	receive(t, s, 2)
	assert.Equal(t, int64(0), s.Lines["A/1"].Allocated, "2 are here and 2 more are awaited")
	decide(t, s, allocation.Undo{Receipts: memory.Taken(in, d)})
	assert.Equal(t, int64(2), s.Lines["A/1"].Allocated, "3 more are awaited")
}

// What better lines will take of the announced goods is theirs, also where they
// cannot use what is here.
func TestAGateDoesNotCountOnWhatIsAnnouncedForBetterLines(t *testing.T) {
	fresh := func(l *allocation.Line) { l.Rank.Tier, l.MinLife = 1, 60 }
	whole := func(l *allocation.Line) { l.Rank.Tier, l.Ship = 2, allocation.ShipLine }
	for announced, gets := range map[int64]int64{8: 0, 9: 2} {
		s := site(t, allocation.Rules{Gate: allocation.GateSkip}, line("A", 4, fresh), line("B", 5, whole))
		s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"X": announced}, Received: map[allocation.SKU]int64{}}
		decide(t, s, expiring("2026-06-20", 2))
		assert.Equal(t, gets, s.Lines["B/1"].Allocated, "%d announced, 2 here, 4 of them for A, 3 needed", announced)
	}
}

func TestDamagedUnitsOfAPalletCountAsReceived(t *testing.T) {
	s := site(t, allocation.Rules{})
	s.Inbounds["PO"] = &memory.Inbound{Announced: map[allocation.SKU]int64{"X": 3}, Received: map[allocation.SKU]int64{}}
	x := allocation.Batch{SKU: "X"}
	decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{
		{Batch: x, Qty: 1, Disposition: allocation.Damaged, Inbound: "PO"}, {Batch: x, Qty: 1, Inbound: "PO"},
		{Batch: allocation.Batch{SKU: "X", Lot: "1"}, Qty: 2, Inbound: "PO"}, {Batch: allocation.Batch{SKU: "X", Lot: "2"}, Qty: 3, Inbound: "PO"},
	}})
	where := func() [3]int64 {
		return [3]int64{s.On("X", allocation.Broken), s.On("X", allocation.Free), s.On("X", allocation.Surplus)}
	}
	assert.Equal(t, [3]int64{1, 2, 4}, where())
	decide(t, s, allocation.Approve{Inbound: "PO", Qty: 3})
	assert.Equal(t, [3]int64{1, 5, 1}, where(), "of two lots")
}

// An undo is refused where a line that got the units has begun to carry them off
// and has too few loose ones left; else it finds units of the batch elsewhere.
func TestAnUndoIsRefusedOnlyForWhatWasCarriedOff(t *testing.T) {
	in := []allocation.Receipt{{Batch: allocation.Batch{SKU: "X"}, Qty: 2}}
	undo := allocation.Undo{Receipts: []allocation.Taken{{Receipt: in[0], Lines: []allocation.Given{{Line: "A/1", Qty: 2}}}}}
	fill := func(l *allocation.Line) { l.Rank.Class = allocation.Fill }

	s := site(t, allocation.Rules{}, line("A", 2))
	receive(t, s, 2)
	decide(t, s, allocation.Stage{Line: "A/1", Qty: 1})
	receive(t, s, 1) // free, and of the same batch
	assert.Equal(t, allocation.WhyStaged, refused(t, s, undo).Code)

	s = site(t, allocation.Rules{}, line("A", 3))
	receive(t, s, 1)
	decide(t, s, allocation.Stage{Line: "A/1", Qty: 1})
	receive(t, s, 2)
	decide(t, s, undo)
	assert.Equal(t, int64(1), s.Lines["A/1"].Allocated, "the staged one stays")

	s = site(t, allocation.Rules{}, line("A", 2, fill), line("B", 0))
	s.Lines["B/1"].Right = 2
	receive(t, s, 2)
	decide(t, s, allocation.Demand{Wants: []allocation.Want{{Line: "B/1", Qty: 2}}}, undo)
	assert.Equal(t, [2]int64{}, [2]int64{s.Lines["A/1"].Allocated, s.Lines["B/1"].Allocated}, "taken from the line that took them")
}

func TestADecisionSumsWhatCameToLinesAndShelves(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 3))
	d := decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{
		{Batch: allocation.Batch{SKU: "X", Lot: "1"}, Qty: 2}, {Batch: allocation.Batch{SKU: "X", Lot: "2"}, Qty: 2}, {Batch: allocation.Batch{SKU: "X", Lot: "3"}, Qty: 3},
	}})
	assert.Equal(t, [2]int64{3, 4}, [2]int64{d.Allocated(), d.Put(allocation.Free)})
}

func TestAnUndoFindsItsBatchWithWhomeverHoldsIt(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 1), line("B", 0, func(l *allocation.Line) { l.Rank.Tier = 1 }))
	s.Lines["B/1"].Right = 1
	lot := func(name string) []allocation.Receipt {
		return []allocation.Receipt{{Batch: allocation.Batch{SKU: "X", Lot: name}, Qty: 1}}
	}
	decide(t, s, allocation.Receive{Receipts: lot("1")}, allocation.Receive{Receipts: lot("2")}, allocation.Demand{Wants: []allocation.Want{{Line: "B/1", Qty: 1}}})
	decide(t, s, allocation.Undo{Receipts: []allocation.Taken{{Receipt: lot("2")[0]}}})
	assert.Equal(t, [2]int64{1, 0}, [2]int64{s.Lines["A/1"].Allocated, s.Lines["B/1"].Allocated}, "A loses first, but holds another lot")
}

func TestARegradeTakesNoMoreThanWasSaid(t *testing.T) {
	s := site(t, allocation.Rules{})
	for _, lot := range []string{"1", "2", "3"} {
		decide(t, s, allocation.Receive{Receipts: []allocation.Receipt{{Batch: allocation.Batch{SKU: "X", Lot: lot}, Qty: 1, Disposition: allocation.Damaged}}})
	}
	d := decide(t, s, allocation.Regrade{SKU: "X", Qty: 1, From: allocation.Damaged, To: allocation.Hold})
	assert.Len(t, d.Moves, 1)
	assert.Equal(t, [2]int64{2, 1}, [2]int64{s.On("X", allocation.Broken), s.On("X", allocation.Aside)})
}

// A line of class fill takes from nobody, also not from an order that was ranked
// below it: neither from a line that ships as it comes nor through an open gate.
func TestFillTakesNothingFromAnOrderThatWasRankedAnew(t *testing.T) {
	for _, ship := range []allocation.Ship{allocation.ShipPartial, allocation.ShipOrder} {
		tier := func(n int) func(*allocation.Line) {
			return func(l *allocation.Line) { l.Rank.Tier, l.Ship = n, ship }
		}
		other := line("A", 1, tier(1), func(l *allocation.Line) { l.Rank.Line, l.SKU = "A/2", "Y" })
		s := site(t, allocation.Rules{Rank: []allocation.Key{allocation.ByTier}}, line("A", 1, tier(1)), other,
			line("F", 1, tier(2), func(l *allocation.Line) { l.Rank.Class, l.Ship = allocation.Fill, allocation.ShipPartial }))
		receive(t, s, 1)
		if ship == allocation.ShipOrder {
			decide(t, s, allocation.Adjust{SKU: "Y", Qty: 1}) // whole
		}
		for _, id := range []allocation.LineID{"A/1", "A/2"} {
			l := *s.Lines[id]
			l.Rank.Tier = 3
			s.Put(l)
		}
		d := decide(t, s, allocation.Demand{Changed: []allocation.OrderID{"A"}})
		assert.Empty(t, d.Moves, ship)
	}
}

func TestAnOrderRaisedAgainKeepsWhatWasToBeBroughtBack(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 4))
	receive(t, s, 4)
	decide(t, s, allocation.Stage{Line: "A/1", Qty: 3}, wants(1))
	l := s.Lines["A/1"]
	state := func() [4]int64 { return [4]int64{l.Ordered, l.Cancelled, l.Excess, l.Open()} }
	assert.Equal(t, [4]int64{4, 1, 2, 0}, state(), "3 are staged and stay, 2 of them are too many")
	assert.Empty(t, decide(t, s, wants(1)).Returns)
	assert.Equal(t, [4]int64{4, 1, 2, 0}, state(), "nothing new")
	assert.Equal(t, []allocation.Given{{Line: "A/1", Qty: 1}}, decide(t, s, wants(0)).Returns, "one more")
	decide(t, s, wants(1))
	decide(t, s, wants(2))
	assert.Equal(t, [4]int64{4, 1, 1, 0}, state(), "one of them is wanted again")
	decide(t, s, wants(5))
	assert.Equal(t, [4]int64{5, 0, 0, 2}, state(), "the other too, the cancel is taken back, and 1 is ordered anew")
}

func TestWhatIsOrderedIsTheMostThatALineEverWasToGet(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 4))
	l := s.Lines["A/1"]
	for _, x := range []struct{ want, ordered, cancelled int64 }{{7, 7, 0}, {4, 7, 3}, {5, 7, 2}, {0, 7, 7}, {8, 8, 0}} {
		decide(t, s, wants(x.want))
		assert.Equal(t, [2]int64{x.ordered, x.cancelled}, [2]int64{l.Ordered, l.Cancelled}, "wants %d", x.want)
	}
	decide(t, s, allocation.Demand{Wants: []allocation.Want{{Line: "A/1", Qty: 6, Ordered: 10}}})
	assert.Equal(t, [2]int64{10, 4}, [2]int64{l.Ordered, l.Cancelled}, "this site was not told of all versions")
	l.Right = 10
	receive(t, s, 10)
	assert.EqualValues(t, 6, l.Allocated)
}

// A site may have been given more than a line lacks; what is wanted already takes
// nothing of that away.
func TestTheSameDemandAgainChangesNothing(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 2, func(l *allocation.Line) { l.Right = 5 }))
	assert.Empty(t, decide(t, s, wants(2)).Lines)
}

func TestAnOrderWantsAQuantityThatExists(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 1))
	assert.Equal(t, allocation.WhyQuantity, refused(t, s, wants(-1)).Code)
	assert.Equal(t, allocation.WhyQuantity, refused(t, s, wants(allocation.MaxQty+1)).Code)
	decide(t, s, wants(allocation.MaxQty), wants(0))
}

// A changed order trades by its new rank, each of its lines, whatever else the
// event says of it.
func TestEveryLineOfAnOrderThatWasRankedAnewTrades(t *testing.T) {
	second := func(sku allocation.SKU) func(*allocation.Line) {
		return func(l *allocation.Line) { l.Rank.Line, l.SKU = allocation.MakeLineID(l.Rank.Order, "2"), sku }
	}
	s := site(t, allocation.Rules{}, line("A", 1), line("A", 1, second("Y")))
	receive(t, s, 1)
	decide(t, s, allocation.Adjust{SKU: "Y", Qty: 1})
	s.Put(line("B", 1))
	s.Put(line("B", 1, second("Y")))
	for _, id := range []allocation.LineID{"B/1", "B/2"} {
		l := *s.Lines[id]
		l.Rank.Tier = 1
		s.Put(l)
	}
	decide(t, s, allocation.Demand{Changed: []allocation.OrderID{"B"}})
	assert.Equal(t, [2]int64{1, 1}, [2]int64{s.Lines["B/1"].Allocated, s.Lines["B/2"].Allocated})
}

// A unit that an order loses closes its gate: what it gathered beside may be taken
// by better lines then.
func TestAGateThatClosesLetsGoOfItsOtherGoods(t *testing.T) {
	whole := func(l *allocation.Line) { l.Rank.Tier, l.Ship = 3, allocation.ShipOrder }
	other := line("A", 1, whole, func(l *allocation.Line) { l.Rank.Line, l.SKU = "A/2", "Y" })
	s := site(t, allocation.Rules{}, line("A", 1, whole), other)
	receive(t, s, 1)
	decide(t, s, allocation.Adjust{SKU: "Y", Qty: 1})
	s.Put(line("B", 1, func(l *allocation.Line) { l.Rank.Tier, l.SKU = 1, "Y" }))
	assert.Empty(t, decide(t, s, allocation.Offer{SKUs: []allocation.SKU{"Y"}}).Moves, "the gate is open")
	decide(t, s, allocation.Regrade{SKU: "X", Qty: 1, From: allocation.Good, To: allocation.Damaged})
	assert.Equal(t, [2]int64{0, 1}, [2]int64{s.Lines["A/2"].Allocated, s.Lines["B/1"].Allocated})
}

func TestAWinLineIsToldOfAsShortOnlyWhileItIs(t *testing.T) {
	win := func(l *allocation.Line) { l.Rank.Class = allocation.Win }
	s := site(t, allocation.Rules{}, line("A", 0, win))
	s.Lines["A/1"].Right = 3
	receive(t, s, 2)
	assert.Empty(t, decide(t, s, wants(2)).Short)
	assert.Equal(t, []allocation.LineID{"A/1"}, decide(t, s, wants(3)).Short)
}

// Behind many lines that cannot be served only those are read that can take
// something: also with remaining life, and with a gate that can be whole.
func TestALineBehindManyThatCannotBeServedGetsItsGoods(t *testing.T) {
	for name, edit := range map[string]func(*allocation.Line){
		"remaining life": func(l *allocation.Line) { l.MinLife = 29 },
		"gate":           func(l *allocation.Line) { l.Ship = allocation.ShipLine },
	} {
		lines := []allocation.Line{line("B", 2, edit)}
		for i := range 20 {
			lines = append(lines, line(fmt.Sprintf("A%02d", i), 2, func(l *allocation.Line) { l.Right = 0 }))
		}
		s := site(t, allocation.Rules{Gate: allocation.GateSkip}, lines...)
		d := decide(t, s, expiring("2026-07-01", 2))
		assert.Equal(t, int64(2), s.Lines["B/1"].Allocated, name)
		assert.True(t, d.Why.More || len(d.Why.Passed) == allocation.MaxPassed, name)
	}
}

func TestUnitsOfWhichNothingIsKnownArePlain(t *testing.T) {
	assert.True(t, allocation.Batch{SKU: "X"}.Plain())
	assert.False(t, allocation.Batch{SKU: "X", Lot: "1"}.Plain())
}

func TestAPolicyRefusesRulesThatCannotBe(t *testing.T) {
	for _, pct := range []int64{0, allocation.MaxOverPct} {
		_, err := allocation.NewPolicy("p", allocation.Rules{OverPct: pct})
		assert.NoError(t, err)
	}
	for _, pct := range []int64{-1, allocation.MaxOverPct + 1} {
		_, err := allocation.NewPolicy("p", allocation.Rules{OverPct: pct})
		assert.ErrorContains(t, err, "is not between 0 and 1000")
	}
	for text, all := range map[string][]allocation.Guarantee{
		"segment is missing":               {{Qty: 1}},
		"has two guarantees":               {{Segment: "B", Qty: 1}, {Segment: "B", Qty: 2}},
		"quantity 0 is not between 1":      {{Segment: "B"}},
		`segment "C": quantity 1000001 is`: {{Segment: "B", Qty: 1}, {Segment: "C", Qty: allocation.MaxQty + 1}},
	} {
		_, err := allocation.NewPolicy("p", allocation.Rules{Guarantees: all})
		assert.ErrorContains(t, err, text)
	}
}

func TestGoodsThatStandInForSeveralGoToTheBestOfAllTheirLines(t *testing.T) {
	of := func(sku allocation.SKU, tier int) func(*allocation.Line) {
		return func(l *allocation.Line) { l.SKU, l.Rank.Tier = sku, tier }
	}
	s := site(t, allocation.Rules{}, line("A", 1, of("P", 2)), line("B", 1, of("Q", 1)))
	for _, sku := range []allocation.SKU{"P", "Q"} {
		s.SetSubstitutes(sku, []allocation.SKU{"X"})
	}
	receive(t, s, 1)
	assert.Equal(t, [2]int64{0, 1}, [2]int64{s.Lines["A/1"].Allocated, s.Lines["B/1"].Allocated})
}

func TestADecisionNamesNobodyWhomNothingWentPast(t *testing.T) {
	s := site(t, allocation.Rules{}, line("A", 1), line("B", 5))
	assert.Empty(t, receive(t, s, 1).Why.Passed, "all was given before B's turn")
	s = site(t, allocation.Rules{Guarantees: []allocation.Guarantee{{Segment: "S", Qty: 1}}}, line("A", 5), line("B", 1, func(l *allocation.Line) { l.Segment = "S" }))
	d := receive(t, s, 1)
	require.Len(t, d.Moves, 1)
	assert.Equal(t, [2]any{allocation.ByGuarantee, allocation.LineID("A/1")}, [2]any{d.Moves[0].By, d.Moves[0].Over})
}
