package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
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
	lines   map[string]*network.Relay
	missed  int // expectations that were not met
	silent  int // silences that were expected

	mu sync.Mutex // background work counts too
	n  int        // scans so far, for {n}
}

// station is a device and its worker.
type station struct {
	*device.Device
	profile device.Profile
	framing device.Framing
	// acknowledged: the scanner sends a scan until the host has it.
	acknowledged bool
	pace         time.Duration
	last         device.Tone
	counted      bool // whether the last scan stands in the tally
	away         bool
	kept         []string   // codes that were scanned out of range
	work         chan error // the result of background work; nil without any
}

func newPlayer(out io.Writer, each bool) *player {
	return &player{
		out: &shared{w: out}, each: each, tally: newTally(),
		devices: map[string]*station{}, lines: map[string]*network.Relay{},
	}
}

func (p *player) close() {
	for _, d := range p.devices {
		d.Close()
	}
	for _, l := range p.lines {
		l.Close()
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

// play does one step. Its errors carry the step's file and line.
func (p *player) play(ctx context.Context, s scenarios.Step) error {
	if err := ctx.Err(); err != nil {
		return s.Errorf("stopped here: %w", err)
	}
	if err := p.act(ctx, s); err != nil {
		return s.Errorf("%w", err)
	}
	return nil
}

func (p *player) act(ctx context.Context, s scenarios.Step) error {
	switch name := s.Args[0]; s.Verb {
	case "say":
		fmt.Fprintln(p.out, strings.Join(s.Args, " "))
		return nil
	case "wait":
		t, err := period(name)
		rest(ctx, t)
		return err
	case "device":
		return p.addDevice(name, s.Args[1], s.Args[2:])
	case "network":
		return p.addLine(name, s.Args[1:])
	case "net":
		line, err := find(p.lines, "network", name)
		if err != nil {
			return err
		}
		return change(line, s.Args[1:])
	default:
		d, err := find(p.devices, "device", name)
		if err != nil {
			return err
		}
		return p.handle(ctx, d, s)
	}
}

// handle is what a worker does with a scanner.
func (p *player) handle(ctx context.Context, d *station, s scenarios.Step) error {
	more := s.Args[1:]
	switch s.Verb {
	case "ready":
		return ready(ctx, d, more)
	case "scan":
		return p.scan(ctx, d, more)
	case "bad":
		return p.bad(ctx, d, more)
	case "both":
		return p.both(ctx, d, more)
	case "work":
		return p.work(ctx, d, more)
	case "join":
		return p.join(ctx, d)
	case "flood":
		return p.flood(ctx, d, more)
	case "upload":
		return p.upload(ctx, d, more)
	case "expect":
		return p.expect(d, more[0], s)
	case "back":
		return p.back(ctx, d)
	case "plug":
		return p.plugIn(d, more)
	}
	return d.change(s.Verb, more)
}

// change is what a worker does to a scanner without scanning.
func (d *station) change(verb string, more []string) (err error) {
	switch verb {
	case "pace":
		d.pace, err = period(more[0])
	case "baud":
		var n int
		if n, err = number(more[0]); err == nil {
			d.SetBaud(n)
		}
	case "keyboard":
		if more[0] != "on" && more[0] != "off" {
			return fmt.Errorf("keyboard mode is on or off, not %q", more[0])
		}
		d.Keyboard(more[0] == "on")
	case "clear":
		err = d.Clear()
	case "away":
		d.away = true
	case "unplug":
		d.Unplug()
	default: // release
		d.Release()
	}
	return err
}

func (p *player) plugIn(d *station, more []string) error {
	_, words, err := words("plug", more, "as", "stale", "held", "denied")
	if err != nil {
		return err
	}
	how := device.Plugging{Link: words["as"], Stale: []byte(words["stale"])}
	_, how.Denied = words["denied"]
	if _, held := words["held"]; held {
		how.Hold = func(node string) (func(), error) {
			pid, release, err := holdElsewhere(node)
			if err == nil {
				fmt.Fprintf(p.out, "process %d holds %s, the port of %s\n", pid, node, d.Name())
			}
			return release, err
		}
	}
	return d.ReplugAs(how)
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
	return v, fmt.Errorf("there is no %s %q; did you mean %q?", kind, name, scenarios.Nearest(name, names))
}

func period(s string) (time.Duration, error) {
	t, err := time.ParseDuration(s)
	if err != nil || t < 0 {
		return 0, fmt.Errorf("%q is no time: write 200ms, 3s or 1m", s)
	}
	return t, nil
}

func (p *player) addDevice(name, profile string, options []string) error {
	if p.devices[name] != nil {
		return fmt.Errorf("the device %q is there already", name)
	}
	cfg, err := configure(name, profile, options)
	if err != nil {
		return err
	}
	if cfg.Record, err = p.tapes.recorder(name, profile); err != nil {
		return err
	}
	d, err := device.Open(cfg)
	if err != nil {
		return err
	}
	p.devices[name] = &station{Device: d, profile: cfg.Profile, framing: cfg.Framing, acknowledged: cfg.AckNak}
	fmt.Fprintf(p.out, "%s is at %s\n", name, d.Address())
	return nil
}

func (p *player) addLine(name string, options []string) error {
	if p.lines[name] != nil {
		return fmt.Errorf("the network %q is there already", name)
	}
	var listen, to string
	for _, o := range options {
		switch key, value, _ := strings.Cut(o, "="); key {
		case "listen":
			listen = value
		case "to":
			to = value
		}
	}
	if listen == "" || to == "" {
		return errors.New("a network needs listen=ADDR and to=ADDR")
	}
	line, err := network.Listen(listen, to)
	if err != nil {
		return err
	}
	p.lines[name] = line
	fmt.Fprintf(p.out, "%s passes %s on to %s\n", name, line.Addr(), to)
	return nil
}

func ready(ctx context.Context, d *station, more []string) error {
	limit := 30 * time.Second
	if len(more) > 0 {
		var err error
		if limit, err = period(more[0]); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return d.Ready(ctx)
}

func (p *player) expect(d *station, want string, s scenarios.Step) error {
	known := []string{"good", "hold", "check", "stop", "other", "none"}
	if !slices.Contains(known, want) {
		return fmt.Errorf("there is no tone %q; did you mean %q?", want, scenarios.Nearest(want, known))
	}
	got := string(d.last)
	if got == "" {
		got = "none"
	}
	if got != want {
		p.missed++
		fmt.Fprintf(p.out, "%s:%d: %s got %s instead of %s\n", s.File, s.Line, d.Name(), got, want)
	} else if got == "none" && d.counted {
		p.silent++
	}
	return nil
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
