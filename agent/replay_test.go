package agent

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/store"
	"dockfill/allocation"
	inmemory "dockfill/allocation/memory"
	"dockfill/allocation/memory/histories"
	"dockfill/allocation/scenario"
)

var update = flag.Bool("update", false, "write the expected results of the scenarios anew")

// The cases that the house's rules are read from, each with what must come out.
func TestScenariosComeOutAsExpected(t *testing.T) {
	files, err := filepath.Glob("../allocation/testdata/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".jsonl"), func(t *testing.T) {
			in, err := os.ReadFile(name)
			require.NoError(t, err)
			got := replayed(t, in)
			expected := strings.TrimSuffix(name, ".jsonl") + ".expected"
			if *update {
				require.NoError(t, os.WriteFile(expected, []byte(got), 0o644))
			}
			want, err := os.ReadFile(expected)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

func replayed(t *testing.T, in []byte) string {
	var out bytes.Buffer
	refused, err := Replay(t.Context(), bytes.NewReader(in), &out, allocation.DefaultPolicy())
	require.NoError(t, err)
	assert.Equal(t, strings.Count(out.String(), `"error":{`), refused)
	return out.String()
}

// What a site's store and log make of an event is what the rules say of it, to the
// last word: the same scenarios are played over plain memory.
func TestTheSiteAgreesWithTheRulesOnEveryHistory(t *testing.T) {
	n, seed := asked(t, "DOCKFILL_HISTORIES", 500), asked(t, "DOCKFILL_SEED", 4)
	p := newPlayers(t)
	for i := range n {
		h := histories.New(uint64(seed), i).History()
		if site, rules := p.both(h); site != rules {
			h = p.shrunk(h)
			site, rules = p.both(h)
			t.Fatalf("history %d of seed %d:\n%s\nthe site says\n%s\nthe rules say\n%s", i, seed, linesOf(t, h), site, rules)
		}
	}
}

// asked reads a number from the environment.
func asked(t *testing.T, name string, usual int) int {
	s := os.Getenv(name)
	if s == "" {
		return usual
	}
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

// players play a scenario over a site's database and over plain memory.
type players struct {
	t     *testing.T
	o     store.Options
	empty []byte // of the database: making it takes longer than a history
}

func newPlayers(t *testing.T) players {
	p := players{t: t, o: store.Options{Path: filepath.Join(t.TempDir(), "agent.db"), Site: replaySite, Unflushed: true}}
	s, err := store.Open(t.Context(), p.o)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	p.empty, err = os.ReadFile(p.o.Path)
	require.NoError(t, err)
	return p
}

func (p players) both(h []scenario.Line) (site, rules string) {
	in := linesOf(p.t, h)
	var mine, theirs bytes.Buffer
	require.NoError(p.t, inmemory.NewPlayer().Play(bytes.NewReader(in), &theirs))
	require.NoError(p.t, os.WriteFile(p.o.Path, p.empty, 0o600))
	s, err := store.Open(p.t.Context(), p.o)
	require.NoError(p.t, err)
	defer s.Close()
	require.NoError(p.t, newReplay(s, &mine, allocation.DefaultPolicy()).run(p.t.Context(), bytes.NewReader(in)))
	return mine.String(), theirs.String()
}

func linesOf(t *testing.T, h []scenario.Line) []byte {
	var in bytes.Buffer
	for _, l := range h {
		text, err := json.Marshal(l)
		require.NoError(t, err)
		in.Write(append(text, '\n'))
	}
	return in.Bytes()
}

// shrunk leaves out what is not needed for the disagreement.
func (p players) shrunk(h []scenario.Line) []scenario.Line {
	for again := true; again; {
		again = false
		for i := range h {
			less := append(append([]scenario.Line{}, h[:i]...), h[i+1:]...)
			if site, rules := p.both(less); site != rules {
				h, again = less, true
				break
			}
		}
	}
	return h
}
