package ingest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

// Whoever forgets to raise the version must not believe that the change is in.
func TestOtherContentInTheSameVersionIsNamed(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		o := order("O1", 1, "leeds", 3, 4)
		c.take(orders(o))
		assert.Equal(t, 1, c.take(orders(o)).Same)
		for what, change := range map[string]func(*store.Order){
			"quantity": func(o *store.Order) { o.Lines[1].Qty = 5 },
			"no line":  func(o *store.Order) { o.Lines = o.Lines[:1] },
			"one more": func(o *store.Order) { o.Lines = append(o.Lines, store.OrderLine{Line: "3", SKU: "X", Qty: 1}) },
			"item":     func(o *store.Order) { o.Lines[0].SKU = "Y" },
			"door":     func(o *store.Order) { o.Door = "12" },
			"customer": func(o *store.Order) { o.CustomerName = "Marlow" },
			"site":     func(o *store.Order) { o.Site = "york" },
		} {
			other := order("O1", 1, "leeds", 3, 4)
			change(&other)
			r := c.take(orders(other))
			assert.Equal(t, []string{"O1"}, r.Other, what)
			assert.Zero(t, r.Same+r.Changed+r.New, what)
		}
		assert.EqualValues(t, 7, c.totals().UnitsOpen, "what was there was kept")
		c.take(orders(order("O1", 2, "leeds", 3)))
		assert.Equal(t, 1, c.take(orders(order("O1", 2, "leeds", 3, 0))).Same, "a line that wants nothing is none")

		in := func(qty int64) store.Batch {
			return store.Batch{Inbound: []store.Inbound{{ID: "P1", Version: 1, Site: "leeds", Lines: []store.SupplyLine{{SKU: "X", Qty: 1}},
				Pallets: []store.Pallet{{SSCC: "106141411234567897", Lines: []store.SupplyLine{{SKU: "X", Qty: qty}, {SKU: "A", Qty: 2}}}}}}}
		}
		r := c.take(in(4))
		assert.Equal(t, map[allocation.SKU]int{"X": 2, "A": 1}, r.NoItem)
		assert.Equal(t, 1, c.take(in(4)).Same)
		r = c.take(in(5))
		assert.Equal(t, []string{"P1"}, r.Other)
		assert.Zero(t, r.Same)
	})
}

// A bar that stands still at its end for five seconds looks like a program that
// hangs: storing must be told as it goes, to its end.
func TestAnImportTellsHowFarItIs(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		c.join("leeds")
		var parts []float64
		b := store.Batch{Progress: func(part float64) { parts = append(parts, part) }}
		for n := range 300 {
			b.Orders = append(b.Orders, order(allocation.OrderID(fmt.Sprintf("O%03d", n)), 1, "leeds", 1, 2, 3))
		}
		c.take(b)
		assert.True(t, slices.IsSorted(parts))
		assert.Greater(t, len(parts), 300)
		assert.InDelta(t, 1, parts[len(parts)-1], 0.01, "all that was expected was written")
	})
}
