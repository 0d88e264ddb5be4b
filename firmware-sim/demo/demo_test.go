//go:build linux || darwin

package demo

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// programs is the folder of the built programs for all tests.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "demo-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(programs)
	os.Exit(code)
}

// build builds the programs once.
var build = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "build", "-o", programs+string(filepath.Separator),
		"dockfill/agent/cmd/dockfill-agent", "dockfill/cloud/cmd/dockfill-cloud").CombinedOutput()
	return string(out), err
})

// rehearse gives the options of a fast demo of the built programs.
func rehearse(t *testing.T) (Options, *record) {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs the built programs")
	}
	said, err := build()
	require.NoError(t, err, said)
	out := &record{}
	return Options{
		Programs: programs, Dir: t.TempDir(), Sites: twoSites, Stations: 1, Pace: 300 * time.Millisecond, Out: out,
	}, out
}

func TestTheStoryEndsWithSiteAndCentreEqual(t *testing.T) {
	o, out := rehearse(t)
	o.Auto, o.For = true, 12*time.Second
	require.NoError(t, Run(t.Context(), o), out)
	for _, want := range []string{
		"/?station=1", "network of leeds is cut", "STOP", "card UNDO", "HOLD", "ALLOCATED DOOR", "OFFLINE",
		"leeds and the centre are equal again: ", "sites and centre      equal", "1 stop", "after the cut",
	} {
		assert.Contains(t, out.String(), want)
	}
	waited, cameIn := figure(t, out, `leeds is back, with (\d+) events? not yet`), figure(t, out, `equal again: (\d+) events? came in within [\d.]+ s`)
	assert.GreaterOrEqual(t, cameIn, waited, "what had waited came in, and what was scanned meanwhile")
	assert.Equal(t, cameIn, figure(t, out, `leeds: \d+ events? had waited, (\d+) came in, equal after`))
	before, after := figure(t, out, `owed +([\d]+) before`), figure(t, out, `before, ([\d]+) after`)
	assert.Less(t, after, before, "scanning fills backorders")
	assert.Equal(t, before-after, figure(t, out, `units allocated +(\d+)`), "what is not owed any more was allocated")
	assert.Equal(t, after, lastOwed(t, out, "leeds")+lastOwed(t, out, "york"), "the figure behind a scan is the one after it")
}

// lastOwed is what a site owed by the line of its last scan.
func lastOwed(t *testing.T, out *record, site string) int {
	t.Helper()
	text := regexp.MustCompile(`(\d),(\d{3})`).ReplaceAllString(out.String(), "$1$2")
	all := regexp.MustCompile(`(?m)^[\d:]{8} `+site+` .*, owed (\d+) unit`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, all, text)
	n, err := strconv.Atoi(all[len(all)-1][1])
	require.NoError(t, err)
	return n
}

func TestAKeyEndsTheDemoAndTheNetworkIsMadeWholeFirst(t *testing.T) {
	o, out := rehearse(t)
	keys := make(chan byte)
	o.Keys, o.TCP, o.Stations = keys, true, 2
	done := make(chan error, 1)
	go func() { done <- Run(t.Context(), o) }()
	for _, k := range []byte{keyNetwork, keyBad, keyQuit} {
		keys <- k
	}
	require.NoError(t, <-done, out)
	assert.Contains(t, out.String(), "network of leeds is cut")
	assert.Contains(t, out.String(), "network of leeds is back")
	assert.Contains(t, out.String(), "sites and centre      equal")
}

func TestAProgramThatDiesIsTold(t *testing.T) {
	o, out := rehearse(t)
	h := &house{Options: o, world: newWorld(time.Now(), o.Sites), screen: newScreen(o)}
	defer h.close()
	require.NoError(t, h.open(t.Context()), out)
	require.NoError(t, h.sites[1].program.cmd.Process.Signal(syscall.SIGKILL))
	err := h.play(t.Context())
	require.ErrorContains(t, err, "the agent of york has ended by itself (signal: killed)")
	require.ErrorContains(t, err, "the agent receives")
}

func TestAStoppedDemoIsNoFailureAndLeavesNobodyBehind(t *testing.T) {
	o, out := rehearse(t)
	ctx, stop := context.WithCancel(t.Context())
	h := &house{Options: o, world: newWorld(time.Now(), o.Sites), screen: newScreen(o)}
	require.NoError(t, h.open(ctx), out)
	stop()
	require.NoError(t, h.play(ctx))
	h.close()
	for _, p := range []*program{h.centre.program, h.sites[0].program, h.sites[1].program} {
		assert.ErrorIs(t, p.cmd.Process.Signal(syscall.Signal(0)), os.ErrProcessDone, p.name)
		assert.Equal(t, 0, p.cmd.ProcessState.ExitCode(), "%s: %s", p.name, p.tail())
	}
}

func TestMissingProgramsAreToldWithTheCommandThatBuildsThem(t *testing.T) {
	t.Parallel()
	_, _, err := Find(t.TempDir())
	require.ErrorContains(t, err, "dockfill-agent is not in")
	require.ErrorContains(t, err, "make build")
}

// figure is the number that the expression finds in what was said, commas left out.
func figure(t *testing.T, out *record, expression string) int {
	t.Helper()
	text := regexp.MustCompile(`(\d),(\d{3})`).ReplaceAllString(out.String(), "$1$2")
	found := regexp.MustCompile(expression).FindStringSubmatch(text)
	require.NotNil(t, found, "%s in %s", expression, text)
	n, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return n
}

// record keeps what the demo says.
type record struct {
	mu   sync.Mutex
	text []byte
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, b...)
	return len(b), nil
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.text)
}
