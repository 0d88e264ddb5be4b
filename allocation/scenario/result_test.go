package scenario

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/allocation"
)

// A scan whose units went several ways tells of each part, not of the first alone.
func TestEachPartOfAReceiptIsTold(t *testing.T) {
	x, dock := allocation.Batch{SKU: "X"}, allocation.Place{Shelf: allocation.Dock}
	to := func(qty int64, shelf allocation.Shelf) allocation.Move {
		return allocation.Move{Batch: x, Qty: qty, From: dock, To: allocation.Place{Shelf: shelf}}
	}
	line := allocation.Move{Batch: x, Qty: 3, From: dock, To: allocation.At("A/1")}
	for want, d := range map[string]allocation.Decision{
		"A/1 was the only line of its SKU that could take it; 2 put away; 1 set aside: more came than was announced; 4 set aside: damaged; 5 set aside: on hold": {
			Verdict: allocation.Allocated, Why: allocation.Why{Code: allocation.WhyRanked},
			Moves: []allocation.Move{line, to(2, allocation.Free), to(1, allocation.Surplus), to(4, allocation.Broken), to(5, allocation.Aside)},
		},
		"5 put away; 3 set aside: more came than was announced": {
			Verdict: allocation.Stock, Why: allocation.Why{Code: allocation.WhySurplus},
			Moves: []allocation.Move{to(5, allocation.Free), to(3, allocation.Surplus)},
		},
		"damaged units are not given to orders: set it aside": {
			Verdict: allocation.Held, Why: allocation.Why{Code: allocation.WhyDamaged}, Moves: []allocation.Move{to(2, allocation.Broken)},
		},
	} {
		r := ResultOf(d)
		assert.Equal(t, want, r.Why)
		assert.Equal(t, d.Verdict, r.Verdict)
	}
}
