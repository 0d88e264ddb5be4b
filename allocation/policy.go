package allocation

import (
	"fmt"
	"slices"
	"strings"
)

// Share says how lines of one band share what comes in.
type Share string

// The shares.
const (
	Sequence Share = "sequence" // the better rank takes all it can first
	Fair     Share = "fair"     // each unit goes to the line with the highest weight/(2*given+1)
)

// GateMode says what is done with units for an order that cannot ship yet.
type GateMode string

// The gate modes.
const (
	GateHold GateMode = "hold" // gather them; better-ranked lines may still take them
	GateSkip GateMode = "skip" // give none until what is here and announced completes it
)

// Guarantee gives the lines of a segment Qty units of each SKU before rank.
type Guarantee struct {
	Segment string
	Qty     int64
}

// Rules is what a policy says. Zero values are the defaults.
type Rules struct {
	Rank        []Key
	Share       Share
	Gate        GateMode
	OverPct     int64 // units above what was announced that are treated as usual, percent
	Guarantees  []Guarantee
	StageAtBeep bool
}

// Policy is a versioned set of rules that was checked. The zero value is not
// usable; take DefaultPolicy or NewPolicy.
type Policy struct {
	Version string // named in every decision
	rank    []Key
	band    []Key
	rules   Rules
}

// DefaultPolicy ranks by all keys in the default order, fills in strict
// sequence, and holds units for orders with a gate.
func DefaultPolicy() Policy {
	p, err := NewPolicy("default", Rules{})
	if err != nil {
		panic(err) // the defaults are possible
	}
	return p
}

// MaxOverPct is the largest tolerance for units above what was announced.
const MaxOverPct = 1000

// NewPolicy checks the rules. Each key is known and named once; order and line
// are appended where the rank leaves them out, so that no two lines ever tie. An
// empty rank is the default one.
func NewPolicy(version string, r Rules) (Policy, error) {
	if err := CheckID("policy version", version); err != nil {
		return Policy{}, err
	}
	rank, err := wholeRank(r.Rank)
	if err != nil {
		return Policy{}, err
	}
	if r.Share, err = oneOf("share", r.Share, Sequence, Fair); err != nil {
		return Policy{}, err
	}
	if r.Gate, err = oneOf("gate_mode", r.Gate, GateHold, GateSkip); err != nil {
		return Policy{}, err
	}
	if err := CheckOverPct(r.OverPct); err != nil {
		return Policy{}, err
	}
	if err := checkGuarantees(r.Guarantees); err != nil {
		return Policy{}, err
	}
	r.Rank, r.Guarantees = rank, slices.Clone(r.Guarantees)
	return Policy{Version: version, rank: rank, band: bandOf(rank), rules: r}, nil
}

func wholeRank(rank []Key) ([]Key, error) {
	if len(rank) == 0 {
		return slices.Clone(defaultRank), nil
	}
	var keys []Key
	for _, k := range rank {
		switch {
		case !slices.Contains(defaultRank, k):
			return nil, fmt.Errorf("rank key %q is none of %s", k, joinKeys(defaultRank))
		case slices.Contains(keys, k):
			return nil, fmt.Errorf("rank key %q is named twice", k)
		}
		keys = append(keys, k)
	}
	for _, k := range []Key{ByOrder, ByLine} {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// bandOf gives the keys that set bands apart: those of override, class, contract
// and tier that the rank has, in its order. A person's override is among them as
// it would change nothing under fair share otherwise.
func bandOf(rank []Key) (band []Key) {
	for _, k := range rank {
		if slices.Contains([]Key{ByOverride, ByClass, ByContract, ByTier}, k) {
			band = append(band, k)
		}
	}
	return band
}

// oneOf takes one of two words; an empty one means the first.
func oneOf[T ~string](name string, got, first, second T) (T, error) {
	switch got {
	case "":
		return first, nil
	case first, second:
		return got, nil
	}
	return "", fmt.Errorf("%s %q is none of %s, %s", name, got, first, second)
}

// CheckOverPct reports why n is no tolerance in percent.
func CheckOverPct(n int64) error {
	if n < 0 || n > MaxOverPct {
		return fmt.Errorf("a tolerance of %d percent is not between 0 and %d", n, int64(MaxOverPct))
	}
	return nil
}

func checkGuarantees(all []Guarantee) error {
	seen := map[string]bool{}
	for _, g := range all {
		if err := CheckID("segment", g.Segment); err != nil {
			return err
		}
		if seen[g.Segment] {
			return fmt.Errorf("segment %q has two guarantees", g.Segment)
		}
		seen[g.Segment] = true
		if err := CheckQty(g.Qty); err != nil {
			return fmt.Errorf("segment %q: %w", g.Segment, err)
		}
	}
	return nil
}

// Rules gives what the policy says, defaults filled in.
func (p Policy) Rules() Rules {
	r := p.rules
	r.Rank, r.Guarantees = slices.Clone(r.Rank), slices.Clone(r.Guarantees)
	return r
}

// Keys returns the keys in the order in which they rank.
func (p Policy) Keys() []Key { return slices.Clone(p.rank) }

func joinKeys(keys []Key) string {
	s := make([]string, len(keys))
	for i, k := range keys {
		s[i] = string(k)
	}
	return strings.Join(s, ", ")
}
