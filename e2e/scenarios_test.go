package e2e

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/scenarios"
)

// units is what a shipped scenario brings in, in base units.
var units = map[string]int64{
	"first-pallet":            1,
	"bad-labels":              1,
	"old-scanner":             15,
	"double-trigger":          5,
	"lost-gs":                 2,
	"make-zebra":              2,
	"make-honeywell":          4,
	"make-honeywell-2020":     2,
	"make-honeywell-header":   2,
	"make-honeywell-plain":    2,
	"make-datalogic":          3,
	"make-datalogic-ack":      5,
	"make-datalogic-cordless": 2,
	"framings":                8,
	"partial-frames":          4,
	"rough-wire":              8,
	"replug":                  62,
	"wrong-baud":              1,
	"flood":                   5001,
	"batch-memory":            201,
	"batch-clock":             5,
	"batch-grown":             5,
	"batch-deleted":           8,
	"batch-stall":             11,
	"batch-stall-again":       11,
	"batch-four-ports":        1200,
	"late-burst":              21,
	"two-channels":            3,
	"keyboard-mode":           1,
	"port-trouble":            3,
}

// smaller makes long scenarios fit for every run of the tests.
var smaller = map[string]string{"batch-four-ports": "count=300"}

// What a newcomer plays must work as its text says: the scenario's own
// expectations hold, and each carton is one unit at the site and at the centre.
func TestEveryShippedScenarioPlays(t *testing.T) {
	t.Parallel()
	whole(t)
	c := newCentre(t)
	c.imports("items", items+"MUG,Mug,B-01,04006381333931,1\nCUP,Cup,B-02,00036000291452,1\n")
	c.imports("orders", orders("leeds", 50, 1))
	stage := newStage(t, c)
	for _, name := range shipped(t) {
		if name == offline {
			continue // has a test of its own, with the line between site and centre
		}
		t.Run(name, func(t *testing.T) { stage.play(t, name) })
	}
	heal(t, stage.site, c, patience)
	audit(t, stage.site, c, nil)
}

const offline = "offline-shift"

// The scenario's network stands between the site and the centre, is cut, slowed
// and stalled, and nothing of the shift is lost.
func TestTheOfflineShiftArrivesAtTheCentre(t *testing.T) {
	t.Parallel()
	c, s := house(t, 50, 1, stations(1))
	s.stop()
	direct := s.broker
	s.broker = freePort(t)
	s.start()
	p := start(t, "firmware-sim", exec.Command(tool("firmware-sim"), "play", offline,
		"--set", "link="+s.ports[0], "--set", "listen="+s.broker, "--set", "centre="+direct))
	require.Equal(t, 0, p.wait(2*patience), "%s", p.tail())
	assert.Equal(t, int64(110), s.status().Totals.Units)
	s.stop()
	s.broker = direct // the scenario's line is gone with it
	s.start()
	heal(t, s, c, patience)
	audit(t, s, c, nil)
}

// shipped are the names of all samples.
func shipped(t testing.TB) (names []string) {
	t.Helper()
	files, err := fs.Glob(scenarios.Samples, "*.txt")
	require.NoError(t, err)
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".txt"))
	}
	return names
}

// stage is a site with a station for each scanner of each scenario.
type stage struct {
	*site
	sets map[string][]string // what to set for each scenario
}

func newStage(t testing.TB, c *centre) *stage {
	t.Helper()
	g := &stage{sets: map[string][]string{}}
	g.site = &site{t: t, name: "leeds", program: tool("dockfill-agent"), dir: t.TempDir(), http: "http://127.0.0.1:0", broker: c.broker}
	g.data = filepath.Join(g.dir, "data")
	require.NoError(t, os.MkdirAll(g.data, 0o755))
	var stations strings.Builder
	for _, name := range shipped(t) {
		g.prepare(name, &stations)
	}
	g.open(stations.String())
	g.knows(50)
	return g
}

// places finds the keys of a scenario whose value is a place of this machine.
var places = regexp.MustCompile(`(?m)^let (\S+) /tmp/\S+$`)

// prepare chooses places for a scenario and writes its stations.
func (g *stage) prepare(name string, stations *strings.Builder) {
	g.t.Helper()
	text, err := fs.ReadFile(scenarios.Samples, name+".txt")
	require.NoError(g.t, err)
	set := map[string]string{}
	for _, key := range places.FindAllStringSubmatch(string(text), -1) {
		set[key[1]] = filepath.Join(g.dir, name, key[1])
	}
	if key, value, given := strings.Cut(smaller[name], "="); given {
		set[key] = value
	}
	steps, err := scenarios.Parse(name, strings.NewReader(string(text)), set)
	require.NoError(g.t, err)
	for key, value := range set {
		g.sets[name] = append(g.sets[name], "--set", key+"="+value)
	}
	g.describe(steps, stations)
}

// describe writes a station for each place at which a scanner is plugged in.
func (g *stage) describe(steps []scenarios.Step, stations *strings.Builder) {
	profiles, seen := map[string]string{}, map[string]bool{}
	for _, s := range steps {
		if s.Verb == "device" {
			profiles[s.Args[0]] = s.Args[1]
			profiles[s.Args[0]] += kind(s.Args)
		}
		port := cmp.Or(word(s.Args, "link="), word(s.Args, "as="))
		if port == "" || seen[port] {
			continue
		}
		seen[port] = true
		g.ports = append(g.ports, port)
		profile := profiles[s.Args[0]]
		fmt.Fprintf(stations, "\n[[station]]\nid = \"%d\"\nport = %q\nprofile = %q\n", len(g.ports), port, profile)
		if framing := word(s.Args, "framing="); framing != "" {
			fmt.Fprintf(stations, "terminator = %q\n", strings.Replace(framing, "none", "idle", 1))
		}
	}
}

// kind is what stands behind the name of the agent's profile for a device with
// these options.
func kind(options []string) string {
	switch {
	case slices.Contains(options, "time"):
		return "-timed"
	case slices.Contains(options, "nocomma"):
		return "-2020"
	case slices.Contains(options, "acknak"):
		return "-ack"
	}
	return ""
}

func word(words []string, prefix string) string {
	for _, w := range words {
		if value, ok := strings.CutPrefix(w, prefix); ok {
			return value
		}
	}
	return ""
}

// open starts the agent with its stations.
func (g *stage) open(stations string) {
	g.t.Helper()
	g.process = start(g.t, "dockfill-agent at "+g.name, exec.Command(g.program, "run", "--config", g.configure(stations)))
	g.http = g.process.line("http")
}

// configure writes the configuration.
func (g *stage) configure(stations string) string {
	file := filepath.Join(g.dir, "agent.toml")
	text := fmt.Sprintf("site = %q\ndata = %q\nhttp = \"127.0.0.1:0\"\n\n[centre]\nbroker = \"tcp://%s\"\n%s", g.name, g.data, g.broker, stations)
	require.NoError(g.t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// play plays a scenario to its end.
func (g *stage) play(t *testing.T, name string) {
	before := g.status().Totals.Units
	p := start(t, "firmware-sim", exec.Command(tool("firmware-sim"), append([]string{"play", name, "--each"}, g.sets[name]...)...))
	require.Equal(t, 0, p.wait(2*patience), "%s", p.tail())
	g.up()
	want, told := units[name]
	require.True(t, told, "say above how many units %s brings in", name)
	eventually(t, patience, fmt.Sprintf("%d units of %s at the site", want, name), func() bool {
		return g.status().Totals.Units-before >= want
	})
	assert.Equal(t, want, g.status().Totals.Units-before, "%s", p.tail())
}
