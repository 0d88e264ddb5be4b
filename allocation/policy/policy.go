// Package policy reads policy documents: TOML, checked strictly, so that a
// misspelt key is an error with its line and column and not a rule that silently
// does not hold. All that is wrong is told at once.
//
//	version = "2027-04"
//	rank = ["override", "class", "contract", "tier", "promised", "accepted"]
//	share = "fair"             # or "sequence"
//	gate_mode = "skip"         # or "hold"
//	over_receipt_pct = 10
//	stage_at_beep = true
//
//	[[guarantee]]
//	segment = "web"
//	qty = 4                    # of each SKU
package policy

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"dockfill/allocation"
)

// MaxBytes is the largest document that is read.
const MaxBytes = 64 << 10

// Fault is one thing that is wrong in a document, and where. Line and Column, in
// characters, count from 1; both are 0 of a document that is not read for its size.
type Fault struct {
	Line, Column int
	Message      string
}

func (f Fault) String() string {
	if f.Line == 0 {
		return f.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Message)
}

// Faults is all that is wrong in a document, in its order.
type Faults []Fault

// Error gives a line to each fault.
func (f Faults) Error() string { return strings.Join(f.each(""), "\n") }

// In gives a line to each fault, which begins with the name of the file.
func (f Faults) In(file string) string { return strings.Join(f.each(file+": "), "\n") }

func (f Faults) each(before string) []string {
	all := make([]string, len(f))
	for i, one := range f {
		all[i] = before + one.String()
	}
	return all
}

// Parse reads a document. Its error is Faults.
func Parse(text []byte) (allocation.Policy, error) {
	if len(text) > MaxBytes {
		return allocation.Policy{}, Faults{{Message: fmt.Sprintf("the policy is larger than the %d bytes that are read", MaxBytes)}}
	}
	d := document{text: text, given: map[string]int{}}
	d.read()
	p, err := allocation.NewPolicy(d.version, d.rules)
	if len(d.faults) == 0 && err != nil {
		d.fault(0, err.Error())
	}
	if len(d.faults) == 0 {
		return p, nil
	}
	slices.SortStableFunc(d.faults, func(a, b Fault) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return allocation.Policy{}, d.faults
}

// Read reads a document from r. Its error is Faults, or one of r.
func Read(r io.Reader) (allocation.Policy, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return allocation.Policy{}, err
	}
	return Parse(text)
}

// written is a policy as Format writes it.
type written struct {
	Version     string              `toml:"version"`
	Rank        []allocation.Key    `toml:"rank"`
	Share       allocation.Share    `toml:"share"`
	GateMode    allocation.GateMode `toml:"gate_mode"`
	OverPct     int64               `toml:"over_receipt_pct"`
	StageAtBeep bool                `toml:"stage_at_beep"`
	Guarantees  []struct {
		Segment string `toml:"segment"`
		Qty     int64  `toml:"qty"`
	} `toml:"guarantee,omitempty"`
}

// Format writes a policy as the document that Parse reads.
func Format(p allocation.Policy) ([]byte, error) {
	r := p.Rules()
	w := written{Version: p.Version, Rank: r.Rank, Share: r.Share, GateMode: r.Gate, OverPct: r.OverPct, StageAtBeep: r.StageAtBeep}
	for _, g := range r.Guarantees {
		w.Guarantees = append(w.Guarantees, struct {
			Segment string `toml:"segment"`
			Qty     int64  `toml:"qty"`
		}(g))
	}
	return toml.Marshal(w)
}
