package store

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// spy notes what is asked.
type spy struct {
	conn
	asked []question
	done  []string
}

type question struct {
	query string
	args  []any
}

func (s *spy) query(query string, args ...any) (*rows, error) {
	s.asked = append(s.asked, question{query, args})
	return s.conn.query(query, args...)
}

func (s *spy) change(query string, args ...any) (int64, error) {
	s.done = append(s.done, query)
	return s.conn.change(query, args...)
}

func (s *spy) exec(query string, args ...any) error {
	_, err := s.change(query, args...)
	return err
}

// plans gives the plan of each query that is asked by do.
func plans(t *testing.T, tx *Tx, do func()) (all []string) {
	t.Helper()
	before := tx.c
	s := &spy{conn: before}
	tx.c = s
	do()
	tx.c = before
	for _, q := range s.asked {
		rows, err := tx.c.query("EXPLAIN QUERY PLAN "+q.query, q.args...)
		require.NoError(t, err)
		var plan []string
		for rows.Next() {
			var id, parent, n int
			var detail string
			require.NoError(t, rows.Scan(&id, &parent, &n, &detail))
			plan = append(plan, detail)
		}
		require.NoError(t, rows.Close())
		all = append(all, strings.Join(plan, "; "))
	}
	require.NotEmpty(t, all)
	return all
}

// A cursor that sorted would read the whole backlog first.
func TestEveryQuestionOfADecisionIsAnsweredByAnIndexInOrder(t *testing.T) {
	s := unflushed(t)
	first := func(tx *Tx, q allocation.Search) func() {
		return func() {
			for _, err := range allocation.Each(tx.Waiting(q)) {
				require.NoError(t, err)
				break
			}
		}
	}
	line := allocation.Line{SKU: "X", Rank: allocation.Rank{Order: "O1", Line: "O1/1", Class: allocation.Redistribute}}
	for _, share := range []allocation.Share{allocation.Sequence, allocation.Fair} {
		require.ErrorIs(t, s.Update(t.Context(), func(tx *Tx) error {
			someLines(t, tx, share)
			for name, c := range map[string]struct {
				do   func()
				uses []string // of its queries, in turn
			}{
				"waiting":            {first(tx, allocation.Search{SKU: "X"}), []string{"line_open (sku=?)"}},
				"waiting, behind":    {first(tx, allocation.Search{SKU: "X", After: &line}), []string{"line_open (sku=? AND turn>?)"}},
				"waiting, a segment": {first(tx, allocation.Search{SKU: "X", Segment: "B"}), []string{"line_open_segment (sku=? AND segment=?)"}},
				"limited": {first(tx, allocation.Search{SKU: "X", Limited: true, Units: 5, Life: 5, After: &line}), []string{
					"line_can (sku=? AND (class,least,whole,min_life)>(?,?,?,?))",
					"line_can (sku=? AND (class,least,whole,min_life)>(?,?,?,?))", // there is one kind
					"line_can (sku=? AND class=? AND least=? AND whole=? AND min_life=? AND turn>?)",
				}},
				"limited, a segment": {first(tx, allocation.Search{SKU: "X", Limited: true, Segment: "B", Units: 5, Life: 5}), []string{
					"line_can_segment (sku=? AND segment=? AND (class,least,whole,min_life)>(?,?,?,?))",
					"line_can_segment (sku=? AND segment=? AND (class,least,whole,min_life)>(?,?,?,?))",
					"line_can_segment (sku=? AND segment=? AND class=? AND least=? AND whole=? AND min_life=?)",
				}},
				"holders": {func() {
					for _, err := range tx.Holders("X", allocation.HoldAny) {
						require.NoError(t, err)
						break
					}
				}, []string{"line_holds (sku=? AND holds=?)"}},
				"guaranteed": {func() { _, _ = tx.Guaranteed("B", "X") }, []string{"COVERING INDEX line_guaranteed (segment=? AND sku=?"}},
				"awaited":    {func() { _, _ = tx.Awaited("X") }, []string{"inbound_sku_awaited (sku=?)"}},
				"beside":     {func() { _, _ = tx.Beside("X") }, []string{"line_together (sku=?); SEARCH b USING COVERING INDEX line_order_open (order_n=?)"}},
				"together": {func() {
					for range tx.Together("X", "Y") {
						break
					}
				}, []string{"line_together (sku=?); SEARCH b USING COVERING INDEX line_order_open (order_n=? AND sku=?)"}},
				"appetites": {func() {
					for range tx.Appetites("X") {
						break
					}
				}, []string{"line_open (sku=?)"}},
				"short":    {func() { _, _, _ = tx.Short(9) }, []string{"line_short (class=?)"}},
				"lacking":  {func() { _, _ = tx.Lacking("O1") }, []string{"line_order_open (order_n=?)"}},
				"an order": {func() { _, _ = tx.OrderLines("O1") }, []string{"line_order (order_n=?)"}},
				"held":     {func() { _, _ = tx.Held("O1/1") }, []string{"", "held USING PRIMARY KEY (line=?)"}},
				"stock": {func() {
					for range tx.Stock("X", allocation.Free) {
						break
					}
				}, []string{"stock USING PRIMARY KEY (sku=? AND shelf=?)"}},
				"surplus": {func() {
					for range tx.Surplus("PO1") {
						break
					}
				}, []string{"stock_surplus (inbound=?)"}},
				"about": {func() {
					tx.standIns = true
					tx.about.clear()
					_, _ = tx.About("X")
				}, []string{"line_can (sku=? AND class=?)", "substitute USING PRIMARY KEY (sku=?)", "substitute_other (other=?)"}},
			} {
				tx.known = nil
				got := plans(t, tx, c.do)
				for i, plan := range got {
					// Goods beside others are kept, so that mostly nothing is read.
					if name != "beside" && (name != "appetites" || share == allocation.Sequence) {
						assert.NotContains(t, plan, "TEMP B-TREE", name)
					}
					assert.NotContains(t, plan, "SCAN l", name)
					if i < len(c.uses) {
						assert.Contains(t, plan, c.uses[i], name)
					}
				}
			}
			return errBack
		}), errBack)
	}
}

func someLines(t *testing.T, tx *Tx, share allocation.Share) {
	p, err := allocation.NewPolicy("v", allocation.Rules{Share: share})
	require.NoError(t, err)
	require.NoError(t, tx.SetPolicy(p))
	require.NoError(t, order(tx, "O1", "B", []int64{5, 5}))
	for _, id := range []allocation.LineID{"O1/1", "O1/2"} {
		_, _, err := tx.Grant(id, 5)
		require.NoError(t, err)
	}
}

// order adds an order of a segment whose lines want X.
func order(tx *Tx, id allocation.OrderID, segment string, qty []int64) error {
	o := &wire.Order{ID: id, Version: 1, Segment: segment, Accepted: day(1)}
	if err := tx.PutOrder(o); err != nil {
		return err
	}
	for i, n := range qty {
		if err := demand(tx, allocation.MakeLineID(id, strconv.Itoa(i+1)), id, "X", n); err != nil {
			return err
		}
	}
	return nil
}
