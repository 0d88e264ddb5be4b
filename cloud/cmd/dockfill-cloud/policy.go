package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"dockfill/allocation"
	"dockfill/allocation/policy"
	"dockfill/sync/wire"
)

type policyCmd struct {
	Check    policyCheckCmd    `cmd:"" help:"Say all that is wrong with the policy of a file, and where; nothing is sent."`
	Activate policyActivateCmd `cmd:"" help:"Put the policy of a file in force at every site, and say which sites have it."`
	Show     policyShowCmd     `cmd:"" help:"Print the policy in force, in the form that check and activate take."`
}

const policyHelp = `A policy document, as "dockfill-cloud policy show" prints one:

  version = "2027-04"        # stands for these rules for ever
  rank = ["override", "class", "contract", "tier", "promised", "accepted"]
  share = "sequence"         # or "fair"
  gate_mode = "hold"         # or "skip"
  over_receipt_pct = 0       # units above what was announced that count as usual
  stage_at_beep = false
  [[guarantee]]
  segment = "web"
  qty = 4                    # of each SKU, before rank

What is left out is the default, but for the version.`

// policyFile is a file that holds a policy.
type policyFile struct {
	File string `arg:"" help:"FILE.toml, or - for standard input."`
}

// read reads and checks the policy. It takes one byte more than a policy may have,
// so that a larger one is refused as such.
func (f policyFile) read(p *program) (allocation.Policy, []byte, error) {
	in := p.in
	if f.File != "-" {
		file, err := os.Open(f.File)
		if err != nil {
			return allocation.Policy{}, nil, f.unread(err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, policy.MaxBytes+1))
	if err != nil {
		return allocation.Policy{}, nil, f.unread(err)
	}
	rules, err := policy.Parse(text)
	return rules, text, err
}

func (f policyFile) unread(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s cannot be read: %w", quoted(f.File), err)
}

// list tells all that is wrong with the document.
func (f policyFile) list(p *program, faults policy.Faults, then string) error {
	for _, one := range faults {
		fmt.Fprintf(p.err, "%s: %s\n", quoted(f.File), quoted(one.String()))
	}
	fmt.Fprintf(p.err, "dockfill-cloud: %s has %s%s\n", quoted(f.File), plural(len(faults), "fault"), then)
	return status(exitUsage)
}

type policyShowCmd struct {
	target
	JSON bool `env:"-" help:"Print JSON."`
}

func (s policyShowCmd) Run(p *program) error {
	c := s.client()
	var w wire.Policy
	if err := c.get(p.ctx, "/api/v1/policy", &w); err != nil {
		return err
	}
	if s.JSON {
		return printJSON(p.out, struct {
			Schema int `json:"schema"`
			wire.Policy
		}{schema, w})
	}
	rules, err := w.Check()
	if err != nil {
		return fmt.Errorf("the centre's policy is not understood here, a newer program is needed: %w", err)
	}
	text, err := policy.Format(rules)
	if err != nil {
		return err
	}
	_, err = p.out.Write(text)
	return err
}
