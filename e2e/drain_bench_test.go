package e2e

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"dockfill/agent"
	"dockfill/agent/config"
	sitestore "dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/cloud"
	"dockfill/cloud/broker"
	"dockfill/cloud/ingest"
	cloudstore "dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/mqtt"
	"dockfill/sync/outbox"
	"dockfill/sync/wire"
)

// The house of the drain: what a site that was cut off for a week has to tell.
const (
	drainEvents  = 100_000
	drainOrders  = 4000
	drainLines   = 5 // of an order
	drainQty     = 6 // of a line: 120,000 units are owed
	drainItems   = 200
	drainCommit  = 1000 // rows in a commit of the bare insert
	drainBatch   = 500  // events in a message, as the outbox has them
	drainSite    = "leeds"
	drainPublish = 20 // times that the bare publisher sends the backlog: once is too short to measure
)

// BenchmarkDrain takes a backlog the whole way: a site's database, the agent's
// outbox, the embedded broker, the centre's ingest and its database, and back to
// the mark in the site's database, flushed at both ends. In the same round the
// same batches are published to a reader that only counts, and the same rows
// inserted into a bare table of the same database. One iteration is one round
// with a house of its own; the ratios are medians over the rounds.
func BenchmarkDrain(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchDrain(b, centreFile, bareSQLite) })
	b.Run("postgres", func(b *testing.B) { benchDrain(b, storetest.Postgres, barePostgres) })
}

func benchDrain(b *testing.B, database func(testing.TB) cloudstore.Options, bare func(*testing.B, string, []sitestore.Event) time.Duration) {
	var all drains
	for b.Loop() {
		b.StopTimer()
		h := newDrainHouse(b, database(b))
		log := h.backlog()
		d := drained{events: len(log)}
		d.publish = barePublish(b, log)
		d.insert = bare(b, h.empty(database(b)), log)
		b.StartTimer()
		h.drain(&d)
		b.StopTimer()
		h.checkArrived()
		all = append(all, d)
		b.StartTimer()
	}
	all.report(b)
}

// centreFile is where the centre keeps its database.
func centreFile(t testing.TB) cloudstore.Options {
	return cloudstore.Options{Path: filepath.Join(t.TempDir(), "centre.db")}
}

// drained is what one round measured.
type drained struct {
	events                int
	ours, publish, insert time.Duration // for all events
	wire                  int64         // bytes
	heap                  uint64        // bytes, highest, of site and centre together
}

type drains []drained

func (all drains) report(b *testing.B) {
	median := func(of func(drained) float64) float64 {
		values := make([]float64, len(all))
		for i, d := range all {
			values[i] = of(d)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	n := float64(all[0].events)
	b.ReportMetric(median(func(d drained) float64 { return n / d.ours.Seconds() }), "events/s")
	b.ReportMetric(median(func(d drained) float64 { return n / d.publish.Seconds() }), "bare-published/s")
	b.ReportMetric(median(func(d drained) float64 { return n / d.insert.Seconds() }), "bare-inserted/s")
	b.ReportMetric(median(func(d drained) float64 { return d.publish.Seconds() / d.ours.Seconds() }), "of-publish")
	b.ReportMetric(median(func(d drained) float64 { return d.insert.Seconds() / d.ours.Seconds() }), "of-insert")
	b.ReportMetric(median(func(d drained) float64 { return float64(d.wire) / n }), "wire-B/event")
	b.ReportMetric(median(func(d drained) float64 { return float64(d.heap) / (1 << 20) }), "heap-MB")
}

// drainHouse is a centre and a site that share a folder.
type drainHouse struct {
	b       *testing.B
	options cloudstore.Options
	data    string
	unsent  int64 // newest event of the site
}

// newDrainHouse lets a centre tell a site its orders, and then the site scan
// alone, until it has a backlog. Every scan is decided as the agent decides it.
func newDrainHouse(b *testing.B, o cloudstore.Options) *drainHouse {
	h := &drainHouse{b: b, options: o, data: b.TempDir()}
	h.order()
	h.together(func(s *drainingSite) {
		require.Eventually(b, func() bool { return s.linesKnown() == drainOrders*drainLines && s.unsent() == 0 }, 2*time.Minute, 50*time.Millisecond)
	})
	h.scan()
	h.analyse()
	return h
}

// analyse does what PostgreSQL does by itself within a minute: a backlog never
// meets a centre that took its orders in just now.
func (h *drainHouse) analyse() {
	if h.options.URL == "" {
		return
	}
	db, err := pgx.Connect(h.b.Context(), h.options.URL)
	require.NoError(h.b, err)
	defer db.Close(context.WithoutCancel(h.b.Context()))
	_, err = db.Exec(h.b.Context(), "ANALYZE")
	require.NoError(h.b, err)
}

func (h *drainHouse) order() {
	s, err := cloudstore.Open(h.b.Context(), h.options)
	require.NoError(h.b, err)
	defer s.Close()
	var batch cloudstore.Batch
	for n := range drainItems {
		batch.Items = append(batch.Items, cloudstore.Item{SKU: drainSKU(n), Description: "a thing", GTINs: []cloudstore.PackGTIN{{GTIN: drainGTIN(n), Qty: 1}}})
	}
	for n := range drainOrders {
		o := cloudstore.Order{ID: allocation.OrderID(fmt.Sprint(530_000 + n)), Version: 1, Site: drainSite, Customer: allocation.CustomerID(fmt.Sprint(17_000 + n%500)),
			CustomerName: "somebody", Accepted: time.Unix(1_760_000_000+int64(n)*61, 0).UTC(), Ranking: cloudstore.Ranking{Promised: allocation.Date(fmt.Sprintf("2025-11-%02d", 1+n%28)), Class: allocation.Redistribute}}
		for k := range drainLines {
			o.Lines = append(o.Lines, cloudstore.OrderLine{Line: fmt.Sprint(k + 1), SKU: drainSKU((n*drainLines + k) % drainItems), Qty: drainQty})
		}
		batch.Orders = append(batch.Orders, o)
	}
	_, err = ingest.New(ingest.Config{Store: s}).Import(h.b.Context(), batch)
	require.NoError(h.b, err)
}

func drainSKU(n int) allocation.SKU { return allocation.SKU(fmt.Sprintf("SKU-%05d", 22_000+n)) }

func drainGTIN(n int) allocation.GTIN {
	body := fmt.Sprintf("0950123460%03d", n)
	for check := range 10 {
		if g, err := allocation.ParseGTIN(fmt.Sprint(body, check)); err == nil {
			return g
		}
	}
	panic("one of ten check digits is right")
}

// scan fills the site's log, in large commits that are not flushed.
func (h *drainHouse) scan() {
	s := h.openSite(true)
	defer s.Close()
	dock := &drainDock{random: rand.New(rand.NewPCG(1, 2)), now: time.Unix(1_762_000_000, 0).UTC()}
	for range drainEvents / drainCommit {
		require.NoError(h.b, s.Update(h.b.Context(), func(tx *sitestore.Tx) error {
			for range drainCommit {
				if err := dock.scan(tx); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func (h *drainHouse) openSite(unflushed bool) *sitestore.Store {
	s, err := sitestore.Open(h.b.Context(), sitestore.Options{Path: filepath.Join(h.data, "agent.db"), Site: drainSite, Unflushed: unflushed})
	require.NoError(h.b, err)
	return s
}

// drainDock scans cartons with serials at three stations, twice a second.
type drainDock struct {
	random *rand.Rand
	now    time.Time
	serial int
}

func (d *drainDock) scan(tx *sitestore.Tx) error {
	d.now = d.now.Add(time.Duration(d.random.Int64N(int64(time.Second))))
	d.serial += 1 + d.random.IntN(1000)
	n := d.random.IntN(drainItems)
	serial := fmt.Sprintf("%08d", d.serial)
	goods := allocation.Batch{SKU: drainSKU(n), Trade: string(drainGTIN(n)), Serial: serial}
	decision, err := allocation.Decide(tx.Meta().Policy, tx, allocation.Date(d.now.Format(time.DateOnly)), allocation.Receive{Receipts: []allocation.Receipt{{Batch: goods, Qty: 1}}})
	if err != nil {
		return err
	}
	if _, err := tx.Write(decision, nil); err != nil {
		return err
	}
	told := wire.Receipt{SKU: goods.SKU, Qty: 1, Serial: serial, GTIN: goods.Trade, Free: decision.Put(allocation.Free)}
	for _, m := range decision.Moves {
		if m.To.Shelf == allocation.WithLine {
			told.Allocations = append(told.Allocations, wire.Allocation{Line: m.To.Line, Qty: m.Qty, By: m.By, Over: m.Over})
		}
	}
	read := d.now
	e := wire.Event{Seq: tx.Head().Seq + 1, Nonce: fmt.Sprintf("%016x", d.random.Uint64()), At: d.now.Add(time.Duration(d.random.Int64N(int64(time.Millisecond)))),
		Scan: &wire.Scan{Station: allocation.StationID(fmt.Sprint(1 + d.random.IntN(3))), Code: fmt.Appendf(nil, "]C101%s21%s", told.GTIN, serial), At: &read,
			Verdict: decision.Verdict, Why: decision.Why.Code, Policy: tx.Meta().Policy.Version, Receipts: []wire.Receipt{told}}}
	return tx.Append(e, 0, 1)
}

// backlog reads what the centre does not have yet.
func (h *drainHouse) backlog() (log []sitestore.Event) {
	s := h.openSite(false)
	defer s.Close()
	m, head, err := s.State(h.b.Context())
	require.NoError(h.b, err)
	log, err = s.Read(h.b.Context(), m.Stored.Seq, drainEvents, drainEvents<<10)
	require.NoError(h.b, err)
	require.Len(h.b, log, drainEvents)
	h.unsent = head.Seq
	return log
}

// empty is where the bare insert finds a database of the centre's kind.
func (h *drainHouse) empty(o cloudstore.Options) string {
	if o.URL != "" {
		return o.URL
	}
	return o.Path
}

// drain runs both until the site has marked the last of its events as stored.
func (h *drainHouse) drain(d *drained) {
	runtime.GC() // what built the house is no part of it
	stop := watchHeap(&d.heap)
	h.together(func(s *drainingSite) {
		began := time.Now()
		for stored := range s.acks {
			if stored == h.unsent {
				break
			}
		}
		require.Eventually(h.b, func() bool { return s.unsent() == 0 }, time.Minute, time.Millisecond)
		d.ours, d.wire = time.Since(began), s.sent.Load()
	})
	stop()
}

// drainingSite is a running agent with a look at what it sends and is answered.
type drainingSite struct {
	*agent.Agent
	b    *testing.B
	sent atomic.Int64 // bytes of events
	acks chan int64   // marks that came down
}

// together runs a centre and the site while during works with them. The site is
// ready before during begins and connects to the centre only then.
func (h *drainHouse) together(during func(*drainingSite)) {
	centre, err := cloud.New(h.b.Context(), cloud.Config{HTTP: "127.0.0.1:0", BrokerListen: "127.0.0.1:0", Data: filepath.Dir(h.options.Path), Database: h.options.URL, Log: slog.New(slog.DiscardHandler)})
	require.NoError(h.b, err)
	defer inBackground(h.b, centre.Run)()
	s := &drainingSite{b: h.b, acks: make(chan int64, drainEvents)}
	s.Agent, err = agent.New(config.Config{Site: drainSite, Data: h.data, Retention: config.DefaultRetention},
		agent.Deps{Carrier: func(handle func(string, []byte), state func(bool, string)) (agent.Carrier, error) {
			return s.carrier(centre.Broker(), handle, state)
		}})
	require.NoError(h.b, err)
	defer inBackground(h.b, s.Run)()
	during(s)
}

// inBackground runs a program until the returned function is called.
func inBackground(b *testing.B, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return func() {
		cancel()
		require.NoError(b, <-done)
	}
}

// counting is the agent's own carrier that counts.
type counting struct {
	*mqtt.Client
	bytes *atomic.Int64
}

func (c counting) Publish(ctx context.Context, topic string, payload []byte) error {
	c.bytes.Add(int64(len(payload)))
	return c.Client.Publish(ctx, topic, payload)
}

func (s *drainingSite) carrier(url string, handle func(string, []byte), state func(bool, string)) (agent.Carrier, error) {
	client, err := mqtt.New(mqtt.Options{URL: url, ClientID: func() string { return outbox.ClientID(drainSite, outbox.NewNonce()) },
		Subscribe: []string{wire.Down(drainSite)}, OnState: state, Handle: func(topic string, payload []byte) {
			handle(topic, payload)
			if m, err := wire.Decode(payload); err == nil {
				if a, ok := m.(*wire.Ack); ok {
					s.acks <- a.Stored.Seq
				}
			}
		}})
	return counting{client, &s.sent}, err
}

func (s *drainingSite) linesKnown() int64 {
	now, err := s.Status(s.b.Context())
	require.NoError(s.b, err)
	return now.Totals.LinesKnown
}

func (s *drainingSite) unsent() int64 {
	now, err := s.Status(s.b.Context())
	require.NoError(s.b, err)
	return now.Head - now.Stored
}

// checkArrived: the centre applied every event.
func (h *drainHouse) checkArrived() {
	s, err := cloudstore.Open(h.b.Context(), h.options)
	require.NoError(h.b, err)
	defer s.Close()
	t, err := s.Totals(h.b.Context())
	require.NoError(h.b, err)
	require.EqualValues(h.b, drainEvents, t.Scans)
	require.EqualValues(h.b, drainEvents, t.UnitsAllocated)
}

// watchHeap notes the most that the heap held until stop is called.
func watchHeap(most *uint64) (stop func()) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.Tick(5 * time.Millisecond); ; {
			metrics.Read(heap)
			*most = max(*most, heap[0].Value.Uint64())
			select {
			case <-end:
				return
			case <-tick:
			}
		}
	}()
	return func() { close(end); <-ended }
}

// barePublish sends the batches of the log to a broker and a reader that only
// counts them.
func barePublish(b *testing.B, log []sitestore.Event) time.Duration {
	payloads := barePayloads(b, log)
	br, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	require.NoError(b, err)
	defer br.Stop()
	var count atomic.Int64
	all := make(chan struct{})
	up := make(chan bool, 8)
	id, user, password := br.Centre()
	reader := bareClient(b, mqtt.Options{URL: br.URL(), ClientID: id, Username: user, Password: password, Subscribe: []string{wire.AllUp()},
		Queue: drainPublish * drainEvents, OnState: func(is bool, _ string) { up <- is }, Handle: func(string, []byte) {
			if count.Add(1) == int64(drainPublish*len(payloads)) {
				close(all)
			}
		}})
	defer inBackground(b, endless(reader.Run))()
	require.True(b, <-up)
	writer := bareClient(b, mqtt.Options{URL: br.URL(), ClientID: func() string { return outbox.ClientID(drainSite, outbox.NewNonce()) }, OnState: func(is bool, _ string) { up <- is }})
	defer inBackground(b, endless(writer.Run))()
	require.True(b, <-up)
	began := time.Now()
	for range drainPublish {
		for _, p := range payloads {
			require.NoError(b, writer.Publish(b.Context(), wire.Up(drainSite), p))
		}
	}
	<-all
	return time.Since(began) / drainPublish
}

func bareClient(b *testing.B, o mqtt.Options) *mqtt.Client {
	c, err := mqtt.New(o)
	require.NoError(b, err)
	return c
}

// endless takes the end of the context, which was wanted, for no error.
func endless(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := run(ctx); ctx.Err() == nil {
			return err
		}
		return nil
	}
}

func barePayloads(b *testing.B, log []sitestore.Event) (payloads [][]byte) {
	for batch := range slices.Chunk(log, drainBatch) {
		m := &wire.Events{Head: wire.Head{Site: drainSite}, First: batch[0].Seq, Last: batch[len(batch)-1].Hash}
		for _, e := range batch {
			m.Events = append(m.Events, json.RawMessage(e.Body))
		}
		p, err := wire.Encode(m)
		require.NoError(b, err)
		payloads = append(payloads, p)
	}
	return payloads
}

const bareTable = `CREATE TABLE bare (site TEXT NOT NULL, incarnation TEXT NOT NULL, seq BIGINT NOT NULL, hash %[1]s NOT NULL, stored_at BIGINT NOT NULL,
	body %[1]s NOT NULL, PRIMARY KEY (site, incarnation, seq))`

// bareSQLite inserts the rows by one prepared statement, as durable as ours.
func bareSQLite(b *testing.B, path string, log []sitestore.Event) time.Duration {
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_cache_size=-65536")
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec("PRAGMA wal_autocheckpoint=4000;" + fmt.Sprintf(bareTable, "BLOB"))
	require.NoError(b, err)
	insert, err := db.Prepare(`INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?)`)
	require.NoError(b, err)
	began := time.Now()
	for rows := range slices.Chunk(log, drainCommit) {
		tx, err := db.Begin()
		require.NoError(b, err)
		into := tx.Stmt(insert)
		for _, e := range rows {
			if _, err := into.Exec(drainSite, "c1.0123456789abcdef", e.Seq, e.Hash[:], began.UnixNano(), e.Body); err != nil {
				b.Fatal(err)
			}
		}
		require.NoError(b, tx.Commit())
	}
	return time.Since(began)
}

// barePostgres inserts the rows by COPY, the fastest way that there is.
func barePostgres(b *testing.B, url string, log []sitestore.Event) time.Duration {
	ctx := b.Context()
	db, err := pgx.Connect(ctx, url)
	require.NoError(b, err)
	defer db.Close(context.WithoutCancel(ctx))
	_, err = db.Exec(ctx, fmt.Sprintf(bareTable, "BYTEA"))
	require.NoError(b, err)
	columns := []string{"site", "incarnation", "seq", "hash", "stored_at", "body"}
	began := time.Now()
	for rows := range slices.Chunk(log, drainCommit) {
		_, err := db.CopyFrom(ctx, pgx.Identifier{"bare"}, columns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			e := rows[i]
			return []any{drainSite, "c1.0123456789abcdef", e.Seq, e.Hash[:], began.UnixNano(), e.Body}, nil
		}))
		require.NoError(b, err)
	}
	return time.Since(began)
}
