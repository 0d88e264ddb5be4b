package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

// feed is the order system: it says each order whole, under rising versions, and keeps
// what it said, as it must say it again to a centre that was put back.
type feed struct {
	w      *world
	skus   []allocation.SKU
	items  []store.Item
	orders []*store.Order
	unsaid []*store.Order // while the centre is down
}

func newFeed(w *world) *feed {
	f := &feed{w: w}
	for i := range 2 + w.dice.IntN(5) {
		it := item(i)
		f.skus = append(f.skus, it.sku)
		f.items = append(f.items, store.Item{SKU: it.sku, GTINs: []store.PackGTIN{
			{GTIN: allocation.GTIN(it.gtin(false)), Qty: 1}, {GTIN: allocation.GTIN(it.gtin(true)), Qty: 12},
		}})
	}
	return f
}

// goods are one item of the house.
type goods struct {
	sku allocation.SKU
	n   int
}

func item(n int) goods { return goods{allocation.SKU(fmt.Sprintf("SKU%d", n)), n} }

func (f *feed) item(n int) goods { return item(n) }

// gtin is the number of a unit, or of a case of twelve.
func (g goods) gtin(case12 bool) string {
	digits := fmt.Sprintf("0400000%06d", 2*g.n)
	if case12 {
		digits = fmt.Sprintf("1400000%06d", 2*g.n)
	}
	sum := 0
	for i, c := range digits {
		sum += int(c-'0') * (3 - 2*(i%2))
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}

// open tells the centre of the goods, and of a first pile of orders.
func (f *feed) open() {
	f.give(store.Batch{Items: f.items})
	for range 4 * f.w.plan.sites {
		f.order()
	}
	f.next()
}

func (f *feed) next() {
	f.w.after(f.w.about(f.w.plan.orderEvery), "order", func() {
		switch n := f.w.dice.IntN(10); {
		case n < 6:
			f.order()
		case n < 9:
			f.change()
		default:
			f.rerank()
		}
		f.next()
	})
}

func (f *feed) order() {
	d := f.w.dice
	o := &store.Order{
		ID: allocation.OrderID(fmt.Sprintf("O%d", len(f.orders)+1)), Version: 1,
		Site: allocation.SiteID(fmt.Sprintf("site-%d", 1+d.IntN(f.w.plan.sites))), Customer: "C1", Accepted: time.Now().Add(-time.Duration(d.IntN(1e6)) * time.Second).Truncate(time.Second),
		Ranking: store.Ranking{Class: allocation.Redistribute, Tier: d.IntN(3)}, Door: fmt.Sprint(1 + d.IntN(9)),
	}
	for n := range 1 + d.IntN(3) {
		o.Lines = append(o.Lines, store.OrderLine{Line: fmt.Sprint(n + 1), SKU: pick(f.w, f.skus), Qty: 1 + d.Int64N(12)})
	}
	f.orders = append(f.orders, o)
	f.say(o)
}

// change is a new version: more, less, or nothing at all.
func (f *feed) change() {
	if len(f.orders) == 0 {
		return
	}
	before := f.orders[f.recent()]
	o := *before
	o.Version++
	o.Lines = slices.Clone(o.Lines)
	l := &o.Lines[f.w.dice.IntN(len(o.Lines))]
	l.Qty = f.w.dice.Int64N(2 * (l.Qty + 1))
	if f.w.chance(0.15) {
		for i := range o.Lines {
			o.Lines[i].Qty = 0
		}
	}
	*before = o
	f.say(before)
}

// recent picks an order, rather a young one.
func (f *feed) recent() int {
	n := len(f.orders)
	return max(f.w.dice.IntN(n), f.w.dice.IntN(n))
}

func (f *feed) rerank() {
	if !f.w.centre.up() || len(f.orders) == 0 {
		return
	}
	tier := f.w.dice.IntN(3)
	o := f.orders[f.recent()]
	f.w.centre.ingest.ChangeOrder(context.Background(), o.ID, store.Change{Tier: &tier}) // it may be lost with a copy of the centre
}

func (f *feed) say(o *store.Order) {
	f.unsaid = append(f.unsaid, o)
	f.catchUp()
}

// catchUp says what was not said while the centre was away.
func (f *feed) catchUp() {
	if !f.w.centre.up() || len(f.unsaid) == 0 {
		return
	}
	var b store.Batch
	for _, o := range f.unsaid {
		if !slices.ContainsFunc(b.Orders, func(in store.Order) bool { return in.ID == o.ID }) {
			b.Orders = append(b.Orders, *o)
		}
	}
	f.unsaid = nil
	f.give(b)
}

// again says all, to a centre that was put back.
func (f *feed) again() {
	f.give(store.Batch{Items: f.items})
	f.unsaid = slices.Clone(f.orders)
	f.catchUp()
}

func (f *feed) give(b store.Batch) {
	for i := range b.Orders {
		b.Orders[i].Lines = slices.Clone(b.Orders[i].Lines)
	}
	r, err := f.w.centre.ingest.Import(context.Background(), b)
	require.NoError(f.w.t, err)
	if len(r.Refused) > 0 {
		f.w.bad("strange", "the centre refused %v", r.Refused)
		f.w.tally.strange++
	}
}
