package main

import (
	"errors"
	"fmt"
	"strings"

	"dockfill/allocation"
	"dockfill/allocation/policy"
)

type policyCheckCmd struct {
	policyFile
	JSON bool `env:"-" help:"Print JSON."`
}

// Help is printed below the flags.
func (policyCheckCmd) Help() string {
	return policyHelp + `

Exit status:
  0  the policy is good.
  2  the file cannot be read.
  3  it has faults: all are told, each with its line and column.`
}

func (c policyCheckCmd) Run(p *program) error {
	rules, _, err := c.read(p)
	var faults policy.Faults
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	if c.JSON {
		return c.json(p, rules.Version, faults)
	}
	if len(faults) > 0 {
		return c.list(p, faults, ".")
	}
	_, err = fmt.Fprintf(p.out, "%s is good: %s\n", quoted(c.File), inWords(rules))
	return err
}

type policyFaultJSON struct {
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

func (c policyCheckCmd) json(p *program, version string, faults policy.Faults) error {
	answer := struct {
		Schema  int               `json:"schema"`
		File    string            `json:"file"`
		Good    bool              `json:"good"`
		Version string            `json:"version,omitempty"`
		Faults  []policyFaultJSON `json:"faults"`
	}{schema, c.File, len(faults) == 0, version, []policyFaultJSON{}}
	for _, f := range faults {
		answer.Faults = append(answer.Faults, policyFaultJSON(f))
	}
	if err := printJSON(p.out, answer); err != nil || answer.Good {
		return err
	}
	return status(exitUsage)
}

// inWords says what a policy does, defaults filled in.
func inWords(p allocation.Policy) string {
	r := p.Rules()
	keys := make([]string, len(r.Rank))
	for i, k := range r.Rank {
		keys[i] = string(k)
	}
	text := fmt.Sprintf("policy %s ranks by %s; share %s, gate_mode %s, over_receipt_pct %d, stage_at_beep %t",
		quoted(p.Version), strings.Join(keys, ", "), r.Share, r.Gate, r.OverPct, r.StageAtBeep)
	for _, g := range r.Guarantees {
		text += fmt.Sprintf(", %d of each SKU for segment %s", g.Qty, quoted(g.Segment))
	}
	return text + "."
}
