package ingest

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/cloud/store/witness"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// watched is a witness that a test looks into, and makes fail.
type watched struct {
	witness.Witness
	mu     sync.Mutex
	state  *witness.State
	full   bool // it takes nothing
	killed bool // it takes all, and the process ends before it says so
}

func (w *watched) Append(ctx context.Context, entries []witness.Entry) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full {
		return 0, errors.New("no space left on device")
	}
	last, err := w.Witness.Append(ctx, entries)
	for _, e := range entries {
		err = errors.Join(err, w.state.Take(e))
	}
	if w.killed {
		return 0, errors.New("killed")
	}
	return last, err
}

func (w *watched) set(full, killed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.full, w.killed = full, killed
}

// covers holds a message to the rule: what it grants was flushed before.
func (w *watched) covers(t testing.TB, m *wire.Commands) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range m.Commands {
		if g := c.Grant; g != nil {
			noted := w.state.Lives[witness.Life{Site: m.Site, Name: g.Incarnation}][g.Line]
			assert.GreaterOrEqual(t, noted.Granted, g.Total, "line %s was granted before it was witnessed", g.Line)
		}
	}
}

// eachWitness runs a test on both databases of the centre, with a witness in a file and
// one in a second database.
func eachWitness(t *testing.T, test func(t *testing.T, o store.Options, where string)) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		if o.URL != "" {
			test(t, o, storetest.Postgres(t).URL)
			return
		}
		test(t, o, filepath.Join(t.TempDir(), "witness"))
	})
}

// prepared opens a centre that does not run yet, and its witness; where "" keeps none.
func prepared(t *testing.T, o store.Options, where string) *centre {
	t.Helper()
	c := &centre{t: t, store: storetest.Open(t, o), sites: map[string]chan wire.Message{}, done: make(chan error, 1), log: &lockedBuffer{}}
	c.Ingest = New(Config{Store: c.store, Resend: 100 * time.Millisecond, Patience: 100 * time.Millisecond, Mend: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(c.log, nil))})
	if where != "" {
		w, err := witness.Open(ctx, where, c.store.House())
		require.NoError(t, err)
		t.Cleanup(func() { _ = w.Close() })
		c.noted = &watched{Witness: w, state: witness.NewState()}
		require.NoError(t, w.Each(ctx, c.noted.state.Take))
	}
	return c
}

// begin is Begin with the witness of a prepared centre.
func (c *centre) begin(leave bool) error {
	if c.noted == nil {
		return c.Begin(ctx, nil, leave)
	}
	return c.Begin(ctx, c.noted, leave)
}

func startWitnessed(t *testing.T, o store.Options, where string) *centre {
	t.Helper()
	c := prepared(t, o, where)
	require.NoError(t, c.begin(false))
	c.run()
	return c
}

// end stops a centre and closes all that it has open.
func (c *centre) end() {
	c.stop()
	require.NoError(c.t, c.store.Close())
	if c.noted != nil {
		require.NoError(c.t, c.noted.Close())
	}
}

// An older copy with its witness knows every grant, life and settled cancel, and grants
// at once.
func TestARestoredCentreWithItsWitnessGrantsAtOnce(t *testing.T) {
	eachWitness(t, func(t *testing.T, o store.Options, where string) {
		c := startWitnessed(t, o, where)
		c.take(orders(order("O1", 1, "leeds", 10)))
		leeds := c.join("leeds")
		leeds.obey(3)
		c.end()
		older := storetest.Copy(t, o)

		c = startWitnessed(t, o, where)
		leeds.move(c)
		c.take(orders(order("O1", 2, "leeds", 8), order("O2", 1, "leeds", 5), order("O4", 1, "york", 7)))
		leeds.obey(6)
		require.NoError(t, leeds.register("O1/1").Apply(rights.Change{Returned: 2}))
		leeds.log(wire.Event{Applied: &wire.Applied{Through: leeds.cursor, Returned: []wire.Right{{Line: "O1/1", Qty: 2}}}})
		leeds.scan("X", 3, "O1/1", 3)
		leeds.tellAll()
		york := c.join("york")
		york.obey(3)
		york.scan("X", 7, "O4/1", 7)
		york.tellAll()
		before, _ := c.store.Centre()
		c.end()

		c = startWitnessed(t, older, where)
		leeds.move(c)
		york.move(c)
		now, _ := c.store.Centre()
		assert.NotEqual(t, before, now)
		assert.Contains(t, c.log.String(), "grants at once")
		waiting, err := c.store.Unreported(ctx)
		require.NoError(t, err)
		assert.Empty(t, waiting)
		assert.Equal(t, rights.Registers{Granted: 5}, c.held("O2/1")[leeds.incarnation], "of an order that the copy does not have")
		assert.Equal(t, rights.Registers{Granted: 7}, c.held("O4/1")[york.incarnation], "of a site and a life that it does not have")
		v, err := c.store.Order(ctx, "O1")
		require.NoError(t, err)
		assert.EqualValues(t, 8, v.Lines[0].Open, "the cancel had settled")

		c.take(orders(order("O2", 1, "leeds", 5), order("O3", 1, "leeds", 4)))
		leeds.follow()
		leeds.tellAll()
		assert.Equal(t, rights.Registers{Granted: 4}, c.held("O3/1")[leeds.incarnation], "it grants at once")
		assert.Equal(t, rights.Registers{Granted: 5}, c.held("O2/1")[leeds.incarnation], "and nothing twice")
		assert.EqualValues(t, 3, c.held("O1/1")[leeds.incarnation].Used)
		york.follow()
		c.take(orders(order("O4", 1, "york", 7)))
		york.tellAll()
		assert.Equal(t, map[string]rights.Registers{york.incarnation: {Granted: 7, Used: 7}}, c.held("O4/1"))
		assert.Zero(t, c.totals().Poison)
	})
}

// A process that is killed between the flush and the commit has granted, for all that
// anybody can know.
func TestAGrantThatWasFlushedAndNotCommittedCounts(t *testing.T) {
	eachWitness(t, func(t *testing.T, o store.Options, where string) {
		c := startWitnessed(t, o, where)
		s := c.join("leeds")
		s.obey(1)
		c.noted.set(false, true)
		_, _ = c.Import(ctx, orders(order("O1", 1, "leeds", 10)))
		c.end()

		c = startWitnessed(t, o, where)
		s.move(c)
		assert.Equal(t, rights.Registers{Granted: 10}, c.held("O1/1")[s.incarnation])
		s.follow()
		c.take(orders(order("O1", 1, "leeds", 10)))
		s.cursor.N = 0
		s.obey(3)
		assert.EqualValues(t, 10, s.register("O1/1").Granted)
		assert.Equal(t, map[string]rights.Registers{s.incarnation: {Granted: 10}}, c.held("O1/1"))
	})
}

// While the witness takes nothing, scans are stored, orders are imported, and nothing
// is granted; then all is.
func TestNothingIsGrantedThatCannotBeWitnessed(t *testing.T) {
	eachWitness(t, func(t *testing.T, o store.Options, where string) {
		c := startWitnessed(t, o, where)
		c.take(orders(order("O1", 1, "leeds", 10)))
		s := c.join("leeds")
		s.obey(3)
		c.noted.set(true, false)
		c.take(orders(order("O2", 1, "leeds", 5)))
		assert.Empty(t, c.held("O2/1"))
		assert.ErrorContains(t, c.store.Witness().Fault, "no space left on device")
		c.take(orders(order("O1", 2, "leeds", 6)))
		require.NoError(t, s.register("O1/1").Apply(rights.Change{Returned: 4}))
		s.log(wire.Event{Applied: &wire.Applied{Through: wire.CommandCursor{}, Returned: []wire.Right{{Line: "O1/1", Qty: 4}}}})
		s.scan("X", 2, "O1/1", 2)
		s.tellAll()
		v, err := c.store.Order(ctx, "O1")
		require.NoError(t, err)
		assert.EqualValues(t, 4, v.Lines[0].Pending, "no cancel settles either")

		c.noted.set(false, false)
		s.obey(6)
		assert.Equal(t, rights.Registers{Granted: 5}, c.held("O2/1")[s.incarnation])
		assert.NoError(t, c.store.Witness().Fault)
		v, err = c.store.Order(ctx, "O1")
		require.NoError(t, err)
		assert.Zero(t, v.Lines[0].Pending)
	})
}

func TestAWitnessThatDoesNotFitIsRefused(t *testing.T) {
	eachWitness(t, func(t *testing.T, o store.Options, where string) {
		c := startWitnessed(t, o, where)
		c.take(orders(order("O1", 1, "leeds", 10)))
		c.join("leeds").obey(3)
		c.end()

		c = prepared(t, o, filepath.Join(t.TempDir(), "new"))
		require.ErrorIs(t, c.begin(false), ErrWitnessBehind)
		c.end()
		c = prepared(t, o, "")
		require.ErrorIs(t, c.begin(false), ErrNoWitness)
		require.NoError(t, c.begin(true))
		require.NoError(t, c.begin(false), "it was left for good")
		c.end()
		c = prepared(t, o, where)
		require.ErrorIs(t, c.begin(false), ErrWitnessLeft)
		c.end()
		c = prepared(t, o, filepath.Join(t.TempDir(), "new"))
		require.NoError(t, c.begin(false))
		assert.Len(t, c.noted.state.Lives, 1, "a new one is told all")
		assert.Contains(t, c.log.String(), "a rights witness was begun")
		c.end()
	})
}
