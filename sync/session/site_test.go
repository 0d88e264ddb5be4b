package session_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

func head(nonce, incarnation string) wire.Head {
	return wire.Head{Nonce: nonce, Incarnation: incarnation}
}

func TestAMessageForAnotherProcessOrLifeIsNotMeant(t *testing.T) {
	active, fresh := session.Start("n", "i1", "c1", ""), session.Start("n", "", "", "")
	active.Earlier = []string{"i0"}
	for name, row := range map[string]struct {
		site session.Site
		m    wire.Message
		want bool
	}{
		"its own":                        {active, &wire.Ack{Head: head("n", "i1")}, true},
		"of another process":             {active, &wire.Ack{Head: head("x", "i1")}, false},
		"about the log of an old life":   {active, &wire.Ack{Head: head("n", "i0")}, true},
		"of a life never heard of":       {active, &wire.Ack{Head: head("n", "i9")}, false},
		"commands to an old life":        {active, &wire.Commands{Head: head("n", "i0")}, false},
		"a fence for an old life":        {active, &wire.Fence{Head: head("n", "i0")}, false},
		"a new life in place of its own": {active, &wire.Welcome{Head: head("n", "i2"), Minted: true, Instead: "i1"}, true},
		"a new life, late":               {active, &wire.Welcome{Head: head("n", "i2"), Minted: true, Instead: "i0"}, false},
		"its own life once more":         {active, &wire.Welcome{Head: head("n", "i1"), Minted: true}, false},
		"the first life":                 {fresh, &wire.Welcome{Head: head("n", "i2"), Minted: true}, true},
		"the first life of another":      {fresh, &wire.Welcome{Head: head("x", "i2"), Minted: true}, false},
	} {
		assert.Equal(t, row.want, row.site.Meant(row.m), name)
	}
}

func TestASiteStartsWithWhatItsAnchorsVouchFor(t *testing.T) {
	assert.Equal(t, session.Active, session.Start("n", "i1", "c1", "").State)
	assert.Equal(t, session.Unverified, session.Start("n", "", "", "").State)
	doubted := session.Start("n", "i1", "c1", session.ErrFile.Error())
	assert.Equal(t, session.Unverified, doubted.State)
	assert.NotEmpty(t, doubted.Doubt)
}

func TestWhatAWelcomeLeadsTo(t *testing.T) {
	started := func() session.Site { return session.Start("n", "i1", "c1", "") }
	doubted := func() session.Site { return session.Start("n", "i1", "c1", "x") }
	moved := func() session.Site { s := started(); s.Centre = "c2"; return s }
	plain := func(centre string) *wire.Welcome {
		return &wire.Welcome{Head: head("n", "i1"), Centre: centre, Followed: "c1", Stored: at(3)}
	}
	facts := plain("c1")
	facts.Facts = true
	minted := &wire.Welcome{Head: head("n", "i2"), Minted: true, Instead: "i1", Centre: "c1", Followed: "c1", Kept: at(5)}
	for name, row := range map[string]struct {
		site  session.Site
		w     *wire.Welcome
		mine  wire.Hash
		head  wire.Cursor
		turn  session.Turn
		state session.State
	}{
		"go on":                               {started(), plain("c1"), hash(3), at(5), session.GoOn, session.Active},
		"a new life of the centre":            {started(), plain("c2"), hash(3), at(5), session.Follow, session.Active},
		"late, the site has moved on":         {moved(), plain("c1"), hash(3), at(5), session.Ignore, session.Active},
		"another history":                     {started(), plain("c1"), hash(2), at(5), session.Ask, session.CaptureOnly},
		"the log does not reach":              {started(), plain("c1"), wire.Hash{}, at(1), session.Ask, session.CaptureOnly},
		"send, but do not allocate":           {started(), facts, hash(3), at(5), session.GoOn, session.CaptureOnly},
		"send, and wait on":                   {doubted(), facts, hash(3), at(5), session.GoOn, session.Unverified},
		"a plain welcome vouches for nothing": {doubted(), plain("c1"), hash(3), at(5), session.GoOn, session.Unverified},
		"a new life":                          {doubted(), minted, wire.Hash{}, at(5), session.Adopt, session.Unverified},
		"a new life, and more was logged":     {started(), minted, wire.Hash{}, at(6), session.Ask, session.Active},
	} {
		s := row.site
		turn, _ := s.Welcomed(row.w, row.mine, row.head)
		assert.Equal(t, row.turn, turn, name)
		assert.Equal(t, row.state, s.State, name)
	}
}

func TestANewLifeEndsEveryDoubtAndKeepsTheOldLogInMind(t *testing.T) {
	s := session.Start("n", "i1", "c1", "x")
	s.Fenced("clone", "stop the copy")
	s.Begun(&wire.Welcome{Head: head("n", "i2"), Minted: true, Instead: "i1", Centre: "c2"})
	assert.Equal(t, session.Site{State: session.Active, Nonce: "n", Incarnation: "i2", Centre: "c2", Earlier: []string{"i1"}}, s)
}

func TestAWelcomeThatHoldsAnotherHistoryFences(t *testing.T) {
	s := session.Start("n", "i1", "c1", "")
	_, err := s.Welcomed(&wire.Welcome{Stored: at(3), Centre: "c1", Followed: "c1"}, hash(2), at(5))
	require.ErrorContains(t, err, "event 3")
	assert.Equal(t, session.CaptureOnly, s.State)
	assert.Equal(t, string(session.Diverged), s.Reason)
	assert.NotEmpty(t, s.Text)
	assert.NotEmpty(t, s.Doubt, "its next hello asks for a new life")
}

func TestOnlyTheCentreThatIsFollowedIsObeyed(t *testing.T) {
	s := session.Start("n", "i1", "c2", "")
	assert.True(t, s.Takes(&wire.Commands{Centre: "c2"}))
	assert.False(t, s.Takes(&wire.Commands{Centre: "c1"}))
	assert.True(t, s.Confirms(&wire.Ack{Centre: "c2"}))
	assert.False(t, s.Confirms(&wire.Ack{Centre: "c1"}))
	s.Fenced("clone", "x")
	assert.False(t, s.Takes(&wire.Commands{Centre: "c2"}))
}

// Only a new life makes a site active: whatever else the line says, a site that was
// fenced, or that its anchors do not vouch for, does not allocate.
func TestOnlyANewLifeMakesASiteActive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "word") }
		s := session.Start("n", pick("", "i1"), "c1", pick("", "doubt"))
		before, begun := s.State, false
		t.Repeat(map[string]func(*rapid.T){
			"welcome": func(t *rapid.T) {
				n := func() int64 { return rapid.Int64Range(0, 3).Draw(t, "seq") }
				w := &wire.Welcome{Head: head("n", pick("i1", "i2", "i3")), Minted: rapid.Bool().Draw(t, "minted"), Facts: rapid.Bool().Draw(t, "facts"),
					Centre: pick("c1", "c2", "c3"), Followed: pick("c1", "c2"), Instead: pick("", "i1", "i2"), Stored: at(n()), Kept: at(n())}
				if !s.Meant(w) {
					return
				}
				turn, _ := s.Welcomed(w, hash(n()), at(n()))
				if begun = turn == session.Adopt; begun {
					s.Begun(w)
				}
			},
			"fence": func(t *rapid.T) { s.Fenced("clone", "x"); begun = false },
			"": func(t *rapid.T) {
				if s.State == session.Active && before != session.Active {
					require.True(t, begun)
				}
				before = s.State
			},
		})
	})
}
