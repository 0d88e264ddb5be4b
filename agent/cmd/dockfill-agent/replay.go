package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"dockfill/agent"
	"dockfill/allocation"
	"dockfill/allocation/policy"
)

type replayCmd struct {
	File   string `arg:"" help:"The scenario, one JSON object a line; - reads standard input."`
	Policy string `help:"A policy document to begin with, in TOML; without it the default policy." placeholder:"FILE"`
}

// Run prints a JSON line for each line of the scenario and one of balances. A
// line that the scenario may not do is an answer and no failure.
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
	if err := errors.Join(agent.Replay(p.ctx, in, out, under), out.Flush()); err != nil {
		return fmt.Errorf("scenario %s: %w", r.File, err)
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
