package web

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
)

const (
	benchLines = 84_000
	benchSKUs  = 4_000
)

// BenchmarkOwedPage draws a page of backorders with their dates, out of 84,000 open
// lines of 4,000 SKUs, each with two deliveries announced, every fifth order
// shipping whole: once with dates to be made, and again, when they are known. The
// last figure is a count of all promises. Under mode skip whole orders tie all of
// their goods together.
func BenchmarkOwedPage(b *testing.B) {
	for name, database := range map[string]func(testing.TB) store.Options{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		for _, gate := range []allocation.GateMode{allocation.GateHold, allocation.GateSkip} {
			b.Run(name+"/"+string(gate), func(b *testing.B) { benchOwed(b, storetest.Open(b, database(b)), gate) })
		}
	}
}

func benchOwed(b *testing.B, data *store.Store, gate allocation.GateMode) {
	fillHouse(b, data, gate)
	s := New(Options{Reads: data, Now: func() time.Time { return noon }})
	draw := func(page int) time.Duration {
		begun := time.Now()
		w := httptest.NewRecorder()
		s.page(w, httptest.NewRequest("GET", fmt.Sprintf("/?page=%d", page), nil))
		require.Equal(b, 200, w.Code)
		return time.Since(begun)
	}
	var first, again time.Duration
	for i := 0; b.Loop(); i++ {
		s.outlook.kept = nil
		first += draw(1 + i*37%1600)
		again += draw(1 + i*37%1600)
	}
	begun := time.Now()
	_, err := s.outlook.survey(context.Background())
	require.NoError(b, err)
	b.ReportMetric(float64(time.Since(begun).Milliseconds()), "ms/survey")
	b.ReportMetric(first.Seconds()*1000/float64(b.N), "ms/page")
	b.ReportMetric(again.Seconds()*1000/float64(b.N), "ms/page-again")
}

func fillHouse(b *testing.B, data *store.Store, gate allocation.GateMode) {
	ctx, rnd := context.Background(), rand.New(rand.NewPCG(1, 2))
	var orders []*store.Order
	var lines []*store.Line
	for i := range benchLines {
		if i%6 == 0 {
			o := &store.Order{ID: allocation.OrderID(fmt.Sprintf("SO-%06d", i/6)), Site: "leeds", Customer: "C1", Accepted: noon.Add(-time.Duration(i) * time.Minute),
				Ranking: store.Ranking{Tier: rnd.IntN(3), Promised: allocation.Date(noon.AddDate(0, 0, rnd.IntN(40)-5).Format(time.DateOnly))}}
			if i%5 == 0 {
				o.Ship = allocation.ShipOrder
			}
			orders = append(orders, o)
		}
		o, qty := orders[len(orders)-1], 1+rnd.Int64N(30)
		l := &store.Line{Order: o.ID, Line: fmt.Sprint(i%6 + 1), Site: o.Site, Customer: o.Customer, Accepted: o.Accepted, SKU: sku(rnd.IntN(benchSKUs)), Ordered: qty, Wanted: qty, Effective: qty}
		l.ID = allocation.MakeLineID(l.Order, l.Line)
		lines = append(lines, l)
	}
	var inbound []*store.Inbound
	for i := range 2 * benchSKUs / 10 {
		in := &store.Inbound{ID: allocation.InboundID(fmt.Sprintf("PO-%04d", i)), Version: 1, Site: "leeds", Expected: allocation.Date(noon.AddDate(0, 0, rnd.IntN(40)-2).Format(time.DateOnly))}
		for k := range 10 {
			in.Lines = append(in.Lines, store.SupplyLine{SKU: sku((10*i + k) % benchSKUs), Qty: 1 + rnd.Int64N(200)})
		}
		inbound = append(inbound, in)
	}
	policy, err := allocation.NewPolicy("bench", allocation.Rules{Gate: gate})
	require.NoError(b, err)
	require.NoError(b, data.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.AddSite(ctx, "leeds")
		require.NoError(b, err)
		_, err = tx.SetPolicy(ctx, noon, policy)
		require.NoError(b, err)
		require.NoError(b, tx.PutOrders(ctx, orders))
		require.NoError(b, tx.PutLines(ctx, lines))
		return tx.PutInbound(ctx, inbound)
	}))
}

func sku(n int) allocation.SKU { return allocation.SKU(fmt.Sprintf("SKU-%04d", n)) }
