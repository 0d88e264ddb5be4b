package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	lines                   map[allocation.LineID]int64
	registers               map[allocation.LineID]rights.Registers
}

func fold(t *testing.T, s *pretend) folded {
	f := folded{lines: map[allocation.LineID]int64{}, registers: map[allocation.LineID]rights.Registers{}}
	add := func(list []wire.Allocation, sign int64, undone, returned bool) {
		for _, a := range list {
			r := f.registers[a.Line]
			if sign > 0 {
				r.Used += a.Qty
			}
			if undone {
				r.Undone += a.Qty
			}
			if returned {
				r.Returned += a.Qty
			}
			f.registers[a.Line] = r
			f.lines[a.Line] += sign * a.Qty
			f.allocated += sign * a.Qty
		}
	}
	for _, body := range s.bodies {
		e, err := wire.ParseEvent(body)
		require.NoError(t, err)
		switch {
		case e.Scan != nil:
			f.scans++
			for _, r := range e.Scan.Receipts {
				f.units += r.Qty
				add(r.Allocations, 1, false, false)
			}
		case e.Undo != nil:
			add(e.Undo.Allocations, -1, true, false)
			for _, a := range e.Undo.Allocations {
				f.units -= a.Qty
			}
			for _, free := range e.Undo.Free {
				f.units -= free.Qty
			}
		case e.Applied != nil:
			add(e.Applied.Released, -1, true, true)
			add(e.Applied.Returned, 0, false, true)
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
		r := rand.New(rand.NewPCG(3, 4))
		for range 3000 {
			id := allocation.LineID(fmt.Sprintf("O%02d/1", r.IntN(lines)))
			work(s, r, id)
		}
		for first := 1; first <= len(s.bodies); first += 170 {
			s.tell(int64(first), int64(min(len(s.bodies), first+169)))
		}
		s.ackedAt(int64(len(s.bodies)))

		want, got := fold(t, s), c.totals()
		assert.Equal(t, []int64{want.scans, want.units, want.allocated}, []int64{got.Scans, got.UnitsScanned, got.UnitsAllocated})
		row := c.row("leeds")
		assert.Equal(t, []int64{want.scans, want.units, want.allocated, 0}, []int64{row.Scans, row.Units, row.Allocated, row.Poison})
		for id, allocated := range want.lines {
			o, _ := id.Split()
			v, err := c.store.Order(ctx, o)
			require.NoError(t, err)
			require.Equal(t, allocated, v.Lines[0].Allocated, id)
			held := c.held(id)[s.incarnation]
			r := want.registers[id]
			r.Granted = held.Granted
			require.Equal(t, r, held)
			require.GreaterOrEqual(t, held.Granted, s.register(id).Granted)
		}
	})
}

// work logs one random event that the site's registers allow.
func work(s *pretend, r *rand.Rand, id allocation.LineID) {
	reg := s.register(id)
	n := 1 + r.Int64N(3)
	give := []wire.Allocation{{Line: id, Qty: n}}
	switch inUse := reg.Used - reg.Undone; {
	case r.IntN(4) > 0:
		take := min(n, reg.Balance())
		s.scan("X", n, id, take)
	case inUse >= n && r.IntN(2) == 0:
		require.NoError(s.t, reg.Undo(n))
		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Allocations: give, Free: []wire.Free{{SKU: "X", Qty: 1}}}})
	case inUse >= n:
		require.NoError(s.t, reg.Undo(n))
		require.NoError(s.t, reg.Return(n))
		s.log(wire.Event{Applied: &wire.Applied{Through: s.cursor, Released: give}})
	case reg.Balance() >= n:
		require.NoError(s.t, reg.Return(n))
		s.log(wire.Event{Applied: &wire.Applied{Through: s.cursor, Returned: give}})
	}
}

// A month of real invoices goes in with the rights and commands that it brings.
func TestAMonthOfInvoicesIsImported(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/online-retail/*.csv")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the Online Retail data is not here")
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
