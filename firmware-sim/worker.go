package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
	"dockfill/firmware-sim/scenarios"
)

// This file is how a scenario's worker pulls the trigger.

func (p *player) scan(d *station, more []string) (action, error) {
	times, _, err := words("scan", more[1:])
	if err = errors.Join(err, d.reads(more[0])); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		for range times {
			if err := p.pull(ctx, d, p.number(more[0]), ""); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// reads refuses a code that is no label, and a scanner that is not there.
func (d *station) reads(code string) error {
	if _, err := device.ParseLabel(scenarios.Number(code, 1)); err != nil {
		return err
	}
	if d.plan.away || d.profile == device.Batch {
		return nil // it keeps what it scans
	}
	return d.here()
}

// number fills the {n} of a code.
func (p *player) number(code string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	return scenarios.Number(code, p.n)
}

func (p *player) bad(d *station, more []string) (action, error) {
	fault, err := faultNamed(more[0])
	if err != nil {
		return nil, err
	}
	code := "JUNK"
	switch {
	case len(more) > 1:
		code, more = more[1], more[2:]
	case fault != device.Junk:
		return nil, fmt.Errorf("the fault %q happens to a code: write `bad %s %s CODE`", fault, d.name, fault)
	default:
		more = nil
	}
	gap, err := gapOfBounce(fault, more)
	if err = errors.Join(err, d.config.Possible(fault, false), d.reads(code), d.spoils(fault, code)); err != nil {
		return nil, err
	}
	if fault == device.Torn {
		d.plan.plugged = false
	}
	return func(ctx context.Context) error {
		d.Bounce(gap)
		err := p.pull(ctx, d, p.number(code), fault)
		if fault == device.Torn && errors.Is(err, device.ErrUnplugged) {
			return nil // as intended
		}
		return err
	}, nil
}

// spoils refuses a fault that would not happen: out of range nothing is sent, and a
// code without GS has none to lose.
func (d *station) spoils(f device.Fault, code string) error {
	l, err := device.ParseLabel(code)
	switch {
	case err != nil:
		return nil // was told
	case d.plan.away:
		return fmt.Errorf("%s is out of range here, where the fault %q cannot happen: write `back %s` above", d.name, f, d.name)
	case f == device.LostGS && !strings.Contains(l.Text, device.GS):
		return fmt.Errorf("the code holds no GS that could be lost; one follows an element of any length, as in (01)09506000134352(10)LOT(21)A7")
	}
	return nil
}

// bounce is how soon a trigger that bounces reads again, where the scenario does
// not say.
const bounce = 100 * time.Millisecond

func gapOfBounce(f device.Fault, more []string) (time.Duration, error) {
	_, values, err := words("bad", more, "gap")
	if err != nil {
		return 0, err
	}
	if _, given := values["gap"]; given && f != device.Double {
		return 0, fmt.Errorf("gap is the time between the readings of the fault %q, and %q has none", device.Double, f)
	}
	return gapOf(values, bounce)
}

func gapOf(values map[string]string, normal time.Duration) (time.Duration, error) {
	if text, given := values["gap"]; given {
		return period(text)
	}
	return normal, nil
}

// faultNamed finds a fault.
func faultNamed(name string) (device.Fault, error) {
	var known []string
	for _, f := range device.Faults {
		if string(f.Fault) == name {
			return f.Fault, nil
		}
		known = append(known, string(f.Fault))
	}
	return "", fmt.Errorf("there is no fault %q; %s", name, scenarios.Suggest(name, known))
}

// pull is one pull of the trigger, its record and the worker's rest.
func (p *player) pull(ctx context.Context, d *station, code string, f device.Fault) error {
	l, err := device.ParseLabel(code)
	if err != nil {
		return err
	}
	if d.away {
		d.kept = append(d.kept, code)
		return nil
	}
	a, err := d.ScanBadly(ctx, l, f)
	d.last, d.counted = a.Tone, false
	switch {
	case errors.Is(err, device.ErrKeyboard):
		fmt.Fprintf(p.out, "%s  %q: %v\n", d.Name(), l.Text, device.ErrKeyboard)
		return nil
	case errors.Is(err, device.ErrDisabled):
		fmt.Fprintf(p.out, "%s  %q: held, %v\n", d.Name(), l.Text, device.ErrDisabled)
	case err != nil:
		return err
	}
	if f == device.Junk {
		p.saidToJunk(d, a)
		return nil
	}
	d.counted = !a.Kept
	if err := p.note(d, l, a, 1); err != nil {
		return err
	}
	rest(ctx, d.pace)
	return nil
}

// saidToJunk prints what the worker heard after a megabyte that was no scan.
func (p *player) saidToJunk(d *station, a device.Answer) {
	switch {
	case !d.profile.Hears():
	case a.Tone == device.None:
		fmt.Fprintf(p.out, "%s  junk: the host never answered it\n", d.Name())
	default:
		fmt.Fprintf(p.out, "%s  junk: %s\n", d.Name(), answerInWords(a, d.profile))
	}
}

// note counts, prints and writes down what a worker got.
func (p *player) note(d *station, l device.Label, a device.Answer, attempts int) error {
	p.tally.add(l.Text, d.profile, a, attempts)
	if p.each || d.profile.Hears() && a.Tone != device.Good {
		fmt.Fprintf(p.out, "%s  %q: %s\n", d.Name(), l.Text, answerInWords(a, d.profile))
	}
	return record(p.ledger, d.Device, l, a)
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

// both lets two scanners read the same label.
func (p *player) both(d *station, more []string) (action, error) {
	other, err := find(p.devices, "device", more[0])
	if err != nil || other.plan.wrong {
		return nil, err
	}
	_, values, err := words("both", more[2:], "gap")
	if err != nil {
		return nil, err
	}
	gap, err := gapOf(values, 0)
	if other == d {
		err = errors.Join(err, fmt.Errorf("%s is named twice: two scanners deliver the scan", d.name))
	}
	if err = errors.Join(err, d.reads(more[1]), other.reads(more[1])); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		code := p.number(more[1])
		first := make(chan error, 1)
		go func() { first <- p.pull(ctx, d, code, "") }()
		rest(ctx, gap)
		return errors.Join(p.pull(ctx, other, code, ""), <-first)
	}, nil
}

// back sends what was kept out of range, one reading after the other as fast as
// the host takes them.
func (p *player) back(d *station) (action, error) {
	if !d.plan.away {
		return nil, fmt.Errorf("%s is not out of range: write `away %s` above", d.name, d.name)
	}
	d.plan.away = false
	return func(ctx context.Context) error {
		codes, pace := d.kept, d.pace
		d.away, d.kept, d.pace = false, nil, 0
		defer func() { d.pace = pace }()
		fmt.Fprintf(p.out, "%s is back with %s\n", d.name, several(len(codes), "scan", "scans"))
		for _, code := range codes {
			if err := p.pull(ctx, d, code, ""); err != nil {
				return err
			}
		}
		return nil
	}, d.here()
}

// flood types faster than a hand can scan.
func (p *player) flood(d *station, more []string) (action, error) {
	times, values, err := words("flood", more[1:], "rate", "&")
	if err != nil {
		return nil, err
	}
	rate, err := rateOf(values, 10_000)
	if err = errors.Join(err, d.Floods(), d.reads(more[0])); err != nil {
		return nil, err
	}
	return p.inBackground(d, values, func(ctx context.Context) error {
		var labels []device.Label
		for range times {
			l, err := device.ParseLabel(p.number(more[0]))
			if err != nil {
				return err
			}
			labels = append(labels, l)
		}
		began := time.Now()
		sent, err := d.Flood(ctx, labels, rate)
		return p.pasted(d, "flood", sent, began, err)
	})
}

// upload pastes a memory.
func (p *player) upload(d *station, more []string) (action, error) {
	times, values, err := words("upload", more, "rate", "gap", "fault", "&")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(d.Remembers("upload"), d.here()); err != nil {
		return nil, err
	}
	if name, bad := values["fault"]; bad {
		return p.uploadBadly(d, name, times, values)
	}
	rate, err := rateOf(values, 0)
	gap, wrong := gapOf(values, 2*time.Second)
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	return p.inBackground(d, values, func(ctx context.Context) error {
		for n := range times {
			if n > 0 {
				rest(ctx, gap)
			}
			began := time.Now()
			sent, err := d.Upload(ctx, rate)
			if err := p.pasted(d, "upload", sent, began, err); err != nil {
				return err
			}
		}
		return nil
	})
}

// uploadBadly pastes a memory once, with something wrong in the middle.
func (p *player) uploadBadly(d *station, name string, times int, values map[string]string) (action, error) {
	fault, err := faultNamed(name)
	if err == nil {
		err = d.config.Possible(fault, true)
	}
	_, rated := values["rate"]
	if _, spaced := values["gap"]; rated || spaced || times > 1 {
		err = errors.Join(err, errors.New("an upload with a fault is pasted once and at once: leave xN, gap and rate out"))
	}
	if err != nil {
		return nil, err
	}
	if fault == device.Torn {
		d.plan.plugged = false
	}
	return p.inBackground(d, values, func(ctx context.Context) error {
		err := d.UploadBadly(ctx, fault)
		if fault == device.Torn && errors.Is(err, device.ErrUnplugged) {
			return nil // as intended
		}
		return err
	})
}

func (p *player) pasted(d *station, what string, sent int, began time.Time, err error) error {
	p.tally.paste(sent)
	fmt.Fprintf(p.out, "%s  %s of %s in %.1f s\n", d.Name(), what, several(sent, "scan", "scans"), time.Since(began).Seconds())
	return err
}

func rateOf(values map[string]string, normal float64) (float64, error) {
	text, given := values["rate"]
	if !given {
		return normal, nil
	}
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || rate <= 0 {
		return 0, fmt.Errorf("%q is no rate: write rate=524", text)
	}
	return rate, nil
}
