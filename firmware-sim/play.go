package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
	"dockfill/firmware-sim/scenarios"
)

type playCmd struct {
	Scenario string            `arg:"" help:"A file, - for standard input, or the name of a sample (see scenario list)."`
	Set      map[string]string `placeholder:"KEY=VALUE" help:"Give the scenario's {KEY} another value."`
	Each     bool              `help:"Print every scan, not only those without a good tone."`
	Ledger   string            `placeholder:"FILE" help:"Append every tone to this file, flushed before the next scan."`
	Record   string            `placeholder:"FILE" help:"Write every byte of the wire here; with several scanners a file for each, -NAME before the ending."`
}

// Help lists what a scenario may hold; kong shows it under the command's flags.
func (playCmd) Help() string {
	return "The verbs:\n\n" + verbHelp() + "\nThe profiles of `device`:\n\n" + profileHelp() +
		"\nThe options of `device`:\n\n" + optionHelp() + "\nThe faults of `bad`:\n\n" + faultHelp()
}

func profileHelp() string {
	var b strings.Builder
	for _, p := range device.Profiles {
		fmt.Fprintf(&b, "  %-18s %s\n", p.Profile, p.Meaning)
	}
	return b.String()
}

func optionHelp() string {
	var b strings.Builder
	for _, o := range deviceOptions {
		fmt.Fprintf(&b, "  %-18s %s\n", o.usage, o.meaning)
	}
	return b.String()
}

func faultHelp() string {
	var b strings.Builder
	for _, f := range device.Faults {
		fmt.Fprintf(&b, "  %-10s %s\n", f.Fault, f.Meaning)
	}
	return b.String()
}

func verbHelp() string {
	var b strings.Builder
	for _, v := range scenarios.Verbs() {
		usage, meaning := scenarios.Explain(v)
		fmt.Fprintf(&b, "  %-36s %s\n", usage, meaning)
	}
	return b.String()
}

// Run plays the scenario and prints a summary.
func (c *playCmd) Run(ctx context.Context, io streams) (err error) {
	steps, err := c.steps(io.in)
	p := newPlayer(io.out, c.Each)
	actions, wrong := p.plan(steps)
	if err := scenarios.InOrder(err, wrong); err != nil {
		return misused(err)
	}
	p.tapes = newTapes(c.Record, count(steps, "device"))
	defer func() {
		p.close()
		err = errors.Join(err, p.tapes.close())
	}()
	if c.Ledger != "" {
		if p.ledger, err = ledger.Open(c.Ledger); err != nil {
			return err
		}
	}
	for _, do := range actions {
		if err = do(ctx); err != nil {
			break
		}
	}
	if err == nil {
		err = p.joinAll(ctx)
	}
	fmt.Fprintln(io.out, p.tally)
	if err != nil {
		return err
	}
	return p.verdict()
}

func count(steps []scenarios.Step, verb string) (n int) {
	for _, s := range steps {
		if s.Verb == verb {
			n++
		}
	}
	return n
}

func (c *playCmd) steps(in io.Reader) ([]scenarios.Step, error) {
	if c.Scenario == "-" {
		return scenarios.Parse("standard input", in, c.Set)
	}
	f, err := os.Open(c.Scenario)
	if err == nil {
		defer f.Close()
		return scenarios.Parse(c.Scenario, f, c.Set)
	}
	sample, sampleErr := scenarios.Samples.Open(strings.TrimSuffix(c.Scenario, ".txt") + ".txt")
	if sampleErr != nil {
		return nil, fmt.Errorf("%w, and it is no sample either: see `firmware-sim scenario list`", err)
	}
	return scenarios.Parse(c.Scenario, sample, c.Set)
}
