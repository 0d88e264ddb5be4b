package broker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/broker"
	"dockfill/sync/mqtt"
	"dockfill/sync/mqtttest"
	"dockfill/sync/outbox"
	"dockfill/sync/wire"
)

const (
	backlog = 50_000 // events
	batch   = 100    // events in a message
)

// scan is an event as a busy dock makes it.
func scan(random *rand.Rand) wire.Event {
	item, serial := random.IntN(100), random.IntN(1e8)
	return wire.Event{At: time.Now(), Scan: &wire.Scan{
		Station: "1", Code: fmt.Appendf(nil, "]C1010950123460%03d021%08d", item, serial), Verdict: allocation.Allocated, Why: allocation.WhyRanked, Policy: "1",
		Receipts: []wire.Receipt{{SKU: allocation.SKU(fmt.Sprintf("SKU-%05d", item)), Qty: 1, Serial: fmt.Sprintf("%08d", serial), Inbound: "PO-4711",
			Allocations: []wire.Allocation{{Line: allocation.LineID(fmt.Sprintf("5%05d/%d", random.IntN(3000), random.IntN(20))), Qty: 1, By: allocation.ByPromised}}}},
	}}
}

// full is a site with a backlog, and a centre that minted its life.
func full(b *testing.B) *mqtttest.Site {
	site := mqtttest.NewSite("leeds")
	require.NoError(b, site.Adopt(b.Context(), outbox.NewLife{Incarnation: "c1-1", Centre: "c1"}))
	random := rand.New(rand.NewPCG(1, 2))
	for range backlog {
		_, err := site.Append(scan(random))
		require.NoError(b, err)
	}
	return site
}

// BenchmarkDrain sends the same backlog twice over the embedded broker: bare,
// as encoded batches to a client that only counts them; and by the outbox to a
// centre in memory, which verifies the chain, parses and acknowledges.
func BenchmarkDrain(b *testing.B) {
	site := full(b)
	for b.Loop() {
		bare := publishBare(b, site)
		drained := drain(b, site)
		b.ReportMetric(float64(backlog/batch)/bare.Seconds(), "bare-batches/s")
		b.ReportMetric(float64(backlog/batch)/drained.Seconds(), "drained-batches/s")
		b.ReportMetric(float64(backlog)/drained.Seconds(), "drained-events/s")
		b.ReportMetric(bare.Seconds()/drained.Seconds(), "of-bare")
	}
}

func publishBare(b *testing.B, site *mqtttest.Site) time.Duration {
	br := start(b)
	var counted atomic.Int64
	done := make(chan struct{})
	id, user, password := br.Centre()
	centre, up := client(b, br, mqtt.Options{ClientID: id, Username: user, Password: password, Subscribe: []string{wire.AllUp()}, Queue: backlog,
		Handle: func(string, []byte) {
			if counted.Add(1) == backlog/batch {
				close(done)
			}
		}})
	defer centre()
	await(b, up)
	c, stop, up := publisher(b, br)
	defer stop()
	await(b, up)
	payloads := encoded(b, site)
	began := time.Now()
	for _, p := range payloads {
		require.NoError(b, c.Publish(b.Context(), wire.Up("leeds"), p))
	}
	<-done
	return time.Since(began)
}

func encoded(b *testing.B, site *mqtttest.Site) (payloads [][]byte) {
	log := site.Log()
	for i := 0; i < len(log); i += batch {
		m := &wire.Events{Head: wire.Head{Site: "leeds"}, First: int64(i + 1)}
		for _, e := range log[i : i+batch] {
			m.Events = append(m.Events, json.RawMessage(e.Body))
		}
		p, err := wire.Encode(m)
		require.NoError(b, err)
		payloads = append(payloads, p)
	}
	return payloads
}

func client(b *testing.B, br *broker.Broker, o mqtt.Options) (stop func(), up chan struct{}) {
	up = make(chan struct{}, 10)
	o.URL = br.URL()
	state := o.OnState
	o.OnState = func(isUp bool, problem string) {
		if state != nil {
			state(isUp, problem)
		}
		if isUp {
			up <- struct{}{}
		}
	}
	c, err := mqtt.New(o)
	require.NoError(b, err)
	return runIt(c), up
}

func publisher(b *testing.B, br *broker.Broker) (*mqtt.Client, func(), chan struct{}) {
	up := make(chan struct{}, 10)
	c, err := mqtt.New(mqtt.Options{URL: br.URL(), ClientID: fixed("leeds.abcdefgh"), OnState: func(bool, string) { up <- struct{}{} }})
	require.NoError(b, err)
	return c, runIt(c), up
}

func runIt(r interface{ Run(context.Context) error }) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	return func() { cancel(); running.Wait() }
}

// lazy is a carrier that is made after the session that needs it.
type lazy struct{ c *mqtt.Client }

func (l *lazy) Publish(ctx context.Context, topic string, payload []byte) error {
	return l.c.Publish(ctx, topic, payload)
}

func drain(b *testing.B, site *mqtttest.Site) time.Duration {
	br := start(b)
	down := &lazy{}
	centre := mqtttest.NewCentre("c1", func(topic string, payload []byte) { _ = down.Publish(b.Context(), topic, payload) })
	centre.Know("leeds", "c1-1")
	id, user, password := br.Centre()
	up := make(chan struct{}, 10)
	var err error
	down.c, err = mqtt.New(mqtt.Options{URL: br.URL(), ClientID: id, Username: user, Password: password, Subscribe: []string{wire.AllUp()}, Handle: centre.Handle,
		OnState: func(bool, string) { up <- struct{}{} }})
	require.NoError(b, err)
	defer runIt(down.c)()
	await(b, up)

	away := &lazy{}
	nonce := outbox.NewNonce()
	s, err := outbox.New(b.Context(), outbox.Options{Site: "leeds", Nonce: nonce, Log: unmarked{site}, Carrier: away, Commands: func(*wire.Commands) {}, BatchEvents: batch, Window: 64})
	require.NoError(b, err)
	defer runIt(s)()
	began := time.Now()
	away.c, err = mqtt.New(mqtt.Options{URL: br.URL(), ClientID: fixed(outbox.ClientID("leeds", nonce)), Subscribe: []string{wire.Down("leeds")}, Handle: s.Deliver, OnState: s.Link})
	require.NoError(b, err)
	defer runIt(away.c)()
	for s.Status().Stored < backlog {
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

// unmarked forgets acknowledgements, so that the same site drains again.
type unmarked struct{ *mqtttest.Site }

func (unmarked) Acknowledge(context.Context, wire.Cursor, wire.Cursor) error { return nil }
