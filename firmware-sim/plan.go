package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/network"
	"dockfill/firmware-sim/scenarios"
)

// This file reads a scenario whole before any of it is played: what a device or a
// worker cannot do is a mistake of the text, and not of the run.

// action is a step that was understood.
type action func(ctx context.Context) error

// foreseen is how a station will stand at the step that is planned.
type foreseen struct {
	plugged, away, working, barred bool
	// wrong: its declaration was refused, and what follows from that is no mistake.
	wrong bool
}

// plan understands every step, and gives all mistakes with their file and line.
func (p *player) plan(steps []scenarios.Step) ([]action, error) {
	var actions []action
	var wrong []error
	for _, s := range steps {
		if s.Refused {
			p.foresee(s)
			continue
		}
		do, err := p.understand(s)
		if err != nil {
			wrong = append(wrong, s.Errorf("%w", err))
			continue
		}
		actions = append(actions, func(ctx context.Context) error {
			err := ctx.Err()
			if err != nil {
				return s.Errorf("stopped here: %w", err)
			}
			if err = do(ctx); err != nil {
				err = s.Errorf("%w", err)
			}
			return err
		})
	}
	return actions, errors.Join(wrong...)
}

// foresee takes what a line with a mistake names for declared by it, as nobody knows
// what it would have been.
func (p *player) foresee(s scenarios.Step) {
	if len(s.Args) == 0 {
		return
	}
	if name := s.Args[0]; p.devices[name] == nil && p.lines[name] == nil {
		p.devices[name], p.lines[name] = &station{name: name, plan: foreseen{wrong: true}}, &line{wrong: true}
	}
}

func (p *player) understand(s scenarios.Step) (action, error) {
	switch name := s.Args[0]; s.Verb {
	case "say":
		return func(context.Context) error {
			fmt.Fprintln(p.out, strings.Join(s.Args, " "))
			return nil
		}, nil
	case "wait":
		t, err := period(name)
		return func(ctx context.Context) error { rest(ctx, t); return nil }, err
	case "device":
		return p.addDevice(name, s.Args[1], s.Args[2:])
	case "network":
		return p.addLine(name, s.Args[1:])
	case "net":
		l, err := find(p.lines, "network", name)
		if err != nil {
			return nil, err
		}
		do, err := changeOf(s.Args[1:])
		return func(context.Context) error { do(l.Relay); return nil }, err
	default:
		d, err := find(p.devices, "device", name)
		if err != nil || d.plan.wrong {
			return nil, err
		}
		return p.handle(d, s)
	}
}

// handle is what a worker does with a scanner.
func (p *player) handle(d *station, s scenarios.Step) (action, error) {
	more := s.Args[1:]
	switch s.Verb {
	case "ready":
		return d.ready(more)
	case "scan":
		return p.scan(d, more)
	case "bad":
		return p.bad(d, more)
	case "both":
		return p.both(d, more)
	case "work":
		return p.work(d, more)
	case "join":
		return p.join(d)
	case "flood":
		return p.flood(d, more)
	case "upload":
		return p.upload(d, more)
	case "expect":
		return p.expect(d, more[0], s)
	case "back":
		return p.back(d)
	case "plug":
		return p.plugIn(d, more)
	}
	return d.change(s.Verb, more)
}

// change is what a worker does to a scanner without scanning.
func (d *station) change(verb string, more []string) (action, error) {
	switch verb {
	case "pace":
		t, err := period(more[0])
		return func(context.Context) error { d.pace = t; return nil }, err
	case "baud":
		n, err := number(more[0])
		if err == nil && d.config.Listen != "" {
			err = errors.New("a TCP address has no speed; a pseudo-terminal has")
		}
		return func(context.Context) error { d.SetBaud(n); return nil }, err
	case "keyboard":
		if more[0] != "on" && more[0] != "off" {
			return nil, fmt.Errorf("keyboard mode is on or off, not %q", more[0])
		}
		return func(context.Context) error { d.Keyboard(more[0] == "on"); return nil }, nil
	case "delete":
		n, err := number(more[0])
		if err == nil {
			err = d.Remembers("delete from")
		}
		return func(context.Context) error { return d.Delete(n) }, err
	case "clear":
		return func(context.Context) error { return d.Clear() }, d.Remembers("clear")
	case "away":
		if err := d.profile.Roams(); err != nil {
			return nil, err
		}
		d.plan.away = true
		return func(context.Context) error { d.away = true; return nil }, nil
	case "unplug":
		err := d.here()
		d.plan.plugged = false
		return func(context.Context) error { d.Unplug(); return nil }, err
	default: // release
		if !d.plan.barred {
			return nil, fmt.Errorf("the port of %s is neither held nor denied: plug it in so above", d.name)
		}
		d.plan.barred = false
		return func(context.Context) error { d.Release(); return nil }, nil
	}
}

// here refuses what needs the scanner's cable.
func (d *station) here() error {
	if !d.plan.plugged {
		return fmt.Errorf("%s is unplugged by now: write `plug %s` above", d.name, d.name)
	}
	return nil
}

func (p *player) addDevice(name, profile string, options []string) (action, error) {
	if d := p.devices[name]; d != nil && !d.plan.wrong {
		return nil, fmt.Errorf("the device %q is there already", name)
	}
	cfg, wrong := configure(name, profile, options)
	d := &station{name: name, config: cfg, profile: cfg.Profile, plan: foreseen{plugged: true}}
	if wrong == nil {
		d.Device, wrong = device.New(cfg)
	}
	if wrong == nil {
		wrong = p.ownPlace(d)
	}
	d.plan.wrong = wrong != nil
	p.devices[name] = d
	return func(context.Context) (err error) {
		if d.config.Record, err = p.tapes.recorder(name, profile); err != nil {
			return err
		}
		if d.Device, err = device.Open(d.config); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s is at %s\n", name, d.Address())
		return nil
	}, wrong
}

// ownPlace refuses a link that another device has: the later one would take it.
func (p *player) ownPlace(d *station) error {
	for _, o := range p.devices {
		if d.config.Link != "" && o.config.Link == d.config.Link {
			return fmt.Errorf("%s has the link %s already: give each device its own", o.name, o.config.Link)
		}
	}
	return nil
}

func (p *player) addLine(name string, options []string) (action, error) {
	if l := p.lines[name]; l != nil && !l.wrong {
		return nil, fmt.Errorf("the network %q is there already", name)
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
		return nil, errors.New("a network needs listen=ADDR and to=ADDR")
	}
	l := &line{}
	p.lines[name] = l
	return func(context.Context) (err error) {
		if l.Relay, err = network.Listen(listen, to); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s passes %s on to %s\n", name, l.Addr(), to)
		return nil
	}, nil
}

func (p *player) plugIn(d *station, more []string) (action, error) {
	_, words, err := words("plug", more, "as", "stale", "held", "denied")
	switch {
	case err != nil:
		return nil, err
	case d.plan.plugged:
		return nil, fmt.Errorf("%s is plugged in already: write `unplug %s` above", d.name, d.name)
	case d.config.Listen != "" && len(words) > 0:
		return nil, errors.New("a TCP address cannot be moved, held or denied, and keeps no stale bytes; use a pseudo-terminal")
	}
	how := device.Plugging{Link: words["as"], Stale: []byte(words["stale"])}
	_, how.Denied = words["denied"]
	_, held := words["held"]
	if held {
		how.Hold = func(node string) (func(), error) { return p.hold(d, node) }
	}
	d.plan.plugged, d.plan.barred = true, held || how.Denied
	return func(context.Context) error { return d.ReplugAs(how) }, nil
}

// hold has another process take the port.
func (p *player) hold(d *station, node string) (func(), error) {
	pid, release, err := holdElsewhere(node)
	if err == nil {
		fmt.Fprintf(p.out, "process %d holds %s, the port of %s\n", pid, node, d.name)
	}
	return release, err
}

// readyWithin is how long an agent may take to open a port.
const readyWithin = 30 * time.Second

func (d *station) ready(more []string) (action, error) {
	limit := readyWithin
	if len(more) > 0 {
		var err error
		if limit, err = period(more[0]); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return d.Ready(ctx)
	}, d.here()
}

func (p *player) expect(d *station, want string, s scenarios.Step) (action, error) {
	known := []string{"good", "hold", "check", "stop", "other", "none"}
	if !slices.Contains(known, want) {
		return nil, fmt.Errorf("there is no tone %q; %s", want, scenarios.Suggest(want, known))
	}
	if want != "none" && !d.profile.Hears() {
		return nil, fmt.Errorf("a device of profile %s hears no verdict, so it never sounds %s: the station's speaker does; leave the line out", d.profile, want)
	}
	return func(context.Context) error {
		got := string(d.last)
		if got == "" {
			got = "none"
		}
		if got != want {
			p.missed++
			fmt.Fprintf(p.out, "%s:%d: %s got %s instead of %s\n", s.File, s.Line, d.name, got, want)
		} else if got == "none" && d.counted {
			p.silent++
		}
		return nil
	}, nil
}
