package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// What a decision asks must not grow with what lies or waits beside it: the one
// writer of a site makes it while scanners wait.

// asks counts the questions of a decision that hold a text, and all of them.
func asks(t *testing.T, tx *Tx, e allocation.Event, text string) (such, in int) {
	t.Helper()
	before := tx.c
	s := &spy{conn: before}
	tx.c = s
	_, err := allocation.Decide(tx.Meta().Policy, tx, "2027-03-01", e)
	tx.c = before
	require.NoError(t, err)
	for _, q := range s.asked {
		if strings.Contains(q.query, text) {
			such++
		}
	}
	return such, len(s.asked)
}

const ofStock = "sum(qty) FROM stock WHERE sku = ? AND shelf = ?"

func TestGoodsThatNobodyMayTakeAreNotReadAgainWithEachScan(t *testing.T) {
	inTx(t, func(tx *Tx) {
		require.NoError(t, order(tx, "O1", "", []int64{5, 5, 5, 5, 5, 5, 5, 5, 5, 5})) // without a right
		for n := range 20 {
			e := scanned("X", 1)
			e.Receipts[0].Lot = fmt.Sprint(n)
			require.NoError(t, decide(tx, e))
		}
		stock, _ := asks(t, tx, scanned("X", 1), ofStock)
		assert.Zero(t, stock)
		_, _, err := tx.Grant("O1/9", 5)
		require.NoError(t, err)
		stock, _ = asks(t, tx, scanned("X", 1), ofStock)
		assert.Equal(t, 1, stock, "now somebody takes them")
	})
}

func TestHoldersAreReadOnceForAllThatTheyLose(t *testing.T) {
	inTx(t, func(tx *Tx) {
		for n := range 20 {
			waiting(t, tx, allocation.OrderID(fmt.Sprint("A", n)), 1)
		}
		require.NoError(t, decide(tx, scanned("X", 20)))
		e := allocation.Regrade{SKU: "X", Qty: 15, From: allocation.Good, To: allocation.Damaged}
		holders, _ := asks(t, tx, e, "INDEXED BY line_holds CROSS JOIN")
		assert.LessOrEqual(t, holders, 12, "once for each kind of holder")
	})
}

// Orders of two goods of which one never comes, and of two that are all announced:
// thirty of them ask as much as three.
func TestGatesInModeSkipAskNoMoreWhereMoreOrdersWait(t *testing.T) {
	var asked []int
	for _, orders := range []int{3, 30} {
		inTx(t, func(tx *Tx) {
			p, err := allocation.NewPolicy("skip", allocation.Rules{Gate: allocation.GateSkip})
			require.NoError(t, err)
			require.NoError(t, tx.SetPolicy(p))
			require.NoError(t, tx.PutInbound(&wire.Inbound{ID: "PO1", Version: 1, Lines: []wire.InboundLine{{SKU: "X", Qty: 900}, {SKU: "Y", Qty: 900}}}))
			for n := range orders {
				together(t, tx, allocation.OrderID(fmt.Sprintf("A%02d", n)), "X", "Y")
			}
			_, first := asks(t, tx, scanned("X", 1), "")
			_, again := asks(t, tx, scanned("X", 1), "")
			assert.LessOrEqual(t, again, first)
			asked = append(asked, again)
		})
	}
	assert.Equal(t, asked[0], asked[1])
}

// together adds an order that ships whole, with the right to five of each SKU.
func together(t *testing.T, tx *Tx, id allocation.OrderID, skus ...allocation.SKU) {
	t.Helper()
	require.NoError(t, tx.PutOrder(&wire.Order{ID: id, Version: 1, Accepted: day(1), Ship: allocation.ShipOrder}))
	for i, sku := range skus {
		line := allocation.MakeLineID(id, itoa(i+1))
		require.NoError(t, demand(tx, line, id, sku, 5))
		_, _, err := tx.Grant(line, 5)
		require.NoError(t, err)
	}
}
