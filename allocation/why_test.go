package allocation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/allocation"
)

// Who was served last is told so: that nobody stood behind it does not make it the
// only one.
func TestTheLastOfSeveralSharesIsNotCalledTheOnlyLine(t *testing.T) {
	why := allocation.Why{Code: allocation.WhyRanked}
	x := allocation.Batch{SKU: "X"}
	moves := []allocation.Move{
		{Batch: x, Qty: 2, To: allocation.At("W1/1"), By: allocation.ByAccepted, Over: "W2/1"},
		{Batch: x, Qty: 1, To: allocation.Place{Shelf: allocation.Free}},
		{Batch: x, Qty: 9, To: allocation.At("W2/1")},
		{Batch: allocation.Batch{SKU: "Y"}, Qty: 9, To: allocation.At("W3/1")},
	}
	assert.Equal(t, []string{
		"W1/1 came before W2/1 by the time its order was accepted", "", "W2/1 was the last line of its SKU that could take it, after W1/1", "W3/1 was the only line of its SKU that could take it",
	}, why.Sentences(moves))
}

func TestAReasonNamesAllThatItHasRoomFor(t *testing.T) {
	why := allocation.Why{Code: allocation.WhyRanked, More: true, Passed: []allocation.Passed{
		{Line: "A/1", Lacks: allocation.WhyPack}, {Line: "B/1", Lacks: allocation.WhyNoRight}, {Line: "C/1", Lacks: allocation.WhyPack},
	}}
	assert.Equal(t, "D/1 came before E/1 by the time its order was accepted; B/1 passed for want of a right at this site; "+
		"A/1, C/1 passed for want of a whole pack; more lines could not take it",
		why.Sentence(allocation.Move{To: allocation.At("D/1"), By: allocation.ByAccepted, Over: "E/1"}))
}
