package allocation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dockfill/allocation"
)

func TestEachKeySaysWhatItSetBeforeWhat(t *testing.T) {
	at := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	a := allocation.Rank{Override: 1, Class: allocation.Win, Contract: 2, Tier: 1, Due: "2027-03-02", Accepted: at, Order: "A", Line: "A/1"}
	b := allocation.Rank{Class: allocation.Lose, Tier: 2, Accepted: at.Add(1500 * time.Millisecond).In(time.FixedZone("", 3600)), Order: "B", Line: "B/2"}
	for key, text := range map[allocation.Key]string{
		allocation.ByOverride:  "override: 1 before none",
		allocation.ByClass:     "class: win before lose",
		allocation.ByContract:  "contract: 2 before none",
		allocation.ByTier:      "tier: 1 before 2",
		allocation.ByPromised:  "promised date: 2027-03-02 before none",
		allocation.ByAccepted:  "accepted: 2027-03-01 09:00:00 before 2027-03-01 09:00:01.5",
		allocation.ByOrder:     "order number: A before B",
		allocation.ByLine:      "line number: A/1 before B/2",
		allocation.ByGuarantee: "guarantee: its segment's units come before rank",
		allocation.ByShare:     "fair share: it had got less of its share",
	} {
		assert.Equal(t, text, key.Contrast(a, b))
		beside := key == allocation.ByGuarantee || key == allocation.ByShare
		assert.Equal(t, !beside, key.Ranks(a, b), key)
		assert.False(t, key.Ranks(b, a), key)
		assert.False(t, key.Ranks(a, a), key)
		assert.Equal(t, beside, key.Value(a) == "", key)
	}
}

func TestALineSaysWhatItLacked(t *testing.T) {
	for text, l := range map[string]struct {
		line  allocation.Line
		lacks allocation.WhyCode
	}{
		"no right at the site":                        {allocation.Line{}, allocation.WhyNoRight},
		"takes whole packs of 12":                     {allocation.Line{Pack: 12}, allocation.WhyPack},
		"takes whole packs":                           {allocation.Line{Pack: 1}, allocation.WhyPack},
		"needs goods that last 30 more days":          {allocation.Line{MinLife: 30}, allocation.WhyLife},
		"needs goods that have not expired":           {allocation.Line{}, allocation.WhyExpired},
		"needs goods that last longer":                {allocation.Line{}, allocation.WhyLife},
		"its gate waits for the rest of the line":     {allocation.Line{Ship: allocation.ShipLine}, allocation.WhyGate},
		"its gate waits for the rest of its order":    {allocation.Line{Ship: allocation.ShipOrder}, allocation.WhyGate},
		"its gate waits for the rest of its shipment": {allocation.Line{}, allocation.WhyGate},
	} {
		assert.Equal(t, text, l.line.Lack(l.lacks))
	}
}
