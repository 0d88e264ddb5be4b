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

// The sentence at the dock is: import the item, then scan it again.
func TestAKnownCodeTakesThePlaceOfTheScanThatKeptIt(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan("Z-9")
	h.scan("Z-9")
	h.scan(strangePallet)
	h.send(wire.Command{Item: &wire.Item{SKU: "Z-9"}}, wire.Command{Inbound: &wire.Inbound{ID: "P", Version: 1,
		Pallets: []wire.Pallet{{SSCC: strangePallet[5:], Lines: []wire.InboundLine{{SKU: "X", Qty: 7}}}}}})
	assert.Equal(t, int64(2), h.waits()[allocation.WhyUnknown], "until it is scanned again")
	require.Equal(t, allocation.Stock, h.scan("Z-9").Verdict)
	assert.Equal(t, int64(1), h.waits()[allocation.WhyUnknown])
	require.Equal(t, allocation.Stock, h.scan(strangePallet).Verdict)
	assert.NotContains(t, h.waits(), allocation.WhyNotASN)
	h.scan("DF:UNDO")
	assert.Equal(t, int64(1), h.waits()[allocation.WhyNotASN], "an undo leaves it lying there")
	for range 3 {
		require.Equal(t, allocation.Stock, h.scan("Z-9").Verdict)
	}
	assert.NotContains(t, h.waits(), allocation.WhyUnknown)
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
		if _, err := tx.Allocate("A/1", 2); err != nil {
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
	h.send(wire.Command{Item: &wire.Item{SKU: "Z-9"}})
	assert.Equal(t, int64(1), h.waits()[allocation.WhyUnknown])
	require.Equal(t, allocation.Stock, h.scan("Z-9").Verdict)
	assert.Empty(t, h.stands().Held)
}
