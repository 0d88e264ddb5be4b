package session_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// hash stands for the chain's hash at seq in the history that both hold.
func hash(seq int64) wire.Hash {
	h := wire.Genesis("leeds", "i1")
	for range seq {
		h = h.Next([]byte("e"))
	}
	return h
}

func at(seq int64) wire.Cursor { return wire.Cursor{Seq: seq, Hash: hash(seq)} }

// known is a centre that welcomed run 4 of life i1 and stored ten events.
func known() session.Known {
	return session.Known{
		Incarnation: "i1", Run: 4, Nonce: "n4",
		Stored:   at(10),
		Commands: wire.CommandCursor{Centre: "c1", N: 20},
		HashAt: func(seq int64) wire.Hash {
			if seq > 10 {
				return wire.Hash{}
			}
			return hash(seq)
		},
	}
}

// hello is from the same process, two events further.
func hello(change func(*wire.Hello)) *wire.Hello {
	h := &wire.Hello{
		Head: wire.Head{Site: "leeds", Nonce: "n4", Incarnation: "i1"},
		Run:  4, HeadAt: at(12), Stored: at(9), Safe: at(8),
		Commands: wire.CommandCursor{Centre: "c1", N: 20},
	}
	change(h)
	return h
}

func TestEveryRowOfTheVerdicts(t *testing.T) {
	other := hash(3)
	none := func(k *session.Known) { *k = session.Known{HashAt: func(int64) wire.Hash { return wire.Hash{} }} }
	same := func(*session.Known) {}
	for name, row := range map[string]struct {
		known func(*session.Known)
		hello func(*wire.Hello)
		want  session.Verdict
	}{
		"the same process again":                {same, func(h *wire.Hello) {}, session.Continue},
		"the next run":                          {same, func(h *wire.Hello) { h.Run, h.Nonce = 5, "n5" }, session.Continue},
		"the next run, nothing new":             {same, func(h *wire.Hello) { h.Run, h.Nonce, h.HeadAt = 5, "n5", at(10) }, session.Continue},
		"no event yet":                          {func(k *session.Known) { k.Stored = at(0) }, func(h *wire.Hello) { h.HeadAt, h.Stored, h.Safe = at(0), at(0), at(0) }, session.Continue},
		"a new centre life, its commands begin": {same, func(h *wire.Hello) { h.Commands = wire.CommandCursor{Centre: "c0", N: 99} }, session.Continue},
		"a hello of this process that is late":  {same, func(h *wire.Hello) { h.HeadAt, h.Stored = at(7), at(5) }, session.Continue},

		"no database, first contact":         {none, func(h *wire.Hello) { h.Incarnation, h.Nonce = "", "n1" }, session.Mint},
		"no database, a site lost it":        {same, func(h *wire.Hello) { h.Incarnation, h.Nonce, h.Run = "", "n9", 1 }, session.Mint},
		"no database, asked before":          {same, func(h *wire.Hello) { h.Incarnation = "" }, session.MintedBefore},
		"a life that was replaced":           {same, func(h *wire.Hello) { h.Incarnation = "i0" }, session.DeadLife},
		"a life never heard of":              {none, func(h *wire.Hello) {}, session.CentreBehind},
		"more acknowledged than stored":      {same, func(h *wire.Hello) { h.Stored = at(11) }, session.CentreBehind},
		"more commands than were given":      {same, func(h *wire.Hello) { h.Commands.N = 21 }, session.CentreBehind},
		"centre behind comes before a clone": {same, func(h *wire.Hello) { h.Stored, h.Nonce = at(11), "nx" }, session.CentreBehind},

		"the same run, another process":    {same, func(h *wire.Hello) { h.Nonce = "nx" }, session.Clone},
		"an older run":                     {same, func(h *wire.Hello) { h.Nonce, h.Run = "n3", 3 }, session.Clone},
		"a clone comes before a short log": {same, func(h *wire.Hello) { h.Nonce, h.HeadAt = "nx", at(9) }, session.Clone},

		"the log is shorter":                   {same, func(h *wire.Hello) { h.Run, h.Nonce, h.HeadAt = 5, "n5", at(9) }, session.Diverged},
		"another hash at the head":             {same, func(h *wire.Hello) { h.HeadAt = wire.Cursor{Seq: 10, Hash: other} }, session.Diverged},
		"another hash at the acknowledgement":  {same, func(h *wire.Hello) { h.Stored.Hash = other }, session.Diverged},
		"a late hello, but of another history": {same, func(h *wire.Hello) { h.HeadAt = wire.Cursor{Seq: 7, Hash: other} }, session.Diverged},
	} {
		k := known()
		row.known(&k)
		got := session.Judge(k, hello(row.hello))
		assert.Equal(t, row.want, got, name)
	}
}

func TestEveryFenceTellsThePersonWhatToDo(t *testing.T) {
	for _, v := range []session.Verdict{session.DeadLife, session.CentreBehind, session.Clone, session.Diverged} {
		assert.NotEmpty(t, session.Explain(v), v)
	}
	assert.Empty(t, session.Explain(session.Continue))
}

func TestAMessageForAnotherProcessOrLifeIsNotMeant(t *testing.T) {
	head := func(nonce, incarnation string) wire.Head { return wire.Head{Nonce: nonce, Incarnation: incarnation} }
	active, fresh := session.Start("n", "i1"), session.Start("n", "")
	assert.True(t, active.Meant(&wire.Ack{Head: head("n", "i1")}, "i1"))
	assert.False(t, active.Meant(&wire.Ack{Head: head("x", "i1")}, "i1"))
	assert.False(t, active.Meant(&wire.Ack{Head: head("n", "i0")}, "i1"))
	assert.False(t, active.Meant(&wire.Welcome{Head: head("n", "i2"), Minted: true}, "i1"), "a second life is not taken")
	assert.False(t, active.Meant(&wire.Welcome{Head: head("n", "i1"), Minted: true}, "i1"), "nor the same one twice")
	assert.True(t, fresh.Meant(&wire.Welcome{Head: head("n", "i2"), Minted: true}, ""))
	assert.False(t, fresh.Meant(&wire.Welcome{Head: head("x", "i2"), Minted: true}, ""))
}

func TestASiteStartsWithWhatItHas(t *testing.T) {
	assert.Equal(t, session.Active, session.Start("n", "i1").State)
	assert.Equal(t, session.Unverified, session.Start("n", "").State)
}

func TestAWelcomeThatHoldsAnotherHistoryFences(t *testing.T) {
	s := session.Start("n", "i1")
	require.Error(t, s.Welcomed(&wire.Welcome{Stored: at(3)}, hash(2)))
	assert.Equal(t, session.CaptureOnly, s.State)
	assert.Equal(t, string(session.Diverged), s.Reason)
	assert.NotEmpty(t, s.Text)
}

// Only a welcome makes a site active, and none makes a fenced one active again:
// that takes a person.
func TestOnlyAWelcomeMakesASiteActive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := session.Start("n", rapid.SampledFrom([]string{"", "i1"}).Draw(t, "incarnation"))
		before, welcomed := s.State, false
		t.Repeat(map[string]func(*rapid.T){
			"welcome": func(t *rapid.T) {
				seq := rapid.Int64Range(0, 3).Draw(t, "seq")
				w := &wire.Welcome{Minted: rapid.Bool().Draw(t, "minted"), Stored: at(seq)}
				welcomed = s.Welcomed(w, hash(rapid.Int64Range(0, 3).Draw(t, "mine"))) == nil
			},
			"fence": func(t *rapid.T) { s.Fenced("clone", "x"); welcomed = false },
			"others": func(t *rapid.T) {
				s.Meant(&wire.Ack{Head: wire.Head{Nonce: "n"}}, "i1")
				welcomed = false
			},
			"": func(t *rapid.T) {
				if s.State == session.Active && before != session.Active {
					require.True(t, welcomed)
					require.Equal(t, session.Unverified, before)
				}
				if before == session.CaptureOnly {
					require.Equal(t, session.CaptureOnly, s.State)
				}
				before = s.State
			},
		})
	})
}
