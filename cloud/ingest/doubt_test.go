package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// A hello that the network delivers late, of a process that ended, is no second process:
// it costs the one that has the place nothing, and no person is asked to decide.
func TestALateHelloOfAnEndedProcessIsNoClone(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		ended := *s
		s.restart()
		s.welcomed()
		for range 3 {
			ended.hello()
			s.answers()
		}
		time.Sleep(3 * 100 * time.Millisecond) // while the ended one is waited for, and nobody answers for it
		ended.hello()
		require.False(t, s.welcomed().Minted)
		row := c.row("leeds")
		assert.Empty(t, row.Clones)
		assert.Equal(t, s.incarnation, row.Incarnation)
		assert.Equal(t, store.SiteActive, row.State)
	})
}

// A hello of the process that had the place, late, does not answer for it: the site gets
// its new life, and no person must say that it is the genuine one.
func TestALateHelloAnswersNoProbe(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		gone := *s
		s.restart()
		s.doubt = "its file was replaced"
		s.hello()
		gone.hello()
		w := receive[*wire.Welcome](s)
		assert.True(t, w.Minted)
		assert.Empty(t, c.row("leeds").Clones)
	})
}

// An agent of another house that is connected here by mistake has the id of a site: that
// is no sign that this centre has forgotten something.
func TestAStrangerIsNoSignOfAnOlderCopy(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		before := c.Ingest.centre()
		stranger := &pretend{t: t, c: c, id: "leeds", registers: map[allocation.LineID]*rights.Registers{}}
		stranger.restart()
		stranger.incarnation, stranger.hashes = "other.1", []wire.Hash{wire.Genesis("leeds", "other.1")}
		stranger.cursor = wire.CommandCursor{Centre: "other", N: 7}
		stranger.log(wire.Event{Undo: &wire.Undo{Station: "1"}})
		stranger.hello()
		require.Eventually(t, func() bool { return len(c.row("leeds").Clones) == 1 }, time.Minute, 10*time.Millisecond)
		assert.Equal(t, before, c.Ingest.centre())
		assert.False(t, s.welcomed().Minted)
		assert.Empty(t, stranger.inbox, "to its own house it may be right")

		require.NoError(t, c.Admit(ctx, "leeds", stranger.nonce, store.Person{Name: "Ann", Reason: "the centre was set up anew"}))
		w := receive[*wire.Welcome](stranger)
		assert.True(t, w.Facts, "what it logged comes first")
		assert.NotEqual(t, before, w.Centre)
		stranger.tellAll()
		stranger.cursor = wire.CommandCursor{Centre: "other"}
		assert.True(t, stranger.welcomed().Minted)
	})
}

// What an earlier life gave to a line, a later one takes back: the unit leaves the line,
// and no right comes free by it.
func TestALaterLifeTakesBackWhatAnEarlierGave(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		s.scan("X", 3, "O1/1", 3)
		s.tellAll()
		old := s.incarnation
		s.restart()
		s.doubt = "its file was replaced"
		s.begin(s.welcomed())
		require.False(t, s.welcomed().Minted)
		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Moves: []wire.Move{{SKU: "X", Qty: 2, From: "O1/1"}}}})
		s.tellAll()
		row := c.row("leeds")
		assert.Zero(t, row.Poison)
		assert.EqualValues(t, 1, row.Allocated)
		held := c.held("O1/1")
		assert.Equal(t, rights.Registers{Granted: 1000, Used: 3}, held[old])
		assert.Equal(t, rights.Registers{}, held[s.incarnation])

		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Moves: []wire.Move{{SKU: "X", Qty: 2, From: "O1/1"}}}})
		s.tellAll()
		assert.EqualValues(t, 1, c.row("leeds").Poison, "the line holds one unit")
	})
}

// A site that told of a log that it left is fenced like any other when its present one
// turns out to be another history.
func TestAForkIsFencedAfterAnEarlierLogWasTold(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		s.scan("X", 1, "O1/1", 1)
		s.tellAll()
		old := *s
		s.restart()
		s.doubt = "its file was replaced"
		s.begin(s.welcomed())
		require.False(t, s.welcomed().Minted)
		old.nonce, old.inbox, old.late = s.nonce, s.inbox, true
		w := old.welcomed()
		assert.Equal(t, wire.Cursor{Seq: 1, Hash: old.hashes[1]}, w.Safe, "all of it is kept")
		s.scan("X", 1, "O1/1", 0)
		s.tellAll()
		s.bodies, s.hashes = nil, s.hashes[:1]
		s.scan("X", 7, "O1/1", 0)
		s.tell(1, 1)
		s.fenced(session.Diverged)
	})
}
