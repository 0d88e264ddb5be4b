package check

import (
	"fmt"
	"io"
)

// family is a kind of house that each pair of faults strikes. A small one is walked
// through to its end, or far; a large one only near its beginning.
type family struct {
	name   string
	scope  Scope
	states int
}

var families = []family{
	{"rights", Scope{Wanted: [lines]uint8{1, 0}, Budget: Budget{Grants: 2, Scans: 2}, Mute: true}, 20000},
	{"logs", Scope{Budget: Budget{Stock: 2, Backups: 1}, Heal: 40}, 10000},
	{"both", Scope{Wanted: [lines]uint8{1, 0}, Budget: Budget{Grants: 2, Scans: 2, Undos: 1}, Heal: 40}, 12000},
	{"work", Scope{Wanted: [lines]uint8{2, 1}, Budget: Budget{Grants: 2, Scans: 4, Undos: 1}, Working: true, Mute: true}, 12000},
	{"house", Scope{Wanted: [lines]uint8{2, 1}, Budget: Budget{Grants: 1, Scans: 4, Stock: 1, Undos: 1, Backups: 1, Resends: 1}, Working: true, Heal: 40}, 12000},
}

// Totals are what all searches came to.
type Totals struct {
	Pairs, Rules, Limits int // searches: pairs of faults, rules that were taken away, and honest limits
	States               int
	Depth, Whole         int // the deepest one, and how many were walked through to their end
	Healed               int
	Over, Lost, Doubled  int // pairs that broke a promise
	Apart                int
	Missing              int // rules that nothing showed the need of, or another shortest way than is told
	Rare                 Rare
	whole                bool // it was a run of the usual length, so that it must meet all that is rare
}

// Bad reports whether anything is not as it must be.
func (t Totals) Bad() bool {
	return t.Over+t.Lost+t.Doubled+t.Apart+t.Missing > 0 || t.whole && len(t.Rare.Missed()) > 0
}

// String is the one line at the end.
func (t Totals) String() string {
	return fmt.Sprintf("T0: %d pairs of faults, %d rules taken away, %d limits, %d states, at most %d steps, %d searches to their end, %d states healed; lost %d, doubled %d, over-allocated %d, unconverged %d; "+
		"rules not shown to be needed %d; rare states visited %d of %d",
		t.Pairs, t.Rules, t.Limits, t.States, t.Depth, t.Whole, t.Healed, t.Lost, t.Doubled, t.Over, t.Apart, t.Missing, t.Rare.Count(), len(RareNames))
}

func (t *Totals) add(r Result) {
	t.States += r.States
	t.Depth = max(t.Depth, r.Depth)
	t.Healed += r.Healed
	t.Rare |= r.Rare
	if r.Whole {
		t.Whole++
	}
}

// Run does all that follows. percent is how many states are looked at, of the usual
// number.
func Run(out io.Writer, percent int) (t Totals) {
	Needs(out, &t, percent)
	Honest(out, &t, percent)
	Pairs(out, &t, percent)
	t.whole = percent >= 100
	return t
}

// Pairs lets every pair of faults strike every family; a fault may strike twice.
func Pairs(out io.Writer, t *Totals, percent int) {
	for a := range faults {
		for b := a; b < faults; b++ {
			t.Pairs++
			for _, f := range families {
				t.pair(out, a, b, f, percent)
			}
		}
	}
}

func (t *Totals) pair(out io.Writer, a, b int, f family, percent int) {
	s := f.scope
	s.Faults = once(a, b)
	s.BackedUp = s.Faults[CentreRestore]+s.Faults[CentreBare] > 0
	s.States = f.states * percent / 100
	r := Search(s)
	t.add(r)
	name := faultNames[a] + " + " + faultNames[b]
	fmt.Fprintf(out, "%-45s %-7s %8d states, %2d steps%s\n", name, f.name, r.States, r.Depth, map[bool]string{true: ", all"}[r.Whole])
	if r.Broken == nil {
		return
	}
	r.Broken.Write(out)
	switch r.Broken.Promise {
	case "over-allocation":
		t.Over++
	case "lost scan":
		t.Lost++
	case "doubled":
		t.Doubled++
	default:
		t.Apart++
	}
}

// Needs takes each rule away and wants to see what then breaks, in as many steps as the
// table tells.
func Needs(out io.Writer, t *Totals, percent int) {
	for _, row := range Rows() {
		if !row.Fits(percent) {
			continue
		}
		r := row.Search()
		t.Rules++
		t.States, t.Rare = t.States+r.States, t.Rare|r.Rare
		fmt.Fprintf(out, "without %q, %s:\n", row.Rule, row.Fault)
		if r.Broken == nil || r.Broken.Promise != row.Promise || len(r.Broken.Steps) != row.Steps {
			t.Missing++
			fmt.Fprintf(out, "  NOT AS TOLD: %s in %d steps was to be found in %d states\n", row.Promise, row.Steps, r.States)
		}
		if r.Broken != nil {
			r.Broken.Write(out)
		}
	}
}

// Honest lets copies escape all that could notice them. Then more may be allocated than a
// line wants, which nobody can prevent; but no scan is lost, and all agree in the end.
func Honest(out io.Writer, t *Totals, percent int) {
	for _, l := range Limits() {
		t.Limits++
		r := Search(l.scope)
		t.States, t.Rare = t.States+r.States, t.Rare|r.Rare
		fmt.Fprintf(out, "honest limit: %s:\n", l.Rule)
		if r.Broken == nil || r.Broken.Promise != "over-allocation" || len(r.Broken.Steps) != l.Steps {
			t.Missing++
			fmt.Fprintf(out, "  NOT AS TOLD: over-allocation in %d steps was to be found in %d states\n", l.Steps, r.States)
		}
		if r.Broken != nil {
			r.Broken.Write(out)
		}
		logs := families[1]
		logs.scope.Unnoticed = true
		t.pair(out, l.class, l.class, logs, 4*percent)
	}
}

// Fits reports whether a run of that length looks for it.
func (r Row) Fits(percent int) bool { return r.Costs == 0 || percent >= 100 && r.Costs <= 10*percent }

// Search walks through the house without the rule.
func (r Row) Search() Result {
	steps := product()
	r.off(&steps)
	return search(r.scope, steps)
}
