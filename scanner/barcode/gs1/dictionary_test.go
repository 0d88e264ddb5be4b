package gs1

import (
	"bufio"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entry is one line of GS1's own dictionary, ranges written out.
type entry struct {
	fixed, attribute, key bool
	components            []component
	required              [][]string
	excluded              []string
	qualifiers            [][]string
	title                 string
}

type component struct {
	Set      byte
	Min, Max int
	Optional bool
	Rules    []string
}

var componentForm = regexp.MustCompile(`^(\[?)([NXYZ])(\.\.)?(\d+)(\]?)((?:,[a-z0-9]+)*)$`)

// dictionary reads GS1's file, which stays outside the repository.
func dictionary(t *testing.T) map[string]entry {
	t.Helper()
	name := os.Getenv("DOCKFILL_GS1_DICTIONARY")
	if name == "" {
		name = "../../../../shared/data/gs1/gs1-syntax-dictionary.txt"
	}
	file, err := os.Open(name)
	if err != nil {
		t.Skipf("no GS1 syntax dictionary at %s; DOCKFILL_GS1_DICTIONARY names the file", name)
	}
	defer file.Close()
	all := map[string]entry{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, title, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		e := parseEntry(t, words[1:])
		e.title = strings.TrimSpace(title)
		first, last, ranged := strings.Cut(words[0], "-")
		if !ranged {
			last = first
		}
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		for n := from; n <= to; n++ {
			ai := strings.Repeat("0", len(first)-len(strconv.Itoa(n))) + strconv.Itoa(n)
			require.NotContains(t, all, ai)
			all[ai] = e
		}
	}
	return all
}

func parseEntry(t *testing.T, words []string) entry {
	var e entry
	if !strings.ContainsAny(words[0], "NXYZ[") {
		e.fixed = strings.Contains(words[0], "*")
		e.attribute = strings.Contains(words[0], "?")
		require.Empty(t, strings.Trim(words[0], "*?"), "an unknown flag")
		words = words[1:]
	}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "req":
			require.Nil(t, e.required, "req stands twice")
			for _, group := range strings.Split(value, ",") {
				e.required = append(e.required, strings.Split(group, "+"))
			}
		case "ex":
			require.Nil(t, e.excluded, "ex stands twice")
			e.excluded = strings.Split(value, ",")
		case "dlpkey":
			e.key = true
			for _, sequence := range strings.FieldsFunc(value, func(r rune) bool { return r == '|' }) {
				e.qualifiers = append(e.qualifiers, strings.Split(sequence, ","))
			}
		default:
			e.components = append(e.components, parseComponent(t, w))
		}
	}
	return e
}

func parseComponent(t *testing.T, word string) component {
	m := componentForm.FindStringSubmatch(word)
	require.NotNil(t, m, "the component %q", word)
	n, _ := strconv.Atoi(m[4])
	c := component{Set: m[2][0], Min: n, Max: n, Optional: m[1] != ""}
	if m[3] != "" {
		c.Min = 1
	}
	c.Rules = strings.FieldsFunc(m[6], func(r rune) bool { return r == ',' })
	return c
}

func (s *spec) components() []component {
	var all []component
	for _, p := range s.parts {
		names := []string{}
		for _, r := range p.rules {
			names = append(names, r.name)
		}
		all = append(all, component{p.set.letter(), p.min, p.max, p.optional, names})
	}
	return all
}

// The table is written by hand; GS1's own file says the same about every AI.
func TestTableSaysWhatTheDictionarySays(t *testing.T) {
	all := dictionary(t)
	assert.Len(t, all, 541)
	for ai, e := range all {
		s := exact(ai)
		if !assert.NotNil(t, s, "(%s) is missing", ai) {
			continue
		}
		assert.Equal(t, ai, s.ai)
		assert.Equal(t, e.title, s.title, ai)
		assert.Equal(t, e.fixed, s.bounded, "(%s) predefined length", ai)
		assert.Equal(t, e.attribute, s.attribute, "(%s) link attribute", ai)
		assert.Equal(t, e.key, s.primary, "(%s) link key", ai)
		assert.Equal(t, e.qualifiers, s.qualifiers, "(%s) qualifiers", ai)
		assert.ElementsMatch(t, e.required, s.required, "(%s) required", ai)
		assert.Equal(t, e.excluded, s.excluded, "(%s) excluded", ai)
		if assert.Len(t, s.parts, len(e.components), ai) {
			for i, c := range s.components() {
				assert.Equal(t, e.components[i].Rules, c.Rules, "(%s) component %d", ai, i+1)
				c.Rules = e.components[i].Rules
				assert.Equal(t, e.components[i], c, "(%s) component %d", ai, i+1)
			}
		}
	}
	for _, s := range known.specs {
		assert.Contains(t, all, s.ai, "(%s) is not assigned", s.ai)
	}
}

func TestTableIsWholeAndCanBeSearched(t *testing.T) {
	require.Len(t, known.specs, 541)
	for i := range known.specs {
		s := &known.specs[i]
		assert.Same(t, s, exact(s.ai), "(%s) stands twice or hides another", s.ai)
		assert.Same(t, s, find(s.ai+"123456789"), s.ai)
		assert.LessOrEqual(t, s.max, longestValue, s.ai)
		for _, p := range s.parts[:len(s.parts)-1] {
			assert.Equal(t, p.min, p.max, "(%s): only the last component may vary", s.ai)
		}
		assert.False(t, s.bounded && s.min != s.max, s.ai)
	}
}

func TestLookupDescribesAnAI(t *testing.T) {
	for ai, want := range map[string]Info{
		"00":   {"SSCC", 18, "N18"},
		"10":   {"BATCH/LOT", 0, "X..20"},
		"3102": {"NET WEIGHT (kg)", 6, "N6"},
		"402":  {"GSIN", 0, "N17"},
		"253":  {"GDTI", 0, "N13 [X..17]"},
		"8010": {"CPID", 0, "Y..30"},
		"8030": {"DIGSIG", 0, "Z..90"},
		"7008": {"AQUATIC SPECIES", 0, "X..3"},
	} {
		got, ok := Lookup(ai)
		assert.True(t, ok, ai)
		assert.Equal(t, want, got, ai)
	}
	for _, ai := range []string{"", "0", "04", "310", "31020", "3106", "1o", "x"} {
		_, ok := Lookup(ai)
		assert.False(t, ok, ai)
	}
}
