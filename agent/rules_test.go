package agent

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// A serial is of one trade item: on three units it would be in the house thrice, and
// two of them could never be told apart or sent away.
func TestAQuantityCardDoesNotMultiplyASerial(t *testing.T) {
	h := newHouse(t)
	h.items()
	for _, label := range []string{"]C101" + eachGTIN + "21Q1", "]C10195012345678903" + "21Q1"} {
		h.scan("DF:QTY 3")
		f := h.scan(label)
		assert.Equal(t, allocation.Stop, f.Verdict, label)
		assert.Contains(t, f.Text, "serial Q1 names one thing and does not count 3 times: scan the card DF:QTY 1")
		h.scan("DF:QTY 1")
	}
	assert.Empty(t, h.waits())
	assert.Equal(t, allocation.Stock, h.scan("]C101"+caseGTIN+"21Q1").Verdict, "a case is one trade item")
	assert.EqualValues(t, 12, h.free("X"))
}

// A misspelt class must not become the usual one.
func TestAnOrderOfAnUnknownClassChangesNothing(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 3)
	o := &wire.Order{ID: "A", Version: 2, Class: "gold", Lines: []wire.OrderLine{{Line: "1", SKU: "X", Qty: 9}}}
	h.send(wire.Command{Order: o})
	assert.Equal(t, allocation.Class("gold"), o.Class)
	l := h.line("A/1")
	assert.EqualValues(t, 3, l.Ordered)
	assert.Equal(t, allocation.Redistribute, l.Rank.Class)
	events := h.events()
	refused := events[len(events)-1].Applied.Refused
	require.Len(t, refused, 1)
	assert.Contains(t, refused[0].Message, `class "gold" is none of win`)
}

// What a card says of the next scan holds in a scenario as it does at the dock.
func TestACardInAScenarioCounts(t *testing.T) {
	out := replayed(t, []byte(strings.Join([]string{
		`{"item":{"sku":"X"}}`, `{"scan":{"code":"DF:QTY 3"}}`, `{"scan":{"sku":"X"}}`, `{"scan":{"sku":"X"}}`,
		`{"scan":{"code":"DF:QTY 3"}}`, `{"scan":{"code":"X"}}`, `{"scan":{"code":"DF:QTY 3"}}`, `{"scan":{"code":"X","qty":2}}`,
	}, "\n")))
	assert.Contains(t, out, `"free":{"X":9}`)
}
