package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

	inbound int64 // likewise
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
		t.Repeat(h.steps(h.check))
	})
}

// steps are what may happen; check runs behind each of them.
func (h *history) steps(check func(*rapid.T)) map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"order": h.sendOrder, "grant": h.sendGrant, "policy": h.sendPolicy,
		"scan": h.scanSomething, "card": h.scanCard, "undo": h.undo, "done": h.done, "again": h.sendAgain,
		"change": h.sendChange, "deed": h.deed, "stage": h.stage, "map": h.sendMap, "inbound": h.sendInbound, "substitute": h.sendSubstitute,
		"": check,
	}
}

func (h *history) update(do func(*store.Tx) error) {
	require.NoError(h.t, h.store.Update(h.t.Context(), do))
}

func (h *history) send(cmds ...wire.Command) {
	kept, err := store.Pack(cmds)
	require.NoError(h.t, err)
	h.update(func(tx *store.Tx) error {
		run, err := h.desk.applyKept(tx, testCentre, h.sent+1, packed{cmds, kept})
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
	c.Order.Class = rapid.SampledFrom([]allocation.Class{"", "", "win", "fill"}).Draw(t, "class")
	c.Order.Ship = rapid.SampledFrom([]allocation.Ship{"", "", "line", "order"}).Draw(t, "ship")
	c.Order.Segment = rapid.SampledFrom([]string{"", "B"}).Draw(t, "segment")
	c.Order.Lines[0].Pack = int64(rapid.SampledFrom([]int{0, 0, 2}).Draw(t, "pack"))
	if c.Order.Lines[0].Qty == 0 && rapid.Bool().Draw(t, "leave out") {
		c.Order.Lines = nil
	}
	h.send(c)
}

// sendChange ranks an order anew by a person's word.
func (h *history) sendChange(t *rapid.T) {
	id := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "order")
	l, found := h.line(id)
	if !found || l.Wanted() == 0 {
		return
	}
	h.order[id]++
	c := orderCommand(id, h.order[id], rapid.IntRange(0, 3).Draw(t, "tier"), "X", l.Wanted()-l.Excess)
	c.Order.Changed = true
	h.send(c)
}

func (h *history) sendMap(t *rapid.T) {
	h.send(wire.Command{Map: &wire.Map{Code: []byte("nobody knows"), SKU: "X", Qty: int64(rapid.IntRange(1, 2).Draw(t, "qty"))}})
}

func (h *history) sendSubstitute(t *rapid.T) {
	by := rapid.SampledFrom([][]allocation.SKU{nil, {"Y"}}).Draw(t, "by")
	h.send(wire.Command{Item: &wire.Item{SKU: "X", Substitutes: by}})
}

// sendInbound announces less than may come: a part of it waits for an approval.
func (h *history) sendInbound(t *rapid.T) {
	h.inbound++
	h.send(wire.Command{Inbound: &wire.Inbound{ID: "PO1", Version: h.inbound, Lines: []wire.InboundLine{{SKU: "X", Qty: int64(rapid.IntRange(1, 9).Draw(t, "announced"))}}}})
}

// deed does what a person says was done with goods; a refusal may be one.
func (h *history) deed(t *rapid.T) {
	w := wire.Deed{
		Kind:   rapid.SampledFrom([]wire.DeedKind{"pick", "stage", "ship", "return", "regrade", "adjust", "approve"}).Draw(t, "kind"),
		Line:   allocation.LineID(rapid.SampledFrom([]string{"A/1", "B/1", "C/1", "D/1"}).Draw(t, "line")),
		Qty:    int64(rapid.IntRange(1, 4).Draw(t, "qty")),
		Reason: "count", SKU: "X", Inbound: "PO1", From: allocation.Good, To: allocation.Damaged,
	}
	if rapid.Bool().Draw(t, "back") {
		w.From, w.To = w.To, w.From
	}
	if w.Kind == wire.DeedAdjust && rapid.Bool().Draw(t, "less") {
		w.Qty = -w.Qty
	}
	if w.Kind == wire.DeedApprove && h.inbound == 0 {
		return
	}
	h.orRefused(func(tx *store.Tx) error {
		_, err := h.desk.perform(tx, w)
		return err
	})
}

func (h *history) stage(t *rapid.T) {
	h.receive(h.draw(t, rapid.SampledFrom([]string{"DF:STAGE", "DF:CLOSE-PALLET"}).Draw(t, "card")))
}

// sendGrant keeps centre rule C: never more than the line wants of this site.
func (h *history) sendGrant(t *rapid.T) {
	id := rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "order")
	l, found := h.line(id)
	if !found {
		return
	}
	most := rights.MayGrant(l.Wanted(), l.Rights.Registers, nil, l.Rights.Granted+9)
	h.send(grantCommand(id, int64(rapid.IntRange(0, int(most)).Draw(t, "total"))))
}

func (h *history) sendPolicy(t *rapid.T) {
	keys := rapid.Permutation(allocation.DefaultPolicy().Keys()).Draw(t, "rank")
	p := &wire.Policy{Version: fmt.Sprint(h.n), Rank: keys}
	p.Share = rapid.SampledFrom([]allocation.Share{"sequence", "fair"}).Draw(t, "share")
	p.GateMode = rapid.SampledFrom([]allocation.GateMode{"hold", "skip"}).Draw(t, "gates")
	p.StageAtBeep = rapid.Bool().Draw(t, "at beep")
	if n := rapid.IntRange(0, 3).Draw(t, "guaranteed"); n > 0 {
		p.Guarantees = []wire.Guarantee{{Segment: "B", Qty: int64(n)}}
	}
	h.send(wire.Command{Policy: p})
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
	if rapid.Bool().Draw(t, "announced") {
		s.inbound = "PO1"
	}
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
	h.orRefused(func(tx *store.Tx) error {
		_, err := h.desk.receive(tx, s)
		return err
	})
}

func (h *history) orRefused(do func(*store.Tx) error) {
	var no *refusal
	_, before, err := h.store.State(h.t.Context())
	require.NoError(h.t, err)
	err = h.store.Update(h.t.Context(), do)
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
		l, found, err = tx.Shown(allocation.LineID(id + "/1"))
		return err
	}))
	return l, found
}

func (h *history) lines() map[allocation.LineID]store.Line {
	lines := map[allocation.LineID]store.Line{}
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		return tx.EachLine(func(l store.Line) error {
			lines[l.ID()] = l
			return nil
		})
	}))
	return lines
}

// check holds the invariants, and the site's rows against its own log.
func (h *history) check(t *rapid.T) {
	told := h.tell()
	var allocated, excess int64
	for id, l := range h.lines() {
		require.LessOrEqual(t, l.Allocated+l.Cancelled, l.Ordered, id)
		require.GreaterOrEqual(t, l.Rights.Balance(), int64(0), id)
		require.LessOrEqual(t, l.Rights.Used-l.Rights.Undone, l.Rights.Granted-l.Rights.Returned, id)
		require.Equal(t, l.Allocated, l.Rights.Used-l.Rights.Undone, id)
		said := told.lines[id]
		said.Granted = l.Rights.Granted
		require.Equal(t, l.Rights.Registers, said, "what the log says of %s", id)
		require.Equal(t, told.staged[id], l.Staged, "what the log says was staged of %s", id)
		allocated, excess = allocated+l.Allocated, excess+l.Excess
	}
	carry, back := h.carried()
	for id, l := range h.lines() {
		require.LessOrEqual(t, carry[id], l.Loose(), "to be carried to %s", id)
	}
	require.NoError(t, h.store.View(t.Context(), func(tx *store.Tx) error {
		c, err := tx.AddUp()
		require.Equal(t, told.units, c.Units)
		require.Equal(t, told.scans, c.Scans)
		_, _, kept := h.store.Now()
		require.Equal(t, c, kept, "the counts that are kept in step, and those added up from the rows")
		return err
	}))
	var good, free int64
	for _, sku := range []allocation.SKU{"X", "Y"} {
		require.Equal(t, told.free[sku], h.free(sku), "free stock of %s", sku)
		good, free = good+told.good[sku], free+h.free(sku)
	}
	require.Equal(t, good, allocated+free, "good units")
	require.LessOrEqual(t, back, free+excess, "to be brought back")
}

// carried is what open tasks still bring to each line, and back to stock.
func (h *history) carried() (carry map[allocation.LineID]int64, back int64) {
	carry = map[allocation.LineID]int64{}
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		tasks, err := tx.Tasks("")
		for _, t := range tasks {
			if carry[t.To] += t.Qty; t.To == "" {
				back += t.Qty
			}
		}
		return err
	}))
	return carry, back
}

func (h *history) free(sku allocation.SKU) (n int64) {
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		var err error
		n, err = tx.On(sku, allocation.Free)
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

	scanned        map[int64]*wire.Scan
	staged, picked map[allocation.LineID]int64
	shipped        map[allocation.LineID]int64
}

// deed counts what is bound of a line: picked and then loose ones are staged,
// staged, then picked, then loose ones are shipped.
func (k *told) deed(w *wire.Deed) {
	fresh := w.Qty
	switch w.Kind {
	case wire.DeedPick:
		k.picked[w.Line] += w.Qty
	case wire.DeedShip:
		fresh -= min(fresh, k.staged[w.Line]-k.shipped[w.Line])
		k.shipped[w.Line] += w.Qty
		fallthrough
	case wire.DeedStage:
		k.picked[w.Line] -= min(fresh, k.picked[w.Line])
		k.staged[w.Line] += fresh
	case wire.DeedReturn:
		picked := min(w.Qty, k.picked[w.Line])
		k.picked[w.Line] -= picked
		k.staged[w.Line] -= w.Qty - picked
	}
}

// tell reads the log from its first event: the chain must hold, and the totals
// follow from the events.
func (h *history) tell() told {
	k := told{lines: map[allocation.LineID]rights.Registers{}, good: map[allocation.SKU]int64{}, free: map[allocation.SKU]int64{}, scanned: map[int64]*wire.Scan{},
		staged: map[allocation.LineID]int64{}, picked: map[allocation.LineID]int64{}, shipped: map[allocation.LineID]int64{}}
	register := func(line allocation.LineID, used, undone int64) {
		r := k.lines[line]
		r.Used, r.Undone = r.Used+used, r.Undone+undone
		k.lines[line] = r
	}
	move := func(all []wire.Move) {
		for _, m := range all {
			for place, n := range map[string]int64{m.From: -m.Qty, m.To: m.Qty} {
				if place == "free" {
					k.free[m.SKU] += n
				}
				if place == "free" || strings.Contains(place, "/") {
					k.good[m.SKU] += n
				}
			}
			if line := m.FromLine(); line != "" {
				register(line, 0, m.Qty)
			}
			if line := m.ToLine(); line != "" {
				register(line, m.Qty, 0)
			}
		}
	}
	giveBack := func(all []wire.Right) {
		for _, x := range all {
			r := k.lines[x.Line]
			r.Returned += x.Qty
			k.lines[x.Line] = r
		}
	}
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
			if e.Scan.Kept == 0 {
				k.scans++
			}
			for _, r := range e.Scan.Receipts {
				if r.Disposition == "" {
					k.units += r.Qty
				}
				k.free[r.SKU] += r.Free
				k.good[r.SKU] += r.Free
				for _, a := range r.Allocations {
					k.good[r.SKU] += a.Qty
					register(a.Line, a.Qty, 0)
					if e.Scan.Staged {
						k.staged[a.Line] += a.Qty
					}
				}
			}
			k.scanned[e.Seq] = e.Scan
			move(e.Scan.Moves)
		case e.Undo != nil:
			for _, seq := range e.Undo.Seqs {
				for _, r := range k.scanned[seq].Receipts {
					if r.Disposition == "" {
						k.units -= r.Qty
					}
				}
			}
			move(e.Undo.Moves)
		case e.Applied != nil:
			move(e.Applied.Moves)
			giveBack(e.Applied.Returned)
		case e.Deed != nil:
			k.deed(e.Deed)
			move(e.Deed.Moves)
			giveBack(e.Deed.Returned)
		}
	}
	return k
}
