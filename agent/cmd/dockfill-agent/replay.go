package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"dockfill/agent"
	"dockfill/agent/dock"
	"dockfill/allocation"
	"dockfill/allocation/policy"
)

type replayCmd struct {
	File   string `arg:"" help:"The scenario, one JSON object a line; - reads standard input."`
	Policy string `help:"A policy document to begin with, in TOML; without it the default policy." placeholder:"FILE"`
}

// Help says what is printed and what the exit status means.
func (replayCmd) Help() string {
	return `One JSON line answers each line of the scenario, and a last one has the balances.

Exit status:
  0  every line was played.
  1  a line was refused: the error in its answer says why, and those after it were played all the same.
  2  the scenario could not be read, or not be played to its end.`
}

// Run plays the scenario to its end and ends as Help says.
func (r replayCmd) Run(p *program) error {
	var in io.Reader = p.in
	if r.File != "-" {
		file, err := os.Open(r.File)
		if err != nil {
			return fmt.Errorf("scenario: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	under, err := readPolicy(r.Policy)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.out)
	refused, err := agent.Replay(p.ctx, in, out, under)
	if err = errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("scenario %s: %w", r.File, err)
	}
	if refused > 0 {
		fmt.Fprintf(p.err, "scenario %s has %s: their answers say why.\n", r.File, dock.Plural(int64(refused), "refused line", "refused lines"))
		return status(exitDegraded)
	}
	return nil
}

// readPolicy reads a policy document; "" is the default policy.
func readPolicy(name string) (allocation.Policy, error) {
	if name == "" {
		return allocation.DefaultPolicy(), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return allocation.Policy{}, fmt.Errorf("policy: %w", err)
	}
	defer func() { _ = file.Close() }()
	p, err := policy.Read(file)
	if err != nil {
		return p, fmt.Errorf("policy %s: %w", name, err)
	}
	return p, nil
}
