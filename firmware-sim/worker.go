package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
	"dockfill/firmware-sim/scenarios"
)

// This file is how a scenario's worker pulls the trigger.

func (p *player) scan(ctx context.Context, d *station, more []string) error {
	times, _, err := words("scan", more[1:])
	if err != nil {
		return err
	}
	for range times {
		if err := p.pull(ctx, d, p.number(more[0]), ""); err != nil {
			return err
		}
	}
	return nil
}

// number fills the {n} of a code.
func (p *player) number(code string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	return scenarios.Number(code, p.n)
}

func (p *player) bad(ctx context.Context, d *station, more []string) error {
	fault, err := d.fault(more[0])
	if err != nil {
		return err
	}
	code := "JUNK"
	switch {
	case len(more) > 1:
		code, more = more[1], more[2:]
	case fault != device.Junk:
		return fmt.Errorf("the fault %q happens to a code: write `bad NAME %s CODE`", fault, fault)
	default:
		more = nil
	}
	if err := d.setBounce(more); err != nil {
		return err
	}
	err = p.pull(ctx, d, p.number(code), fault)
	if fault == device.Torn && errors.Is(err, device.ErrUnplugged) {
		return nil // as intended
	}
	return err
}

func (d *station) setBounce(more []string) error {
	_, values, err := words("bad", more, "gap")
	if err != nil {
		return err
	}
	gap, err := gapOf(values, 0)
	d.Bounce(gap)
	return err
}

func gapOf(values map[string]string, normal time.Duration) (time.Duration, error) {
	if text, given := values["gap"]; given {
		return period(text)
	}
	return normal, nil
}

// fault finds a fault that this device can have.
func (d *station) fault(name string) (device.Fault, error) {
	var known []string
	for _, f := range device.Faults {
		if string(f.Fault) != name {
			known = append(known, string(f.Fault))
			continue
		}
		sums := f.Fault == device.Checksum && d.framing == device.STXETXLRC
		repeats := f.Fault == device.LostAck && d.acknowledged
		if f.Handshake && d.profile != device.SSI && !sums && !repeats {
			return "", fmt.Errorf("the fault %q needs a handshake, which the profile %s has not", name, d.profile)
		}
		return f.Fault, nil
	}
	return "", fmt.Errorf("there is no fault %q; did you mean %q?", name, scenarios.Nearest(name, known))
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
func (p *player) both(ctx context.Context, d *station, more []string) error {
	other, err := find(p.devices, "device", more[0])
	if err != nil {
		return err
	}
	_, values, err := words("both", more[2:], "gap")
	if err != nil {
		return err
	}
	gap, err := gapOf(values, 0)
	if err != nil {
		return err
	}
	code := p.number(more[1])
	first := make(chan error, 1)
	go func() { first <- p.pull(ctx, d, code, "") }()
	rest(ctx, gap)
	return errors.Join(p.pull(ctx, other, code, ""), <-first)
}

// back sends what was kept out of range, one reading after the other as fast as
// the host takes them.
func (p *player) back(ctx context.Context, d *station) error {
	codes, pace := d.kept, d.pace
	d.away, d.kept, d.pace = false, nil, 0
	defer func() { d.pace = pace }()
	fmt.Fprintf(p.out, "%s is back with %s\n", d.Name(), several(len(codes), "scan", "scans"))
	for _, code := range codes {
		if err := p.pull(ctx, d, code, ""); err != nil {
			return err
		}
	}
	return nil
}

// flood types faster than a hand can scan.
func (p *player) flood(ctx context.Context, d *station, more []string) error {
	times, values, err := words("flood", more[1:], "rate", "&")
	if err != nil {
		return err
	}
	rate, err := rateOf(values, 10_000)
	if err != nil {
		return err
	}
	var labels []device.Label
	for range times {
		l, err := device.ParseLabel(p.number(more[0]))
		if err != nil {
			return err
		}
		labels = append(labels, l)
	}
	return p.inBackground(d, values, func() error {
		began := time.Now()
		sent, err := d.Flood(ctx, labels, rate)
		return p.pasted(d, "flood", sent, began, err)
	})
}

// upload pastes a memory.
func (p *player) upload(ctx context.Context, d *station, more []string) error {
	times, values, err := words("upload", more, "rate", "gap", "fault", "&")
	if err != nil {
		return err
	}
	rate, err := rateOf(values, 0)
	if err != nil {
		return err
	}
	gap, err := gapOf(values, 2*time.Second)
	if err != nil {
		return err
	}
	if name, bad := values["fault"]; bad {
		return p.inBackground(d, values, func() error { return d.uploadBadly(ctx, name) })
	}
	return p.inBackground(d, values, func() error {
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
func (d *station) uploadBadly(ctx context.Context, name string) error {
	fault, err := d.fault(name)
	if err != nil {
		return err
	}
	err = d.UploadBadly(ctx, fault)
	if fault == device.Torn && errors.Is(err, device.ErrUnplugged) {
		return nil // as intended
	}
	return err
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
