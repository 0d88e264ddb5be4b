package placement

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"dockfill/sync/rights"
)

func TestTheHomeGetsWhatOthersDoNotHold(t *testing.T) {
	d := Demand{Line: "O1/1", Home: "leeds", Wanted: 10}
	dead := Holding{Site: "leeds", Incarnation: "old", Registers: rights.Registers{Granted: 6, Used: 4, Returned: 1}}
	home := Holding{Site: "leeds", Incarnation: "new", Open: true, Registers: rights.Registers{Granted: 3, Returned: 2}}
	assert.Equal(t, []Grant{{Line: "O1/1", Site: "leeds", Incarnation: "new", Total: 7}}, Place(d, []Holding{home, dead}))
	home.Granted = 7
	assert.Empty(t, Place(d, []Holding{home, dead}), "all is given")
	home.Open, home.Granted = false, 0
	assert.Empty(t, Place(d, []Holding{home, dead}), "the home is not open")
	d.Home = "york"
	home.Open = true
	assert.Empty(t, Place(d, []Holding{home, dead}), "another site's line")
}

// Rule C: whatever is held already, a grant never brings the sum above what is
// wanted, nor lowers what was granted.
func TestAGrantStaysWithinRuleC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Demand{Line: "L", Home: "h", Wanted: rapid.Int64Range(0, 50).Draw(t, "wanted")}
		var all []Holding
		for n := range rapid.IntRange(1, 4).Draw(t, "lives") {
			granted := rapid.Int64Range(0, 20).Draw(t, "granted")
			used := rapid.Int64Range(0, granted).Draw(t, "used")
			returned := rapid.Int64Range(0, granted-used).Draw(t, "returned")
			all = append(all, Holding{Site: "h", Open: n == 0, Registers: rights.Registers{Granted: granted, Used: used, Returned: returned}})
		}
		for _, g := range Place(d, all) {
			assert.Greater(t, g.Total, all[0].Granted)
			all[0].Grant(g.Total)
			var sum int64
			for _, h := range all {
				sum += h.Outstanding()
			}
			assert.LessOrEqual(t, sum, d.Wanted)
		}
	})
}
