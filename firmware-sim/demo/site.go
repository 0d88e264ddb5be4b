package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/network"
)

// site is a warehouse: its agent, its scanners, and its line to the centre.
type site struct {
	name, dir string
	program   *program
	http      string
	line      *network.Relay
	scanners  []*device.Device

	mu     sync.Mutex
	status status
	stored int64  // at the centre, as the centre says
	last   string // the last scan in words, for the screen
	cut    bool   // by us: the line to the centre
}

// status is what the demo reads of an agent's status.
type status struct {
	Saved, Confirmed, Waiting int64
	Oldest                    *time.Time `json:"oldest_waiting"`
	Link                      struct{ Up bool }
	Owed                      struct{ Units int64 }
	Totals                    struct {
		Scans, Units, Allocated int64
		OrdersComplete          int64 `json:"orders_complete"`
		LinesKnown              int64 `json:"lines_known"`
	}
}

// toneWait is how long a worker listens for a tone; a machine that runs four
// programs can be slow.
const toneWait = 10 * time.Second

// newScanner plugs in the scanner of station k.
func newScanner(s *site, k int, tcp bool) (*device.Device, error) {
	cfg := device.Config{
		Name: fmt.Sprintf("the scanner of %s, station %d", s.name, k+1), Profile: device.SSI,
		Packets: true, AIM: true, ToneWait: toneWait,
	}
	if tcp {
		cfg.Listen = "127.0.0.1:0"
	} else {
		cfg.Link = filepath.Join(s.dir, fmt.Sprintf("scanner-%d", k+1))
	}
	return device.Open(cfg)
}

// configure writes the agent's configuration file and gives its path.
func (s *site) configure(address string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "site = %q\ndata = %q\nhttp = %q\n\n[centre]\nbroker = %q\n",
		s.name, filepath.Join(s.dir, "data"), address, "tcp://"+s.line.Addr())
	for k, d := range s.scanners {
		port := d.Address()
		if !filepath.IsAbs(port) {
			port = "tcp://" + port
		}
		fmt.Fprintf(&b, "\n[[station]]\nid = \"%d\"\nport = %q\nprofile = \"ssi\"\n", k+1, port)
	}
	file := filepath.Join(s.dir, "agent.toml")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// ask reads the agent's status.
func (s *site) ask(ctx context.Context) error {
	var st status
	if err := get(ctx, s.http+"/api/v1/status", &st); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.Saved >= s.status.Saved { // answers may overtake each other: an older one says nothing new
		s.status = st
	}
	return nil
}

func (s *site) now() status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// equal reports whether the centre has everything that the site has saved. What
// the centre has was asked after what the site has.
func (s *site) equal() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored == s.status.Saved
}

// feedback is what the dock display shows of a scan.
type feedback struct {
	Verdict, Text, Code string
	Qty                 int64
	Blocks              []struct {
		Destination, Line string
		Qty               int64
	}
	Complete []string
}

// verdict is the newest feedback of a station; empty where it cannot be had.
func (s *site) verdict(ctx context.Context, station string) feedback {
	var answer struct{ Scans []feedback }
	if get(ctx, s.http+"/api/v1/recent?n=1&station="+station, &answer) != nil || len(answer.Scans) == 0 {
		return feedback{}
	}
	return answer.Scans[0]
}

// mostPlaces is how many destinations are named.
const mostPlaces = 3

// places are the destinations in words: "DOOR 12 (24), DOOR 3 (6) and 2 more".
func (f feedback) places() string {
	var named []string
	for n, b := range f.Blocks {
		if n == mostPlaces {
			return fmt.Sprintf("%s and %d more", strings.Join(named, ", "), len(f.Blocks)-n)
		}
		place := b.Destination
		if b.Line != "" {
			place = "DOOR " + place
		}
		if len(f.Blocks) > 1 {
			place += fmt.Sprintf(" (%d)", b.Qty)
		}
		named = append(named, place)
	}
	return strings.Join(named, ", ")
}

// String is the verdict with its destination, or the reason where there is none.
func (f feedback) String() string {
	text := f.Verdict
	switch places := f.places(); {
	case places != "":
		text += " " + places
	case f.Text != "":
		text += " " + f.Text
	}
	if n := len(f.Complete); n > 0 {
		text += ", " + count(int64(n), "order") + " complete"
	}
	return text
}
