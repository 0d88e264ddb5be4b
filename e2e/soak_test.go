package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/network"
)

// A long shift while everything around it breaks at random. Its length is told
// by the environment; without one it is skipped.
func TestSoak(t *testing.T) {
	whole(t)
	length := os.Getenv("DOCKFILL_E2E_SOAK")
	if length == "" {
		t.Skip("the soak runs only when asked: make soak SOAK=2h")
	}
	limit, err := time.ParseDuration(length)
	require.NoError(t, err)
	c := newCentre(t)
	c.imports("items", items)
	c.imports("orders", orders("leeds", 20000, 20))
	line, err := network.Listen("127.0.0.1:0", c.broker)
	require.NoError(t, err)
	t.Cleanup(line.Close)
	s := newSite(t, line.Addr(), stations(4))
	s.knows(20000)
	w := s.work(0, 50)
	w.goesOn()

	breaks := map[string]func(){
		"the agent was killed":    func() { s.kill(); s.start() },
		"the agent was restarted": func() { s.stop(); s.start() },
		"the centre was killed":   func() { c.kill(); w.goesOn(); c.start() },
		"the line was cut":        func() { line.Cut(); w.goesOn(); line.Restore() },
		"the line was reset":      func() { line.Drop() },
		"the line stalled up":     func() { line.Stall(network.Up); w.goesOn(); line.Restore() },
		"the line stalled down":   func() { line.Stall(network.Down); w.goesOn(); line.Restore() },
		"the line was slow":       func() { line.Delay(300 * time.Millisecond); w.goesOn(); line.Restore() },
		"nothing":                 func() {},
	}
	var names []string
	for name := range breaks {
		names = append(names, name)
	}
	for end := time.Now().Add(limit); time.Now().Before(end); {
		name := names[rand.IntN(len(names))]
		breaks[name]()
		w.goesOn()
		fmt.Printf("%s %s; %d good tones; agent %s, centre %s\n", time.Now().Format(time.TimeOnly), name, w.good(), memory(s.process), memory(c.process))
		time.Sleep(between(time.Second, 10*time.Second))
	}
	heard := w.finish()
	t.Logf("equal at the centre after %s", heal(t, s, c, 5*time.Minute))
	audit(t, s, c, heard)
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+ kB)`)

// memory is what a process holds of it, where the system tells.
func memory(p *process) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if m := resident.FindSubmatch(text); err == nil && m != nil {
		return string(m[1])
	}
	return "unknown"
}
