package rights_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/sync/rights"
)

// A centre publishes no grant that its witness lacks. So however old the copy is that it
// is put back to, it counts no site for less than the site may hold.
func TestARestoredCentreForgetsNoGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var centre, backup rights.Registers
		var noted rights.Noted
		var site rights.Held
		n := func() int64 { return rapid.Int64Range(1, 5).Draw(t, "n") }
		t.Repeat(map[string]func(*rapid.T){
			"grant": func(*rapid.T) { centre.Grant(centre.Granted + n()) },
			"publish": func(*rapid.T) {
				if noted.Unnoted(centre) {
					noted.Note(centre)
				}
				site.Grant(centre.Granted)
			},
			"spend": func(*rapid.T) { _, _ = site.Apply(rights.Change{Used: n()}) },
			"the centre reads": func(*rapid.T) {
				centre.Used, centre.Undone, centre.Returned = site.Used, site.Undone, site.Returned
			},
			"back up": func(*rapid.T) { backup = centre },
			"restore": func(*rapid.T) { centre = backup; noted.Restore(&centre) },
			"": func(t *rapid.T) {
				require.GreaterOrEqual(t, centre.Outstanding(), site.Outstanding())
			},
		})
	})
}

func TestTheWitnessKeepsAttestations(t *testing.T) {
	lost := rights.Registers{Granted: 5, Used: 1}
	var noted rights.Noted
	noted.Note(lost)
	assert.False(t, noted.Unnoted(lost))
	require.NoError(t, lost.Attest(2))
	assert.True(t, noted.Unnoted(lost))
	noted.Note(lost)
	old := rights.Registers{Granted: 4}
	noted.Restore(&old)
	assert.EqualValues(t, 2, old.Outstanding())
}

func TestAReportOnlyRaises(t *testing.T) {
	r := rights.Registers{Granted: 4, Used: 1}
	r.Reported(6)
	r.Reported(2)
	assert.Equal(t, rights.Registers{Granted: 6, Used: 1}, r)
}
