package rights_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/sync/rights"
)

func TestAReclaimStandsUntilItIsMet(t *testing.T) {
	h := rights.Held{Registers: rights.Registers{Granted: 5, Used: 4}}
	assert.Equal(t, rights.Change{Returned: 1}, h.Reclaim(3), "what is unspent goes back at once")
	assert.Zero(t, h.Reclaim(3), "and once")
	assert.Zero(t, h.Reclaim(1), "an older target changes nothing")

	c, err := h.Apply(rights.Change{Undone: 1})
	require.NoError(t, err)
	assert.Equal(t, rights.Change{Undone: 1, Returned: 1}, c, "what becomes unspent goes back in that same event")

	assert.Equal(t, rights.Change{Returned: 1}, h.Grant(6), "and so does what is granted meanwhile")
	assert.EqualValues(t, 3, h.Returned)
	assert.Zero(t, h.Grant(7))
	assert.EqualValues(t, 1, h.Spendable(), "the target is met")
}

func TestWhatIsOwedIsNotSpent(t *testing.T) {
	h := rights.Held{Registers: rights.Registers{Granted: 2, Used: 2}, Target: 1}
	before := h
	_, err := h.Apply(rights.Change{Undone: 1, Used: 1})
	require.ErrorIs(t, err, rights.ErrNoRight, "the right that it frees goes back first")
	assert.Equal(t, before, h)
	c, err := h.Apply(rights.Change{Undone: 2, Used: 1})
	require.NoError(t, err)
	assert.Equal(t, rights.Change{Undone: 2, Used: 1, Returned: 1}, c)
}

// Whatever happens at a site that was asked for rights: at rest it holds none that it
// owes, and what it tells in its events adds up to its registers.
func TestASiteAtRestOwesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h rights.Held
		var told rights.Registers
		n := func() int64 { return rapid.Int64Range(0, 9).Draw(t, "n") }
		tell := func(c rights.Change) { told.Fact(c) }
		t.Repeat(map[string]func(*rapid.T){
			"grant":   func(*rapid.T) { tell(h.Grant(n())) },
			"reclaim": func(*rapid.T) { tell(h.Reclaim(n())) },
			"event": func(*rapid.T) {
				if c, err := h.Apply(rights.Change{Used: n(), Undone: n(), Returned: n()}); err == nil {
					tell(c)
				}
			},
			"": func(t *rapid.T) {
				told.Granted = h.Granted
				require.Equal(t, told, h.Registers)
				require.Zero(t, h.Owing())
				require.Equal(t, h.Balance(), h.Spendable())
				require.GreaterOrEqual(t, h.Balance(), int64(0))
			},
		})
	})
}

func TestATargetIsNoMoreThanWasGranted(t *testing.T) {
	r := rights.Registers{Granted: 5, Used: 1, Returned: 2}
	assert.EqualValues(t, 4, rights.Recall(r, 0, 2))
	assert.EqualValues(t, 5, rights.Recall(r, 0, 9))
	assert.EqualValues(t, 5, rights.Recall(r, 5, 1), "one that stands is not lowered")
}

func TestUnitsOfAnEarlierLifeFreeNoRight(t *testing.T) {
	r := rights.Registers{Granted: 3, Used: 2}
	assert.Equal(t, rights.Change{Undone: 1}, r.TakeBack(1))
	assert.Equal(t, rights.Change{Undone: 2}, r.TakeBack(5), "three of the five were given before this life began")
	assert.Zero(t, (&rights.Registers{Granted: 3}).TakeBack(1))
}

// A lost site's rights are free as soon as, and only as far as, a person has counted.
func TestAnAttestationFreesWhatWasNotUsed(t *testing.T) {
	r := rights.Registers{Granted: 5, Used: 2, Returned: 1}
	assert.EqualValues(t, 4, r.Outstanding(), "in doubt")
	require.ErrorContains(t, r.Attest(1), "events of that site tell of 2")
	assert.EqualValues(t, 4, r.Outstanding())
	require.NoError(t, r.Attest(3))
	assert.EqualValues(t, 3, r.Outstanding())
	require.NoError(t, r.Attest(4))
	assert.EqualValues(t, 3, r.Outstanding(), "it only grows")

	r.Fact(rights.Change{Used: 2})
	assert.EqualValues(t, 4, r.Outstanding(), "what its events tell later stands, and a case for people begins")
}
