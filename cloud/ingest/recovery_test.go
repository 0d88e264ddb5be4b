package ingest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// follow says hello until the site follows the present life of the centre.
func (s *pretend) follow() *wire.Welcome {
	s.t.Helper()
	for {
		w := s.welcomed()
		if w.Followed == w.Centre {
			return w
		}
		s.cursor, s.stored = wire.CommandCursor{Centre: w.Centre}, w.Stored
	}
}

func (s *pretend) report(part, parts int, granted ...wire.Granted) {
	s.c.send(&wire.Report{Head: s.head(), Centre: s.cursor.Centre, Part: part, Parts: parts, Granted: granted})
}

// rolledBack is a centre that has forgotten its last 300 rights of O1/1, and commands,
// with the sites leeds and york.
func rolledBack(c *centre) (leeds, york *pretend) {
	leeds = ready(c)
	york = c.join("york")
	york.obey(1)
	leeds.register("O1/1").Grant(1300)
	leeds.cursor.N += 2
	return leeds, york
}

// A centre that was put back to an older copy grants nothing until every site has told
// it what it was granted, and settles no cancel.
func TestARestoredCentreWaitsForEverySite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		c := startCentre(t, o)
		before, _ := c.store.Centre()
		s, york := rolledBack(c)
		w := s.welcomed()
		assert.NotEqual(t, before, w.Centre)
		assert.Equal(t, before, w.Followed)
		assert.False(t, w.Report, "a grant of the life before may still reach it")
		assert.Contains(t, c.log.String(), "this centre is an older copy")
		c.take(orders(order("O1", 2, "leeds", 40), order("O3", 1, "leeds", 5)))
		assert.Empty(t, c.held("O3/1"))
		for _, id := range []allocation.SiteID{"leeds", "york"} {
			require.Len(t, c.row(id).Unreported, 1)
		}

		assert.True(t, s.follow().Report)
		s.scan("X", 1200, "O1/1", 1200)
		s.tellAll()
		assert.Equal(t, rights.Registers{Granted: 1000, Used: 1200}, c.held("O1/1")[s.incarnation], "what it tells is a fact")
		s.report(2, 2)
		s.report(2, 2)
		assert.True(t, s.welcomed().Report, "a part is missing")
		s.report(1, 2, wire.Granted{Line: "O1/1", N: 1300})
		s.report(2, 2)
		assert.False(t, s.welcomed().Report)
		assert.EqualValues(t, 1300, c.held("O1/1")[s.incarnation].Granted)
		assert.Empty(t, c.row("leeds").Unreported)
		assert.Empty(t, c.held("O3/1"), "york has not reported")

		// What it waits for outlives the process.
		c.stop()
		require.NoError(t, c.store.Close())
		c = startCentre(t, o)
		s.move(c)
		york.move(c)
		assert.Empty(t, c.held("O3/1"))
		assert.True(t, york.follow().Report)
		york.report(1, 1)
		s.obey(6) // the policy, the order and its right, what changed, and at last the new right
		assert.Equal(t, rights.Registers{Granted: 5}, c.held("O3/1")[s.incarnation])
		v, err := c.store.Order(ctx, "O1")
		require.NoError(t, err)
		assert.EqualValues(t, 960, v.Lines[0].Pending, "the cancel waits for what the site holds")
	})
}

// A life that was minted after the copy was made is not known, and its log is taken.
func TestARestoredCentreLearnsOfALife(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		before, _ := c.store.Centre()
		s.incarnation = before + ".0123456789abcdef"
		s.hashes = []wire.Hash{wire.Genesis(s.id, s.incarnation)}
		s.scan("X", 7, "O1/1", 7)
		s.restart()
		w := s.welcomed()
		assert.True(t, w.Facts)
		assert.NotEqual(t, before, w.Centre)
		s.cursor = wire.CommandCursor{Centre: w.Centre}
		s.tellAll()
		assert.EqualValues(t, 7, c.held("O1/1")[s.incarnation].Used)
		w = s.welcomed()
		assert.True(t, w.Minted)
		assert.NotEmpty(t, c.row("leeds").Unreported, "the life of the copy has not reported")
	})
}
