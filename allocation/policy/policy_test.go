package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
)

const whole = `version = "2027-04"
rank = ["override", "tier"]
share = "fair"
gate_mode = "skip"
over_receipt_pct = 10
stage_at_beep = true

[[guarantee]]
segment = "web"
qty = 4
`

func TestADocumentSaysAllThatAPolicyCan(t *testing.T) {
	p, err := Read(strings.NewReader(whole))
	require.NoError(t, err)
	assert.Equal(t, "2027-04", p.Version)
	assert.Equal(t, allocation.Rules{
		Rank:  []allocation.Key{"override", "tier", "order", "line"},
		Share: allocation.Fair, Gate: allocation.GateSkip, OverPct: 10, StageAtBeep: true,
		Guarantees: []allocation.Guarantee{{Segment: "web", Qty: 4}},
	}, p.Rules())
}

func TestWhatIsLeftOutIsTheHousesDefault(t *testing.T) {
	p, err := Parse([]byte(`version = "v1"`))
	require.NoError(t, err)
	assert.Equal(t, allocation.DefaultPolicy().Rules(), p.Rules())
}

func TestAnErrorNamesItsLineAndColumn(t *testing.T) {
	for change, want := range map[[2]string]string{
		{"share =", "shares ="}:            "line 3, column 1: \"shares\" is no key of a policy",
		{`"fair"`, `"even"`}:               `line 3, column 9: share "even" is none of sequence, fair`,
		{`"skip"`, `"none"`}:               `line 4, column 13: gate_mode "none" is none of hold, skip`,
		{`"tier"`, `"colour"`}:             `line 2, column 8: rank key "colour" is none of`,
		{`"tier"`, `"override"`}:           `line 2, column 8: rank key "override" is named twice`,
		{`= 10`, `= -1`}:                   "line 5, column 20: a tolerance of -1 percent",
		{`= 10`, `= 1.5`}:                  "line 5, column 20: over_receipt_pct is a whole number of percent",
		{`= true`, `= "yes"`}:              "line 6, column 17: stage_at_beep is true or false, without quotes",
		{`["override", "tier"]`, `1`}:      "line 2, column 8: rank is a list of texts in quotes",
		{`qty = 4`, `qty = "4"`}:           "line 10, column 7: guarantee.qty is a whole number of units",
		{`= "2027-04"`, `= 2027`}:          "line 1, column 11: version is a text in quotes",
		{`qty = 4`, `qty = 0`}:             `line 10, column 7: segment "web": quantity 0`,
		{"qty = 4", "qty = 4\nmax = 1"}:    `line 11, column 1: "guarantee.max" is no key`,
		{"qty = 4", "qty = 4\nqty = 5"}:    "line 11, column 1: ",
		{"share =", "Share ="}:             "line 3, column 1: \"Share\" is no key of a policy",
		{"qty = 4", "Qty = 4"}:             `line 10, column 1: "guarantee.Qty" is no key`,
		{"[[guarantee]]", "[[Guarantee]]"}: `line 8, column 3: "Guarantee" is no key`,
		{"[[guarantee]]", "[guarantee]"}:   "line 8, column 2: guarantee is a list",
		{"qty = 4", ""}:                    "line 8, column 3: the guarantee has no qty",
		{`segment = "web"`, ""}:            "line 8, column 3: the guarantee has no segment",
		{"[[guarantee]]\nsegment = \"web\"\nqty = 4", "guarantee = [{segment = \"web\", Qty = 4}]"}: "line 8, column 32: \"guarantee.Qty\" is no key",
		{`"2027-04"`, `""`}:  "line 1, column 11: policy version is missing",
		{`"2027-04"`, `" "`}: "line 1, column 11: policy version",
		{"qty = 4", "qty = 4\n[[guarantee]]\nsegment = \"web\"\nqty = 1"}: `line 12, column 11: segment "web" has two guarantees`,
		{`"2027-04"`, `"2027-04`}: "line 1, column ",
	} {
		_, err := Parse([]byte(strings.Replace(whole, change[0], change[1], 1)))
		assert.ErrorContains(t, err, want, "%v", change)
	}
	_, err := Parse([]byte("rank = [\"tier\"]\nshare = \"fair\"\n"))
	assert.EqualError(t, err, "policy version is missing")
	_, err = Parse(make([]byte, MaxBytes+1))
	assert.ErrorContains(t, err, "at most")
}

// What is shown can be put in force again.
func TestAPolicyIsWrittenAsItIsRead(t *testing.T) {
	for _, text := range []string{whole, `version = "v1"`} {
		p, err := Parse([]byte(text))
		require.NoError(t, err)
		written, err := Format(p)
		require.NoError(t, err)
		again, err := Parse(written)
		require.NoError(t, err, "%s", written)
		assert.Equal(t, p, again)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := Parse(text); err == nil {
			require.NotEmpty(t, p.Keys())
		}
	})
}
