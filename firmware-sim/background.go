package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dockfill/firmware-sim/device"
)

// This file is what goes on while the scenario does other things.

// rescans is how often a background worker who hears nothing scans again.
const rescans = 50

// work starts a worker who scans each code until a tone comes.
func (p *player) work(d *station, more []string) (action, error) {
	times, _, err := words("work", more[1:])
	if err = errors.Join(err, d.reads(more[0])); err != nil {
		return nil, err
	}
	return p.inBackground(d, map[string]string{"&": ""}, func(ctx context.Context) error { return p.workAll(ctx, d, more[0], times) })
}

// inBackground does it now, or beside the scenario where & stands among the words.
func (p *player) inBackground(d *station, words map[string]string, do action) (action, error) {
	if _, beside := words["&"]; !beside {
		return do, nil
	}
	if d.plan.working {
		return nil, fmt.Errorf("%s is at work already: join it first", d.name)
	}
	d.plan.working = true
	return func(ctx context.Context) error {
		done := make(chan error, 1)
		d.work = done
		go func() { done <- do(ctx) }()
		return nil
	}, nil
}

func (p *player) workAll(ctx context.Context, d *station, code string, times int) error {
	for range times {
		l, err := device.ParseLabel(p.number(code))
		if err == nil {
			err = p.insist(ctx, d, l)
		}
		if err != nil {
			return err
		}
		rest(ctx, d.pace)
	}
	return nil
}

// insist scans a label until a tone comes. A scanner without power is waited for.
func (p *player) insist(ctx context.Context, d *station, l device.Label) error {
	for attempt := 1; ; attempt++ {
		a, err := d.Scan(ctx, l)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, device.ErrUnplugged):
			rest(ctx, 20*time.Millisecond)
			attempt--
			continue
		case err != nil && !errors.Is(err, device.ErrDisabled):
			return err
		}
		if a.Tone != device.None || !d.profile.Hears() || attempt > rescans {
			return p.note(d, l, a, attempt)
		}
	}
}

// join waits for the background work.
func (p *player) join(d *station) (action, error) {
	if !d.plan.working {
		return nil, fmt.Errorf("%s has no work in the background: begin it with `work`", d.name)
	}
	d.plan.working = false
	return d.joined, nil
}

func (d *station) joined(ctx context.Context) error {
	select {
	case err := <-d.work:
		d.work = nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// joinAll waits for whoever still works at the end of the scenario.
func (p *player) joinAll(ctx context.Context) error {
	for _, d := range p.devices {
		if d.work != nil {
			if err := d.joined(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
