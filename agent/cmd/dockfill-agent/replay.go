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
	File   string `arg:"" optional:"" help:"A scenario, one JSON object a line; - reads standard input."`
	Policy string `help:"A policy document in TOML. Of a scenario: what it begins with, without it the default policy. With --since: the policy to be tried." placeholder:"FILE"`
	Since  string `help:"Play this site's own log again, from its daily checkpoint at or before WHEN: 7d, 36h, 2026-11-16 (that day's) or 2026-11-16T14:00." placeholder:"WHEN"`
	JSON   bool   `help:"With --since: print JSON."`
	Data   string `help:"With --since: the site's data folder (default: as configured)." placeholder:"DIR"`
	target
}

// Help says what is printed and what the exit status means.
func (replayCmd) Help() string {
	return `Either a scenario FILE through a fresh store, or with --since this site's own log.

FILE: one JSON line answers each line of the scenario, and a last one has the balances.

--since: the site's log is played from a checkpoint on, first by the policies that were in force. That must come out as the log says, decision for decision. With --policy it is then played
under that policy from the start, and the report says what would have changed. Scans, orders, rights and what people did stay as they were. The site goes on receiving; nothing of it is changed.

  dockfill-agent replay --since 7d                      is the log reproduced?
  dockfill-agent replay --since 7d --policy new.toml    what would have changed?

Exit status:
  0  every line was played; the log was reproduced.
  1  a line was refused: the error in its answer says why, and those after it were played all the same. Or the log was not reproduced.
  2  the scenario, the log or the policy could not be read, or not be played to the end.
  3  wrong usage.`
}

// Run plays a scenario or the site's own past, and ends as Help says.
func (r replayCmd) Run(p *program) error {
	switch {
	case r.File == "" && r.Since == "":
		return usageError("name a scenario file, or say with --since from when on this site's own log is to be played; see `dockfill-agent replay --help`")
	case r.File != "" && r.Since != "":
		return usageError("a scenario file and --since exclude each other: --since plays this site's own log")
	case r.Since == "" && (r.JSON || r.Data != ""):
		return usageError("--json and --data belong to --since; a scenario's answers are JSON in any case")
	case r.Since != "":
		return r.past(p)
	}
	return r.scenario(p)
}

// scenario plays the file to its end.
func (r replayCmd) scenario(p *program) error {
	var in io.Reader = p.in
	if r.File != "-" {
		file, err := os.Open(r.File)
		if err != nil {
			return fmt.Errorf("scenario: %w; check the path", err)
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
		fmt.Fprintf(p.err, "scenario %s has %s why.\n", r.File, dock.Plural(int64(refused), "refused line: its answer says", "refused lines: their answers say"))
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
		return allocation.Policy{}, fmt.Errorf("policy: %w; check the path", err)
	}
	defer func() { _ = file.Close() }()
	p, err := policy.Read(file)
	var faults policy.Faults
	switch {
	case errors.As(err, &faults):
		return p, fmt.Errorf("the policy has %s, nothing was played\n%s", dock.Plural(int64(len(faults)), "fault", "faults"), faults.In(name))
	case err != nil:
		return p, fmt.Errorf("policy %s: %w", name, err)
	}
	return p, nil
}
