package allocation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIdentifiersThatCouldBreakAKeyOrAPageAreRefused(t *testing.T) {
	for _, bad := range []string{"", strings.Repeat("x", 65), "a\x01b", "a\tb", " a", "a ", "\xff"} {
		assert.ErrorContains(t, CheckID("order", bad), "order", "%q", bad)
	}
	for _, good := range []string{"O1", "573744", "PO 7/b", "Ümlaut", "=1+1", "<b>"} {
		assert.NoError(t, CheckID("order", good))
	}
}

func TestTheLastSlashSeparatesOrderAndLine(t *testing.T) {
	order, line := MakeLineID("2026/07", "3").Split()
	assert.Equal(t, OrderID("2026/07"), order)
	assert.Equal(t, "3", line)
	assert.Error(t, CheckLine("3/4"))
}

func TestSiteIDsKeepToTopicSafeCharacters(t *testing.T) {
	assert.NoError(t, CheckSite("leeds-2"))
	for _, bad := range []string{"", "Leeds", "a/b", "+", "#", "leeds 2", strings.Repeat("a", 41)} {
		assert.Error(t, CheckSite(bad), "%q", bad)
	}
}

func TestQuantitiesOutsideTheRangeAreRefused(t *testing.T) {
	for _, n := range []int64{-1, 0, MaxQty + 1} {
		assert.Error(t, CheckQty(n))
	}
	assert.NoError(t, CheckQty(MaxQty))
}

func TestDatesAreRealDays(t *testing.T) {
	for _, bad := range []string{"2026-02-30", "26-01-01", "2026/01/01", "tomorrow"} {
		_, err := ParseDate(bad)
		assert.Error(t, err, bad)
	}
	d, err := ParseDate("2028-02-29")
	assert.NoError(t, err)
	assert.Equal(t, Date("2028-02-29"), d)
}

func TestUnknownWordsAreRefusedAndEmptyOnesDefault(t *testing.T) {
	_, err := ParseDisposition("broken")
	assert.ErrorContains(t, err, "good, damaged, hold")
	d, _ := ParseDisposition("")
	assert.Equal(t, Good, d)
	_, err = ParseClass("best")
	assert.ErrorContains(t, err, "win, gain, redistribute, fill, lose")
	c, _ := ParseClass("")
	assert.Equal(t, Redistribute, c)
}
