package e2e

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
)

// entry is one event as it lies in a database.
type entry struct {
	seq        int64
	hash, body []byte
}

// account is one line's figures, in base units.
type account struct{ ordered, cancelled, allocated, picked, staged, shipped int64 }

func (a account) wanted() int64 { return a.ordered - a.cancelled }

// Only what the audit reads of an event; written here anew, so that a mistake in
// the product's own types cannot hide itself.
type told struct {
	Seq  int64
	Scan *struct {
		Receipts []struct {
			GTIN, Serial, Disposition string
			Qty, Free, Surplus        int64
			Allocations               []share
		}
		Moves []move
	}
	Undo, Applied, Deed *struct{ Moves []move }
}

type share struct {
	Line string
	Qty  int64
}

// move takes units from a place to another; a line is a place with a stroke in
// its name.
type move struct {
	Qty      int64
	From, To string
}

// openFile opens an SQLite file to read. The program that writes it may run.
func openFile(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro&_busy_timeout=10000")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func (s *site) database() *sql.DB { return openFile(s.t, filepath.Join(s.data, "agent.db")) }

func (c *centre) db() *sql.DB {
	c.t.Helper()
	if c.database == "" {
		files, _ := filepath.Glob(filepath.Join(c.data, "*.db"))
		require.Len(c.t, files, 1, "the centre's database in %s", c.data)
		return openFile(c.t, files[0])
	}
	db, err := sql.Open("pgx", c.database)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { db.Close() })
	return db
}

func entries(t testing.TB, db *sql.DB, query string, args ...any) (log []entry) {
	t.Helper()
	rows, err := db.Query(query, args...)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var e entry
		require.NoError(t, rows.Scan(&e.seq, &e.hash, &e.body))
		log = append(log, e)
	}
	require.NoError(t, rows.Err())
	return log
}

func accounts(t testing.TB, db *sql.DB, query string) map[string]account {
	t.Helper()
	rows, err := db.Query(query)
	require.NoError(t, err)
	defer rows.Close()
	lines := map[string]account{}
	for rows.Next() {
		var id string
		var a account
		require.NoError(t, rows.Scan(&id, &a.ordered, &a.cancelled, &a.allocated, &a.picked, &a.staged, &a.shipped))
		lines[id] = a
	}
	require.NoError(t, rows.Err())
	return lines
}

func (s *site) log(db *sql.DB) []entry {
	return entries(s.t, db, `SELECT seq, hash, body FROM event ORDER BY seq`)
}

func (s *site) life(db *sql.DB) (incarnation string) {
	s.t.Helper()
	require.NoError(s.t, db.QueryRow(`SELECT incarnation FROM meta`).Scan(&incarnation))
	return incarnation
}

// audit compares the tones that were heard with what lies on the disks. The
// site's whole log must have reached the centre before.
func audit(t *testing.T, s *site, c *centre, heard []ledger.Entry) {
	t.Helper()
	atSite, atCentre := s.database(), c.db()
	life := s.life(atSite)
	log := s.log(atSite)
	wholeChain(t, s.name, life, log)
	assert.Equal(t, log, entries(t, atCentre, `SELECT seq, hash, body FROM event WHERE site = $1 AND incarnation = $2 ORDER BY seq`, s.name, life),
		"the centre has the site's log, byte for byte")
	var lives int
	require.NoError(t, atCentre.QueryRow(`SELECT count(DISTINCT incarnation) FROM event WHERE site = $1`, s.name).Scan(&lives))
	assert.Equal(t, 1, lives, "one life of the site's database")

	events := readEvents(t, log)
	onceEach(t, events, heard)
	spent := allocations(events)
	lines := accounts(t, atSite, `SELECT id, ordered, cancelled, allocated, picked, staged, shipped FROM line`)
	assert.Equal(t, lines, accounts(t, atCentre, `SELECT id, ordered, ordered - effective, allocated, picked, staged, shipped FROM line`), "site and centre agree on every line")
	for id, a := range lines {
		assert.LessOrEqual(t, a.allocated, a.wanted(), "line %s got more than was ordered", id)
		assert.Equal(t, spent[id], a.allocated, "line %s and the log disagree", id)
	}
	for _, table := range []string{"poison", "quarantine"} {
		var n int
		require.NoError(t, atCentre.QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
		assert.Zero(t, n, "rows in %s", table)
	}
}

// wholeChain computes the chain anew, from nothing but the raw rows.
func wholeChain(t *testing.T, site, life string, log []entry) {
	t.Helper()
	last := sha256.Sum256([]byte("dockfill/1\x00" + site + "\x00" + life))
	for i, e := range log {
		require.EqualValues(t, i+1, e.seq, "the log has no gap")
		last = sha256.Sum256(append(last[:], e.body...))
		require.Equal(t, last[:], e.hash, "the chain holds at event %d", e.seq)
	}
}

func readEvents(t *testing.T, log []entry) []told {
	t.Helper()
	events := make([]told, len(log))
	for i, e := range log {
		require.NoError(t, json.Unmarshal(e.body, &events[i]))
		require.Equal(t, e.seq, events[i].Seq)
	}
	return events
}

// onceEach holds every serial number that was scanned against the log: one that
// got a good tone is there just once, and none is there twice.
func onceEach(t *testing.T, events []told, heard []ledger.Entry) {
	t.Helper()
	received := map[string]int{}
	for _, e := range events {
		if e.Scan == nil {
			continue
		}
		for _, r := range e.Scan.Receipts {
			if r.Serial != "" {
				received["01"+r.GTIN+"21"+r.Serial]++
			}
			var given int64
			for _, a := range r.Allocations {
				given += a.Qty
			}
			if r.Disposition == "" {
				assert.Equal(t, r.Qty, given+r.Free+r.Surplus, "the units of event %d went somewhere", e.Seq)
			}
		}
	}
	promised, promisedTwice := map[string]bool{}, 0
	for _, h := range heard {
		if tone := device.Tone(h.Tone); tone != device.Good && tone != device.Hold {
			continue
		}
		code := strings.TrimPrefix(h.Code, "]C1")
		if promised[code] {
			promisedTwice++
		}
		promised[code] = true
		if received[code] != 1 {
			assert.Failf(t, "a good tone is not one receipt", "%s was promised and received %d times", code, received[code])
		}
	}
	assert.Zero(t, promisedTwice, "no serial got two good tones")
	for code, n := range received {
		assert.Equal(t, 1, n, "%s was received more than once", code)
	}
	if heard != nil {
		t.Logf("%d tones heard, %d of them good; %d serials received, %d events", len(heard), len(promised), len(received), len(events))
	}
}

// allocations adds up what the log says that each line got.
func allocations(events []told) map[string]int64 {
	spent := map[string]int64{}
	add := func(moves []move) {
		for _, m := range moves {
			spent[m.From] -= m.Qty
			spent[m.To] += m.Qty
		}
	}
	for _, e := range events {
		if e.Scan != nil {
			for _, r := range e.Scan.Receipts {
				for _, a := range r.Allocations {
					spent[a.Line] += a.Qty
				}
			}
			add(e.Scan.Moves)
		}
		for _, other := range []*struct{ Moves []move }{e.Undo, e.Applied, e.Deed} {
			if other != nil {
				add(other.Moves)
			}
		}
	}
	return spent
}

// count is a single number out of a database; 0 where there is none yet.
func count(db *sql.DB, query string, args ...any) (n int64) {
	_ = db.QueryRow(query, args...).Scan(&n)
	return n
}

// heal waits until the centre holds the site's log to its end, and gives the
// time that this took.
func heal(t testing.TB, s *site, c *centre, limit time.Duration) time.Duration {
	t.Helper()
	atSite, atCentre := s.database(), c.db()
	defer atSite.Close()
	defer atCentre.Close()
	return eventually(t, limit, "all of the site's log at the centre", func() bool {
		head := count(atSite, `SELECT max(seq) FROM event`)
		return head > 0 && head == count(atCentre, `SELECT max(seq) FROM event WHERE site = $1`, s.name)
	})
}
