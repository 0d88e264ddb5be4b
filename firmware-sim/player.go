package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
	"dockfill/firmware-sim/network"
	"dockfill/firmware-sim/scenarios"
)

// player is the stage of one scenario.
type player struct {
	out     io.Writer
	each    bool
	ledger  *ledger.Ledger
	tapes   *tapes
	tally   *tally
	devices map[string]*station
	lines   map[string]*line
	missed  int // expectations that were not met
	silent  int // silences that were expected

	mu sync.Mutex // background work counts too
	n  int        // scans so far, for {n}
}

// station is a device and its worker.
type station struct {
	*device.Device // that of the plan, until it is plugged in
	name           string
	config         device.Config
	profile        device.Profile
	pace           time.Duration
	last           device.Tone
	counted        bool // whether the last scan stands in the tally
	away           bool
	kept           []string   // codes that were scanned out of range
	work           chan error // the result of background work; nil without any
	plan           foreseen
}

// line is a network; its relay is nil until it is played.
type line struct {
	*network.Relay
	wrong bool // a line with a mistake names it, and may have declared it
}

func newPlayer(out io.Writer, each bool) *player {
	return &player{
		out: &shared{w: out}, each: each, tally: newTally(),
		devices: map[string]*station{}, lines: map[string]*line{},
	}
}

func (p *player) close() {
	for _, d := range p.devices {
		if d.Device != nil {
			d.Close()
		}
	}
	for _, l := range p.lines {
		if l.Relay != nil {
			l.Close()
		}
	}
	if p.ledger != nil {
		p.ledger.Close()
	}
}

// verdict is nil if every scan was answered and every expectation met.
func (p *player) verdict() error {
	silent := p.tally.unanswered() - p.silent
	switch {
	case p.missed > 0:
		return disappointed("%s not met", several(p.missed, "expectation was", "expectations were"))
	case silent > 0:
		return disappointed("%s no tone", several(silent, "scan got", "scans got"))
	case p.tally.refused > 0:
		return disappointed("%s not taken", several(p.tally.refused, "control card was", "control cards were"))
	}
	return nil
}

// several is a count with its words.
func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func find[T any](all map[string]T, kind, name string) (T, error) {
	v, ok := all[name]
	if ok {
		return v, nil
	}
	var names []string
	for n := range all {
		names = append(names, n)
	}
	if len(names) == 0 {
		return v, fmt.Errorf("there is no %s %q: declare it above with `%s`", kind, name, scenarios.Usage(kind))
	}
	return v, fmt.Errorf("there is no %s %q; %s", kind, name, scenarios.Suggest(name, names))
}

func period(s string) (time.Duration, error) {
	t, err := time.ParseDuration(s)
	if err != nil || t < 0 {
		return 0, fmt.Errorf("%q is no time: write 200ms, 3s or 1m", s)
	}
	return t, nil
}

// shared lets several workers write to one place.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}
