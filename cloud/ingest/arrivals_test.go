package ingest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

func inbound(id allocation.InboundID, version int64, site allocation.SiteID, day allocation.Date, qty int64) store.Inbound {
	return store.Inbound{ID: id, Version: version, Site: site, Expected: day, Lines: []store.SupplyLine{{SKU: "X", Qty: qty}}}
}

// expected gives the site's goods, and what PO1 and PO2 still have to bring.
func (c *centre) expected() (g promise.Goods, one, two int64) {
	c.t.Helper()
	p, err := c.store.Prospect(ctx, []allocation.SKU{"X"}, nil)
	require.NoError(c.t, err)
	g = p.Sites["leeds"]
	slices.SortFunc(g.Lines, func(a, b allocation.Line) int { return cmp.Compare(a.ID(), b.ID()) })
	for _, in := range g.Supply {
		switch in.Inbound {
		case "PO1":
			one = in.Qty
		case "PO2":
			two = in.Qty
		}
	}
	return g, one, two
}

func (c *centre) expect(one, two int64, text string) promise.Goods {
	c.t.Helper()
	g, a, b := c.expected()
	assert.Equal(c.t, []int64{one, two}, []int64{a, b}, text)
	return g
}

// What came is not promised again, by whatever scan the centre hears of it; and what
// was undone is still to come.
func TestTheCentreCountsWhatIsStillToCome(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		c.take(orders(order("O1", 1, "leeds", 5), order("O2", 1, "leeds", 8)))
		b := store.Batch{Inbound: []store.Inbound{inbound("PO2", 1, "leeds", "2027-06-20", 10), inbound("PO1", 1, "leeds", "2027-06-10", 6), inbound("PO3", 1, "york", "2027-06-01", 99)}}
		b.Inbound[0].Pallets = []store.Pallet{{SSCC: "003950110000000019", Lines: []store.SupplyLine{{SKU: "X", Qty: 4}}}}
		b.Inbound[0].Lines[0].Qty = 6
		c.take(b)
		s := c.join("leeds")
		s.obey(7)
		c.expect(6, 10, "nothing came: loose lines and what stands on pallets")
		s.scan("X", 4, "O1/1", 4)
		s.tellAll()
		g := c.expect(2, 10, "no scan said by what it came: by what is expected first")
		assert.Equal(t, []allocation.LineID{"O1/1", "O2/1"}, []allocation.LineID{g.Lines[0].ID(), g.Lines[1].ID()})
		assert.EqualValues(t, 1, g.Lines[0].Open())

		s.log(wire.Event{Scan: &wire.Scan{Station: "1", Receipts: []wire.Receipt{{SKU: "X", Qty: 3, Inbound: "PO2", Disposition: allocation.Damaged}}}})
		last := s.log(wire.Event{Scan: &wire.Scan{Station: "1", Receipts: []wire.Receipt{{SKU: "X", Qty: 4, Free: 4, Expiry: "2027-09-01"}}}})
		s.tellAll()
		g = c.expect(0, 5, "damaged units came too; what PO1 does not await is PO2's")
		assert.Equal(t, []allocation.Parcel{{Batch: allocation.Batch{SKU: "X", Expiry: "2027-09-01"}, Qty: 4}}, g.Stock)

		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Seqs: []int64{last}, Moves: []wire.Move{{SKU: "X", Qty: 4, From: "free", Expiry: "2027-09-01"}}}})
		s.log(wire.Event{Deed: &wire.Deed{Kind: wire.DeedAdjust, SKU: "X", Qty: 2, Reason: "found", Moves: []wire.Move{{SKU: "X", Qty: 2, To: "free"}}}})
		s.tellAll()
		g = c.expect(2, 7, "undone")
		assert.Equal(t, []allocation.Parcel{{Batch: allocation.Batch{SKU: "X"}, Qty: 2}}, g.Stock)

		closed := inbound("PO1", 2, "leeds", "2027-06-10", 6)
		closed.Closed = true
		c.take(store.Batch{Inbound: []store.Inbound{closed, inbound("PO2", 2, "leeds", "2027-06-25", 2)}})
		c.expect(0, 0, "closed short; and PO2 announces less than the 3 that came")
	})
}

// A site whose database was lost begins with nothing free, and its new life is
// never given the rights that the old one may have used.
func TestALostDatabaseTakesItsStockAndItsRightsAlong(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		c.take(orders(order("O1", 1, "leeds", 5)))
		s := c.join("leeds")
		s.obey(3)
		s.scan("X", 4, "O1/1", 2)
		s.tellAll()
		g, _, _ := c.expected()
		require.Len(t, g.Stock, 1)
		require.EqualValues(t, 3, g.Lines[0].Right)
		c.join("leeds")
		g, _, _ = c.expected()
		assert.Empty(t, g.Stock)
		assert.EqualValues(t, 3, g.Lines[0].Open())
		assert.Zero(t, g.Lines[0].Right)
	})
}
