package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
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
	tally   *tally
	devices map[string]*station
	lines   map[string]*network.Relay
	n       int // scans so far, for {n}
	missed  int // expectations that were not met
	silent  int // silences that were expected
}

// station is a device and its worker.
type station struct {
	*device.Device
	profile device.Profile
	pace    time.Duration
	last    device.Tone
}

func newPlayer(out io.Writer, each bool) *player {
	return &player{out: out, each: each, devices: map[string]*station{}, lines: map[string]*network.Relay{}}
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
		return disappointed("%d expectations were not met", p.missed)
	case silent > 0:
		return disappointed("%d scans got no tone", silent)
	case p.tally.refused > 0:
		return disappointed("%d control cards were not taken", p.tally.refused)
	}
	return nil
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
		return p.work(ctx, d, s)
	}
}

// work is what a worker does with a scanner.
func (p *player) work(ctx context.Context, d *station, s scenarios.Step) (err error) {
	more := s.Args[1:]
	switch s.Verb {
	case "ready":
		return ready(ctx, d, more)
	case "scan":
		return p.scan(ctx, d, more)
	case "bad":
		return p.bad(ctx, d, more)
	case "expect":
		return p.expect(d, more[0], s)
	case "pace":
		d.pace, err = period(more[0])
		return err
	case "unplug":
		d.Unplug()
		return nil
	default: // plug
		return d.Replug()
	}
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
	cfg := device.Config{Name: name, Profile: device.Profile(profile)}
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "link":
			cfg.Link = value
		case "listen":
			cfg.Listen = value
		case "framing":
			cfg.Framing = device.Framing(value)
		case "aim":
			cfg.AIM = true
		case "packets":
			cfg.Packets = true
		default:
			known := []string{"link", "listen", "framing", "aim", "packets"}
			return fmt.Errorf("a device has no option %q; did you mean %q?", key, scenarios.Nearest(key, known))
		}
	}
	d, err := device.Open(cfg)
	if err != nil {
		return err
	}
	p.devices[name] = &station{Device: d, profile: cfg.Profile}
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

func (p *player) scan(ctx context.Context, d *station, more []string) error {
	times := 1
	if len(more) > 1 {
		var err error
		if times, err = strconv.Atoi(strings.TrimPrefix(more[1], "x")); err != nil || times < 1 || more[1][0] != 'x' {
			return fmt.Errorf("%q is no count: write x20", more[1])
		}
	}
	for range times {
		if err := p.pull(ctx, d, more[0], ""); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) bad(ctx context.Context, d *station, more []string) error {
	fault, err := faultFor(d.profile, more[0])
	if err != nil {
		return err
	}
	code := "JUNK"
	switch {
	case len(more) > 1:
		code = more[1]
	case fault != device.Junk:
		return fmt.Errorf("the fault %q happens to a code: write `bad NAME %s CODE`", fault, fault)
	}
	err = p.pull(ctx, d, code, fault)
	if fault == device.Torn && errors.Is(err, device.ErrUnplugged) {
		return nil // as intended
	}
	return err
}

// faultFor finds a fault that a device with this profile can have.
func faultFor(p device.Profile, name string) (device.Fault, error) {
	var known []string
	for _, f := range device.Faults {
		if string(f.Fault) != name {
			known = append(known, string(f.Fault))
			continue
		}
		if f.Handshake && p != device.SSI {
			return "", fmt.Errorf("the fault %q needs a handshake, which an %s device has not", name, p)
		}
		return f.Fault, nil
	}
	return "", fmt.Errorf("there is no fault %q; did you mean %q?", name, scenarios.Nearest(name, known))
}

// pull is one pull of the trigger, its record and the worker's rest.
func (p *player) pull(ctx context.Context, d *station, code string, f device.Fault) error {
	p.n++
	l, err := device.ParseLabel(scenarios.Number(code, p.n))
	if err != nil {
		return err
	}
	a, err := d.ScanBadly(ctx, l, f)
	d.last = a.Tone
	switch {
	case errors.Is(err, device.ErrDisabled):
		fmt.Fprintf(p.out, "%s  %s: held, %v\n", d.Name(), l.Text, device.ErrDisabled)
	case err != nil:
		return err
	}
	if f == device.Junk {
		return nil
	}
	p.tally.add(l.Text, d.profile, a, 1)
	if p.each || d.profile == device.SSI && a.Tone != device.Good {
		fmt.Fprintf(p.out, "%s  %q: %s\n", d.Name(), l.Text, inWords(a, string(d.profile)))
	}
	if err := record(p.ledger, d.Device, l, a); err != nil {
		return err
	}
	rest(ctx, d.pace)
	return nil
}

// record writes a tone to the ledger, if there is one.
func record(to *ledger.Ledger, d *device.Device, l device.Label, a device.Answer) error {
	if to == nil {
		return nil
	}
	tone := a.Tone
	if tone == device.None {
		tone = "none"
	}
	return to.Append(ledger.Entry{At: time.Now(), Station: d.Name(), Code: l.Text, Tone: string(tone)})
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
	} else if got == "none" {
		p.silent++
	}
	return nil
}
