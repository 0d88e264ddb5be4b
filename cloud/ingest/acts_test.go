package ingest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

func ptr[T any](v T) *T { return &v }

func TestAChangedOrderReachesItsSiteAsAPersonsChange(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		o, changed, err := c.ChangeOrder(ctx, "O1", store.Change{Class: ptr(allocation.Win), Promised: ptr(allocation.Date("2027-03-01"))})
		require.NoError(t, err)
		assert.True(t, changed)
		assert.Equal(t, store.Ranking{Class: allocation.Win, Promised: "2027-03-01"}, o.Ranking)
		s.obey(4)
		told := s.commands[3].Order
		assert.True(t, told.Changed)
		assert.Equal(t, []any{int64(2), allocation.Win, allocation.Date("2027-03-01"), int64(1000)}, []any{told.Version, told.Class, told.Promised, told.Lines[0].Qty})

		_, changed, err = c.ChangeOrder(ctx, "O1", store.Change{Class: ptr(allocation.Win)})
		require.NoError(t, err)
		assert.False(t, changed, "it stands so already")
		_, _, err = c.ChangeOrder(ctx, "NOPE", store.Change{Tier: ptr(1)})
		assert.ErrorIs(t, err, store.ErrNotFound)
		assert.EqualValues(t, 4, c.row("leeds").Behind, "nothing more was told")
	})
}

// The order system knows nothing of what a person changed here, and goes on
// counting its own versions.
func TestWhatAPersonChangedSurvivesTheOrderSystem(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		_, _, err := c.ChangeOrder(ctx, "O1", store.Change{Class: ptr(allocation.Win), Tier: ptr(1)})
		require.NoError(t, err)
		assert.Equal(t, 1, c.take(orders(order("O1", 1, "leeds", 1000))).Same)
		assert.Equal(t, 1, c.take(orders(order("O1", 2, "leeds", 900))).Changed)
		third := order("O1", 3, "leeds", 900)
		third.Tier = 2
		assert.Equal(t, 1, c.take(orders(third)).Changed)
		s.obey(6)
		for n, want := range []struct {
			version int64
			class   allocation.Class
			tier    int
			changed bool
		}{{2, allocation.Win, 1, true}, {3, allocation.Win, 1, false}, {4, allocation.Win, 2, false}} {
			o := s.commands[3+n].Order
			assert.Equal(t, want, struct {
				version int64
				class   allocation.Class
				tier    int
				changed bool
			}{o.Version, o.Class, o.Tier, o.Changed}, "command %d", 4+n)
		}
		v, err := c.store.Order(ctx, "O1")
		require.NoError(t, err)
		assert.EqualValues(t, 3, v.Version, "the order system's own")
	})
}

func TestWhatACodeIsReachesTheSiteAndItsNextDatabase(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		code := []byte("Z\x00\xff")
		var cannot *store.ActError
		require.ErrorAs(t, c.MapCode(ctx, "leeds", store.Alias{Code: code, SKU: "X", Qty: 2}), &cannot)
		assert.ErrorContains(t, cannot, "import the item first")
		c.take(store.Batch{Items: []store.Item{{SKU: "X"}}})
		require.ErrorIs(t, c.MapCode(ctx, "york", store.Alias{Code: code, SKU: "X", Qty: 2}), store.ErrNotFound)
		require.NoError(t, c.MapCode(ctx, "leeds", store.Alias{Code: code, SKU: "X", Qty: 1}))
		require.NoError(t, c.MapCode(ctx, "leeds", store.Alias{Code: code, SKU: "X", Qty: 2}))
		s.obey(6)
		want := &wire.Map{Code: code, SKU: "X", Qty: 2}
		assert.Equal(t, want, s.commands[5].Map)
		other := []byte("A")
		require.NoError(t, c.MapCode(ctx, "leeds", store.Alias{Code: other, SKU: "X", Qty: 7}))
		again := c.join("leeds")
		again.obey(4) // policy, item, codes
		assert.Equal(t, want, again.commands[2].Map, "the last word comes last")
		assert.Equal(t, other, again.commands[3].Map.Code)
	})
}

func TestAnApprovalGoesToTheSiteOfTheInbound(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		line := []store.SupplyLine{{SKU: "X", Qty: 1}}
		c.take(store.Batch{Inbound: []store.Inbound{{ID: "P1", Version: 1, Site: "leeds", Lines: line}, {ID: "P2", Version: 1, Site: "york", Lines: line}}})
		for text, err := range map[string]error{
			"P9 is not known":               c.Approve(ctx, "leeds", "P9", 1),
			"goes to site york":             c.Approve(ctx, "leeds", "P2", 1),
			"has received nothing":          c.Approve(ctx, "york", "P2", 1),
			store.ErrNotFound.Error() + "$": c.Approve(ctx, "hull", "P1", 1),
		} {
			assert.Regexp(t, text, err)
		}
		require.NoError(t, c.Approve(ctx, "leeds", "P1", 3))
		s.obey(5)
		assert.Equal(t, &wire.Approve{Inbound: "P1", Qty: 3}, s.commands[4].Approve)
	})
}

func TestAPolicyGoesToEverySiteAndStandsForItsRulesForEver(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		leeds, york := ready(c), c.join("york")
		york.obey(1)
		rules := allocation.Rules{Share: allocation.Fair, Gate: allocation.GateSkip, OverPct: 10, StageAtBeep: true, Guarantees: []allocation.Guarantee{{Segment: "web", Qty: 4}}}
		p, err := allocation.NewPolicy("2027-04", rules)
		require.NoError(t, err)
		changed, err := c.SetPolicy(ctx, p)
		require.NoError(t, err)
		assert.True(t, changed)
		leeds.obey(4)
		york.obey(2)
		want := wire.PolicyOf(p)
		assert.Equal(t, &want, leeds.commands[3].Policy)
		assert.Equal(t, &want, york.commands[1].Policy)
		hull := c.join("hull")
		hull.obey(1)
		assert.Equal(t, &want, hull.commands[0].Policy, "a site that comes later")

		changed, err = c.SetPolicy(ctx, p)
		require.NoError(t, err)
		assert.False(t, changed)
		rules.OverPct = 20
		other, err := allocation.NewPolicy("2027-04", rules)
		require.NoError(t, err)
		_, err = c.SetPolicy(ctx, other)
		assert.ErrorContains(t, err, `policy "2027-04" is known with other rules`)
		other, err = allocation.NewPolicy("default", rules)
		require.NoError(t, err)
		_, err = c.SetPolicy(ctx, other)
		assert.ErrorContains(t, err, `policy "default" is known with other rules`)

		// Back to what was, and forth once more.
		for _, p := range []allocation.Policy{allocation.DefaultPolicy(), p} {
			changed, err = c.SetPolicy(ctx, p)
			require.NoError(t, err)
			assert.True(t, changed)
			now, err := c.store.Policy(ctx)
			require.NoError(t, err)
			assert.Equal(t, p, now)
		}
	})
}

func TestTheNewFactsOfOrdersItemsAndSupplyReachTheSites(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := c.join("leeds")
		s.obey(1)
		o := order("O1", 1, "leeds", 12)
		o.Segment, o.Ship, o.Lines[0].Pack, o.Lines[0].MinLife = "web", allocation.ShipOrder, 6, 30
		item := store.Item{SKU: "X", Substitutes: []allocation.SKU{"Z", "Y"}}
		in := store.Inbound{ID: "P1", Version: 1, Site: "leeds", Tolerance: ptr(int64(0)), Lines: []store.SupplyLine{{SKU: "X", Qty: 1}}}
		all := store.Batch{Orders: []store.Order{o}, Items: []store.Item{item}, Inbound: []store.Inbound{in}}
		c.take(all)
		assert.Equal(t, 3, c.take(all).Same)
		s.obey(5)
		assert.Equal(t, item.Substitutes, s.commands[1].Item.Substitutes)
		assert.Equal(t, ptr(int64(0)), s.commands[2].Inbound.TolerancePct)
		told := s.commands[3].Order
		assert.Equal(t, []any{"web", allocation.ShipOrder}, []any{told.Segment, told.Ship})
		assert.Equal(t, []wire.OrderLine{{Line: "1", SKU: "X", Qty: 12, Pack: 6, MinLifeDays: 30}}, told.Lines)

		// Each of them is content: under the same version it is another one.
		for what, change := range map[string]func(o *store.Order, in *store.Inbound){
			"segment": func(o *store.Order, _ *store.Inbound) { o.Segment = "shop" },
			"ship":    func(o *store.Order, _ *store.Inbound) { o.Ship = allocation.ShipLine },
			"pack": func(o *store.Order, _ *store.Inbound) {
				o.Lines = []store.OrderLine{{Line: "1", SKU: "X", Qty: 12, MinLife: 30}}
			},
			"life": func(o *store.Order, _ *store.Inbound) {
				o.Lines = []store.OrderLine{{Line: "1", SKU: "X", Qty: 12, Pack: 6}}
			},
			"tolerance": func(_ *store.Order, in *store.Inbound) { in.Tolerance = nil },
			"closed":    func(_ *store.Order, in *store.Inbound) { in.Closed = true },
		} {
			o, in := o, in
			change(&o, &in)
			r := c.take(store.Batch{Orders: []store.Order{o}, Inbound: []store.Inbound{in}})
			assert.Equal(t, []int{1, 1}, []int{len(r.Other), r.Same}, what)
		}
		in.Version, in.Closed, in.Tolerance = 2, true, nil
		item.Substitutes = []allocation.SKU{"Y", "Z"}
		c.take(store.Batch{Items: []store.Item{item}, Inbound: []store.Inbound{in}})
		s.obey(7)
		assert.Equal(t, item.Substitutes, s.commands[5].Item.Substitutes)
		assert.True(t, s.commands[6].Inbound.Closed)
		assert.Nil(t, s.commands[6].Inbound.TolerancePct)
		got, err := c.store.Item(ctx, "X")
		require.NoError(t, err)
		assert.Equal(t, item, got)

		next := c.join("leeds") // and another database is told the same
		next.obey(4)
		assert.Equal(t, item.Substitutes, next.commands[1].Item.Substitutes)
		assert.True(t, next.commands[2].Inbound.Closed)
		assert.Equal(t, told.Lines, next.commands[3].Order.Lines)
	})
}
