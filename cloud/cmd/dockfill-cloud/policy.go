package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"dockfill/allocation/policy"
	"dockfill/cloud/web"
	"dockfill/sync/wire"
)

type policyCmd struct {
	Set  policySetCmd  `cmd:"" help:"Put the policy of a file in force at every site."`
	Show policyShowCmd `cmd:"" help:"Print the policy in force, in the form that set takes."`
}

type policySetCmd struct {
	target
	File string `arg:"" help:"FILE.toml, or - for standard input."`
	JSON bool   `env:"-" help:"Print JSON."`
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

What is left out is the default. The file is checked before anything is sent.`

// Help is printed below the flags.
func (policySetCmd) Help() string { return policyHelp }

func (s policySetCmd) Run(p *program) error {
	text, err := s.read(p)
	if err != nil {
		return err
	}
	if _, err := policy.Parse(text); err != nil {
		return fmt.Errorf("%s: %s; the policy in force stays", quoted(s.File), quoted(err.Error()))
	}
	var set web.PolicySetJSON
	if err := s.client().do(p.ctx, "PUT", "/api/v1/policy", "application/toml", bytes.NewReader(text), &set); err != nil {
		return err
	}
	if s.JSON {
		return printJSON(p.out, struct {
			Schema int `json:"schema"`
			web.PolicySetJSON
		}{schema, set})
	}
	words := "is in force; every site is told"
	if !set.Changed {
		words = "is in force already"
	}
	_, err = fmt.Fprintf(p.out, "policy %s %s\n", quoted(set.Version), words)
	return err
}

// read takes one byte more than a policy may have, so that a larger one is
// refused as such.
func (s policySetCmd) read(p *program) ([]byte, error) {
	in := p.in
	if s.File != "-" {
		f, err := os.Open(s.File)
		var path *os.PathError
		if errors.As(err, &path) {
			return nil, fmt.Errorf("%s cannot be read: %w", quoted(s.File), path.Err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, policy.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", quoted(s.File), err)
	}
	return text, nil
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
