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
		{"share =", "shares ="}:            "line 3, column 1: \"shares\" is no key of a policy (did you mean share?)",
		{`"fair"`, `"even"`}:               `line 3, column 9: share "even" is none of sequence, fair`,
		{`"fair"`, `""`}:                   `line 3, column 9: share "" is none of sequence, fair`,
		{`"skip"`, `"none"`}:               `line 4, column 13: gate_mode "none" is none of hold, skip`,
		{`"skip"`, `"skp"`}:                `line 4, column 13: gate_mode "skp" is none of hold, skip (did you mean skip?)`,
		{`"tier"`, `"colour"`}:             `line 2, column 21: rank key "colour" is none of`,
		{`"tier"`, `"override"`}:           `line 2, column 21: rank key "override" is named twice`,
		{`"tier"`, `3`}:                    `line 2, column 21: rank is a list of texts in quotes`,
		{`= 10`, `= -1`}:                   "line 5, column 20: a tolerance of -1 percent",
		{`= 10`, `= 1.5`}:                  "line 5, column 20: over_receipt_pct is a whole number of percent",
		{`= true`, `= "yes"`}:              "line 6, column 17: stage_at_beep is true or false, without quotes",
		{`["override", "tier"]`, `1`}:      "line 2, column 8: rank is a list of texts in quotes",
		{`["override", "tier"]`, `[]`}:     "line 2, column 8: rank is empty",
		{`qty = 4`, `qty = "4"`}:           "line 10, column 7: guarantee.qty is a whole number of units",
		{`= "2027-04"`, `= 2027`}:          "line 1, column 11: version is a text in quotes",
		{`= "2027-04"`, `.a = 2027`}:       "line 1, column 1: version is a text in quotes",
		{`qty = 4`, `qty = 0`}:             "line 10, column 7: quantity 0 is not between",
		{"qty = 4", "qty = 4\nmax = 1"}:    `line 11, column 1: "max" is no key of a guarantee`,
		{"qty = 4", "qty = 4\nqty = 5"}:    "line 11, column 1: guarantee.qty was given already, on line 10",
		{"share =", "rank = []\nshare ="}:  "line 3, column 1: rank was given already, on line 2",
		{"qty = 4", "qty = 4\nshare = 1"}:  "line 11, column 1: share is no key of a guarantee: write it above the first [[guarantee]]",
		{"share =", "qty = 3\nshare ="}:    "line 3, column 1: qty belongs to a guarantee",
		{"share =", "Share ="}:             "line 3, column 1: \"Share\" is no key of a policy (did you mean share?)",
		{"qty = 4", "Qty = 4"}:             `line 10, column 1: "Qty" is no key of a guarantee (did you mean qty?)`,
		{"[[guarantee]]", "[[Guarantee]]"}: `line 8, column 3: "Guarantee" is no key of a policy (did you mean guarantee?)`,
		{"[[guarantee]]", "[guarantee]"}:   "line 8, column 2: guarantee is a list",
		{"qty = 4", ""}:                    "line 8, column 3: the guarantee has no qty",
		{`segment = "web"`, ""}:            "line 8, column 3: the guarantee has no segment",
		{"[[guarantee]]\nsegment = \"web\"\nqty = 4", "guarantee = [{segment = \"web\", Qty = 4}]"}: "line 8, column 32: \"Qty\" is no key of a guarantee",
		{"[[guarantee]]\nsegment = \"web\"\nqty = 4", "guarantee = [\"web\"]"}:                      "line 8, column 14: guarantee is a list",
		{`"2027-04"`, `""`}:  "line 1, column 11: policy version is missing",
		{`"2027-04"`, `" "`}: "line 1, column 11: policy version",
		{"qty = 4", "qty = 4\n[[guarantee]]\nsegment = \"web\"\nqty = 1"}: `line 12, column 11: segment "web" has two guarantees`,
		{`"2027-04"`, `"2027-04`}: "line 1, column 19: this is no TOML: ",
		{`"web"`, "\"w\xe9b\""}:   "line 9, column 13: here is a character that is no UTF-8",
	} {
		_, err := Parse([]byte(strings.Replace(whole, change[0], change[1], 1)))
		assert.ErrorContains(t, err, want, "%v", change)
		assert.NotContains(t, err.Error(), "\n", "one fault is told once")
	}
	for text, want := range map[string]string{
		"":                              "line 1, column 1: the document is empty",
		"# nothing yet\n":               "line 1, column 1: version is missing",
		"share = \"fair\"\n":            "line 1, column 1: version is missing",
		"\xff\xfev\x00":                 "line 1, column 1: the document is UTF-16",
		"\xef\xbb\xbfversion = 1":       "line 1, column 11: version is a text in quotes",
		strings.Repeat("#", MaxBytes+1): "the policy is larger than the 65536 bytes that are read",
	} {
		_, err := Parse([]byte(text))
		assert.ErrorContains(t, err, want)
	}
	_, err := Parse([]byte("\xef\xbb\xbf" + whole))
	assert.NoError(t, err, "editors of Windows put a mark there")
}

// Who mends a document wants all that is wrong with it, not the first thing.
func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	_, err := Parse([]byte(`version = 4
rank = ["tier", 1, "colour", "tier"]
share = fair
gatemode = "hold"
over_receipt_pct = 9999

[[garantee]]
segment = "nobody asks"
[[guarantee]]
segment = "web"
qty = "x"
[[guarantee]]
segment = "web"
`))
	var all Faults
	require.ErrorAs(t, err, &all)
	var places [][2]int
	for _, f := range all {
		places = append(places, [2]int{f.Line, f.Column})
	}
	assert.Equal(t, [][2]int{{1, 11}, {2, 17}, {2, 20}, {2, 30}, {3, 9}, {4, 1}, {5, 20}, {7, 3}, {11, 7}, {12, 3}, {13, 11}}, places, "%v", err)
	assert.Contains(t, all.In("new.toml"), "\nnew.toml: line 4, column 1: \"gatemode\" is no key of a policy (did you mean gate_mode?)")
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
