package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// two is a site with rights for two lines of 10, of which O1/1 got 4 units.
func two(c *centre) *pretend {
	c.take(orders(order("O1", 1, "leeds", 10), order("O2", 1, "leeds", 10)))
	s := c.join("leeds")
	s.obey(5)
	s.scan("X", 4, "O1/1", 4)
	return s
}

func TestUnitsMoveFromLineToLineWithTheirRights(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := two(c)
		scan := &wire.Scan{Station: "1", Verdict: allocation.Allocated, Why: allocation.WhyRanked, Receipts: []wire.Receipt{{SKU: "X", Qty: 1, Allocations: []wire.Allocation{{Line: "O2/1", Qty: 1}}}}}
		scan.Moves = []wire.Move{{SKU: "X", Qty: 3, From: "O1/1", To: "O2/1", By: allocation.ByClass, Over: "O1/1"}}
		s.log(wire.Event{Scan: scan})
		s.tellAll()
		assert.Zero(t, c.row("leeds").Poison, c.log.String())
		assert.Equal(t, rights.Registers{Granted: 10, Used: 4, Undone: 3}, c.held("O1/1")[s.incarnation])
		assert.Equal(t, rights.Registers{Granted: 10, Used: 4}, c.held("O2/1")[s.incarnation])
		assert.EqualValues(t, []int64{5, 5}, []int64{c.row("leeds").Units, c.row("leeds").Allocated})
		live, err := c.store.Live(ctx, "leeds", 1)
		require.NoError(t, err)
		assert.Equal(t, []store.LiveMove{{SKU: "X", Qty: 3, From: "O1/1", To: "O2/1", By: allocation.ByClass, Over: "O1/1"}}, live[0].Moves)
	})
}

// A line may lose what it has and get as much in one event, although it has no
// unspent right at any time.
func TestARightThatAnEventFreesServesTheSameEvent(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		c.take(orders(order("O1", 1, "leeds", 4), order("O2", 1, "leeds", 10)))
		s := c.join("leeds")
		s.obey(5)
		s.scan("X", 4, "O1/1", 4)
		s.log(wire.Event{Scan: &wire.Scan{Station: "1", Receipts: []wire.Receipt{{SKU: "X", Qty: 2, Allocations: []wire.Allocation{{Line: "O1/1", Qty: 2}}}},
			Moves: []wire.Move{{SKU: "X", Qty: 2, From: "O1/1", To: "O2/1"}}}})
		s.tellAll()
		assert.Zero(t, c.row("leeds").Poison, c.log.String())
		assert.Equal(t, rights.Registers{Granted: 4, Used: 6, Undone: 2}, c.held("O1/1")[s.incarnation])
	})
}

// What cannot be true is kept and not applied, whole.
func TestAnEventThatCannotBeTrueIsPoison(t *testing.T) {
	moves := func(m ...wire.Move) wire.Event { return wire.Event{Applied: &wire.Applied{Moves: m}} }
	deed := func(d wire.Deed) wire.Event { return wire.Event{Deed: &d} }
	receipt := func(r wire.Receipt) wire.Event {
		return wire.Event{Scan: &wire.Scan{Station: "1", Receipts: []wire.Receipt{r}}}
	}
	bad := map[string]wire.Event{
		"a shelf of no house":            moves(wire.Move{SKU: "X", Qty: 1, From: "attic", To: "free"}),
		"between two of nothing known":   moves(wire.Move{SKU: "X", Qty: 1, From: "attic", To: "cellar"}),
		"from outside to outside":        moves(wire.Move{SKU: "X", Qty: 1}),
		"to the same place":              moves(wire.Move{SKU: "X", Qty: 1, From: "O1/1", To: "O1/1"}),
		"less than nothing":              moves(wire.Move{SKU: "X", Qty: -1, From: "free", To: "O1/1"}),
		"nothing at all":                 moves(wire.Move{SKU: "X", From: "free", To: "O1/1"}),
		"of no item":                     moves(wire.Move{Qty: 1, From: "free", To: "O1/1"}),
		"surplus of no inbound":          moves(wire.Move{SKU: "X", Qty: 1, From: "surplus", To: "O1/1"}),
		"a line not known":               moves(wire.Move{SKU: "X", Qty: 1, From: "free", To: "NOPE/1"}),
		"more rights than there are":     moves(wire.Move{SKU: "X", Qty: 7, From: "free", To: "O1/1"}),
		"more than the line has":         moves(wire.Move{SKU: "X", Qty: 5, From: "O1/1", To: "free"}),
		"the second of two":              moves(wire.Move{SKU: "X", Qty: 1, From: "free", To: "O2/1"}, wire.Move{SKU: "X", Qty: 5, From: "O1/1", To: "free"}),
		"what is staged":                 moves(wire.Move{SKU: "X", Qty: 3, From: "O1/1", To: "O2/1"}),
		"rights below nothing":           {Applied: &wire.Applied{Returned: []wire.Right{{Line: "O1/1", Qty: -2}}}},
		"more rights than are unspent":   {Applied: &wire.Applied{Returned: []wire.Right{{Line: "O1/1", Qty: 7}}}},
		"more staged than the line has":  deed(wire.Deed{Kind: wire.DeedStage, Line: "O1/1", Qty: 3}),
		"more picked than the line has":  deed(wire.Deed{Kind: wire.DeedPick, Line: "O1/1", Qty: 3}),
		"more shipped than the line has": deed(wire.Deed{Kind: wire.DeedShip, Line: "O1/1", Qty: 5}),
		"staged of no line":              deed(wire.Deed{Kind: wire.DeedStage, Qty: 1}),
		"staged below nothing":           deed(wire.Deed{Kind: wire.DeedStage, Line: "O1/1", Qty: -1}),
		"a count corrected by nothing":   deed(wire.Deed{Kind: wire.DeedAdjust, SKU: "X"}),
		"a deed of a newer agent":        deed(wire.Deed{Kind: "juggle", Line: "O1/1", Qty: 1}),
		"surplus that is not counted":    receipt(wire.Receipt{SKU: "X", Qty: 3, Inbound: "P1", Free: 3, Surplus: 1}),
		"surplus below nothing":          receipt(wire.Receipt{SKU: "X", Qty: 3, Inbound: "P1", Free: 4, Surplus: -1}),
		"surplus of a scan, no inbound":  receipt(wire.Receipt{SKU: "X", Qty: 3, Free: 2, Surplus: 1}),
		"damaged surplus":                receipt(wire.Receipt{SKU: "X", Qty: 3, Inbound: "P1", Disposition: allocation.Damaged, Surplus: 3}),
		"given below nothing":            receipt(wire.Receipt{SKU: "X", Qty: 3, Free: 4, Allocations: []wire.Allocation{{Line: "O1/1", Qty: -1}}}),
		"the code of a later event":      {Scan: &wire.Scan{Station: "1", Kept: 1 << 40, Receipts: []wire.Receipt{{SKU: "X", Qty: 1, Free: 1}}}},
		"a kept code and nothing of it":  {Scan: &wire.Scan{Station: "1", Kept: 1}},
	}
	names := slices.Sorted(maps.Keys(bad))
	each(t, func(t *testing.T, c *centre) {
		var all []store.Order
		for n := range names {
			all = append(all, order(allocation.OrderID(fmt.Sprintf("A%02d", n)), 1, "leeds", 10), order(allocation.OrderID(fmt.Sprintf("B%02d", n)), 1, "leeds", 10))
		}
		c.take(orders(all...))
		s := c.join("leeds")
		s.obey(int64(1 + 2*len(all)))
		for n, name := range names { // each with two lines of its own
			first := fmt.Sprintf("A%02d/1", n)
			s.scan("X", 4, allocation.LineID(first), 4)
			s.log(wire.Event{Deed: &wire.Deed{Kind: wire.DeedStage, Line: allocation.LineID(first), Qty: 2}})
			e := bad[name]
			e.Seq = int64(len(s.bodies) + 1)
			body, err := e.Marshal()
			require.NoError(t, err)
			s.logRaw([]byte(strings.NewReplacer("O1/1", first, "O2/1", fmt.Sprintf("B%02d/1", n)).Replace(string(body))))
			s.tellAll()
			assert.EqualValues(t, n+1, c.row("leeds").Poison, name)
			assert.Equal(t, rights.Registers{Granted: 10, Used: 4}, c.held(allocation.LineID(first))[s.incarnation], name)
			assert.Equal(t, rights.Registers{Granted: 10}, c.held(allocation.LineID(fmt.Sprintf("B%02d/1", n)))[s.incarnation], name)
		}
		row, n := c.row("leeds"), int64(len(names))
		assert.EqualValues(t, []int64{n, 4 * n, 4 * n}, []int64{row.Scans, row.Units, row.Allocated})
		held, err := c.store.Held(ctx)
		require.NoError(t, err)
		assert.Empty(t, held)
	})
}

// A site that applied commands has applied them, whatever else is wrong with the
// event that says so.
func TestABadMoveDoesNotHoldUpTheCommands(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := two(c)
		s.log(wire.Event{Applied: &wire.Applied{Through: s.cursor, Moves: []wire.Move{{SKU: "X", Qty: 1, From: "attic"}}}})
		s.tellAll()
		assert.EqualValues(t, 1, c.row("leeds").Poison)
		assert.Zero(t, c.row("leeds").Behind)
	})
}

// A code that was kept and is known now counts once, and its scan was a scan when
// it was kept.
func TestAKeptCodeThatIsKnownNowWaitsNoLonger(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		keep := func() int64 {
			return s.log(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte("Z\x00"), Verdict: allocation.Held, Why: allocation.WhyUnknown, Times: 2}})
		}
		first, second := keep(), keep()
		require.NoError(t, s.register("O1/1").Apply(rights.Change{Used: 2}))
		taken := s.log(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte("Z\x00"), Verdict: allocation.Allocated, Why: allocation.WhyRanked, Kept: second, Times: 2,
			Receipts: []wire.Receipt{{SKU: "X", Qty: 2, Allocations: []wire.Allocation{{Line: "O1/1", Qty: 2}}}}}})
		s.tellAll()
		units := func() (units int64) {
			sums, err := c.store.Held(ctx)
			require.NoError(t, err)
			for _, h := range sums {
				units += h.Units
			}
			return units
		}
		assert.EqualValues(t, 2, units(), "the first of the two still waits")
		assert.EqualValues(t, []int64{2, 2, 2}, []int64{c.row("leeds").Scans, c.row("leeds").Units, c.row("leeds").Allocated})

		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Seqs: []int64{taken}, Moves: []wire.Move{{SKU: "X", Qty: 2, From: "O1/1"}}}})
		s.tellAll()
		assert.EqualValues(t, 4, units(), "it waits again")
		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Seqs: []int64{first}}})
		s.tellAll()
		assert.EqualValues(t, 2, units(), "an undo of the scan itself forgets it")
		assert.Zero(t, c.row("leeds").Poison)
	})
}

// What people decide of units that are set aside leaves less of them, those of the
// scan that is undone first.
func TestWhatIsSetAsideFallsByWhatPeopleDecide(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		receive := func(r wire.Receipt) int64 {
			return s.log(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte("c"), Verdict: allocation.Held, Why: allocation.WhySurplus, Receipts: []wire.Receipt{r}}})
		}
		receive(wire.Receipt{SKU: "X", Qty: 5, Free: 2, Surplus: 3, Inbound: "P1"})
		receive(wire.Receipt{SKU: "X", Qty: 4, Surplus: 4, Inbound: "P2"})
		hurt := receive(wire.Receipt{SKU: "X", Qty: 4, Disposition: allocation.Damaged})
		receive(wire.Receipt{SKU: "X", Qty: 2, Disposition: allocation.Damaged})
		s.log(wire.Event{Deed: &wire.Deed{Kind: wire.DeedApprove, Inbound: "P2", Qty: 3, Moves: []wire.Move{{SKU: "X", Qty: 3, From: "surplus", To: "free", Inbound: "P2"}}}})
		s.log(wire.Event{Deed: &wire.Deed{Kind: wire.DeedRegrade, SKU: "X", Qty: 1, From: allocation.Damaged, To: allocation.Hold, Moves: []wire.Move{{SKU: "X", Qty: 1, From: "damaged", To: "hold"}}}})
		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Seqs: []int64{hurt}, Moves: []wire.Move{{SKU: "X", Qty: 4, From: "damaged"}}}})
		s.tellAll()
		require.Zero(t, c.row("leeds").Poison, c.log.String())
		rows, total, err := c.store.HeldRows(ctx, "leeds", 0, 10)
		require.NoError(t, err)
		assert.EqualValues(t, 4, total)
		got := map[string]int64{}
		for _, r := range rows {
			got[string(r.Why)+string(r.Inbound)] = r.Units
		}
		assert.Equal(t, map[string]int64{"surplusP1": 3, "surplusP2": 1, "damaged": 1, "on-hold": 1}, got)
		assert.EqualValues(t, 9, c.row("leeds").Units, "good ones, surplus among them")
	})
}
