package store_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

var ctx = context.Background()

func update(t *testing.T, s *store.Store, do func(*store.Tx) error) {
	t.Helper()
	require.NoError(t, s.Update(ctx, do))
}

func TestCentreKeepsItsIncarnationOverARestart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		s := storetest.Open(t, o)
		first, _ := s.Centre()
		require.NoError(t, s.Close())
		again, _ := storetest.Open(t, o).Centre()
		assert.Equal(t, first, again)
		assert.Len(t, first, 16)
	})
}

func TestAFailedUpdateLeavesNothing(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		changed := s.Changed()
		err := s.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.AddSite(ctx, "leeds")
			require.NoError(t, err)
			return assert.AnError
		})
		require.ErrorIs(t, err, assert.AnError)
		select {
		case <-changed:
			t.Fatal("a page was woken by nothing")
		default:
		}
		update(t, s, func(tx *store.Tx) error {
			site, err := tx.Site(ctx, "leeds")
			assert.Nil(t, site)
			return err
		})
		<-changed
	})
}

// Event bytes are hashed as they were sent, so they must come back to the byte,
// text or not, by either way of inserting.
func TestEventsComeBackToTheByte(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		for _, n := range []int{1, 63, 65, 2500} {
			site := allocation.SiteID("s" + string(rune('a'+n%26)))
			body := []byte("{\"code\":\"\xff\xfe\\u0000 'x';-- \"}")
			var events []store.Event
			h := wire.Genesis(site, "i")
			for i := range n {
				h = h.Next(body)
				events = append(events, store.Event{Site: site, Incarnation: "i", Seq: int64(i + 1), Hash: h, Body: body})
			}
			update(t, s, func(tx *store.Tx) error {
				if err := tx.AddEvents(ctx, time.Now(), events); err != nil {
					return err
				}
				return tx.AddRecent(ctx, time.Now(), events)
			})
			update(t, s, func(tx *store.Tx) error {
				got, err := tx.HashAt(ctx, site, "i", int64(n))
				assert.Equal(t, h, got)
				return err
			})
			live, err := s.Live(ctx, site, 1)
			require.NoError(t, err)
			require.Len(t, live, 1)
			assert.EqualValues(t, n, live[0].Seq)
		}
	})
}

func TestCommandsAreNumberedAndFillAMessage(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		var commands []wire.Command
		for range 1500 {
			commands = append(commands, wire.Command{Item: &wire.Item{SKU: "X", Description: "<tape> & 'glue'"}})
		}
		update(t, s, func(tx *store.Tx) error {
			_, err := tx.AddSite(ctx, "leeds")
			require.NoError(t, err)
			site, err := tx.Site(ctx, "leeds")
			require.NoError(t, err)
			require.NoError(t, tx.Mint(ctx, site, "n"))
			require.NoError(t, tx.AddCommands(ctx, site, commands))
			assert.EqualValues(t, 1500, site.Commands)
			return tx.PutSite(ctx, site)
		})
		size, err := commands[0].Size()
		require.NoError(t, err)
		got, err := s.Commands(ctx, "leeds", 10, 7*size)
		require.NoError(t, err)
		assert.Equal(t, commands[:7], got)
		got, err = s.Commands(ctx, "leeds", 1499, 1)
		require.NoError(t, err)
		assert.Len(t, got, 1)
	})
}

// A database server may be restarted under the centre.
func TestALostConnectionIsReplaced(t *testing.T) {
	o := storetest.Postgres(t)
	s := storetest.Open(t, o)
	update(t, s, func(*store.Tx) error { return nil })
	admin, err := pgx.Connect(ctx, o.URL)
	require.NoError(t, err)
	defer admin.Close(ctx)
	_, err = admin.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	require.NoError(t, err)
	update(t, s, func(tx *store.Tx) error {
		_, err := tx.AddSite(ctx, "leeds")
		return err
	})
	sites, err := s.Sites(ctx)
	require.NoError(t, err)
	assert.Len(t, sites, 1)
}

func TestRegistersAndLinesAreWrittenInBulk(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		life := store.Life{Site: "leeds", Incarnation: "i"}
		at := time.Date(2027, 1, 31, 8, 30, 0, 1, time.UTC)
		update(t, s, func(tx *store.Tx) error {
			_, err := tx.AddSite(ctx, "leeds")
			require.NoError(t, err)
			require.NoError(t, tx.PutOrders(ctx, []*store.Order{{ID: "O1", Version: 1, Site: "leeds", Customer: "C", CustomerName: "Ann 100%", Accepted: at, Ranking: store.Ranking{Class: allocation.Win}}}))
			line := &store.Line{ID: "O1/1", Order: "O1", Line: "1", Site: "leeds", Customer: "C", Accepted: at, SKU: "X", Ordered: 5, Wanted: 3, Effective: 4}
			require.NoError(t, tx.PutLines(ctx, []*store.Line{line}))
			require.NoError(t, tx.PutRegisters(ctx, life, map[allocation.LineID]*rights.Registers{"O1/1": {Granted: 5}}))
			line.Allocated = 2
			require.NoError(t, tx.MoveLines(ctx, []*store.Line{line}))
			lines, err := tx.Lines(ctx, []allocation.LineID{"O1/1", "nope"})
			assert.Len(t, lines, 1)
			assert.EqualExportedValues(t, *line, *lines["O1/1"])
			require.NoError(t, err)
			return tx.PutRegisters(ctx, life, map[allocation.LineID]*rights.Registers{"O1/1": {Granted: 4, Used: 9}})
		})
		update(t, s, func(tx *store.Tx) error {
			all, err := tx.Registers(ctx, []allocation.LineID{"O1/1"})
			assert.Equal(t, rights.Registers{Granted: 5}, all["O1/1"][life], "registers only grow")
			return err
		})
		sum, err := s.Summary(ctx)
		require.NoError(t, err)
		assert.Equal(t, store.Summary{UnitsOwed: 2, LinesOpen: 1, OrdersOpen: 1, CustomersWaiting: 1, OldestAccepted: at}, sum)
		for _, q := range []store.OwedQuery{{}, {Text: "aNN 100%"}, {Sort: store.ByCustomer, Descending: true}, {Sort: store.ByOpen}, {Short: true}, {Site: "leeds", SKU: "X", Order: "O1", Customer: "C", Text: "o1"}} {
			lines, total, err := s.Owed(ctx, q)
			require.NoError(t, err)
			require.Len(t, lines, 1)
			assert.EqualValues(t, 1, total)
			assert.EqualValues(t, 1, lines[0].Cancelled)
			assert.EqualValues(t, 1, lines[0].Pending)
			assert.Equal(t, at, lines[0].Accepted)
			assert.True(t, lines[0].NoItem)
			assert.Equal(t, allocation.Win, lines[0].Class)
		}
		_, total, err := s.Owed(ctx, store.OwedQuery{Text: "a_n"})
		require.NoError(t, err)
		assert.Zero(t, total, "an underscore is an underscore")
		bands, err := s.Waiting(ctx, []time.Time{at.Add(time.Hour), at.Add(-time.Hour)})
		require.NoError(t, err)
		assert.Equal(t, []store.AgeBand{{}, {Units: 2, Lines: 1}, {}}, bands)
		_, err = s.Order(ctx, "nope")
		assert.ErrorIs(t, err, store.ErrNotFound)
		v, err := s.Order(ctx, "O1")
		require.NoError(t, err)
		assert.Len(t, v.Lines, 1)
		assert.False(t, v.Completed)
	})
}

// The library tells it on four lines, one of them twice.
func TestAPostgresThatDoesNotAnswerIsToldInOneLine(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, err = store.Open(ctx, store.Options{URL: "postgres://u:secret@" + closed.Addr().String() + "/centre"})
	assert.EqualError(t, err, "database centre at "+closed.Addr().String()+": connect: connection refused")
}
