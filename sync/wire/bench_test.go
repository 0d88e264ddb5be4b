package wire

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
)

// realistic is a batch of n scans as a busy dock makes them: a hundred items,
// serials, two lines at times, a few scans a second, and the nonces random.
func realistic(t testing.TB, n int) *Events {
	random := rand.New(rand.NewPCG(1, 2))
	m := &Events{Head: head(), First: 1001, Prev: Genesis(site, life)}
	now := at
	for i := range n {
		now = now.Add(time.Duration(random.Int64N(int64(time.Second))))
		item, serial := random.IntN(100), random.IntN(1e8)
		gtin := fmt.Sprintf("0950123460%03d0", item)
		e := Event{Seq: m.First + int64(i), Nonce: fmt.Sprintf("%016x", random.Uint64()), At: now, Scan: &Scan{
			Station: allocation.StationID(fmt.Sprint(1 + random.IntN(3))),
			Code:    fmt.Appendf(nil, "]C101%s21%08d", gtin, serial),
			Verdict: allocation.Allocated, Why: allocation.WhyRanked, Policy: "1",
			Receipts: []Receipt{{
				SKU: allocation.SKU(fmt.Sprintf("SKU-%05d", 22000+item)), Qty: 1, Serial: fmt.Sprintf("%08d", serial), GTIN: gtin, Inbound: "PO-4711",
				Allocations: []Allocation{{Line: allocation.LineID(fmt.Sprintf("5%05d/%d", random.IntN(3000), random.IntN(20))), Qty: 1, By: allocation.ByPromised,
					Over: allocation.LineID(fmt.Sprintf("5%05d/%d", random.IntN(3000), random.IntN(20)))}},
			}},
		}}
		body, err := e.Marshal()
		require.NoError(t, err)
		m.Events = append(m.Events, body)
	}
	hashes, _ := m.Verify()
	m.Last = hashes[n-1]
	return m
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{1, 100, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := realistic(b, n)
			payload, err := Encode(m)
			require.NoError(b, err)
			for b.Loop() {
				_, _ = Encode(m)
			}
			text, _ := marshal(m)
			b.ReportMetric(float64(len(text))/float64(n), "json-B/event")
			b.ReportMetric(float64(len(payload))/float64(n), "wire-B/event")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	payload, err := Encode(realistic(b, 100))
	require.NoError(b, err)
	for b.Loop() {
		m, err := Decode(payload)
		require.NoError(b, err)
		for _, raw := range m.(*Events).Events {
			_, _ = ParseEvent(json.RawMessage(raw))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/event")
}
