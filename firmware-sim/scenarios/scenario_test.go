package scenarios

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(text string) ([]Step, error) { return Parse("dock.txt", strings.NewReader(text), nil) }

func TestEverySampleParses(t *testing.T) {
	files, err := fs.Glob(Samples, "*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		f, err := Samples.Open(name)
		require.NoError(t, err)
		steps, err := Parse(name, f, nil)
		require.NoError(t, err)
		assert.Greater(t, len(steps), 3, name)
	}
}

func TestALineIsWordsQuotesAndAComment(t *testing.T) {
	steps, err := parse("# nothing\n\n scan dock1 \"DF:QTY 216\" x3 # three\r\nscan dock1 \"a\\x1d\\\"#b\"\n")
	require.NoError(t, err)
	assert.Equal(t, []Step{
		{File: "dock.txt", Line: 3, Verb: "scan", Args: []string{"dock1", "DF:QTY 216", "x3"}},
		{File: "dock.txt", Line: 4, Verb: "scan", Args: []string{"dock1", "a\x1d\"#b"}},
	}, steps)
}

func TestAMistakeIsNamedWithItsPlaceAndARemedy(t *testing.T) {
	for text, want := range map[string]string{
		"\nscam dock1 1":     `dock.txt:2: there is no verb "scam"; did you mean "scan"?`,
		"pluck dock1":        `did you mean "plug"?`,
		"scan dock1":         `dock.txt:1: "scan" takes 2 to 3 words, here are 1: scan NAME CODE [xN]`,
		"wait":               `"wait" takes one word`,
		"scan dock1 \"open":  "the quotes of \"open are not closed",
		"scan {dock} 1":      "the key {dock} has no value: add `let dock VALUE` above, or --set dock=VALUE",
		"let n 5":            "counts the scans",
		"let a {b}\nwait 1s": "the key {b} has no value",
	} {
		_, err := parse(text)
		require.ErrorContains(t, err, want)
	}
}

func TestKeysAreFilledAndOverridden(t *testing.T) {
	text := "let dir /tmp\nlet link {dir}/one\ndevice d ssi link={link}\nscan d \"{\\\"no\\\":1}\""
	steps, err := parse(text)
	require.NoError(t, err)
	assert.Equal(t, "link=/tmp/one", steps[0].Args[2])
	assert.Equal(t, `{"no":1}`, steps[1].Args[1], "braces that are no key stay")

	steps, err = parse("let c A-{n}\nscan d {c} x2")
	require.NoError(t, err)
	assert.Equal(t, "A-7", Number(steps[0].Args[1], 7))

	steps, err = Parse("f", strings.NewReader(text), map[string]string{"dir": "/run"})
	require.NoError(t, err)
	assert.Equal(t, "link=/run/one", steps[0].Args[2])
	_, err = Parse("f", strings.NewReader(text), map[string]string{"lnik": "x"})
	require.ErrorContains(t, err, "f uses no key {lnik}")
}

func TestEveryVerbHasAUsage(t *testing.T) {
	for verb := range verbs {
		assert.True(t, strings.HasPrefix(Usage(verb), verb+" "), verb)
	}
}

func FuzzQuotedWordsAreReadBack(f *testing.F) {
	for _, word := range []string{"82582", "BANK CHARGES", "a\x1db", "#1", `\`, "{key}", "", "é\u2028"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		words, err := split("scan " + Quote(word) + " x2")
		require.NoError(t, err)
		assert.Equal(t, []string{"scan", word, "x2"}, words)
	})
}

func TestAllMistakesOfAScenarioAreToldAtOnce(t *testing.T) {
	_, err := parse("scam d 1\nwait\nfrobnicate\nwait 1s")
	for _, want := range []string{"dock.txt:1:", "dock.txt:2:", `dock.txt:3: there is no verb "frobnicate"; there are away, back`} {
		assert.ErrorContains(t, err, want)
	}
}
