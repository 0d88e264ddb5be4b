package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
)

// site is a running dockfill-agent. It keeps its data, and its address, when it
// is killed and started again.
type site struct {
	*process
	t       testing.TB
	name    string
	program string
	dir     string // holds agent.toml, data/ and the scanners' links
	data    string
	http    string // http://127.0.0.1:NNNN
	broker  string // host:port
	ports   []string
	profile string
	env     []string
	trace   string // file for strace; "" without it
}

func newSite(t testing.TB, broker string, change ...func(*site)) *site {
	t.Helper()
	whole(t)
	s := &site{t: t, name: "leeds", program: tool("dockfill-agent"), dir: t.TempDir(), http: "http://127.0.0.1:0", broker: broker, profile: "ssi"}
	s.data = filepath.Join(s.dir, "data")
	for _, f := range change {
		f(s)
	}
	s.start()
	return s
}

// stations gives a site this many scanners' ports; devices may come later.
func stations(n int) func(*site) {
	return func(s *site) {
		for i := range n {
			s.ports = append(s.ports, filepath.Join(s.dir, fmt.Sprintf("station-%d", i+1)))
		}
	}
}

func (s *site) configure() string {
	s.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "site = %q\ndata = %q\nhttp = %q\n\n[centre]\nbroker = %q\n", s.name, s.data, strings.TrimPrefix(s.http, "http://"), "tcp://"+s.broker)
	for i, port := range s.ports {
		fmt.Fprintf(&b, "\n[[station]]\nid = \"%d\"\nport = %q\nprofile = %q\n", i+1, port, s.profile)
		if s.profile == "ascii" {
			fmt.Fprintf(&b, "terminator = \"cr\"\n")
		}
	}
	file := filepath.Join(s.dir, "agent.toml")
	require.NoError(s.t, os.WriteFile(file, []byte(b.String()), 0o600))
	require.NoError(s.t, os.MkdirAll(s.data, 0o755))
	return file
}

func (s *site) start() {
	s.t.Helper()
	s.launch()
	s.http = s.process.line("http")
}

// launch starts the agent without waiting until it serves.
func (s *site) launch() {
	s.t.Helper()
	args := []string{s.program, "run", "--config", s.configure()}
	if s.trace != "" {
		strace := program(s.t, "strace", "strace")
		args = append([]string{strace, "-D", "-f", "-y", "-xx", "-s", "65536", "-o", s.trace,
			"-e", "trace=fdatasync,fsync,pwrite64,write,read", "-e", "signal=none"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), s.env...)
	s.process = start(s.t, "dockfill-agent at "+s.name, cmd)
}

// scanner plugs a pretend scanner into the station and waits for the agent.
func (s *site) scanner(station int) *device.Device {
	s.t.Helper()
	profile := device.ASCII
	if s.profile == "ssi" {
		profile = device.SSI
	}
	d, err := device.Open(device.Config{Link: s.ports[station-1], Profile: profile, Packets: profile == device.SSI, AIM: true, ToneWait: patience})
	require.NoError(s.t, err)
	s.t.Cleanup(d.Close)
	s.ready(d)
	return d
}

// ready waits until the agent has opened the scanner's port.
func (s *site) ready(d *device.Device) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.profile == "ssi" {
		require.NoError(s.t, d.Ready(ctx))
		return
	}
	eventually(s.t, patience, "the agent on "+d.Address(), func() bool {
		for _, station := range s.status().Stations {
			if station.Port == d.Address() && station.State == "connected" {
				return true
			}
		}
		return false
	})
}

// status is what the tests read of the agent's status.
type status struct {
	Health, State, Text string
	Saved, Confirmed    int64
	Stations            []station
	Owed                struct{ Lines, Orders, Units int64 }
	Totals              totals
	Link                struct{ Up bool }
	Waiting, Tasks      int64
	Incarnation, Policy string
}

type station struct{ ID, Port, State, Problem string }

type totals struct {
	Scans, Units, Allocated, Free int64
	OrdersComplete                int64 `json:"orders_complete"`
	LinesKnown                    int64 `json:"lines_known"`
}

func (s *site) status() (now status) {
	s.t.Helper()
	s.up()
	require.NoError(s.t, get(s.t, s.http+"/api/v1/status", &now))
	return now
}

// knows waits until the site was told of this many lines.
func (s *site) knows(lines int64) {
	s.t.Helper()
	eventually(s.t, patience, fmt.Sprintf("%d lines at the site", lines), func() bool { return s.status().Totals.LinesKnown == lines })
}

// hears scans a label and gives the tone.
func hears(t testing.TB, d *device.Device, code string) device.Tone {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := d.Scan(ctx, device.MustLabel(code))
	require.NoError(t, err)
	return answer.Tone
}
