package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

const life = "c.leeds.1"

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path, Site: "leeds"})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func fresh(t *testing.T) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "site #1", "agent.db")
	s := open(t, path)
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error { return tx.Adopt(life, "c") }))
	return s, path
}

// log writes n events of a day each.
func log(t *testing.T, s *Store, n int) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		for range n {
			seq := tx.Head().Seq + 1
			e := wire.Event{Seq: seq, At: day(seq), Applied: &wire.Applied{}}
			if err := tx.Append(e, 0, 1); err != nil {
				return err
			}
		}
		return nil
	}))
}

// free puts plain units into free stock.
func free(tx *Tx, sku allocation.SKU, n int64) error {
	_, err := tx.Write(allocation.Decision{Moves: []allocation.Move{{
		Batch: allocation.Batch{SKU: sku}, Qty: n, To: allocation.Place{Shelf: allocation.Free},
	}}}, nil)
	return err
}

// demand adds a line of an order that is there and wants qty.
func demand(tx *Tx, id allocation.LineID, order allocation.OrderID, sku allocation.SKU, qty int64) error {
	if err := tx.AddLine(id, order, wire.OrderLine{SKU: sku}); err != nil {
		return err
	}
	return decide(tx, allocation.Demand{Wants: []allocation.Want{{Line: id, Qty: qty}}})
}

// decide decides an event and writes it down.
func decide(tx *Tx, e allocation.Event) error {
	d, err := allocation.Decide(tx.Meta().Policy, tx, "2027-03-01", e)
	if err == nil {
		_, err = tx.Write(d, nil)
	}
	return err
}

func day(n int64) time.Time { return time.Date(2027, 1, int(n), 0, 0, 0, 0, time.UTC) }

func TestACommitIsFlushedByEveryConnection(t *testing.T) {
	s, _ := fresh(t)
	for _, db := range []*sql.Conn{s.w.c} {
		var flush, keys, timeout int
		var journal string
		for pragma, dest := range map[string]any{"synchronous": &flush, "foreign_keys": &keys, "busy_timeout": &timeout, "journal_mode": &journal} {
			require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(dest))
		}
		assert.Equal(t, 2, flush, "synchronous FULL")
		assert.Equal(t, 1, keys)
		assert.Equal(t, 5000, timeout)
		assert.Equal(t, "wal", journal)
	}
	var vacuum int
	require.NoError(t, s.readDB.QueryRowContext(t.Context(), "PRAGMA auto_vacuum").Scan(&vacuum))
	assert.Equal(t, 2, vacuum, "incremental")
	_, err := s.readDB.ExecContext(t.Context(), "DELETE FROM meta")
	require.Error(t, err, "a reader cannot write")
}

func TestAFileThatIsNotAWholeDatabaseOfThisSiteIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, path string)
		want   error
		says   string
	}{
		"cut in the middle of the header": {func(t *testing.T, p string) { require.NoError(t, os.Truncate(p, 50)) }, ErrDamaged, "call central operations"},
		"cut after some pages":            {func(t *testing.T, p string) { require.NoError(t, os.Truncate(p, 3*4096)) }, ErrDamaged, "call central operations"},
		"a page of noise":                 {noise, ErrDamaged, "call central operations"},
		"text": {func(t *testing.T, p string) {
			require.NoError(t, os.WriteFile(p, bytes.Repeat([]byte("hello "), 100), 0o600))
		}, ErrDamaged, "does not begin"},
		"another program's": {stranger, ErrForeign, "check `site` and `data`"},
		"a newer schema":    {newer, ErrNewer, "newer"},
		"an upgrade fails":  {halfway, ErrUpgrade, "install the program that ran before"},
		"an event changed":  {forge, ErrDamaged, "does not follow"},
		"a directory": {func(t *testing.T, p string) {
			require.NoError(t, os.Remove(p))
			require.NoError(t, os.Mkdir(p, 0o700))
		}, ErrDisk, "can be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			s, path := fresh(t)
			log(t, s, 20)
			require.NoError(t, s.Close())
			c.damage(t, path)
			_, err := Open(t.Context(), Options{Path: path, Site: "leeds"})
			require.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.says)
			assert.ErrorContains(t, err, path)
		})
	}
}

func noise(t *testing.T, path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	page := make([]byte, 4096)
	rand.Read(page)
	_, err = f.WriteAt(page, 2*4096)
	require.NoError(t, err)
}

func raw(t *testing.T, path string, statements ...string) {
	db, err := sql.Open("sqlite3", fileURI(path))
	require.NoError(t, err)
	defer db.Close()
	for _, s := range statements {
		_, err := db.Exec(s)
		require.NoError(t, err)
	}
}

func stranger(t *testing.T, path string) {
	require.NoError(t, os.Remove(path))
	raw(t, path, "CREATE TABLE till (id INTEGER)")
}

func newer(t *testing.T, path string) {
	raw(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
}

// halfway takes the upgrades for not done, so that they meet their own tables.
func halfway(t *testing.T, path string) {
	raw(t, path, "DELETE FROM goose_db_version WHERE version_id > 1")
}

func forge(t *testing.T, path string) {
	raw(t, path, "UPDATE event SET body = zeroblob(length(body)) WHERE seq = 7")
}

func TestAnotherSitesDatabaseIsForeign(t *testing.T) {
	s, path := fresh(t)
	require.NoError(t, s.Close())
	_, err := Open(t.Context(), Options{Path: path, Site: "york"})
	require.ErrorIs(t, err, ErrForeign)
	assert.ErrorContains(t, err, "belongs to site leeds")
}

func TestTwoAgentsCannotShareADatabase(t *testing.T) {
	_, path := fresh(t)
	_, err := Open(t.Context(), Options{Path: path, Site: "leeds"})
	require.ErrorIs(t, err, ErrInUse)
	assert.ErrorContains(t, err, "stop the other agent")
}

func TestAnEmptyFileIsABrokenOffFirstStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	s := open(t, path)
	m, head, err := s.State(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 1, m.Run)
	assert.Equal(t, wire.Cursor{Hash: wire.Genesis("leeds", "")}, head)
}

func TestEachStartIsARun(t *testing.T) {
	s, path := fresh(t)
	log(t, s, 3)
	_, before, err := s.State(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Close())
	m, head, err := open(t, path).State(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 2, m.Run)
	assert.Equal(t, life, m.Incarnation)
	assert.Equal(t, before, head)
}

func TestAFailedUpdateLeavesNothing(t *testing.T) {
	var refuse bool
	path := filepath.Join(t.TempDir(), "agent.db")
	s, err := Open(t.Context(), Options{Path: path, Site: "leeds", Commit: func(commit func() error) error {
		if refuse {
			return ErrFull
		}
		return commit()
	}})
	require.NoError(t, err)
	defer s.Close()
	add := func(tx *Tx) error { return free(tx, "X", 1) }
	boom := errors.New("boom")
	require.ErrorIs(t, s.Update(t.Context(), func(tx *Tx) error { return errors.Join(add(tx), boom) }), boom)
	refuse = true
	require.ErrorIs(t, s.Update(t.Context(), add), ErrFull)
	refuse = false
	require.NoError(t, s.Verify(t.Context()))
	require.NoError(t, s.Update(t.Context(), add))
	require.NoError(t, s.View(t.Context(), func(tx *Tx) error {
		n, err := tx.On("X", allocation.Free)
		assert.EqualValues(t, 1, n)
		return err
	}))
}

// A real full disk, made of a limit on the number of pages.
func TestAFullDatabaseIsErrFullAndStaysWhole(t *testing.T) {
	s, _ := fresh(t)
	log(t, s, 1)
	var pages int
	require.NoError(t, s.w.c.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	limit := func(n int) {
		var got int
		require.NoError(t, s.w.c.QueryRowContext(t.Context(), "PRAGMA max_page_count = "+itoa(n)).Scan(&got))
	}
	limit(pages + 2)
	big := func(tx *Tx) error {
		return tx.KeepUnknown(99, "1", allocation.WhyUnknown, make([]byte, 60_000), 1, time.Now())
	}
	err := s.Update(t.Context(), func(tx *Tx) error { return tx.Savepoint(func() error { return big(tx) }) })
	require.ErrorIs(t, err, ErrFull)
	require.NoError(t, s.Verify(t.Context()))
	limit(pages + 1000)
	require.NoError(t, s.Update(t.Context(), big))
}

func itoa(n int) string { return strconv.Itoa(n) }

func TestTheOutboxReadsBehindAMarkWithinItsLimits(t *testing.T) {
	s, _ := fresh(t)
	log(t, s, 10)
	all, err := s.Read(t.Context(), 0, 100, 1<<20)
	require.NoError(t, err)
	require.Len(t, all, 10)
	hash := wire.Genesis("leeds", life)
	for _, e := range all {
		hash = hash.Next(e.Body)
		assert.Equal(t, hash, e.Hash)
	}
	three, err := s.Read(t.Context(), 4, 3, 1<<20)
	require.NoError(t, err)
	require.Len(t, three, 3)
	assert.EqualValues(t, 5, three[0].Seq)
	two, err := s.Read(t.Context(), 0, 100, 2*(len(all[0].Body)+1))
	require.NoError(t, err)
	assert.Len(t, two, 2)
	one, err := s.Read(t.Context(), 0, 100, 1)
	require.NoError(t, err)
	assert.Len(t, one, 1, "always one")
	h, err := s.HashAt(t.Context(), 11)
	require.NoError(t, err)
	assert.Equal(t, wire.Hash{}, h)
}

func TestMarksOnlyRise(t *testing.T) {
	s, _ := fresh(t)
	log(t, s, 5)
	at := func(seq int64) wire.Cursor {
		h, err := s.HashAt(t.Context(), seq)
		require.NoError(t, err)
		return wire.Cursor{Seq: seq, Hash: h}
	}
	ack := func(stored, safe wire.Cursor) error {
		return s.Update(t.Context(), func(tx *Tx) error { return tx.Acknowledge(stored, safe) })
	}
	require.NoError(t, ack(at(4), at(2)))
	require.NoError(t, ack(at(3), at(1)))
	require.Error(t, ack(wire.Cursor{Seq: 6}, at(2)))
	m, _, err := s.State(t.Context())
	require.NoError(t, err)
	assert.Equal(t, at(4), m.Stored)
	assert.Equal(t, at(2), m.Safe)
}

func TestOnlySafeAndOldEventsAreForgotten(t *testing.T) {
	s, path := fresh(t)
	log(t, s, 10)
	forget := func(before time.Time) (n int64) {
		require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
			var err error
			n, err = tx.Forget(before, 1<<20, 100)
			return err
		}))
		return n
	}
	assert.Zero(t, forget(day(30)), "nothing is safe yet")
	h, err := s.HashAt(t.Context(), 6)
	require.NoError(t, err)
	mark := wire.Cursor{Seq: 6, Hash: h}
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error { return tx.Acknowledge(mark, mark) }))
	assert.EqualValues(t, 2, forget(day(3)), "the retention")
	assert.EqualValues(t, 3, forget(day(30)), "below the safe mark")
	left, err := s.Read(t.Context(), 0, 100, 1<<20)
	require.NoError(t, err)
	require.Len(t, left, 5)
	h, err = s.HashAt(t.Context(), 3)
	require.NoError(t, err)
	assert.Equal(t, wire.Hash{}, h, "no longer reached")
	require.NoError(t, s.Close())
	open(t, path) // the chain is followed from what is left
}

func TestALifeIsAdoptedOnce(t *testing.T) {
	s, _ := fresh(t)
	adopt := func(life string) error {
		return s.Update(t.Context(), func(tx *Tx) error { return tx.Adopt(life, "c") })
	}
	require.NoError(t, adopt(life))
	require.ErrorContains(t, adopt("other"), "cannot become")
}

// A decision that takes two units must not read a hundred thousand lines.
func TestWaitingReadsNoFurtherThanItsCaller(t *testing.T) {
	s, _ := fresh(t)
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		for i := range 300 {
			id := allocation.OrderID("O" + itoa(1000+i))
			if err := tx.PutOrder(&wire.Order{ID: id, Version: 1, Class: allocation.Redistribute, Accepted: day(1)}); err != nil {
				return err
			}
			if err := demand(tx, allocation.MakeLineID(id, "1"), id, "X", 5); err != nil {
				return err
			}
		}
		tx.known = nil
		read := 0
		for l, err := range allocation.Each(tx.Waiting(allocation.Search{SKU: "X"})) {
			require.NoError(t, err)
			assert.EqualValues(t, "O"+itoa(1000+read), l.Rank.Order)
			if read++; read == 2 {
				break
			}
		}
		assert.Empty(t, tx.known, "lines without a right can take nothing")
		return nil
	}))
}

func TestTheSchemaIsTheLastBarrier(t *testing.T) {
	s, _ := fresh(t)
	for _, statement := range []string{
		`UPDATE stock SET qty = -1`,
		`UPDATE line SET allocated = ordered + 1`,
		`UPDATE line SET used = used + 1`,
		`UPDATE line SET waits = 0`,
		`UPDATE line SET can = 1`,
		`UPDATE line SET holds = 3`,
		`UPDATE line SET staged = 1`,
		`UPDATE line SET excess = 1`,
		`INSERT INTO serial (trade, serial, seq, qty) VALUES ('X', 'S', 2, 1)`,
	} {
		require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
			if err := tx.PutOrder(&wire.Order{ID: "A", Version: 1, Class: allocation.Redistribute}); err != nil {
				return err
			}
			if err := errors.Join(tx.c.exec(`DELETE FROM line`), tx.c.exec(`DELETE FROM serial`), demand(tx, "A/1", "A", "X", 1), free(tx, "X", 1),
				tx.changeSerial(serialKey{"X", "S"}, 1), tx.TakeSerial(Serial{SKU: "X", Serial: "S"}, 1)); err != nil {
				return err
			}
			err := tx.Savepoint(func() error { return tx.c.exec(statement) })
			assert.True(t, isConstraint(err), "%s: %v", statement, err)
			return nil
		}))
	}
}

// Stations are kept in memory: what was taken back must not stay there.
func TestAStationIsWhatWasCommitted(t *testing.T) {
	s, path := fresh(t)
	boom := errors.New("boom")
	last := func(s *Store) int64 {
		var at Station
		require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
			var err error
			at, err = tx.Station("1")
			return err
		}))
		return at.Last
	}
	put := func(tx *Tx, seq int64) error { return tx.PutStation(Station{ID: "1", Last: seq}) }
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error { return put(tx, 1) }))
	require.ErrorIs(t, s.Update(t.Context(), func(tx *Tx) error { return errors.Join(put(tx, 2), boom) }), boom)
	assert.EqualValues(t, 1, last(s), "the transaction was taken back")
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		assert.ErrorIs(t, tx.Savepoint(func() error { return errors.Join(put(tx, 3), boom) }), boom)
		return nil
	}))
	assert.EqualValues(t, 1, last(s), "the savepoint was taken back")
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error { return put(tx, 4) }))
	require.NoError(t, s.Close())
	assert.EqualValues(t, 4, last(open(t, path)))
}

func TestAViewEndsWithItsContext(t *testing.T) {
	s, _ := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.View(ctx, func(*Tx) error { return nil }), context.Canceled)
}

// isConstraint reports whether a rule of the schema refused the write.
func isConstraint(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrConstraint
}

// A missing right is no fault of the disk: site IT would change a good one.
func TestAMissingRightIsToldAsOneAndWhatToDo(t *testing.T) {
	for _, no := range []error{fs.ErrPermission, syscall.EACCES} {
		err := Explain("/srv/d/agent.db", ofFile(&fs.PathError{Op: "mkdir", Path: "/srv/d", Err: no}))
		require.ErrorIs(t, err, ErrDenied)
		assert.NotContains(t, err.Error(), "disk")
		assert.ErrorContains(t, err, "this user cannot write the folder")
		assert.ErrorContains(t, err, "own the folder /srv/d")
	}
	require.ErrorIs(t, ofFile(errors.New("bad sector")), ErrDisk)
}

func TestAFolderThatCannotBeWrittenIsTold(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	_, err := Open(t.Context(), Options{Path: filepath.Join(dir, "agent.db"), Site: "leeds"})
	require.ErrorIs(t, err, ErrDenied)
}
