package session_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

func TestWhereABatchStands(t *testing.T) {
	mine := at(5)
	hashAt := func(seq int64) wire.Hash { return hash(seq) }
	for name, row := range map[string]struct {
		first, n int64
		forked   int64 // from this event on it is another history; 0: never
		want     session.Place
		from     int
	}{
		"the next ones":             {6, 2, 0, session.Next, 0},
		"some seen, some new":       {4, 4, 0, session.Next, 2},
		"all from the beginning":    {1, 7, 0, session.Next, 5},
		"seen":                      {2, 2, 0, session.Seen, 0},
		"seen to the cursor":        {5, 1, 0, session.Seen, 0},
		"a gap":                     {7, 1, 0, session.Gap, 0},
		"another event at a number": {3, 1, 3, session.Fork, 0},
		"another at the cursor":     {5, 1, 5, session.Fork, 0},
		"a fork that goes on":       {4, 4, 5, session.Fork, 0},
		"after another history":     {6, 1, 5, session.Fork, 0},
	} {
		m, hashes := batch(row.first, row.n, row.forked)
		place, from := session.PlaceOf(mine, m, hashes, hashAt)
		assert.Equal(t, row.want, place, name)
		assert.Equal(t, row.from, from, name)
	}
}

func batch(first, n, forked int64) (*wire.Events, []wire.Hash) {
	at := func(seq int64) wire.Hash {
		if forked > 0 && seq >= forked {
			return wire.Genesis("leeds", "other").Next([]byte{byte(seq)})
		}
		return hash(seq)
	}
	hashes := make([]wire.Hash, n)
	for i := range hashes {
		hashes[i] = at(first + int64(i))
	}
	return &wire.Events{First: first, Prev: at(first - 1), Last: at(first + n - 1), Events: make([]json.RawMessage, n)}, hashes
}

func TestACentreWithoutItsWitnessWaitsForTheVeryLives(t *testing.T) {
	lives := []session.Life{{Site: "leeds", Incarnation: "i1"}, {Site: "york", Incarnation: "i2"}}
	assert.True(t, session.Recover(lives, true).MayGrant())

	r := session.Recover(lives, false)
	said := func(site, incarnation, centre string) *wire.Hello {
		return &wire.Hello{Head: wire.Head{Site: "leeds", Incarnation: incarnation}, Commands: wire.CommandCursor{Centre: centre}}
	}
	for name, h := range map[string]*wire.Hello{
		"before it follows the new life": said("leeds", "i1", "c1"),
		"another life of the site":       said("leeds", "i9", "c2"),
	} {
		r.Report("c2", h)
		assert.Len(t, r.Waiting, 2, name)
	}
	doubtful, late := said("leeds", "i1", "c2"), said("leeds", "i1", "c2")
	doubtful.Doubt, late.Late = "its file was replaced", true
	r.Report("c2", doubtful)
	r.Report("c2", late)
	assert.Len(t, r.Waiting, 2, "an older copy of a database does not know what came after it")

	r.Report("c2", said("leeds", "i1", "c2"))
	assert.Equal(t, lives[1:], r.Waiting)
	assert.False(t, r.MayGrant())
	r.Attest("york")
	assert.True(t, r.MayGrant())
	assert.Equal(t, session.Life{Site: "leeds", Incarnation: "i1"}, lives[0], "the list that it was given is not touched")
}
