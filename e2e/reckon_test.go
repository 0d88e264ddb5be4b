package e2e

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
)

// What the tests of lives hold the house to: audit is for a site that has had one life
// of its database, reckon for any number of sites and lives.

// life is one life of a site's database as the centre has it.
type life struct{ site, incarnation string }

func (c *centre) lives(db *sql.DB) (all []life) {
	c.t.Helper()
	rows, err := db.Query(`SELECT site, incarnation FROM incarnation ORDER BY site, minted`)
	require.NoError(c.t, err)
	defer rows.Close()
	for rows.Next() {
		var l life
		require.NoError(c.t, rows.Scan(&l.site, &l.incarnation))
		all = append(all, l)
	}
	require.NoError(c.t, rows.Err())
	return all
}

// reckon compares all tones that were heard with all that the centre holds, whichever
// life of a site told it. Each good tone is one receipt, in a log or in quarantine;
// no line got more than it may, not even together with what is quarantined; each log is
// whole; and the centre's totals are those of the logs. gone are serials whose only
// copy was on a disk that a test took away.
func (c *centre) reckon(t *testing.T, heard []ledger.Entry, gone ...string) {
	t.Helper()
	db := c.db()
	defer db.Close()
	var counted []told
	for _, l := range c.lives(db) {
		log := entries(t, db, `SELECT seq, hash, body FROM event WHERE site = $1 AND incarnation = $2 ORDER BY seq`, l.site, l.incarnation)
		wholeChain(t, l.site, l.incarnation, log)
		counted = append(counted, readEvents(t, log)...)
	}
	aside := readEvents(t, entries(t, db, `SELECT seq, hash, body FROM quarantine ORDER BY site, incarnation, seq`))
	onceEach(t, append(append([]told{}, counted...), aside...), without(heard, gone))

	spent, apart := allocations(counted), allocations(aside)
	lines := accounts(t, db, `SELECT id, ordered, ordered - effective, allocated, picked, staged, shipped FROM line`)
	for id, a := range lines {
		assert.Equal(t, spent[id], a.allocated, "line %s and the logs disagree", id)
		assert.LessOrEqual(t, a.allocated+max(0, apart[id]), a.wanted(), "line %s got more than it may", id)
	}
	for id, held := range c.committed(db) {
		assert.LessOrEqual(t, held, lines[id].wanted(), "more is granted of line %s than it may get", id)
	}
	assert.Zero(t, count(db, `SELECT count(*) FROM poison`), "events that could not be applied")
	c.totalsAre(t, counted)
}

// without leaves out the tones of some serials.
func without(heard []ledger.Entry, gone []string) (left []ledger.Entry) {
	for _, h := range heard {
		lost := false
		for _, serial := range gone {
			lost = lost || strings.HasSuffix(h.Code, "21"+serial)
		}
		if !lost {
			left = append(left, h)
		}
	}
	return left
}

// committed is what all lives of all sites hold of each line, by rule C.
func (c *centre) committed(db *sql.DB) map[string]int64 {
	c.t.Helper()
	rows, err := db.Query(`SELECT line, granted, used, undone, returned, attested FROM register`)
	require.NoError(c.t, err)
	defer rows.Close()
	held := map[string]int64{}
	for rows.Next() {
		var line string
		var granted, used, undone, returned, attested int64
		require.NoError(c.t, rows.Scan(&line, &granted, &used, &undone, &returned, &attested))
		held[line] += max(granted-returned-attested, used-undone)
	}
	require.NoError(c.t, rows.Err())
	return held
}

// totalsAre holds the centre's own figures against the logs.
func (c *centre) totalsAre(t *testing.T, events []told) {
	t.Helper()
	var scanned, given int64
	for _, e := range events {
		if e.Scan != nil {
			for _, r := range e.Scan.Receipts {
				scanned += r.Qty
			}
		}
	}
	for place, n := range allocations(events) {
		if strings.Contains(place, "/") {
			given += n
		}
	}
	var total struct {
		Scanned int64 `json:"units_scanned"`
		Given   int64 `json:"units_allocated"`
	}
	require.NoError(t, get(t, c.http+"/api/v1/totals", &total))
	assert.Equal(t, scanned, total.Scanned, "units scanned, as the centre tells")
	assert.Equal(t, given, total.Given, "units allocated, as the centre tells")
}

// settled waits until the site receives under a life of which the centre has all.
func (s *site) settled(c *centre) {
	s.t.Helper()
	atCentre := c.db()
	defer atCentre.Close()
	eventually(s.t, patience, "all of the site's present log at the centre", func() bool {
		atSite := s.database()
		defer atSite.Close()
		var life string
		var head int64
		err := atSite.QueryRow(`SELECT incarnation, coalesce((SELECT max(seq) FROM event), 0) FROM meta`).Scan(&life, &head)
		return err == nil && life != "" && s.status().State == "ACTIVE" &&
			count(atCentre, `SELECT count(*) FROM incarnation i JOIN site USING (site, incarnation) WHERE site = $1 AND incarnation = $2 AND i.seq = $3`, s.name, life, head) == 1 &&
			count(atSite, `SELECT command_n FROM meta`) == count(atCentre, `SELECT commands FROM site WHERE site = $1`, s.name) &&
			count(atCentre, `SELECT applied - commands FROM site WHERE site = $1`, s.name) == 0
	})
}

// born waits until the site has another life than the one named, and gives it.
func (s *site) born(c *centre, before string) string {
	s.t.Helper()
	var now status
	eventually(s.t, patience, "another life of the site's database", func() bool {
		now = s.status()
		return now.State == "ACTIVE" && now.Incarnation != before && now.Incarnation != ""
	})
	s.settled(c)
	return now.Incarnation
}

// set aside or refused: no good tone, and nothing in the log.
func refuses(t *testing.T, d *device.Device, heard *[]ledger.Entry, serial string) {
	t.Helper()
	assert.NotEqual(t, device.Good, hear(t, d, heard, serial), "nothing is allocated")
}

// scans is so many good tones in a row.
func scans(t *testing.T, d *device.Device, heard *[]ledger.Entry, serials string, n int) {
	t.Helper()
	for i := range n {
		require.Equal(t, device.Good, hear(t, d, heard, serials+string(rune('A'+i))))
	}
}

// copyOf is a folder's files as they are now; nothing that writes them may run.
type copyOf map[string][]byte

func keepCopy(t testing.TB, dir string) copyOf {
	t.Helper()
	kept := copyOf{}
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		if f.Type().IsRegular() {
			kept[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name()))
			require.NoError(t, err)
		}
	}
	return kept
}

// putBack replaces the folder's files by new ones, as a restored backup is.
func (k copyOf) putBack(t testing.TB, dir string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(dir))
	k.overwrite(t, dir)
}

// overwrite writes into the files that are there: only what is in them changes.
func (k copyOf) overwrite(t testing.TB, dir string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, text := range k {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
}

// anchor is the folder of what the agent knows of its database.
func (s *site) anchor() string { return s.data + "-anchor" }

// siteRow is what the tests read of the centre's list of sites.
type siteRow struct {
	Site        string
	State       string
	Incarnation string
	Clones      []string
	Quarantined int64
	InDoubt     int64      `json:"in_doubt"`
	Unreported  *time.Time `json:"unreported_since"`
}

func (c *centre) site(name string) siteRow {
	c.t.Helper()
	var answer struct{ Sites []siteRow }
	require.NoError(c.t, get(c.t, c.http+"/api/v1/sites", &answer))
	for _, s := range answer.Sites {
		if s.Site == name {
			return s
		}
	}
	require.Fail(c.t, "the centre knows no site "+name)
	return siteRow{}
}
