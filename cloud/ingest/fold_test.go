package ingest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/intake"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// folded are the totals as anybody can add them up from the raw events alone.
type folded struct {
	scans, units, allocated int64
	lines                   map[allocation.LineID]*foldedLine
	held                    map[string]int64 // units by the shelf of such goods
}

type foldedLine struct {
	rights.Registers
	allocated, picked, staged, shipped int64
}

func (f *folded) line(id allocation.LineID) *foldedLine {
	if f.lines[id] == nil {
		f.lines[id] = &foldedLine{}
	}
	return f.lines[id]
}

// put changes what lies at a place, as it counts for the house.
func (f *folded) put(place string, qty int64) {
	line := allocation.LineID("")
	if strings.Contains(place, "/") {
		line = allocation.LineID(place)
		f.line(line).allocated += qty
		f.allocated += qty
	}
	switch {
	case line != "", place == "free":
		f.units += qty
	case place == "surplus":
		f.units += qty
		f.held[place] += qty
	case place != "":
		f.held[place] += qty
	}
}

func (f *folded) moves(moves []wire.Move, returned []wire.Right) {
	for _, m := range moves {
		if id := m.FromLine(); id != "" {
			f.line(id).Undone += m.Qty
		}
		if id := m.ToLine(); id != "" {
			f.line(id).Used += m.Qty
		}
		f.put(m.From, -m.Qty)
		f.put(m.To, m.Qty)
	}
	for _, r := range returned {
		f.line(r.Line).Returned += r.Qty
	}
}

func (f *folded) scan(s *wire.Scan) {
	f.scans++
	for _, r := range s.Receipts {
		if r.Disposition != "" {
			f.put(string(r.Disposition), r.Qty)
			continue
		}
		f.put("free", r.Free)
		f.put("surplus", r.Surplus)
		for _, a := range r.Allocations {
			f.put(string(a.Line), a.Qty)
			f.line(a.Line).Used += a.Qty
			if s.Staged {
				f.line(a.Line).staged += a.Qty
			}
		}
	}
	f.moves(s.Moves, nil)
}

func (f *folded) deed(d *wire.Deed) {
	l := f.line(d.Line)
	switch d.Kind {
	case wire.DeedPick:
		l.picked += d.Qty
	case wire.DeedStage:
		l.picked, l.staged = max(0, l.picked-d.Qty), l.staged+d.Qty
	case wire.DeedShip:
		fresh := max(0, d.Qty-(l.staged-l.shipped))
		l.picked, l.staged, l.shipped = max(0, l.picked-fresh), l.staged+fresh, l.shipped+d.Qty
	case wire.DeedReturn:
		l.staged -= max(0, d.Qty-l.picked)
		l.picked = max(0, l.picked-d.Qty)
	}
	f.moves(d.Moves, d.Returned)
}

func fold(t *testing.T, s *pretend) folded {
	f := folded{lines: map[allocation.LineID]*foldedLine{}, held: map[string]int64{}}
	for _, body := range s.bodies {
		e, err := wire.ParseEvent(body)
		require.NoError(t, err)
		switch {
		case e.Scan != nil:
			f.scan(e.Scan)
		case e.Undo != nil:
			f.moves(e.Undo.Moves, nil)
		case e.Applied != nil:
			f.moves(e.Applied.Moves, e.Applied.Returned)
		case e.Deed != nil:
			f.deed(e.Deed)
		}
	}
	return f
}

// Whatever a site logged, what the pages show is what the raw events add up to.
func TestProjectionsEqualAFoldOverTheRawEvents(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		const lines = 40
		var all []store.Order
		for n := range lines {
			all = append(all, order(allocation.OrderID(fmt.Sprintf("O%02d", n)), 1, "leeds", 50))
		}
		c.take(orders(all...))
		s := c.join("leeds")
		s.obey(1 + 2*lines)
		h := &house{pretend: s, random: rand.New(rand.NewPCG(3, 4)), lines: map[allocation.LineID]*foldedLine{}, shelves: map[string]int64{}}
		for range 5000 {
			h.work()
		}
		for first := 1; first <= len(s.bodies); first += 170 {
			s.tell(int64(first), int64(min(len(s.bodies), first+169)))
		}
		s.ackedAt(int64(len(s.bodies)))

		want, got := fold(t, s), c.totals()
		assert.Equal(t, []int64{want.scans, want.units, want.allocated}, []int64{got.Scans, got.UnitsScanned, got.UnitsAllocated})
		row := c.row("leeds")
		assert.Equal(t, []int64{want.scans, want.units, want.allocated, 0}, []int64{row.Scans, row.Units, row.Allocated, row.Poison}, c.log.String())
		for id, line := range want.lines {
			if id == "" {
				continue // deeds without a line
			}
			o, _ := id.Split()
			v, err := c.store.Order(ctx, o)
			require.NoError(t, err)
			told := v.Lines[0]
			require.Equal(t, []int64{line.allocated, line.picked, line.staged, line.shipped}, []int64{told.Allocated, told.Picked, told.Staged, told.Shipped}, id)
			held := c.held(id)[s.incarnation]
			r := line.Registers
			r.Granted = held.Granted
			require.Equal(t, r, held)
			require.GreaterOrEqual(t, held.Granted, s.register(id).Granted)
		}
		sums, err := c.store.Held(ctx)
		require.NoError(t, err)
		aside := map[string]int64{}
		for _, h := range sums {
			aside[map[allocation.WhyCode]string{allocation.WhySurplus: "surplus", allocation.WhyDamaged: "damaged", allocation.WhyOnHold: "hold"}[h.Why]] += h.Units
		}
		maps.DeleteFunc(want.held, func(_ string, n int64) bool { return n == 0 })
		assert.Equal(t, want.held, aside)
	})
}

// house is a site at work: what its lines hold, and what lies on its shelves of
// X, of which all surplus came by P1.
type house struct {
	*pretend
	random  *rand.Rand
	lines   map[allocation.LineID]*foldedLine
	shelves map[string]int64
}

func (h *house) line() (allocation.LineID, *foldedLine, *rights.Registers) {
	id := allocation.LineID(fmt.Sprintf("O%02d/1", h.random.IntN(40)))
	if h.lines[id] == nil {
		h.lines[id] = &foldedLine{}
	}
	return id, h.lines[id], h.register(id)
}

// loose is what the line holds and nobody has bound.
func (l *foldedLine) loose() int64 { return l.allocated - l.picked - l.staged }

// work logs one random event that the site's goods and rights allow.
func (h *house) work() {
	id, l, reg := h.line()
	n := 1 + h.random.Int64N(3)
	switch h.random.IntN(12) {
	case 0, 1, 2:
		h.receive(id, l, reg, n)
	case 3:
		h.fromLine(id, l, reg, n)
	case 4:
		h.fromShelf(id, l, reg, n)
	case 5:
		h.cancel(id, l, reg, n)
	case 6, 7, 8:
		h.bind(id, l, n)
	case 9:
		h.bringBack(id, l, reg, n)
	case 10:
		h.regrade(n)
	case 11:
		h.approve(id, l, reg, n)
	}
}

func (h *house) receive(id allocation.LineID, l *foldedLine, reg *rights.Registers, n int64) {
	take := min(n, reg.Balance())
	scan := &wire.Scan{Station: "1", Code: []byte("c"), Verdict: allocation.Allocated, Why: allocation.WhyRanked, Staged: h.random.IntN(4) == 0}
	r := wire.Receipt{SKU: "X", Qty: n, Free: n - take}
	if h.random.IntN(4) == 0 {
		r.Surplus, r.Free, r.Inbound = r.Free, 0, "P1"
	}
	if take > 0 {
		require.NoError(h.t, reg.Apply(rights.Change{Used: take}))
		r.Allocations = []wire.Allocation{{Line: id, Qty: take}}
	}
	scan.Receipts = []wire.Receipt{r}
	for _, shelf := range []allocation.Disposition{allocation.Damaged, allocation.Hold} {
		if h.random.IntN(6) == 0 {
			scan.Receipts = append(scan.Receipts, wire.Receipt{SKU: "X", Qty: 2, Disposition: shelf})
			h.shelves[string(shelf)] += 2
		}
	}
	h.shelves["free"] += r.Free
	h.shelves["surplus"] += r.Surplus
	l.allocated += take
	if scan.Staged {
		l.staged += take
	}
	if other, o, _ := h.line(); o.loose() > 0 && other != id && reg.Balance() > 0 { // it takes one from another line too
		require.NoError(h.t, h.register(other).Apply(rights.Change{Undone: 1}))
		require.NoError(h.t, reg.Apply(rights.Change{Used: 1}))
		o.allocated, l.allocated = o.allocated-1, l.allocated+1
		scan.Moves = []wire.Move{{SKU: "X", Qty: 1, From: string(other), To: string(id)}}
	}
	h.log(wire.Event{Scan: scan})
}

// fromLine is an undo that finds its units with a line.
func (h *house) fromLine(id allocation.LineID, l *foldedLine, reg *rights.Registers, n int64) {
	if l.loose() < n || reg.Apply(rights.Change{Undone: n}) != nil {
		return
	}
	l.allocated -= n
	h.log(wire.Event{Undo: &wire.Undo{Station: "1", Seqs: []int64{1}, Moves: []wire.Move{{SKU: "X", Qty: n, From: string(id)}}}})
}

// fromShelf is what commands move: from stock to a line and from that to another.
func (h *house) fromShelf(id allocation.LineID, l *foldedLine, reg *rights.Registers, n int64) {
	if h.shelves["free"] < n || reg.Balance() < n {
		return
	}
	require.NoError(h.t, reg.Apply(rights.Change{Used: n}))
	h.shelves["free"] -= n
	l.allocated += n
	h.log(wire.Event{Applied: &wire.Applied{Through: h.cursor, Moves: []wire.Move{{SKU: "X", Qty: n, From: "free", To: string(id)}}}})
}

// cancel takes units back and burns their rights, and unspent ones beside.
func (h *house) cancel(id allocation.LineID, l *foldedLine, reg *rights.Registers, n int64) {
	a := &wire.Applied{Through: h.cursor}
	burned := min(n, reg.Balance())
	if l.loose() >= n && reg.Apply(rights.Change{Undone: n}) == nil {
		l.allocated -= n
		h.shelves["free"] += n
		burned += n
		a.Moves = []wire.Move{{SKU: "X", Qty: n, From: string(id), To: "free"}}
	}
	if burned > 0 {
		require.NoError(h.t, reg.Apply(rights.Change{Returned: burned}))
		a.Returned = []wire.Right{{Line: id, Qty: burned}}
	}
	h.log(wire.Event{Applied: a})
}

func (h *house) bind(id allocation.LineID, l *foldedLine, n int64) {
	d := &wire.Deed{Station: "1", Line: id, SKU: "X", Qty: n}
	switch ships := l.allocated - l.shipped; {
	case h.random.IntN(3) == 0 && l.loose() >= n:
		d.Kind = wire.DeedPick
		l.picked += n
	case h.random.IntN(2) == 0 && l.loose()+l.picked >= n:
		d.Kind = wire.DeedStage
		l.picked, l.staged = max(0, l.picked-n), l.staged+n
	case ships >= n:
		d.Kind = wire.DeedShip
		fresh := max(0, n-(l.staged-l.shipped))
		l.picked, l.staged, l.shipped = max(0, l.picked-fresh), l.staged+fresh, l.shipped+n
	default:
		return
	}
	h.log(wire.Event{Deed: d})
}

// bringBack returns bound units that the line wants no longer.
func (h *house) bringBack(id allocation.LineID, l *foldedLine, reg *rights.Registers, n int64) {
	if l.picked+l.staged-l.shipped < n || reg.Apply(rights.Change{Undone: n}) != nil {
		return
	}
	require.NoError(h.t, reg.Apply(rights.Change{Returned: n}))
	l.staged -= max(0, n-l.picked)
	l.picked = max(0, l.picked-n)
	l.allocated -= n
	h.shelves["free"] += n
	h.log(wire.Event{Deed: &wire.Deed{Kind: wire.DeedReturn, Line: id, SKU: "X", Qty: n,
		Moves: []wire.Move{{SKU: "X", Qty: n, From: string(id), To: "free"}}, Returned: []wire.Right{{Line: id, Qty: n}}}})
}

func (h *house) regrade(n int64) {
	ways := [][2]string{{"free", "damaged"}, {"damaged", "free"}, {"hold", "free"}, {"hold", "damaged"}, {"free", ""}, {"", "free"}}
	way := ways[h.random.IntN(len(ways))]
	if way[0] != "" && h.shelves[way[0]] < n {
		return
	}
	h.shelves[way[0]] -= n
	h.shelves[way[1]] += n
	d := &wire.Deed{Kind: wire.DeedRegrade, SKU: "X", Qty: n, Moves: []wire.Move{{SKU: "X", Qty: n, From: way[0], To: way[1]}}}
	if way[0] == "" || way[1] == "" {
		d.Kind, d.Reason = wire.DeedAdjust, "counted"
	}
	h.log(wire.Event{Deed: d})
}

func (h *house) approve(id allocation.LineID, l *foldedLine, reg *rights.Registers, n int64) {
	if h.shelves["surplus"] < n {
		return
	}
	h.shelves["surplus"] -= n
	d := &wire.Deed{Kind: wire.DeedApprove, Inbound: "P1", Qty: n}
	if take := min(n, reg.Balance()); take > 0 {
		require.NoError(h.t, reg.Apply(rights.Change{Used: take}))
		l.allocated += take
		d.Moves = append(d.Moves, wire.Move{SKU: "X", Qty: take, From: "surplus", To: string(id), Inbound: "P1"})
		n -= take
	}
	if n > 0 {
		h.shelves["free"] += n
		d.Moves = append(d.Moves, wire.Move{SKU: "X", Qty: n, From: "surplus", To: "free", Inbound: "P1"})
	}
	h.log(wire.Event{Deed: d})
}

// A month of real invoices goes in with the rights and commands that it brings.
func TestAMonthOfInvoicesIsImported(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/online-retail/*.csv")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("no Online Retail day files in ../../../shared/data/online-retail")
	}
	m, err := os.Open("../../docs/examples/online-retail.toml")
	require.NoError(t, err)
	defer m.Close()
	mapping, err := intake.ReadMapping("online-retail.toml", m)
	require.NoError(t, err)
	storetest.Each(t, func(t *testing.T, o store.Options) {
		c := startCentre(t, o)
		s := c.join("leeds")
		s.obey(1)
		var batch store.Batch
		rows, left, start := 0, 0, time.Now()
		for _, name := range files {
			f := readFile(t, name, mapping)
			batch.Orders = append(batch.Orders, f.Batch.Orders...)
			rows, left = rows+f.Rows, left+f.Left
		}
		read := time.Since(start)
		start = time.Now()
		r := c.take(batch)
		t.Logf("%d rows, %d left out, %d orders, %d lines: read in %v, imported in %v", rows, left, r.New, r.Lines,
			read.Round(time.Millisecond), time.Since(start).Round(time.Millisecond))
		require.Equal(t, rows-left, r.Lines)
		totals := c.totals()
		assert.EqualValues(t, r.Lines, totals.Lines)
		assert.EqualValues(t, r.Lines+r.New, c.row("leeds").Behind-1, "an order's command and a grant for each line")
		start = time.Now()
		assert.Equal(t, r.New, c.take(batch).Same)
		t.Logf("the same again: %v", time.Since(start).Round(time.Millisecond))
		start = time.Now()
		c.join("leeds")
		t.Logf("a new life of the site was told everything after %v", time.Since(start).Round(time.Millisecond))
		assert.EqualValues(t, r.New+1, c.row("leeds").Behind, "its rights are in doubt with the dead life")
	})
}

func readFile(t *testing.T, name string, m *intake.Mapping) *intake.File {
	t.Helper()
	r, err := os.Open(name)
	require.NoError(t, err)
	defer r.Close()
	f, err := intake.Read(r, intake.Options{Kind: intake.Orders, Name: filepath.Base(name), Map: m})
	require.NoError(t, err)
	return f
}
