package agent

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

const strangePallet = "]C100395012345000000011"

func (h *house) stands() dock.Status {
	h.t.Helper()
	s, err := h.Status(h.t.Context())
	require.NoError(h.t, err)
	return s
}

// waits is how many units wait for each reason.
func (h *house) waits() map[allocation.WhyCode]int64 {
	units := map[allocation.WhyCode]int64{}
	for _, w := range h.stands().Held {
		assert.False(h.t, w.Since.IsZero(), w.Why)
		units[w.Why] = w.Units
	}
	return units
}

// Whoever scans sees what is owed now, not what was owed a moment ago.
func TestTheFiguresFollowEveryVerdict(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 3)
	h.order("B", 2, "X", 40)
	owed := func(units, lines, orders, complete, free int64) {
		t.Helper()
		s := h.stands()
		assert.Equal(t, dock.Owed{Units: units, Lines: lines, Orders: orders}, s.Owed)
		assert.Equal(t, []int64{complete, free}, []int64{s.Totals.OrdersComplete, s.Totals.Free})
	}
	owed(43, 2, 2, 0, 0)
	for n := range int64(12) {
		require.Equal(t, allocation.Allocated, h.scan(eachGTIN).Verdict)
		open := int64(1)
		if n < 2 {
			open = 2
		}
		owed(42-n, open, open, 2-open, 0)
	}
	h.scan("DF:UNDO")
	owed(32, 1, 1, 1, 0)
	h.scan("Y")
	owed(32, 1, 1, 1, 1)
	h.send(orderCommand("B", 2, 2, "X", 8))
	owed(0, 0, 0, 2, 1)
	h.send(wire.Command{Order: &wire.Order{ID: "A", Version: 2, Class: allocation.Redistribute}})
	owed(0, 0, 0, 1, 4)
	h.send(orderCommand("A", 3, 2, "X", 5))
	owed(5, 1, 1, 1, 4)
	before := h.stands()
	require.NoError(t, h.stop())
	h.start()
	after := h.stands()
	assert.Equal(t, []any{before.Owed, before.Totals, before.Tasks}, []any{after.Owed, after.Totals, after.Tasks}, "a restart counts from the rows")
}

// What is set aside waits for people, so people must see it.
func TestWhatIsSetAsideIsCountedByItsReason(t *testing.T) {
	h := newHouse(t)
	h.items()
	assert.Empty(t, h.stands().Held)
	for _, code := range []string{"DF:HOLD", caseGTIN, "DF:DAMAGED", "X", "DF:QTY 4", "nobody knows", "nobody knows", "another one", strangePallet} {
		h.scan(code)
	}
	assert.Equal(t, map[allocation.WhyCode]int64{
		allocation.WhyOnHold: 12, allocation.WhyDamaged: 1, allocation.WhyUnknown: 6, allocation.WhyNotASN: 1,
	}, h.waits())
	kept, err := h.Kept(t.Context(), 2)
	require.NoError(t, err)
	require.Len(t, kept, 2, "no more than were asked for")
	assert.Equal(t, []any{"nobody knows", int64(5), int64(2)}, []any{kept[0].Code, kept[0].Units, kept[0].Scans}, "the oldest first, a code once")
	e := h.events()
	assert.EqualValues(t, 4, e[len(e)-4].Scan.Times, "the centre learns how often a kept code counts")
	h.scan("DF:UNDO")
	h.scan("DF:UNDO")
	assert.Equal(t, int64(5), h.waits()[allocation.WhyUnknown])
	assert.NotContains(t, h.waits(), allocation.WhyNotASN)
}

// What was kept is received when its code becomes known; a later scan of the code is
// another unit.
func TestAKeptCodeIsReceivedWhenItBecomesKnown(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "Z-9", 1)
	h.scan("Z-9")
	read := h.events()[h.head().Seq-1]
	h.scan("DF:DAMAGED")
	h.scan("Z-9")
	h.scanAt("2", strangePallet)
	h.send(wire.Command{Item: &wire.Item{SKU: "Z-9", Putaway: "Z"}})
	assert.Equal(t, map[allocation.WhyCode]int64{allocation.WhyNotASN: 1, allocation.WhyDamaged: 1}, h.waits())
	assert.EqualValues(t, 1, h.line("A/1").Allocated)
	tasks, err := h.Tasks(t.Context())
	require.NoError(t, err)
	require.Len(t, tasks, 1, "it lies set aside: somebody must carry it")
	assert.Equal(t, []string{"PICK", "A/1"}, []string{tasks[0].Kind, tasks[0].To})
	all := h.events()
	got := all[len(all)-3]
	require.NotNil(t, got.Scan)
	assert.Equal(t, read.Seq, got.Scan.Kept)
	assert.Equal(t, *read.Scan.At, *got.Scan.At, "its scan time is kept")

	h.send(wire.Command{Inbound: &wire.Inbound{ID: "P", Version: 1, Pallets: []wire.Pallet{{SSCC: strangePallet[5:], Lines: []wire.InboundLine{{SKU: "X", Qty: 7}}}}}})
	assert.EqualValues(t, 7, h.free("X"))
	assert.Equal(t, allocation.WhyDuplicate, h.scan(strangePallet).Why)
	require.Equal(t, allocation.Stock, h.scan("Z-9").Verdict, "another unit")
	assert.Equal(t, allocation.WhyUndone, h.scanAt("2", "DF:UNDO").Why)
	assert.Zero(t, h.free("X"), "the station's undo takes back what was received since")
	assert.Equal(t, allocation.WhyNothing, h.scanAt("2", "DF:UNDO").Why)
	assert.Equal(t, allocation.Stock, h.scan(strangePallet).Verdict, "the pallet may come again")
}

// It lies set aside, so it is staged at no door though the house stages at the beep.
func TestWhatWasKeptIsNotStagedWhenItBecomesKnown(t *testing.T) {
	h := newHouse(t)
	h.send(wire.Command{Policy: &wire.Policy{Version: "2", StageAtBeep: true}})
	h.order("A", 1, "Z-9", 1)
	h.scan("Z-9")
	h.send(wire.Command{Item: &wire.Item{SKU: "Z-9", Putaway: "Z"}})
	l := h.line("A/1")
	assert.Equal(t, []int64{1, 0}, []int64{l.Allocated, l.Staged})
	assert.Equal(t, []string{"PICK 1 of Z-9 from the set-aside place to A/1, door 7"}, h.tasks())
}

// A person says what a code is: what was scanned is received by the rank that holds
// then, and the next scan of the code needs nobody.
func TestACodeThatIsMappedIsReceivedAndKnownFromThenOn(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan("DF:QTY 2")
	h.scan("what is this")
	h.order("A", 1, "X", 20)
	h.send(wire.Command{Map: &wire.Map{Code: []byte("what is this"), SKU: "X", Qty: 6}})
	assert.EqualValues(t, 12, h.line("A/1").Allocated)
	f := h.scan("what is this")
	assert.Equal(t, allocation.Allocated, f.Verdict, f.Text)
	assert.EqualValues(t, 6, f.Qty)
	before := h.head().Seq
	h.send(wire.Command{Map: &wire.Map{Code: []byte("what is this"), SKU: "X"}})
	require.Equal(t, before+1, h.head().Seq)
	assert.Contains(t, h.events()[before].Applied.Refused[0].Message, "quantity 0 is not between")
}

// A person's word is about goods, not about one label: what differs in lot or serial
// alone is received with it, each scan with its own time.
func TestLabelsOfOneGTINAreMappedTogether(t *testing.T) {
	h := newHouse(t)
	h.items()
	const strange = "]C10104012345678901"
	for _, serial := range []string{"A", "B"} {
		f := h.scan(strange + "21" + serial)
		require.Equal(t, allocation.WhyUnknown, f.Why, f.Text)
	}
	f := h.scan(strange + "21A")
	assert.Equal(t, allocation.WhyDuplicate, f.Why, "the same carton once more")
	h.order("late", 2, "X", 1)
	h.order("soon", 1, "X", 2)
	h.send(wire.Command{Map: &wire.Map{Code: []byte(strange + "21A"), SKU: "X", Qty: 1}})
	assert.EqualValues(t, 2, h.line("soon/1").Allocated, "by the rank that holds now")
	assert.Empty(t, h.stands().Held)
	var read, taken []*wire.Scan
	for _, e := range h.events() {
		switch {
		case e.Scan != nil && e.Scan.Why == allocation.WhyUnknown:
			read = append(read, e.Scan)
		case e.Scan != nil:
			taken = append(taken, e.Scan)
		}
	}
	require.Len(t, read, 2)
	require.Len(t, taken, 2)
	for i, serial := range []string{"A", "B"} {
		assert.Equal(t, serial, taken[i].Receipts[0].Serial)
		assert.Equal(t, *read[i].At, *taken[i].At, "its scan time is kept")
	}
	assert.Equal(t, allocation.Allocated, h.scan(strange+"21C").Verdict, "the next one needs nobody")
	assert.Equal(t, allocation.Stock, h.scan("4012345678901").Verdict, "nor does the bare GTIN")
	assert.Equal(t, allocation.WhyDuplicate, h.scan(strange+"21B").Why)
}

// "Since" is when the first of those that lie there now came.
func TestHeldUnitsAreAsOldAsTheFirstThatIsStillThere(t *testing.T) {
	h := newHouse(t)
	h.items()
	since := func() int64 { return h.stands().Held[0].Since.UnixNano() }
	h.scan("DF:DAMAGED")
	h.scan("X")
	first := since()
	h.scan("DF:DAMAGED")
	h.scan("X")
	assert.Equal(t, first, since())
	h.scan("DF:UNDO")
	h.scan("DF:UNDO")
	assert.Empty(t, h.stands().Held)
	h.scan("DF:DAMAGED")
	h.scan("X")
	assert.Greater(t, since(), first)
}

// A pallet is one thing in the world: a quantity card before it is a mistake.
func TestAQuantityCardDoesNotMultiplyAPallet(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan("DF:QTY 3")
	f := h.scan(strangePallet)
	assert.Equal(t, allocation.Stop, f.Verdict)
	assert.Contains(t, f.Text, "scan the card DF:QTY 1, then the pallet again")
	h.scan("DF:QTY 1")
	assert.Equal(t, allocation.Held, h.scan(strangePallet).Verdict)
	assert.Equal(t, int64(1), h.waits()[allocation.WhyNotASN])
}

// The counts that a page reads cost no walk over the lines.
func TestTheCountsStayInStepWhereAWriteIsTakenBack(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 3)
	err := h.writer.wait(t.Context(), func(tx *store.Tx) error {
		if _, err := h.desk.decide(tx, input{Event: allocation.Adjust{SKU: "X", Qty: 2}}); err != nil {
			return err
		}
		return assert.AnError
	})
	require.ErrorIs(t, err, assert.AnError)
	assert.EqualValues(t, 3, h.stands().Owed.Units)
}

// A restart in between changes nothing of it.
func TestAKeptCodeIsFoundAgainAfterARestart(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan("Z-9")
	require.NoError(t, h.stop())
	h.start()
	require.Equal(t, int64(1), h.waits()[allocation.WhyUnknown])
	h.send(wire.Command{Item: &wire.Item{SKU: "Z-9"}})
	assert.Empty(t, h.stands().Held)
	assert.EqualValues(t, 1, h.free("Z-9"))
}

// A line of class win that is not filled whole stands at the site until it is, however
// it came to lack units: no log line may be all that tells of it.
func TestALineThatIsToBeFilledWholeStandsAtTheSiteUntilItIs(t *testing.T) {
	h := newHouse(t)
	h.items()
	win := orderCommand("O7", 1, 1, "X", 3)
	win.Order.Class = allocation.Win
	h.order("A", 1, "X", 9)
	h.scan("DF:QTY 3")
	h.scan(eachGTIN)
	assert.Empty(t, h.stands().Short, "an order of another class may wait")
	h.send(win, grantCommand("O7", 3))
	assert.Empty(t, h.stands().Short, "it took what it wants")

	lacks := func(n int64) []dock.Short { return []dock.Short{{Line: "O7/1", SKU: "X", Qty: n}} }
	h.scan("DF:UNDO")
	s := h.stands()
	require.Equal(t, lacks(3), s.Short)
	assert.Equal(t, "O7/1 is to be filled whole and lacks 3 of X", s.Short[0].Text())
	h.scan(eachGTIN)
	assert.Equal(t, lacks(2), h.stands().Short)
	h.do(wire.Deed{Kind: wire.DeedRegrade, SKU: "X", Qty: 1, From: allocation.Good, To: allocation.Damaged})
	assert.Equal(t, lacks(3), h.stands().Short)
	h.scan("DF:QTY 3")
	h.scan(eachGTIN)
	assert.Empty(t, h.stands().Short)

	more := orderCommand("O7", 2, 1, "X", 5)
	more.Order.Class = allocation.Win
	h.send(more, grantCommand("O7", 5))
	assert.Equal(t, lacks(2), h.stands().Short)
	less := orderCommand("O7", 3, 1, "X", 3)
	less.Order.Class = allocation.Win
	h.send(less)
	assert.Empty(t, h.stands().Short, "what it lacked was cancelled")
	more.Order.Version = 4
	h.send(more, grantCommand("O7", 7)) // the right to 2 went back with the cancel
	require.Equal(t, lacks(2), h.stands().Short)
	more.Order.Version, more.Order.Class = 5, allocation.Gain
	h.send(more)
	assert.Empty(t, h.stands().Short, "a person changed its class")
}

// What a mapped code stands for lies where it was set aside, wherever it is to go.
func TestWhatWasSetAsideIsFetchedFromThere(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan("MYSTERY-7")
	h.order("O1", 1, "X", 2)
	h.send(wire.Command{Map: &wire.Map{Code: []byte("MYSTERY-7"), SKU: "X", Qty: 5}})
	require.Equal(t, []string{"PICK 2 of X from the set-aside place to O1/1, door 7", "PUTAWAY 3 of X from the set-aside place to A-04"}, h.tasks())
	h.order("O2", 2, "X", 1)
	assert.Equal(t, []string{"PICK 2 of X from the set-aside place to O1/1, door 7", "PUTAWAY 2 of X from the set-aside place to A-04",
		"PICK 1 of X from the set-aside place to O2/1, door 7"}, h.tasks(), "it goes there at once")
	h.scanAt("2", "DF:DONE")
	h.scanAt("2", "DF:DONE")
	assert.EqualValues(t, 2, h.free("X"))
	assert.EqualValues(t, 2, h.line("O1/1").Picked)
	h.order("O3", 3, "X", 1)
	assert.Contains(t, h.tasks(), "PICK 1 of X from A-04 to O3/1, door 7", "it was put away")
}

// Units that were given on are taken back from whom the books say: what lies at their
// doors takes the place of the carton that is gone.
func TestAnUndoneScanWhoseUnitsWereTakenLeavesTasksThatCanBeDone(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scanAt("2", "MYSTERY-7")
	h.order("O1", 3, "X", 2)
	h.send(wire.Command{Map: &wire.Map{Code: []byte("MYSTERY-7"), SKU: "X", Qty: 2}})
	for _, id := range []string{"O2", "M1"} {
		h.order(id, 2, "X", 1)
		h.scan(eachGTIN)
	}
	win := orderCommand("K1", 1, 5, "X", 2)
	win.Order.Class = allocation.Win
	h.send(win, grantCommand("K1", 2))
	require.Equal(t, []string{"PICK 2 of X from the set-aside place to K1/1, door 7"}, h.tasks())
	require.Equal(t, allocation.WhyUndone, h.scanAt("2", "DF:UNDO").Why)
	require.EqualValues(t, 2, h.line("K1/1").Allocated)
	assert.Equal(t, []string{"MOVE 1 of X from O2/1 to K1/1, door 7", "MOVE 1 of X from M1/1 to K1/1, door 7"}, h.tasks())
}

// The same where the undone unit lies at a door.
func TestAnUndoneUnitIsMovedFromItsDoorNoMore(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("O1", 3, "X", 1)
	h.scanAt("2", eachGTIN)
	h.order("O2", 2, "X", 1)
	h.scan(eachGTIN)
	win := orderCommand("K1", 1, 5, "X", 1)
	win.Order.Class = allocation.Win
	h.send(win, grantCommand("K1", 1))
	require.Equal(t, []string{"MOVE 1 of X from O1/1 to K1/1, door 7"}, h.tasks())
	h.scanAt("2", "DF:UNDO")
	assert.Equal(t, []string{"MOVE 1 of X from O2/1 to K1/1, door 7"}, h.tasks())
	h.scan("DF:UNDO") // its unit is K1's now
	assert.Empty(t, h.tasks())
	assert.Zero(t, h.line("K1/1").Allocated)
}

// An item of two pieces would count twice.
func TestAPieceOfAnItemCannotBeMappedAsAUnit(t *testing.T) {
	h := newHouse(t)
	h.items()
	piece := "]C18006095060001343520102"
	require.Equal(t, allocation.Held, h.scan(piece).Verdict)
	h.send(wire.Command{Map: &wire.Map{Code: []byte(piece), SKU: "X", Qty: 1}})
	all := h.events()
	refused := all[len(all)-1].Applied.Refused
	require.Len(t, refused, 1)
	assert.Contains(t, refused[0].Message, "is piece 1 of 2 of item 09506000134352 and no unit by itself: nothing was mapped; receive the item by a code of the whole")
	assert.Zero(t, h.free("X"))
	assert.Equal(t, allocation.Held, h.scan(piece).Verdict)
}
