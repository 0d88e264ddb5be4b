package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

var ctx = context.Background()

// centre is an Ingest at work, with a carrier that hands what it says to sites.
type centre struct {
	t     testing.TB
	store *store.Store
	*Ingest
	cancel context.CancelFunc
	done   chan error
	log    *lockedBuffer

	mu    sync.Mutex
	sites map[string]chan wire.Message // by nonce
	down  bool
	noted *watched // nil where no rights witness is kept
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startCentre(t testing.TB, o store.Options) *centre {
	t.Helper()
	return startPatient(t, o, 100*time.Millisecond)
}

// startPatient starts a centre that waits for so long for a process that it asked.
func startPatient(t testing.TB, o store.Options, patience time.Duration) *centre {
	t.Helper()
	c := &centre{t: t, store: storetest.Open(t, o), sites: map[string]chan wire.Message{}, done: make(chan error, 1), log: &lockedBuffer{}}
	c.Ingest = New(Config{Store: c.store, Resend: 100 * time.Millisecond, Patience: patience, Log: slog.New(slog.NewTextHandler(c.log, nil))})
	require.NoError(t, c.Begin(ctx, nil, false))
	c.run()
	return c
}

func (c *centre) run() {
	run, cancel := context.WithCancel(ctx)
	c.cancel = cancel
	go func() { c.done <- c.Run(run, c) }()
	c.t.Cleanup(c.stop)
}

func (c *centre) stop() {
	if c.cancel != nil {
		c.cancel()
		require.NoError(c.t, <-c.done)
		c.cancel = nil
	}
}

func (c *centre) Publish(_ context.Context, topic string, payload []byte) error {
	m, err := wire.Decode(payload)
	require.NoError(c.t, err)
	require.Equal(c.t, wire.Down(m.Header().Site), topic)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return fmt.Errorf("the network is cut")
	}
	if commands, ok := m.(*wire.Commands); ok && c.noted != nil {
		c.noted.covers(c.t, commands)
	}
	if to := c.sites[m.Header().Nonce]; to != nil {
		to <- m
	}
	return nil
}

func (c *centre) send(m wire.Message) {
	payload, err := wire.Encode(m)
	require.NoError(c.t, err)
	c.Handle(wire.Up(m.Header().Site), payload)
}

// pretend is a site reduced to its log, its registers and its command cursor.
type pretend struct {
	t           testing.TB
	c           *centre
	id          allocation.SiteID
	nonce       string
	incarnation string
	run         int64
	doubt       string
	late        bool
	word        string      // of the probe that is answered
	stored      wire.Cursor // the last acknowledgement seen
	bodies      [][]byte
	hashes      []wire.Hash // hashes[0] is Genesis
	registers   map[allocation.LineID]*rights.Registers
	cursor      wire.CommandCursor
	commands    []wire.Command
	inbox       chan wire.Message
}

var nonces int

// join starts a site without a database and has it welcomed and supplied.
func (c *centre) join(id allocation.SiteID) *pretend {
	s := &pretend{t: c.t, c: c, id: id, registers: map[allocation.LineID]*rights.Registers{}}
	s.restart()
	w := s.welcomed()
	require.True(c.t, w.Minted)
	s.begin(w)
	require.False(c.t, s.welcomed().Minted)
	return s
}

// begin takes a new life, with an empty log.
func (s *pretend) begin(w *wire.Welcome) {
	s.incarnation, s.bodies, s.hashes = w.Incarnation, nil, []wire.Hash{wire.Genesis(s.id, w.Incarnation)}
	s.registers, s.commands = map[allocation.LineID]*rights.Registers{}, nil
	s.cursor, s.stored, s.doubt = wire.CommandCursor{}, wire.Cursor{}, ""
}

// restart is a new process over the same database.
func (s *pretend) restart() {
	nonces++
	s.nonce, s.run, s.inbox = fmt.Sprintf("%016x", nonces), s.run+1, make(chan wire.Message, 4096)
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.sites[s.nonce] = s.inbox
}

func (s *pretend) move(c *centre) {
	s.c = c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sites[s.nonce] = s.inbox
}

func (s *pretend) head() wire.Head {
	return wire.Head{Site: s.id, Nonce: s.nonce, Incarnation: s.incarnation}
}

func (s *pretend) hello() {
	h := &wire.Hello{Head: s.head(), Run: s.run, Commands: s.cursor, Stored: s.stored, Doubt: s.doubt, Late: s.late, Word: s.word, Program: "test"}
	if n := len(s.bodies); n > 0 {
		h.HeadAt = wire.Cursor{Seq: int64(n), Hash: s.hashes[n]}
	}
	s.c.send(h)
}

// answers says hello when the centre asks whether this process lives.
func (s *pretend) answers() {
	s.t.Helper()
	s.word = receive[*wire.Probe](s).Word
	s.hello()
	s.word = ""
}

func (s *pretend) welcomed() *wire.Welcome {
	s.hello()
	return receive[*wire.Welcome](s)
}

// receive gives the next message of one type, dropping others.
func receive[T wire.Message](s *pretend) T {
	s.t.Helper()
	for {
		select {
		case m := <-s.inbox:
			if v, ok := m.(T); ok {
				return v
			}
			if p, ok := m.(*wire.Probe); ok { // a process that waits for something lives
				s.word = p.Word
				s.hello()
				s.word = ""
			}
		case <-time.After(2 * time.Minute):
			var want T
			require.FailNow(s.t, "nothing came", "%T at site %s\n%s", want, s.id, s.c.log)
		}
	}
}

// ackedAt waits until the centre acknowledges up to seq.
func (s *pretend) ackedAt(seq int64) {
	s.t.Helper()
	for {
		a := receive[*wire.Ack](s)
		require.LessOrEqual(s.t, a.Stored.Seq, seq)
		require.Equal(s.t, s.hashes[a.Stored.Seq], a.Stored.Hash)
		if a.Stored.Seq == seq {
			s.stored = a.Stored
			return
		}
	}
}

// obey applies commands until n of them are applied, without telling yet.
func (s *pretend) obey(n int64) {
	s.t.Helper()
	for s.cursor.N < n {
		m := receive[*wire.Commands](s)
		if s.cursor.Centre != "" && m.Centre != s.cursor.Centre {
			continue // it was left
		}
		for k, c := range m.Commands {
			if m.First+int64(k) != s.cursor.N+1 {
				continue
			}
			s.cursor = wire.CommandCursor{Centre: m.Centre, N: s.cursor.N + 1}
			s.commands = append(s.commands, c)
			if g := c.Grant; g != nil && g.Incarnation == s.incarnation {
				s.register(g.Line).Grant(g.Total)
			}
		}
	}
}

func (s *pretend) register(line allocation.LineID) *rights.Registers {
	if s.registers[line] == nil {
		s.registers[line] = &rights.Registers{}
	}
	return s.registers[line]
}

// log appends an event to the site's log and gives its number.
func (s *pretend) log(e wire.Event) int64 {
	e.Seq, e.Nonce, e.At = int64(len(s.bodies)+1), "0123456789abcdef", time.Unix(1_800_000_000, 0).UTC()
	body, err := e.Marshal()
	require.NoError(s.t, err)
	return s.logRaw(body)
}

func (s *pretend) logRaw(body []byte) int64 {
	s.bodies = append(s.bodies, body)
	s.hashes = append(s.hashes, s.hashes[len(s.hashes)-1].Next(body))
	return int64(len(s.bodies))
}

// scan receives units of a SKU, gives n of them to a line and leaves the rest.
func (s *pretend) scan(sku allocation.SKU, qty int64, line allocation.LineID, n int64) int64 {
	r := wire.Receipt{SKU: sku, Qty: qty, Free: qty - n}
	if n > 0 {
		require.NoError(s.t, s.register(line).Apply(rights.Change{Used: n}))
		r.Allocations = []wire.Allocation{{Line: line, Qty: n}}
	}
	return s.log(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte("c"), Verdict: allocation.Allocated, Why: allocation.WhyRanked, Receipts: []wire.Receipt{r}}})
}

func (s *pretend) batch(first, last int64) *wire.Events {
	m := &wire.Events{Head: s.head(), First: first, Prev: s.hashes[first-1], Last: s.hashes[last]}
	for _, b := range s.bodies[first-1 : last] {
		m.Events = append(m.Events, json.RawMessage(b))
	}
	return m
}

func (s *pretend) tell(first, last int64) { s.c.send(s.batch(first, last)) }

func (s *pretend) tellAll() {
	s.t.Helper()
	n := int64(len(s.bodies))
	s.tell(1, n)
	s.ackedAt(n)
}

func (s *pretend) fenced(v session.Verdict) {
	s.t.Helper()
	require.Equal(s.t, string(v), receive[*wire.Fence](s).Reason)
}

func (c *centre) row(id allocation.SiteID) store.SiteRow {
	c.t.Helper()
	rows, err := c.store.Sites(ctx)
	require.NoError(c.t, err)
	for _, r := range rows {
		if r.Site == id {
			return r
		}
	}
	require.FailNow(c.t, "no such site")
	return store.SiteRow{}
}

func (c *centre) totals() store.Totals {
	c.t.Helper()
	t, err := c.store.Totals(ctx)
	require.NoError(c.t, err)
	return t
}

func (c *centre) take(b store.Batch) store.ImportResult {
	c.t.Helper()
	r, err := c.Import(ctx, b)
	require.NoError(c.t, err)
	return r
}

// order is one order of one site; each quantity is a line "1", "2" ... of SKU X.
func order(id allocation.OrderID, version int64, site allocation.SiteID, qty ...int64) store.Order {
	o := store.Order{ID: id, Version: version, Site: site, Customer: "C1", Accepted: time.Unix(1_700_000_000, 0).UTC(), Ranking: store.Ranking{Class: allocation.Redistribute}}
	for n, q := range qty {
		o.Lines = append(o.Lines, store.OrderLine{Line: fmt.Sprint(n + 1), SKU: "X", Qty: q})
	}
	return o
}

func orders(all ...store.Order) store.Batch { return store.Batch{Orders: all} }

// held are the centre's registers of a line, by incarnation.
func (c *centre) held(line allocation.LineID) map[string]rights.Registers {
	c.t.Helper()
	byLife := map[string]rights.Registers{}
	require.NoError(c.t, c.store.Update(ctx, func(tx *store.Tx) error {
		all, err := tx.Registers(ctx, []allocation.LineID{line})
		for life, r := range all[line] {
			byLife[life.Incarnation] = r
		}
		return err
	}))
	return byLife
}

// eachPatient is for tests in which every process that is asked answers.
func eachPatient(t *testing.T, test func(t *testing.T, c *centre)) {
	storetest.Each(t, func(t *testing.T, o store.Options) { test(t, startPatient(t, o, time.Hour)) })
}

func each(t *testing.T, test func(t *testing.T, c *centre)) {
	storetest.Each(t, func(t *testing.T, o store.Options) { test(t, startCentre(t, o)) })
}
