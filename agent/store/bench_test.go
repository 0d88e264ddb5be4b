package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// The sizes are measured in turns in one run, so that all meet the same machine:
// what counts is how they compare, not how long they take.

// backlog is a site with open lines, in a transaction that stays open.
type backlog struct {
	tx    *Tx
	lines int
	skus  int // they are shared out evenly; SKU-0 and so on
}

const (
	linesPerOrder = 10
	linesPerSKU   = 20
)

// inBacklog opens a site with n open lines, each made by how from a line that has
// the right to all that it wants, and lets do ask it.
func inBacklog(b *testing.B, p allocation.Rules, n, skus int, how func(i int, l *Line), do func(*backlog)) {
	b.Helper()
	s := unflushed(b)
	err := s.Update(b.Context(), func(tx *Tx) error {
		policy, err := allocation.NewPolicy("bench", p)
		require.NoError(b, err)
		require.NoError(b, tx.SetPolicy(policy))
		for i := range n {
			require.NoError(b, addOpen(tx, i, skus, how))
		}
		return nil
	})
	require.NoError(b, err)
	err = s.Update(b.Context(), func(tx *Tx) error {
		do(&backlog{tx, n, skus})
		return errBack
	})
	require.ErrorIs(b, err, errBack)
}

func addOpen(tx *Tx, i, skus int, how func(int, *Line)) error {
	id := allocation.OrderID(fmt.Sprintf("O%07d", i/linesPerOrder))
	accepted := day(1).Add(time.Duration(i/linesPerOrder*7919%1_000_000) * time.Second)
	if i%linesPerOrder == 0 { // its number is i/linesPerOrder + 1
		o := &wire.Order{ID: id, Version: 1, Class: allocation.Redistribute, Tier: i % 3, Accepted: accepted, Door: "D1"}
		if err := tx.PutOrder(o); err != nil {
			return err
		}
	}
	l := Line{Line: allocation.Line{
		Rank: allocation.Rank{
			Class: allocation.Redistribute, Tier: i / linesPerOrder * linesPerOrder % 3, Accepted: accepted,
			Order: id, Line: allocation.MakeLineID(id, fmt.Sprint(i%linesPerOrder)),
		},
		SKU: allocation.SKU(fmt.Sprint("SKU-", i%skus)), Ship: allocation.ShipPartial, Ordered: 24,
	}}
	l.order, l.Rights.Granted = int64(i/linesPerOrder+1), 24
	if how != nil {
		how(i, &l)
	}
	l.Right = l.Rights.Balance()
	return insertLine(tx, &l)
}

// insertLine writes a line as it stands, which no site can do.
func insertLine(tx *Tx, l *Line) error {
	all := append(tx.by.columns(l), tx.by.keys(&l.Line)...)
	all = append(all, column{"id", l.ID()}, column{"order_n", l.order}, column{"segment", l.Segment},
		column{"ship", l.Ship}, column{"class", classNumber(l.Rank.Class)})
	var names []string
	var args []any
	for _, c := range all {
		names, args = append(names, c.name), append(args, c.value)
	}
	return tx.c.exec(`INSERT INTO line (`+strings.Join(names, ", ")+`) VALUES (?`+strings.Repeat(", ?", len(args)-1)+`)`, args...)
}

// receive decides over one unit of a SKU, which a line gets.
func (g *backlog) receive(b *testing.B, sku int) time.Duration {
	d, took := g.unit(b, sku)
	if d.Verdict != allocation.Allocated {
		b.Fatalf("%+v", d)
	}
	return took
}

func (g *backlog) unit(b *testing.B, sku int) (allocation.Decision, time.Duration) {
	e := allocation.Receive{Receipts: []allocation.Receipt{{
		Batch: allocation.Batch{SKU: allocation.SKU(fmt.Sprint("SKU-", sku)), Expiry: "2027-06-01"}, Qty: 1,
	}}}
	begin := time.Now()
	d, err := allocation.Decide(g.tx.Meta().Policy, g.tx, "2027-03-01", e)
	took := time.Since(begin)
	if err != nil {
		b.Fatal(err)
	}
	return d, took
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// BenchmarkDecide measures a decision over one unit, without its commit, beside
// ever longer backlogs of twenty lines a SKU: of one SKU many times, as of a pallet,
// of fifty in turn, as of a lorry with mixed goods, and of any SKU of the house,
// whose pages of the database are seldom in memory.
func BenchmarkDecide(b *testing.B) {
	for _, share := range []allocation.Share{allocation.Sequence, allocation.Fair} {
		b.Run(string(share), func(b *testing.B) {
			var all []*backlog
			m := made{allocation.Rules{Share: share}, func(n int) int { return n / linesPerSKU }, nil}
			grow(b, m, []int{1000, 10_000, 100_000, 1_000_000}, &all, func() { compareBacklogs(b, all) })
		})
	}
}

// made says how backlogs are made.
type made struct {
	rules allocation.Rules
	skus  func(lines int) int
	how   func(int, *Line)
}

// grow opens a site of each size beside the others.
func grow(b *testing.B, m made, sizes []int, all *[]*backlog, do func()) {
	if len(sizes) == 0 {
		do()
		return
	}
	inBacklog(b, m.rules, sizes[0], m.skus(sizes[0]), m.how, func(g *backlog) {
		*all = append(*all, g)
		grow(b, m, sizes[1:], all, do)
	})
}

func compareBacklogs(b *testing.B, all []*backlog) {
	const lorry, pallet = 50, 40
	for _, c := range []struct {
		name string
		sku  func(n int, r *rand.Rand, g *backlog) int
	}{
		{"pallets", func(n int, _ *rand.Rand, g *backlog) int { return n / pallet * 7919 % g.skus }},
		{"mixed", func(_ int, r *rand.Rand, g *backlog) int { return r.IntN(lorry) * (g.skus / lorry) }},
		{"any", func(_ int, r *rand.Rand, g *backlog) int { return r.IntN(g.skus) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var names []string
			took := make([][]time.Duration, len(all))
			for _, g := range all {
				names = append(names, fmt.Sprint(g.lines))
			}
			r := rand.New(rand.NewPCG(1, 1))
			for n := 0; b.Loop(); n++ {
				for i, g := range all {
					took[i] = append(took[i], g.receive(b, c.sku(n, r, g)))
				}
			}
			report(b, names, took)
		})
	}
}

// report gives each median, and how it compares with the first.
func report(b *testing.B, names []string, took [][]time.Duration) {
	b.ReportMetric(0, "ns/op")
	first := median(took[0])
	for i, name := range names {
		p50 := median(took[i])
		b.ReportMetric(microseconds(p50), "µs-p50/"+name)
		b.ReportMetric(float64(p50)/float64(first), "x/"+name)
	}
}

// BenchmarkDecideOneSKU measures the same where 50,000 lines wait for one SKU, where
// all of them but one lack what it takes, and where all ship whole and the first
// gathers units that others may take.
func BenchmarkDecideOneSKU(b *testing.B) {
	const many = 50_000
	all := []string{"alone", "all", "right", "pack", "life", "gate"}
	how := map[string]func(int, *Line){
		"right": func(_ int, l *Line) { l.Rights.Granted = 0 },
		"pack":  func(_ int, l *Line) { l.Pack = 12 },
		"life":  func(_ int, l *Line) { l.MinLife = 400 },
		"gate":  func(_ int, l *Line) { l.Ship, l.gathers = allocation.ShipLine, true },
	}
	var sites []*backlog
	var open func(left []string)
	open = func(left []string) {
		if len(left) == 0 {
			compareOneSKU(b, all, sites)
			return
		}
		n, lacks := many, how[left[0]]
		if left[0] == "alone" {
			n = 1
		}
		inBacklog(b, allocation.Rules{}, n, 1, func(i int, l *Line) {
			if lacks != nil && (i != many/2 || left[0] == "gate") {
				lacks(i, l)
			}
		}, func(g *backlog) {
			require.NoError(b, decide(g.tx, scanned("SKU-0", 3)))
			sites = append(sites, g)
			open(left[1:])
		})
	}
	open(all)
}

func compareOneSKU(b *testing.B, names []string, all []*backlog) {
	b.Run("one", func(b *testing.B) {
		took := make([][]time.Duration, len(all))
		for b.Loop() {
			for i, g := range all {
				took[i] = append(took[i], g.receive(b, 0))
			}
		}
		report(b, names, took)
	})
}

// BenchmarkDecideSkip measures gates in mode skip while goods are announced: lines
// that ship whole, of which the announced goods fill some or all, and orders of ten
// goods that ship whole, for which they are enough, or whose last one nobody has.
func BenchmarkDecideSkip(b *testing.B) {
	for _, c := range []struct {
		name      string
		ship      allocation.Ship
		skus      int
		announced int64 // of each SKU
		without   bool  // the last one
	}{
		{"lines-few", allocation.ShipLine, 1, 100, false},
		{"lines-all", allocation.ShipLine, 1, 1_000_000, false},
		{"orders-few", allocation.ShipOrder, linesPerOrder, 100, false},
		{"orders-all", allocation.ShipOrder, linesPerOrder, 1_000_000, false},
		{"orders-lacking", allocation.ShipOrder, linesPerOrder, 1_000_000, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			var all []*backlog
			m := made{allocation.Rules{Gate: allocation.GateSkip}, func(int) int { return c.skus }, func(_ int, l *Line) { l.Ship = c.ship }}
			grow(b, m, []int{100, 1000, 10_000}, &all, func() {
				var names []string
				for _, g := range all {
					announce(b, g, c.announced, c.without)
					names = append(names, fmt.Sprint(g.lines))
				}
				compareSkip(b, names, all)
			})
		})
	}
}

func announce(b *testing.B, g *backlog, n int64, without bool) {
	in := &wire.Inbound{ID: "PO1", Version: 1}
	for sku := range g.skus - int(one(without)) {
		in.Lines = append(in.Lines, wire.InboundLine{SKU: allocation.SKU(fmt.Sprint("SKU-", sku)), Qty: n})
	}
	require.NoError(b, g.tx.PutInbound(in))
	require.NoError(b, decide(g.tx, scanned("SKU-0", 3)))
}

func compareSkip(b *testing.B, names []string, all []*backlog) {
	took := make([][]time.Duration, len(all))
	for b.Loop() {
		for i, g := range all {
			_, d := g.unit(b, 0)
			took[i] = append(took[i], d)
		}
	}
	report(b, names, took)
}
