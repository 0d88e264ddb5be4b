package rights_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/allocation"
	"dockfill/sync/rights"
)

func TestASiteSpendsOnlyWhatItHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r rights.Registers
		n := func() int64 { return rapid.Int64Range(-2, 20).Draw(t, "n") }
		t.Repeat(map[string]func(*rapid.T){
			"grant": func(*rapid.T) { r.Grant(n()) },
			"an event": func(t *rapid.T) {
				before, c := r, rights.Change{Used: n(), Undone: n(), Returned: n()}
				if err := r.Apply(c); err != nil {
					require.ErrorIs(t, err, rights.ErrNoRight)
					require.Equal(t, before, r, "a refusal changes nothing")
					return
				}
				require.GreaterOrEqual(t, min(c.Used, c.Undone, c.Returned), int64(0))
			},
			"": func(t *rapid.T) {
				require.GreaterOrEqual(t, r.Balance(), int64(0))
				require.GreaterOrEqual(t, r.Used, r.Undone)
				require.LessOrEqual(t, r.Used-r.Undone+r.Returned, max(r.Granted, 0))
				require.GreaterOrEqual(t, r.Outstanding(), r.Balance(), "what may be spent counts as committed")
			},
		})
	})
}

// life is one life of a site's database and what the centre has seen of it.
type life struct {
	site   rights.Registers // as the site has it
	seen   rights.Registers // as the centre has it: its own grants, and the site's events so far
	mail   []int64          // grants under way; any may be lost, repeated or overtaken
	events []rights.Registers
	read   int // of events, by the centre: in order and without a gap
	dead   bool
}

// network is one line at several sites, each with several lives one after the
// other, under the two rules.
type network struct {
	effective int64 // the line's quantity; a cancel lowers it as far as rule C lets it
	lives     []*life
}

func (n *network) seen(but *life) (others []rights.Registers) {
	for _, l := range n.lives {
		if l != but {
			others = append(others, l.seen)
		}
	}
	return others
}

// used is what all sites together have allocated, in truth.
func (n *network) used() (sum int64) {
	for _, l := range n.lives {
		sum += l.site.Used - l.site.Undone
	}
	return sum
}

// Two sites never fill the same unit of demand, whatever the network does to the
// messages and however often a database is lost and begins a new life.
func TestAllSitesTogetherNeverExceedTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := &network{effective: rapid.Int64Range(0, 30).Draw(t, "effective"), lives: []*life{{}, {}, {}}}
		pick := func(t *rapid.T) *life { return rapid.SampledFrom(n.lives).Draw(t, "life") }
		amount := func(t *rapid.T) int64 { return rapid.Int64Range(0, 12).Draw(t, "amount") }
		t.Repeat(map[string]func(*rapid.T){
			"the centre grants": func(t *rapid.T) {
				if l := pick(t); !l.dead {
					total := rights.MayGrant(n.effective, l.seen, n.seen(l), l.seen.Granted+amount(t))
					l.seen.Grant(total)
					l.mail = append(l.mail, total)
				}
			},
			"a grant arrives, perhaps again, perhaps late": func(t *rapid.T) {
				if l := pick(t); len(l.mail) > 0 {
					l.site.Grant(rapid.SampledFrom(l.mail).Draw(t, "grant"))
				}
			},
			"a grant is lost": func(t *rapid.T) {
				if l := pick(t); len(l.mail) > 0 {
					l.mail = l.mail[:len(l.mail)-1]
				}
			},
			"a site allocates":  func(t *rapid.T) { l := pick(t); l.log(l.site.Apply(rights.Change{Used: amount(t)})) },
			"a site undoes":     func(t *rapid.T) { l := pick(t); l.log(l.site.Apply(rights.Change{Undone: amount(t)})) },
			"a site gives back": func(t *rapid.T) { l := pick(t); l.log(l.site.Apply(rights.Change{Returned: amount(t)})) },
			"a site does several things at once": func(t *rapid.T) {
				l := pick(t)
				l.log(l.site.Apply(rights.Change{Used: amount(t), Undone: amount(t), Returned: amount(t)}))
			},
			"the centre reads an event": func(t *rapid.T) {
				if l := pick(t); l.read < len(l.events) {
					e := l.events[l.read]
					l.read++
					l.seen.Used, l.seen.Undone, l.seen.Returned = e.Used, e.Undone, e.Returned
				}
			},
			"a database is lost": func(t *rapid.T) {
				if l := pick(t); !l.dead && len(n.lives) < 8 {
					l.dead = true // it may still go on scanning somewhere, unknown to the centre
					n.lives = append(n.lives, &life{})
				}
			},
			"the customer cancels": func(t *rapid.T) {
				wanted := max(0, n.effective-amount(t))
				n.effective = min(n.effective, rights.Settled(wanted, n.seen(nil)))
			},
			"": func(t *rapid.T) {
				require.LessOrEqual(t, n.used(), n.effective)
				var held int64
				for _, l := range n.lives {
					held += l.seen.Outstanding()
				}
				require.LessOrEqual(t, held, n.effective)
			},
		})
	})
}

// log writes the event of a verb that was allowed.
func (l *life) log(err error) {
	if err == nil {
		l.events = append(l.events, l.site)
	}
}

func TestAGrantIsNeverTakenBackByTheRule(t *testing.T) {
	granted := rights.Registers{Granted: 5}
	assert.EqualValues(t, 5, rights.MayGrant(3, granted, nil, 10), "not less than what stands")
	assert.EqualValues(t, 8, rights.MayGrant(8, granted, nil, 10))
	assert.EqualValues(t, 6, rights.MayGrant(8, granted, []rights.Registers{{Granted: 4, Returned: 2}}, 10))
	returned := rights.Registers{Granted: 5, Returned: 2}
	assert.EqualValues(t, 7, rights.MayGrant(5, returned, nil, 10), "returned rights may be granted anew")
}

// A unit that an earlier life used and a later one takes back was never used by
// the later one, so it frees nothing.
func TestALaterLifeFreesNoRightOfAnEarlierOne(t *testing.T) {
	later := rights.Registers{Granted: 3}
	require.ErrorIs(t, later.Apply(rights.Change{Undone: 1}), rights.ErrNoRight)
	assert.EqualValues(t, 3, later.Balance())
}

func TestACancelIsPendingWhileSitesHoldTheLine(t *testing.T) {
	lives := []rights.Registers{{Granted: 4, Used: 1}, {Granted: 3, Used: 3, Returned: 0}}
	assert.EqualValues(t, 7, rights.Settled(2, lives), "pending: nothing was burned yet")
	lives[0].Returned = 3
	assert.EqualValues(t, 4, rights.Settled(2, lives), "what was allocated stands")
	assert.EqualValues(t, 9, rights.Settled(9, lives))
}

// A cancel takes units back and gives the rights to them away in one event.
func TestARightThatAnEventFreesMayBeGivenBackByIt(t *testing.T) {
	r := rights.Registers{Granted: 10, Used: 10}
	require.ErrorIs(t, r.Apply(rights.Change{Returned: 3}), rights.ErrNoRight)
	require.NoError(t, r.Apply(rights.Change{Undone: 3, Returned: 3}))
	assert.Equal(t, rights.Registers{Granted: 10, Used: 10, Undone: 3, Returned: 3}, r)
	require.ErrorIs(t, r.Apply(rights.Change{Used: 1}), rights.ErrNoRight)
}

func TestDigestsAreEqualOnlyForEqualRegisters(t *testing.T) {
	digest := func(lines ...any) [32]byte {
		var d rights.Digest
		for i := 0; i < len(lines); i += 2 {
			d.Add(allocation.LineID(lines[i].(string)), lines[i+1].(rights.Registers))
		}
		return d.Sum()
	}
	a, b := rights.Registers{Granted: 1, Used: 2, Undone: 3, Returned: 4}, rights.Registers{Granted: 1, Used: 2, Undone: 4, Returned: 3}
	sums := [][32]byte{
		digest(), digest("O1/1", a), digest("O1/1", b), digest("O1/2", a), digest("O1/1", a, "O1/2", a),
		digest("O1/2", a, "O1/1", a), digest("O1/1", a, "O1/1", a), digest("", a), digest("O1/1", rights.Registers{}),
	}
	seen := map[[32]byte]int{}
	for i, s := range sums {
		other, found := seen[s]
		assert.False(t, found, "%d equals %d", i, other)
		seen[s] = i
	}
	assert.Equal(t, digest("O1/1", a), digest("O1/1", a))
}
