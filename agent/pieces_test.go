package agent

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// A large import must not keep a worker waiting for his tone: its commands go in
// pieces, and the scans that wait go between them.
func TestALongRunOfCommandsIsAppliedInPieces(t *testing.T) {
	h := newHouse(t)
	h.items()
	before := len(h.events())
	var cmds []wire.Command
	for n := range 10 {
		id := fmt.Sprintf("O%02d", n)
		order := orderCommand(id, 1, 1, "X", 2)
		for l := range 29 {
			order.Order.Lines = append(order.Order.Lines, wire.OrderLine{Line: fmt.Sprint(l + 2), SKU: "Y", Qty: 1})
		}
		cmds = append(cmds, order, grantCommand(id, 2))
	}
	h.send(cmds...)
	events := h.events()[before:]
	require.Len(t, events, 5, "two orders of 30 lines to a piece")
	last := int64(0)
	for _, e := range events {
		require.NotNil(t, e.Applied)
		assert.Greater(t, e.Applied.Through.N, last)
		last = e.Applied.Through.N
	}
	assert.Equal(t, h.sent, last)
	assert.Equal(t, allocation.Allocated, h.scan(caseGTIN).Verdict)

	huge := orderCommand("HUGE", 1, 1, "X", 2)
	for l := range 500 {
		huge.Order.Lines = append(huge.Order.Lines, wire.OrderLine{Line: fmt.Sprint(l + 2), SKU: "Y", Qty: 1})
	}
	h.send(huge) // one command is never cut
	line := h.line("HUGE/1")
	assert.EqualValues(t, 2, line.Open())
}

// What comes while a piece is applied is committed before the next piece.
func TestScansGoBetweenThePiecesOfCommands(t *testing.T) {
	h := newHouse(t)
	var order []string
	began, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error, 3)
	go func() {
		done <- h.writer.waitLong(t.Context(), func(*store.Tx) error {
			close(began)
			<-goOn
			order = append(order, "piece 1")
			return nil
		})
	}()
	<-began
	for range 2 {
		h.writer.submit(t.Context(), job{func(*store.Tx) error { order = append(order, "scan"); return nil }, func(err error) { done <- err }})
	}
	next := make(chan error, 1)
	go func() {
		next <- h.writer.waitLong(t.Context(), func(*store.Tx) error { order = append(order, "piece 2"); return nil })
	}()
	close(goOn)
	for range 3 {
		require.NoError(t, <-done)
	}
	require.NoError(t, <-next)
	assert.Equal(t, []string{"piece 1", "scan", "scan", "piece 2"}, order)
}
