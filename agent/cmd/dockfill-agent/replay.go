package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"dockfill/agent"
)

type replayCmd struct {
	File string `arg:"" help:"The scenario, one JSON object a line; - reads standard input."`
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
	out := bufio.NewWriter(p.out)
	if err := errors.Join(agent.Replay(p.ctx, in, out), out.Flush()); err != nil {
		return fmt.Errorf("scenario %s: %w", r.File, err)
	}
	return nil
}
