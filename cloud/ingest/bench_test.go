package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

const (
	benchSites  = 4
	benchBatch  = 250
	benchLines  = 2000
	benchEvents = 10_000 // of each site
	benchWindow = 16     // batches under way of each site
)

// BenchmarkIngest takes a backlog in, from encoded messages to acknowledgements,
// beside a bare insert of the same rows into the same table in transactions of
// the same size. One iteration is 40,000 events of four sites.
func BenchmarkIngest(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchIngest(b, storetest.SQLite) })
	b.Run("postgres", func(b *testing.B) { benchIngest(b, storetest.Postgres) })
}

func benchIngest(b *testing.B, database func(testing.TB) store.Options) {
	var ours, bare time.Duration
	for b.Loop() {
		b.StopTimer()
		c := startCentre(b, database(b))
		sites := benchSitesOf(c)
		rows := rowsOf(sites)
		bare += insertBare(b, database(b), rows)
		b.StartTimer()
		ours += drain(c, sites)
		b.StopTimer()
		require.EqualValues(b, benchSites*benchEvents, c.totals().Scans)
		require.EqualValues(b, benchSites*benchEvents, c.totals().UnitsAllocated)
		c.stop()
		b.StartTimer()
	}
	n := float64(b.N * benchSites * benchEvents)
	b.ReportMetric(n/ours.Seconds(), "events/s")
	b.ReportMetric(n/bare.Seconds(), "bare-rows/s")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "of-bare")
}

// benchSitesOf are sites that were offline for long: each has a log of scans
// that it could allocate.
func benchSitesOf(c *centre) []*pretend {
	var sites []*pretend
	for n := range benchSites {
		id := allocation.SiteID(fmt.Sprintf("site-%d", n))
		var all []store.Order
		for k := range benchLines / 10 {
			qty := make([]int64, 10)
			for q := range qty {
				qty[q] = 100
			}
			all = append(all, order(allocation.OrderID(fmt.Sprintf("SO-%d-%05d", n, k)), 1, id, qty...))
		}
		c.take(orders(all...))
		s := c.join(id)
		s.obey(1 + benchLines + benchLines/10)
		s.log(wire.Event{Applied: &wire.Applied{Through: s.cursor}})
		s.tellAll()
		for k := range benchEvents {
			line := allocation.LineID(fmt.Sprintf("SO-%d-%05d/%d", n, k*7%(benchLines/10), 1+k%10))
			s.benchScan(line)
		}
		sites = append(sites, s)
	}
	return sites
}

func (s *pretend) benchScan(line allocation.LineID) {
	require.NoError(s.t, s.register(line).Apply(rights.Change{Used: 1}))
	n := len(s.bodies)
	s.log(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte(fmt.Sprintf("01040063813339312100%012d", n)), Verdict: allocation.Allocated,
		Why: allocation.WhyRanked, Policy: "default", Receipts: []wire.Receipt{{SKU: "85123A", Qty: 1, Serial: fmt.Sprintf("00%012d", n),
			GTIN: "04006381333931", Allocations: []wire.Allocation{{Line: line, Qty: 1, By: allocation.ByAccepted, Over: "SO-0-00001/3"}}}}}})
}

func rowsOf(sites []*pretend) []store.Event {
	var rows []store.Event
	for first := 0; first < benchEvents; first += benchBatch {
		for _, s := range sites {
			for n := first + 1; n < first+1+benchBatch; n++ {
				rows = append(rows, store.Event{Site: s.id, Incarnation: s.incarnation, Seq: int64(n + 1), Hash: s.hashes[n+1], Body: s.bodies[n]})
			}
		}
	}
	return rows
}

func insertBare(b *testing.B, o store.Options, rows []store.Event) time.Duration {
	s := storetest.Open(b, o)
	start := time.Now()
	for first := 0; first < len(rows); first += groupRows {
		require.NoError(b, s.Update(ctx, func(tx *store.Tx) error {
			return tx.AddEvents(ctx, start, rows[first:min(len(rows), first+groupRows)])
		}))
	}
	return time.Since(start)
}

// drain sends every site's log with a window of batches and waits for the last
// acknowledgement.
func drain(c *centre, sites []*pretend) time.Duration {
	var batches [][][]byte
	for _, s := range sites {
		var of [][]byte
		for first := int64(2); first <= benchEvents; first += benchBatch {
			payload, err := wire.Encode(s.batch(first, first+benchBatch-1))
			require.NoError(c.t, err)
			of = append(of, payload)
		}
		batches = append(batches, of)
	}
	start := time.Now()
	done := make(chan struct{})
	for n, s := range sites {
		go func() {
			defer func() { done <- struct{}{} }()
			sent, stored := 0, int64(0)
			for stored <= benchEvents {
				for sent < len(batches[n]) && int64(sent-benchWindow)*benchBatch < stored {
					c.Handle(wire.Up(s.id), batches[n][sent])
					sent++
				}
				stored = receive[*wire.Ack](s).Stored.Seq
			}
		}()
	}
	for range sites {
		<-done
	}
	return time.Since(start)
}
