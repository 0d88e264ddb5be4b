package agent

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
)

// A label of the house's own says what it is, how many, and of which lot.
func TestHouseLabelIsReceivedAsItSays(t *testing.T) {
	own, err := barcode.NewPattern("own label", `OWN/(?P<sku>[A-Z]+)/(?P<qty>\d+)/(?P<lot>.+)`)
	require.NoError(t, err)
	h := newHouse(t, func(c *config.Config, _ *Deps) { c.Rules.House = []barcode.Pattern{own} })
	h.items()
	f := h.scan("OWN/X/3/L-9")
	assert.Equal(t, allocation.Stock, f.Verdict, f.Text)
	assert.EqualValues(t, 3, h.free("X"))
	r := h.events()[f.Seq-1].Scan.Receipts[0]
	assert.EqualValues(t, "X", r.SKU)
	assert.Equal(t, "L-9", r.Lot)
	assert.Equal(t, allocation.WhyQuantity, h.scan("OWN/X/0/L-9").Why)
	assert.Equal(t, allocation.Held, h.scan("OWN/NOBODY/3/L-9").Verdict)
	assert.EqualValues(t, 3, h.free("X"))
}

// Elements that do not belong together are refused, until the house accepts them.
func TestLabelOfContentsAloneNeedsTheHousesWord(t *testing.T) {
	const label = "]C102" + caseGTIN + "3702"
	h := newHouse(t)
	h.items()
	assert.Equal(t, allocation.Stop, h.scan(label).Verdict)
	assert.Zero(t, h.free("X"))
	h = newHouse(t, func(c *config.Config, _ *Deps) { c.Rules.AcceptAssociations = true })
	h.items()
	assert.Equal(t, allocation.Stock, h.scan(label).Verdict)
	assert.EqualValues(t, 24, h.free("X"))
}

// An outer carton's label that also states what is inside: the count is not its own.
func TestAnAcceptedLabelNeverCountsTheOuterCartonByItsContents(t *testing.T) {
	h := newHouse(t, func(c *config.Config, _ *Deps) { c.Rules.AcceptAssociations = true })
	h.items()
	for _, label := range []string{"]C101" + caseGTIN + "02" + eachGTIN + "3710", "]C101" + caseGTIN + "3710", "]C102" + caseGTIN} {
		f := h.scan(label)
		assert.Equal(t, allocation.Stop, f.Verdict, label)
		assert.Contains(t, f.Text, "it is not accepted, as")
	}
	assert.Zero(t, h.free("X"))
}

// A shelf's label read by mistake is no unit, and nothing waits for a decision.
func TestCodeOfAPlaceIsNotKeptAsGoods(t *testing.T) {
	shelf, err := barcode.NewPattern("shelf", `SHELF-\d+`)
	require.NoError(t, err)
	shelf.Kind = barcode.Location
	h := newHouse(t, func(c *config.Config, _ *Deps) { c.Rules.House = []barcode.Pattern{shelf} })
	f := h.scan("SHELF-12")
	assert.Equal(t, allocation.Check, f.Verdict)
	assert.Contains(t, f.Text, "scan the unit's own label")
	assert.Empty(t, h.events())
}
