package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
)

// An agent that is stopped or killed knows its database again, with or without a
// network: it receives at once, under the same life.
func TestOwnDatabaseIsKnownAgainOffline(t *testing.T) {
	t.Parallel()
	whole(t)
	var heard []ledger.Entry
	c, s := house(t, 40, 1, stations(1))
	d := s.scanner(1)
	scans(t, d, &heard, "O", 3)
	s.settled(c)
	life := s.status().Incarnation
	for n, killed := range []bool{false, true, true, false} {
		if n == 2 {
			c.stop()
		}
		s.again(d, killed)
		assert.Equal(t, "ACTIVE", s.status().State, "at once")
		scans(t, d, &heard, fmt.Sprint("O", n), 3)
	}
	c.start()
	s.settled(c)
	assert.Equal(t, life, s.status().Incarnation)
	audit(t, s, c, heard)
	c.reckon(t, heard)
}

// A database that is put back from an hour ago allocates nothing before the centre has
// given it a new life, whether or not what the agent keeps beside it is put back too.
// What the old life might have given stays committed; scans go on.
func TestOldDatabaseWaitsForTheCentre(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"the database", "the database and its anchor"} {
		t.Run(kind, func(t *testing.T) {
			whole(t)
			var heard []ledger.Entry
			c, s := house(t, 40, 1, stations(1))
			d := s.scanner(1)
			scans(t, d, &heard, "A", 3)
			s.settled(c)
			old := s.status().Incarnation
			s.stop()
			data, anchor := keepCopy(t, s.data), keepCopy(t, s.anchor())
			s.start()
			s.ready(d)
			scans(t, d, &heard, "B", 3)
			s.settled(c)
			s.stop()
			c.stop()
			data.putBack(t, s.data)
			if strings.Contains(kind, "anchor") {
				anchor.putBack(t, s.anchor())
			}
			s.start()
			s.ready(d)
			assert.Equal(t, "UNVERIFIED", s.status().State)
			for n, killed := range []bool{false, true, true, false} { // it has started as often as the lost one, and more
				refuses(t, d, &heard, fmt.Sprint("C", n))
				s.again(d, killed)
			}
			assert.Equal(t, "UNVERIFIED", s.status().State)
			c.start()
			s.born(c, old)
			assert.EqualValues(t, 34, c.site("leeds").InDoubt, "what the old life had unspent")
			scans(t, d, &heard, "D", 3)
			c.imports("orders", orders2("leeds", 3, 2))
			s.settled(c)
			scans(t, d, &heard, "E", 4)
			s.settled(c)
			c.filled("P", 6)
			c.reckon(t, heard)
			s.hasLeft(old)
		})
	}
}

// again ends the agent, one way or the other, and starts it.
func (s *site) again(d *device.Device, killed bool) {
	s.t.Helper()
	if killed {
		s.kill()
	} else {
		s.stop()
	}
	s.start()
	s.ready(d)
}

// orders2 is like orders, of other orders that are newer.
func orders2(site string, n, qty int) string {
	return strings.ReplaceAll(orders(site, n, qty), "O0", "P0")
}

// filled wants so many units given to the orders whose names begin so.
func (c *centre) filled(prefix string, want int64) {
	c.t.Helper()
	var given int64
	for id, line := range c.owed() {
		if strings.HasPrefix(id, prefix) {
			given += line.allocated
		}
	}
	assert.Equal(c.t, want, given, "units for the orders %s", prefix)
}

// hasLeft waits until the log of an earlier life is safe at the centre, and need not be
// told of any more.
func (s *site) hasLeft(incarnation string) {
	s.t.Helper()
	eventually(s.t, patience, "the earlier log safe", func() bool {
		db := s.database()
		defer db.Close()
		return count(db, `SELECT count(*) FROM life WHERE incarnation = ? AND safe_seq = head_seq`, incarnation) == 1
	})
}

// What was scanned and never sent is gone with the database that is put back, and no
// line that it filled is filled again.
func TestUnsentScansOfALostDatabaseStayCommitted(t *testing.T) {
	t.Parallel()
	whole(t)
	var heard []ledger.Entry
	c, s := house(t, 6, 1, stations(1))
	d := s.scanner(1)
	scans(t, d, &heard, "A", 2)
	s.settled(c)
	old := s.status().Incarnation
	s.stop()
	data := keepCopy(t, s.data)
	c.stop()
	s.start()
	s.ready(d)
	scans(t, d, &heard, "B", 2)
	given := s.balances()
	s.kill()
	data.putBack(t, s.data)
	s.start()
	s.ready(d)
	refuses(t, d, &heard, "C")
	c.start()
	s.born(c, old)
	scans(t, d, &heard, "D", 4)
	s.settled(c)
	for id, line := range c.owed() {
		assert.LessOrEqual(t, max(line.allocated, given[id].allocated), line.wanted())
		if given[id].allocated > 0 && !strings.HasPrefix(id, "O00001") && !strings.HasPrefix(id, "O00002") {
			assert.Zero(t, line.allocated, "line %s was filled by what is lost", id)
		}
	}
	c.reckon(t, heard, "BA", "BB")
}

// A copy that nothing at the site can tell from the original is found when it says
// hello. What it scanned before that is kept, and counts nowhere until people look.
func TestUnnoticedCopyIsFoundAtContact(t *testing.T) {
	t.Parallel()
	whole(t)
	var heard []ledger.Entry
	c, s := house(t, 10, 1, stations(1))
	d := s.scanner(1)
	scans(t, d, &heard, "A", 2)
	s.settled(c)
	old := s.status().Incarnation
	s.stop()
	data, anchor := keepCopy(t, s.data), keepCopy(t, s.anchor())
	s.start()
	s.ready(d)
	c.imports("orders", orders2("leeds", 2, 1))
	s.settled(c)
	s.stop()
	c.stop()
	for _, name := range []string{"agent.db-wal", "agent.db-shm"} {
		data[name] = nil
	}
	data.overwrite(t, s.data)
	anchor.overwrite(t, s.anchor())
	s.start()
	s.ready(d)
	require.Equal(t, "ACTIVE", s.status().State, "nothing tells the site")
	scans(t, d, &heard, "C", 3)
	c.start()
	s.born(c, old)
	assert.NotZero(t, c.site("leeds").Quarantined)
	scans(t, d, &heard, "D", 2)
	s.settled(c)
	c.reckon(t, heard)
	s.hasLeft(old)
}

// A disk that is replaced begins anew: the site gets a new life, what it must know, and
// what is left of the rights. What the old disk had unspent is in doubt.
func TestReplacedDiskBeginsANewLife(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"the disk", "the disk and the anchor"} {
		t.Run(kind, func(t *testing.T) {
			whole(t)
			var heard []ledger.Entry
			c, s := house(t, 10, 2, stations(1))
			d := s.scanner(1)
			scans(t, d, &heard, "A", 3)
			s.settled(c)
			old := s.status().Incarnation
			s.kill()
			copyOf{}.putBack(t, s.data)
			if strings.Contains(kind, "anchor") {
				copyOf{}.putBack(t, s.anchor())
			}
			s.start()
			s.ready(d)
			s.born(c, old)
			eventually(t, patience, "it knows the orders again that are not filled", func() bool { return s.status().Totals.LinesKnown == 9 })
			assert.EqualValues(t, 17, c.site("leeds").InDoubt)
			scans(t, d, &heard, "B", 3)
			c.imports("orders", orders2("leeds", 5, 1))
			s.settled(c)
			scans(t, d, &heard, "C", 3)
			s.settled(c)
			c.filled("P", 5)
			c.reckon(t, heard)
		})
	}
}
