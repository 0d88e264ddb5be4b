package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// history drives a desk through random inputs and keeps, beside it, what the
// log's events alone say: that is all the centre will ever know.
type history struct {
	t     *rapid.T
	store *store.Store
	desk  *desk
	n     int64
	sent  int64
	order map[string]int64 // version sent last
}

func TestRandomHistoriesKeepThePromise(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	options := store.Options{Path: path, Site: "leeds", Unflushed: true}
	s, err := store.Open(t.Context(), options)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	empty, err := os.ReadFile(path)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		require.NoError(t, os.WriteFile(path, empty, 0o600))
		s, err := store.Open(t.Context(), options)
		require.NoError(t, err)
		defer s.Close()
		h := &history{t: t, store: s, order: map[string]int64{}}
		now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
		h.desk = &desk{now: func() time.Time { return now }, nonce: func() string { h.n++; return fmt.Sprintf("%016x", h.n) }}
		h.update(func(tx *store.Tx) error { return tx.Adopt(testLife, testCentre) })
		h.send(wire.Command{Item: &wire.Item{SKU: "X"}}, wire.Command{Item: &wire.Item{SKU: "Y"}})
		t.Repeat(map[string]func(*rapid.T){
			"order": h.sendOrder, "grant": h.sendGrant, "policy": h.sendPolicy,
			"scan": h.scanSomething, "card": h.scanCard, "undo": h.undo, "done": h.done, "again": h.sendAgain,
			"": h.check,
		})
	})
}

func (h *history) update(do func(*store.Tx) error) {
	require.NoError(h.t, h.store.Update(h.t.Context(), do))
}

func (h *history) send(cmds ...wire.Command) {
	h.update(func(tx *store.Tx) error {
		run, err := h.desk.apply(tx, testCentre, h.sent+1, cmds)
		if err == nil && len(run.refused) > 0 {
			err = fmt.Errorf("refused: %v", run.refused)
		}
		return err
	})
	h.sent += int64(len(cmds))
}

func (h *history) sendOrder(t *rapid.T) {
	id := rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "order")
	h.order[id]++
	sku := map[string]string{"A": "X", "B": "X", "C": "X", "D": "Y"}[id]
	c := orderCommand(id, h.order[id], rapid.IntRange(0, 3).Draw(t, "tier"), sku, int64(rapid.IntRange(0, 9).Draw(t, "qty")))
	if c.Order.Lines[0].Qty == 0 && rapid.Bool().Draw(t, "leave out") {
		c.Order.Lines = nil
	}
	h.send(c)
}

// sendGrant keeps centre rule C: never more than the line wants of this site.
func (h *history) sendGrant(t *rapid.T) {
	id := rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "order")
	l, found := h.line(id)
	if !found {
		return
	}
	most := rights.MayGrant(l.Wanted(), l.Rights, nil, l.Rights.Granted+9)
	h.send(grantCommand(id, int64(rapid.IntRange(0, int(most)).Draw(t, "total"))))
}

func (h *history) sendPolicy(t *rapid.T) {
	keys := rapid.Permutation(allocation.DefaultPolicy().Keys()).Draw(t, "rank")
	h.send(wire.Command{Policy: &wire.Policy{Version: fmt.Sprint(h.n), Rank: keys}})
}

// sendAgain repeats what the site has: nothing may move.
func (h *history) sendAgain(t *rapid.T) {
	before := h.lines()
	for id, version := range h.order {
		h.send(orderCommand(id, version, 1, "X", 9))
	}
	require.Equal(t, before, h.lines())
}

func (h *history) scanSomething(t *rapid.T) {
	code := rapid.SampledFrom([]string{"X", "X", "Y", "nobody knows", "]C10104006381333932" + "21S1"}).Draw(t, "code")
	s := h.draw(t, code)
	if rapid.Bool().Draw(t, "serial") && code == "X" {
		s.code.Serial = rapid.SampledFrom([]string{"S1", "S2", "S3"}).Draw(t, "serial")
	}
	h.receive(s)
}

func (h *history) scanCard(t *rapid.T) {
	h.receive(h.draw(t, rapid.SampledFrom([]string{"DF:QTY 3", "DF:QTY 7", "DF:DAMAGED", "DF:HOLD", "DF:SAME-AGAIN", "DF:HELP"}).Draw(t, "card")))
}

func (h *history) undo(t *rapid.T) { h.receive(h.draw(t, "DF:UNDO")) }

func (h *history) done(t *rapid.T) { h.receive(h.draw(t, "DF:DONE")) }

func (h *history) draw(t *rapid.T, code string) scan {
	s := scan{station: allocation.StationID(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "station")), raw: []byte(code)}
	s.code = h.desk.rules.Parse("", s.raw, 2027)
	return s
}

// receive lets a refusal be one, and it must leave nothing behind.
func (h *history) receive(s scan) {
	var no *refusal
	_, before, err := h.store.State(h.t.Context())
	require.NoError(h.t, err)
	err = h.store.Update(h.t.Context(), func(tx *store.Tx) error {
		_, err := h.desk.receive(tx, s)
		return err
	})
	if err == nil {
		return
	}
	require.ErrorAs(h.t, err, &no)
	_, after, err := h.store.State(h.t.Context())
	require.NoError(h.t, err)
	require.Equal(h.t, before, after)
}

func (h *history) line(id string) (l store.Line, found bool) {
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		var err error
		l, found, err = tx.Line(allocation.LineID(id + "/1"))
		return err
	}))
	return l, found
}

func (h *history) lines() map[allocation.LineID]store.Line {
	lines := map[allocation.LineID]store.Line{}
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		return tx.EachLine(func(l store.Line) error {
			lines[l.ID] = l
			return nil
		})
	}))
	return lines
}

// check holds the invariants, and the site's rows against its own log.
func (h *history) check(t *rapid.T) {
	told := h.tell()
	allocated := map[allocation.SKU]int64{}
	for id, l := range h.lines() {
		require.LessOrEqual(t, l.Allocated+l.Cancelled, l.Ordered, id)
		require.GreaterOrEqual(t, l.Rights.Balance(), int64(0), id)
		require.LessOrEqual(t, l.Rights.Used-l.Rights.Undone, l.Rights.Granted-l.Rights.Returned, id)
		require.Equal(t, l.Allocated, l.Rights.Used-l.Rights.Undone, id)
		said := told.lines[id]
		said.Granted = l.Rights.Granted
		require.Equal(t, l.Rights, said, "what the log says of %s", id)
		allocated[l.SKU] += l.Allocated
	}
	var scans int64
	carry := h.carried()
	for id, l := range h.lines() {
		require.LessOrEqual(t, carry[id], l.Allocated, "to be carried to %s", id)
	}
	require.NoError(t, h.store.View(t.Context(), func(tx *store.Tx) error {
		c, err := tx.AddUp()
		scans = c.Scans
		require.Equal(t, told.units, c.Units)
		_, _, kept := h.store.Now()
		require.Equal(t, c, kept, "the counts that are kept in step, and those added up from the rows")
		return err
	}))
	require.Equal(t, told.scans, scans)
	for _, sku := range []allocation.SKU{"X", "Y"} {
		free := h.free(sku)
		require.Equal(t, told.good[sku], allocated[sku]+free, "good units of %s", sku)
		require.Equal(t, told.free[sku], free, "free stock of %s", sku)
	}
}

// carried is what open tasks still bring to each line.
func (h *history) carried() map[allocation.LineID]int64 {
	carry := map[allocation.LineID]int64{}
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		tasks, err := tx.Tasks("")
		for _, t := range tasks {
			if t.To != "" {
				carry[t.To] += t.Qty
			}
		}
		return err
	}))
	return carry
}

func (h *history) free(sku allocation.SKU) (n int64) {
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		var err error
		n, err = tx.Stock(sku, allocation.Good)
		return err
	}))
	return n
}

// told is what a reader of the log alone knows.
type told struct {
	lines map[allocation.LineID]rights.Registers
	good  map[allocation.SKU]int64
	free  map[allocation.SKU]int64
	scans int64
	units int64
}

// tell reads the log from its first event: the chain must hold, and the totals
// follow from the events.
func (h *history) tell() told {
	sku := map[allocation.LineID]allocation.SKU{"A/1": "X", "B/1": "X", "C/1": "X", "D/1": "Y"}
	k := told{lines: map[allocation.LineID]rights.Registers{}, good: map[allocation.SKU]int64{}, free: map[allocation.SKU]int64{}}
	change := func(all []wire.Allocation, how func(*rights.Registers, int64), free int64) {
		for _, a := range all {
			r := k.lines[a.Line]
			how(&r, a.Qty)
			k.lines[a.Line] = r
			k.free[sku[a.Line]] += free * a.Qty
		}
	}
	use := func(r *rights.Registers, n int64) { r.Used += n }
	undo := func(r *rights.Registers, n int64) { r.Undone += n }
	stored, err := h.store.Read(h.t.Context(), 0, 1<<20, 1<<30)
	require.NoError(h.t, err)
	hash := wire.Genesis("leeds", testLife)
	for i, s := range stored {
		hash = hash.Next(s.Body)
		require.Equal(h.t, hash, s.Hash)
		require.EqualValues(h.t, i+1, s.Seq)
		e, err := wire.ParseEvent(s.Body)
		require.NoError(h.t, err)
		switch {
		case e.Scan != nil:
			k.scans++
			for _, r := range e.Scan.Receipts {
				if r.Disposition == "" {
					k.good[r.SKU] += r.Qty
					k.units += r.Qty
				}
				k.free[r.SKU] += r.Free
				change(r.Allocations, use, 0)
			}
		case e.Undo != nil:
			change(e.Undo.Allocations, undo, 0)
			for _, a := range e.Undo.Allocations {
				k.good[sku[a.Line]] -= a.Qty
				k.units -= a.Qty
			}
			for _, f := range e.Undo.Free {
				k.free[f.SKU] -= f.Qty
				k.good[f.SKU] -= f.Qty
				k.units -= f.Qty
			}
		case e.Applied != nil:
			change(e.Applied.Released, func(r *rights.Registers, n int64) { r.Undone += n; r.Returned += n }, 1)
			change(e.Applied.Returned, func(r *rights.Registers, n int64) { r.Returned += n }, 0)
			change(e.Applied.Allocations, use, -1)
		}
	}
	return k
}
