package why

import (
	"fmt"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Part is what a decision did to a line.
type Part string

// The parts.
const (
	Passed Part = "passed" // it is open and ranks better, and could take nothing
	Got    Part = "got"    // units came to it
	Lost   Part = "lost"   // units were taken from it for another line
	Next   Part = "next"   // it stood behind one that got units, and got none
)

// Decision is how units of one SKU found their places in an event.
type Decision struct {
	SKU allocation.SKU
	// Receipt is what came in; nil where units moved that were in the house.
	Receipt    *wire.Receipt
	Candidates []Candidate // the better ones first
	More       bool        // further better lines may have been passed: the event names no more
	Rest       []Put       // what went to no line
}

// Put is units that went from a place to a shelf, or out of the house. Places
// are as in wire.Move; From is "" for what came in.
type Put struct {
	Qty      int64
	From, To string
}

// Candidate is a line in a decision.
type Candidate struct {
	Line allocation.LineID
	Part Part
	Qty  int64
	From string // of what it got: a line or a shelf; "" came in
	// Lacks is what it lacked, of Passed.
	Lacks allocation.WhyCode
	// By set the line before Over, of Got.
	By   allocation.Key
	Over allocation.LineID
	// Text says it in words.
	Text string
	// Now is the line as it is known now; nil where it is not known any more.
	Now *allocation.Line
	// Changed says that the line, or the one that it came before, was changed
	// since: as they are now, By would not set it before Over.
	Changed bool
	// Weight and Given are, where fair share decided, what the line wants in all as it
	// is known now, and what it had got of that before its turn; Given is -1 where
	// nobody knows that any more.
	Weight, Given int64
}

// Known gives what is known now of lines and of policies by their versions.
type Known struct {
	Lines    map[allocation.LineID]allocation.Line
	Policies map[string]allocation.Policy
	// Given is what lines held before the event; a line is missing where nobody knows.
	Given map[allocation.LineID]int64
}

// Shared reports whether fair share may have decided in an event.
func (k Known) Shared(e wire.Event) bool {
	p, known := k.Policies[PolicyOf(e)]
	return known && p.Rules().Share == allocation.Fair
}

// Named lists the lines that an event names, each once.
func Named(e wire.Event) (all []allocation.LineID) {
	add := func(id allocation.LineID) {
		if id != "" && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	for _, d := range Explain(e, Known{}) {
		for _, c := range d.Candidates {
			add(c.Line)
		}
	}
	if e.Deed != nil {
		add(e.Deed.Line)
	}
	return all
}

// Explain tells an event's decisions, one for each SKU that came in or moved, in
// the order in which they were made.
func Explain(e wire.Event, k Known) []Decision {
	x := explaining{known: k}
	x.policy, x.ruled = k.Policies[PolicyOf(e)]
	var moves []wire.Move
	var passed []wire.Passed
	more := false
	switch {
	case e.Scan != nil:
		for i := range e.Scan.Receipts {
			x.receipt(&e.Scan.Receipts[i])
		}
		moves, passed, more = e.Scan.Moves, e.Scan.Passed, e.Scan.More
	case e.Undo != nil:
		moves, passed, more = e.Undo.Moves, e.Undo.Passed, e.Undo.More
	case e.Applied != nil:
		moves, passed, more = e.Applied.Moves, e.Applied.Passed, e.Applied.More
	case e.Deed != nil:
		moves, passed, more = e.Deed.Moves, e.Deed.Passed, e.Deed.More
	}
	for _, m := range moves {
		x.move(m)
	}
	x.behind()
	for _, p := range passed {
		x.pass(p)
	}
	// A decision names MaxPassed lines and need not look at further ones.
	if (more || len(passed) >= allocation.MaxPassed) && len(x.all) > 0 {
		x.all[0].More = true
	}
	x.say()
	return x.all
}

// PolicyOf is the version of the policy that was in force; "" where the event
// does not say.
func PolicyOf(e wire.Event) string {
	switch {
	case e.Scan != nil:
		return e.Scan.Policy
	case e.Undo != nil:
		return e.Undo.Policy
	case e.Applied != nil:
		return e.Applied.Policy
	case e.Deed != nil:
		return e.Deed.Policy
	}
	return ""
}

type explaining struct {
	known  Known
	policy allocation.Policy
	ruled  bool // policy is that of the event
	all    []Decision
	given  map[allocation.LineID]int64 // as Known.Given, with the turns so far
}

func (x *explaining) receipt(r *wire.Receipt) {
	d := Decision{SKU: r.SKU, Receipt: r}
	for _, a := range r.Allocations {
		d.Candidates = append(d.Candidates, Candidate{Line: a.Line, Part: Got, Qty: a.Qty, By: a.By, Over: a.Over})
	}
	for _, p := range []Put{{Qty: r.Free, To: string(allocation.Free)}, {Qty: r.Surplus, To: string(allocation.Surplus)}} {
		if p.Qty > 0 {
			d.Rest = append(d.Rest, p)
		}
	}
	if to := dispositionShelf(r.Disposition); to != "" {
		d.Rest = append(d.Rest, Put{Qty: r.Qty, To: string(to)})
	}
	x.all = append(x.all, d)
}

// dispositionShelf is where received units lie that are not good.
func dispositionShelf(d allocation.Disposition) allocation.Shelf {
	switch d {
	case allocation.Damaged:
		return allocation.Broken
	case allocation.Hold:
		return allocation.Aside
	}
	return ""
}

// moved is the decision over a SKU's units that were in the house.
func (x *explaining) moved(sku allocation.SKU) *Decision {
	i := slices.IndexFunc(x.all, func(d Decision) bool { return d.SKU == sku && d.Receipt == nil })
	if i < 0 {
		x.all = append(x.all, Decision{SKU: sku})
		i = len(x.all) - 1
	}
	return &x.all[i]
}

func (x *explaining) move(m wire.Move) {
	d := x.moved(m.SKU)
	if to := m.ToLine(); to != "" {
		d.Candidates = append(d.Candidates, Candidate{Line: to, Part: Got, Qty: m.Qty, From: m.From, By: m.By, Over: m.Over})
	} else {
		d.Rest = append(d.Rest, Put{m.Qty, m.From, m.To})
	}
	from := m.FromLine()
	if from == "" {
		return
	}
	lost := func(c Candidate) bool { return c.Line == from && c.Part == Lost }
	if i := slices.IndexFunc(d.Candidates, lost); i >= 0 {
		d.Candidates[i].Qty += m.Qty
		return
	}
	d.Candidates = append(d.Candidates, Candidate{Line: from, Part: Lost, Qty: m.Qty})
}

// behind adds the lines that others came before and that got nothing, and puts
// those that lost units at the end.
func (x *explaining) behind() {
	for i := range x.all {
		d := &x.all[i]
		for _, c := range slices.Clone(d.Candidates) {
			if c.Over != "" && !slices.ContainsFunc(d.Candidates, isLine(c.Over)) {
				d.Candidates = append(d.Candidates, Candidate{Line: c.Over, Part: Next})
			}
		}
		slices.SortStableFunc(d.Candidates, func(a, b Candidate) int { return turn(a.Part) - turn(b.Part) })
	}
}

func turn(p Part) int { return slices.Index([]Part{Got, Next, Lost}, p) }

func isLine(id allocation.LineID) func(Candidate) bool {
	return func(c Candidate) bool { return c.Line == id }
}

// pass puts a line that units went past among those of its SKU: before the first
// that it ranks before now, or before all where its rank is not known.
func (x *explaining) pass(p wire.Passed) {
	d := x.decisionOf(p.Line)
	at := 0
	for d.Candidates != nil && at < len(d.Candidates) && (d.Candidates[at].Part == Passed || x.better(d.Candidates[at].Line, p.Line)) {
		at++
	}
	d.Candidates = slices.Insert(d.Candidates, at, Candidate{Line: p.Line, Part: Passed, Lacks: p.Lacks})
}

// better reports whether a line that got units is known to rank before another.
func (x *explaining) better(a, b allocation.LineID) bool {
	la, knowA := x.known.Lines[a]
	lb, knowB := x.known.Lines[b]
	if !x.ruled || !knowA || !knowB {
		return false
	}
	_, better := x.policy.Better(la.Rank, lb.Rank)
	return better
}

// decisionOf is the decision that a passed line waited in: that over its SKU, or
// the first, whose goods may have stood in for its own.
func (x *explaining) decisionOf(id allocation.LineID) *Decision {
	if l, known := x.known.Lines[id]; known {
		for i := range x.all {
			if x.all[i].SKU == l.SKU {
				return &x.all[i]
			}
		}
	}
	if len(x.all) == 0 {
		x.all = append(x.all, Decision{})
	}
	return &x.all[0]
}

// say puts what is known of the lines, and the words, beside the candidates.
func (x *explaining) say() {
	x.given = maps.Clone(x.known.Given)
	for i := range x.all {
		for j := range x.all[i].Candidates {
			c := &x.all[i].Candidates[j]
			if l, known := x.known.Lines[c.Line]; known {
				c.Now = &l
			}
			if c.Part != Passed && x.fair() {
				c.Weight, c.Given = x.share(c.Line)
			}
			x.text(c)
			x.turn(c)
		}
	}
}

func (x *explaining) fair() bool { return x.ruled && x.policy.Rules().Share == allocation.Fair }

// share is what a line wants in all, and what it has got of it before its turn; -1
// where nobody knows.
func (x *explaining) share(id allocation.LineID) (weight, given int64) {
	l := x.known.Lines[id]
	given, known := x.given[id]
	if !known {
		given = -1
	}
	return l.Wanted(), given
}

// turn notes what a line got, for the turns behind it.
func (x *explaining) turn(c *Candidate) {
	for _, l := range []struct {
		id  allocation.LineID
		qty int64
	}{{c.Line, c.Qty}, {allocation.LineID(c.From), -c.Qty}} {
		if _, known := x.given[l.id]; known && c.Part == Got {
			x.given[l.id] += l.qty
		}
	}
}

func (x *explaining) text(c *Candidate) {
	switch c.Part {
	case Passed:
		l := allocation.Line{}
		if c.Now != nil {
			l = *c.Now
		}
		c.Text = l.Lack(c.Lacks)
	case Got:
		c.Text = x.gotText(c)
	case Lost:
		c.Text = fmt.Sprintf("%d taken from it", c.Qty)
	case Next:
		c.Text = "next in turn"
	}
}

// gotText says what set the line before the next one.
func (x *explaining) gotText(c *Candidate) string {
	if c.Over == "" {
		return "no other line of its SKU that could take it stood behind it"
	}
	over, known := x.known.Lines[c.Over]
	if c.By == allocation.ByShare {
		return x.shareText(c)
	}
	if c.Now == nil || !known {
		return fmt.Sprintf("before %s by %s", c.Over, c.By.Name())
	}
	if x.stillSo(c.By, c.Now.Rank, over.Rank) {
		return fmt.Sprintf("before %s by %s", c.Over, x.tie(c.By, c.Now.Rank, over.Rank)+c.By.Contrast(c.Now.Rank, over.Rank))
	}
	c.Changed = true
	return fmt.Sprintf("before %s by %s; changed since: %s is %s here and %s there now", c.Over, c.By.Name(), c.By.Name(),
		c.By.Value(c.Now.Rank), c.By.Value(over.Rank))
}

// shareText sets what the two lines had got side by side.
func (x *explaining) shareText(c *Candidate) string {
	text := fmt.Sprintf("before %s by fair share", c.Over)
	over, known := x.known.Lines[c.Over]
	if c.Now == nil || !known {
		return text
	}
	_, mine := x.share(c.Line)
	_, theirs := x.share(c.Over)
	if mine < 0 || theirs < 0 {
		return fmt.Sprintf("%s; what each had got then is not known here: by now it has got %d of %d, %s %d of %d", text,
			c.Now.Allocated, c.Now.Wanted(), c.Over, over.Allocated, over.Wanted())
	}
	return fmt.Sprintf("%s: it had got %d of %d, %s %d of %d", text, mine, c.Now.Wanted(), c.Over, theirs, over.Wanted())
}

// tie says that a key decided only because the shares of two lines of a band were equal.
func (x *explaining) tie(by allocation.Key, a, b allocation.Rank) string {
	if !x.fair() || !slices.Contains(x.policy.Keys(), by) || x.policy.BandKey(a) != x.policy.BandKey(b) {
		return ""
	}
	return "rank, as their shares were equal: "
}

// stillSo reports whether a key would set one rank before another today: under
// the event's policy, where it is known, no earlier key may tell them apart. What
// decides beside rank cannot be asked again.
func (x *explaining) stillSo(by allocation.Key, a, b allocation.Rank) bool {
	if by.Value(a) == "" && by.Value(b) == "" {
		return true
	}
	if x.ruled && slices.Contains(x.policy.Keys(), by) {
		key, better := x.policy.Better(a, b)
		return better && key == by
	}
	return by.Ranks(a, b)
}
