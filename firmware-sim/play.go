package main

import (
	"context"
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
}

// Help lists the faults; kong shows it under the command's flags.
func (playCmd) Help() string {
	return "The verbs:\n\n" + verbHelp() + "\nThe faults of `bad`:\n\n" + faultHelp()
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
func (c *playCmd) Run(ctx context.Context, io streams) error {
	steps, err := c.steps(io.in)
	if err != nil {
		return misused(err)
	}
	p := newPlayer(io.out, c.Each)
	defer p.close()
	if c.Ledger != "" {
		if p.ledger, err = ledger.Open(c.Ledger); err != nil {
			return err
		}
	}
	p.tally = newTally()
	for _, s := range steps {
		if err = p.play(ctx, s); err != nil {
			break
		}
	}
	fmt.Fprintln(io.out, p.tally)
	if err != nil {
		return err
	}
	return p.verdict()
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
