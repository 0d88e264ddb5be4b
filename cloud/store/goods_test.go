package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
)

// put writes an order with a line for each SKU.
func put(t *testing.T, s *store.Store, o store.Order, lines ...store.Line) {
	t.Helper()
	update(t, s, func(tx *store.Tx) error {
		_, err := tx.AddSite(ctx, o.Site)
		require.NoError(t, err)
		require.NoError(t, tx.PutOrders(ctx, []*store.Order{&o}))
		for i := range lines {
			l := &lines[i]
			l.Order, l.Line, l.Site, l.Accepted = o.ID, fmt.Sprint(i+1), o.Site, o.Accepted
			l.ID = allocation.MakeLineID(o.ID, l.Line)
			require.NoError(t, tx.PutLines(ctx, []*store.Line{l}))
		}
		return nil
	})
}

func wants(sku allocation.SKU, qty int64) store.Line {
	return store.Line{SKU: sku, Ordered: qty, Wanted: qty, Effective: qty}
}

func linesOf(g promise.Goods) (ids []allocation.LineID) {
	for _, l := range g.Lines {
		ids = append(ids, l.ID())
	}
	slices.Sort(ids)
	return ids
}

func TestALineIsReadAsItsSiteRanksIt(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		at := time.Date(2027, 1, 31, 8, 30, 0, 1, time.UTC)
		o := store.Order{ID: "O1", Site: "leeds", Segment: "B", Ranking: store.Ranking{Override: 1, Contract: 2, Tier: 3}, Requested: "2027-02-01", Accepted: at, Ship: allocation.ShipLine}
		half := wants("X", 9)
		half.Pack, half.MinLife, half.Wanted, half.Allocated, half.Staged = 3, 30, 8, 5, 2
		settled := wants("X", 4)
		settled.Wanted, settled.Allocated = 1, 1 // the site may still give it 3, and nothing is wanted
		put(t, s, o, half, settled, wants("Y", 1))
		p, err := s.Prospect(ctx, []allocation.SKU{"X"}, nil)
		require.NoError(t, err)
		assert.Equal(t, []allocation.Line{{SKU: "X", Segment: "B", Ship: allocation.ShipLine, Pack: 3, MinLife: 30, Ordered: 8, Allocated: 5, Staged: 2, Right: 3,
			Rank: allocation.Rank{Override: 1, Class: allocation.Redistribute, Contract: 2, Tier: 3, Due: "2027-02-01", Accepted: at, Order: "O1", Line: "O1/1"}}}, p.Sites["leeds"].Lines)
		assert.Equal(t, "default", p.Policy.Version)
	})
}

// Each site has its own goods, and what hangs together is read together.
func TestAProspectReachesAsFarAsItMust(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		whole := store.Order{ID: "O1", Site: "leeds", Ship: allocation.ShipOrder, Segment: "B"}
		put(t, s, whole, wants("X", 5), wants("Y", 1))
		put(t, s, store.Order{ID: "O2", Site: "leeds", Segment: "B"}, wants("Y", 7), wants("Z", 1))
		put(t, s, store.Order{ID: "O3", Site: "york"}, wants("X", 2), wants("S", 1))
		update(t, s, func(tx *store.Tx) error {
			require.NoError(t, tx.PutItems(ctx, []*store.Item{{SKU: "Z", Substitutes: []allocation.SKU{"S"}}}))
			return tx.PutInbound(ctx, []*store.Inbound{{ID: "PO1", Site: "york", Expected: "2027-06-10", Pallets: []store.Pallet{{SSCC: "1", Lines: []store.SupplyLine{{SKU: "X", Qty: 4}}}, {SSCC: "2", Lines: []store.SupplyLine{{SKU: "X", Qty: 2}}}}}})
		})
		p, err := s.Prospect(ctx, []allocation.SKU{"X"}, nil)
		require.NoError(t, err)
		assert.Equal(t, []allocation.LineID{"O1/1"}, linesOf(p.Sites["leeds"]))
		assert.Equal(t, []allocation.LineID{"O3/1"}, linesOf(p.Sites["york"]))
		assert.Equal(t, []promise.Supply{{Inbound: "PO1", SKU: "X", Expected: "2027-06-10", Qty: 6}}, p.Sites["york"].Supply)
		assert.Empty(t, p.Sites["leeds"].Supply)

		p, err = s.Prospect(ctx, []allocation.SKU{"S"}, []allocation.OrderID{"O1"})
		require.NoError(t, err)
		assert.Equal(t, []allocation.LineID{"O1/1", "O1/2", "O2/1", "O2/2"}, linesOf(p.Sites["leeds"]), "the order's goods, and those that S may serve")
		assert.Equal(t, map[allocation.SKU][]allocation.SKU{"Z": {"S"}}, p.Sites["leeds"].Substitutes)

		skip, err := allocation.NewPolicy("skip", allocation.Rules{Gate: allocation.GateSkip, Guarantees: []allocation.Guarantee{{Segment: "B", Qty: 3}}})
		require.NoError(t, err)
		filled := wants("Y", 2)
		filled.Allocated = 2
		put(t, s, store.Order{ID: "O4", Site: "leeds", Segment: "B"}, filled)
		update(t, s, func(tx *store.Tx) error {
			_, err := tx.SetPolicy(ctx, time.Now(), skip)
			return err
		})
		p, err = s.Prospect(ctx, []allocation.SKU{"X"}, nil)
		require.NoError(t, err)
		assert.Equal(t, []allocation.LineID{"O1/1", "O1/2", "O2/1"}, linesOf(p.Sites["leeds"]), "order O1 gets X and Y together")
		assert.EqualValues(t, 2, p.Sites["leeds"].Guaranteed[promise.Share{Segment: "B", SKU: "Y"}])
	})
}

// Orders can tie a whole house together. It is not read for one page: gates count as
// under mode hold then.
func TestAProspectDoesNotReachOverTheWholeHouse(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		skip, err := allocation.NewPolicy("skip", allocation.Rules{Gate: allocation.GateSkip})
		require.NoError(t, err)
		update(t, s, func(tx *store.Tx) error {
			_, err := tx.SetPolicy(ctx, time.Now(), skip)
			return err
		})
		var all []store.Line
		for i := range 300 {
			all = append(all, wants(allocation.SKU(fmt.Sprint("S", i)), 1))
		}
		put(t, s, store.Order{ID: "O1", Site: "leeds", Ship: allocation.ShipOrder}, all...)
		p, err := s.Prospect(ctx, []allocation.SKU{"S0"}, nil)
		require.NoError(t, err)
		assert.True(t, p.Sites["leeds"].Loose)
		assert.Len(t, p.Sites["leeds"].Lines, 1)
		p, err = s.Prospect(ctx, []allocation.SKU{"S0"}, []allocation.OrderID{"O1"})
		require.NoError(t, err)
		assert.Len(t, p.Sites["leeds"].Lines, 300, "what is asked for is read")
	})
}
