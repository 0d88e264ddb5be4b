package allocation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Decide is the one decision: what an event does to the goods of a site, under a
// policy, on the day today, which is recorded input (the later of the site's and
// the last command's). It writes nothing: the moves and the lines as they are
// afterwards are for the caller to write, in the transaction of the view.
//
// After every event free stock is offered to the lines that wait, and lines take
// from others what class and rank allow, until nothing more can be given. A
// *Refusal says why an event is not acceptable; any other error is the view's.
func Decide(p Policy, v View, today Date, e Event) (Decision, error) {
	d := &draft{
		p: p, v: v, today: today, lines: map[LineID]*Line{}, before: map[LineID]Line{},
		todo: map[SKU]int{}, pools: map[SKU][]parcelAt{}, abouts: map[SKU]About{}, fresh: map[SKU]bool{},
	}
	defer d.close()
	d.out.Why.Policy = p.Version
	if err := e.decide(d); err != nil {
		return Decision{}, err
	}
	if err := d.settle(); err != nil {
		return Decision{}, err
	}
	return d.finish()
}

// draft is a decision while it is made: what the view says, with what was decided
// so far laid over it.
type draft struct {
	p     Policy
	v     View
	today Date

	lines  map[LineID]*Line // those that were touched
	before map[LineID]Line  // as the view had them
	held   map[LineID][]Parcel
	got    map[LineID][]Parcel // of lines whose held units were not read
	loose  []parcelAt          // what has come into the air: received, or lost by a line
	pools  map[SKU][]parcelAt  // free units in the order of use, those in the air among them
	stood  map[SKU]bool        // whose free stock is among them
	fresh  map[SKU]bool        // came just now, or a line wants more of it, and not served yet

	// What was read of the view, once.
	abouts  map[SKU]About
	orders  map[OrderID][]Line
	lacks   map[OrderID][]SKU
	awaited map[SKU]int64
	crowds  map[SKU]*crowd

	todo    map[SKU]int // to be offered: the stage that is due
	changed map[OrderID]bool
	woke    bool            // a gate was just filled
	woken   map[string]bool // gates that were found able to be whole, by line or order
	asked   map[turn]int    // when all gates of a SKU were last asked
	stir    map[SKU]stirred // whether anything may follow from a SKU's being offered
	changes int             // see change
	opened  map[LineID]bool // lines whose demand the event touched, or that it took units from
	arrived map[inboundSKU]int64
	beep    bool // the event is a receipt
	surplus bool // of which more came than was announced
	expired bool // of which some has expired
	out     Decision
}

type inboundSKU struct {
	id  InboundID
	sku SKU
}

// parcelAt is units with the place that they come from.
type parcelAt struct {
	Parcel
	from Place
}

// line gives a line to be read or changed.
func (d *draft) line(id LineID) (*Line, error) {
	if l := d.lines[id]; l != nil {
		return l, nil
	}
	l, found, err := d.v.Line(id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &Refusal{WhyNoLine, fmt.Sprintf("this site knows no line %s: nothing was changed", id)}
	}
	return d.touch(l), nil
}

// touch lays a line that was read over the view.
func (d *draft) touch(l Line) *Line {
	if had := d.lines[l.ID()]; had != nil {
		return had
	}
	d.before[l.ID()] = l
	d.lines[l.ID()] = &l
	return &l
}

// now gives a line that a cursor yielded as the draft has it, without keeping it.
func (d *draft) now(l Line) *Line {
	if had := d.lines[l.ID()]; had != nil {
		return had
	}
	return &l
}

// orderLines reads the lines of an order as they are in the draft.
func (d *draft) orderLines(id OrderID) ([]*Line, error) {
	read, err := d.viewed(id)
	if err != nil {
		return nil, err
	}
	all := make([]*Line, len(read))
	for i := range read {
		all[i] = d.now(read[i])
	}
	return all, nil
}

// whole reports whether all lines of an order are.
func (d *draft) whole(id OrderID) (bool, error) {
	all, err := d.orderLines(id)
	for _, l := range all {
		if l.Open() > 0 {
			return false, err
		}
	}
	return err == nil, err
}

// gathers reports whether the line's gate is not open in mode hold.
func (d *draft) gathers(l *Line) (bool, error) {
	if d.p.rules.Gate != GateHold || l.Ship != ShipOrder {
		return d.p.gathers(l, false), nil
	}
	whole, err := d.whole(l.Rank.Order)
	return !whole, err
}

// heldBy reads what a line holds, to be changed.
func (d *draft) heldBy(id LineID) ([]Parcel, error) {
	if held, read := d.held[id]; read {
		return held, nil
	}
	held, err := d.v.Held(id)
	if err != nil {
		return nil, err
	}
	held = slices.Clone(held)
	for _, p := range d.got[id] {
		held = add(held, p.Batch, p.Qty)
	}
	put(&d.held, id, held)
	return held, nil
}

// put sets an entry of a map that is made when it is first needed: most decisions
// need few of them.
func put[K comparable, V any](to *map[K]V, k K, v V) {
	if *to == nil {
		*to = map[K]V{}
	}
	(*to)[k] = v
}

// add puts units into parcels that stand in the order of use.
func add(all []Parcel, b Batch, n int64) []Parcel {
	i, found := slices.BinarySearchFunc(all, b, func(p Parcel, b Batch) int { return p.Batch.Before(b) })
	if !found {
		return slices.Insert(all, i, Parcel{Batch: b, Qty: n})
	}
	all[i].Qty += n
	return all
}

// change counts what was given, lost or served: what was asked of the draft before
// holds as long as nothing was.
func (d *draft) change() { d.changes++ }

// move writes a move down.
func (d *draft) move(m Move) {
	if m.From == m.To {
		return // a line that gets its own units back has them
	}
	d.out.Moves = append(d.out.Moves, m)
}

// open notes that a line may want more than before.
func (d *draft) open(l *Line) error {
	put(&d.opened, l.ID(), true)
	d.fresh[l.SKU] = true
	return d.wake(l)
}

// wake puts a line's goods, and those that stand in for them, on the list of what
// is to be offered; with a gate of the whole order, those of its other lines too.
func (d *draft) wake(l *Line) error {
	if err := d.wakeSKU(l.SKU); err != nil || l.Ship != ShipOrder {
		return err
	}
	// The gate may have closed or opened for all of them.
	all, err := d.orderLines(l.Rank.Order)
	for _, other := range all {
		d.touch(*other)
		if err == nil {
			err = d.wakeSKU(other.SKU)
		}
	}
	return err
}

func (d *draft) wakeSKU(sku SKU) error {
	d.todo[sku] = stageOwn
	kin, err := d.about(sku)
	for _, other := range kin.Substitutes {
		d.todo[other] = stageOwn
	}
	return err
}

// settle gives what can be given until nothing can: free goods to their own
// lines, then to those that they may stand in for, then from line to line. Each
// of these comes again when one behind it gave something.
func (d *draft) settle() error {
	for len(d.todo) > 0 {
		if err := d.round(); err != nil {
			return err
		}
	}
	for _, p := range d.loose {
		all := d.pools[p.SKU]
		if i, _ := locate(all, p); all[i].Qty > 0 { // nobody took it
			d.move(Move{Batch: p.Batch, Qty: all[i].Qty, From: p.from, To: Place{Shelf: Free}})
		}
	}
	return nil
}

// stages of what is done for a SKU that was woken.
const (
	stageOwn = iota
	stageStandIn
	stageTake
	stages
)

// round does the earliest stage that is due: for what just came, and then for the
// first SKU by name.
func (d *draft) round() error {
	sku, stage := SKU(""), stages
	for _, s := range slices.Sorted(maps.Keys(d.todo)) {
		sooner := d.todo[s] == stageOwn && stage == stageOwn && d.fresh[s] && !d.fresh[sku]
		if d.todo[s] < stage || sooner {
			sku, stage = s, d.todo[s]
		}
	}
	gave, err := false, error(nil)
	d.todo[sku]++
	switch stage {
	case stageOwn:
		err = d.serveOwn(sku)
	case stageStandIn:
		gave, err = d.serveOthers(sku)
	case stageTake:
		delete(d.todo, sku)
		// Lines take all they can before those that lost are offered anything: whoever
		// loses is woken.
		for took := true; took && err == nil; {
			took, err = d.take(sku)
		}
	}
	if gave {
		d.todo[sku] = stageOwn
	}
	return err
}

// finish says what the decision comes to.
func (d *draft) finish() (Decision, error) {
	if err := d.stageAtBeep(); err != nil {
		return Decision{}, err
	}
	for _, id := range slices.Sorted(maps.Keys(d.lines)) {
		if l := d.lines[id]; *l != d.before[id] {
			d.out.Lines = append(d.out.Lines, *l)
		}
	}
	if err := d.complete(); err != nil {
		return Decision{}, err
	}
	for _, id := range slices.Sorted(maps.Keys(d.opened)) {
		if l := d.lines[id]; l.Rank.Class == Win && l.Open() > 0 {
			d.out.Short = append(d.out.Short, id)
		}
	}
	d.reason()
	d.verdict()
	return d.out, nil
}

// complete finds the orders that became whole by getting units.
func (d *draft) complete() error {
	got := map[OrderID]bool{}
	for _, l := range d.out.Lines {
		if had := d.before[l.ID()]; l.Allocated > had.Allocated && l.Open() <= 0 {
			got[l.Rank.Order] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		whole, err := d.whole(id)
		if err != nil {
			return err
		}
		if whole {
			d.out.Completed = append(d.out.Completed, id)
		}
	}
	return nil
}

// reason names the decision's code where the event has not.
func (d *draft) reason() {
	w := &d.out.Why
	w.Passed = slices.DeleteFunc(w.Passed, func(p Passed) bool {
		return slices.ContainsFunc(d.out.Moves, func(m Move) bool { return m.To == At(p.Line) })
	})
	switch {
	case w.Code != "":
	case slices.ContainsFunc(d.out.Moves, func(m Move) bool { return m.To.Shelf == WithLine }):
		w.Code = WhyRanked
	case d.surplus:
		w.Code = WhySurplus
	case d.expired:
		w.Code = WhyExpired
	case len(w.Passed) == 0:
		w.Code = WhyNoDemand
	default:
		w.Code = w.Passed[0].Lacks
		if slices.ContainsFunc(w.Passed, func(p Passed) bool { return p.Lacks != w.Code }) {
			w.Code = WhyPassed
		}
	}
}

// inOrderOfUse puts what is just received before what lies elsewhere, where the
// batches are the same.
func inOrderOfUse(a, b parcelAt) int {
	return cmp.Or(a.Batch.Before(b.Batch), cmp.Compare(nearness(a.from), nearness(b.from)), cmp.Compare(a.from.Line, b.from.Line))
}

func nearness(p Place) int {
	switch p.Shelf {
	case Dock:
		return 0
	case Free:
		return 2
	}
	return 1
}

// verdict says what the worker is told of the units just scanned.
func (d *draft) verdict() {
	if !d.beep {
		return
	}
	d.out.Verdict = Held
	for _, m := range d.out.Moves {
		switch {
		case m.From.Shelf == Dock && m.To.Shelf == WithLine:
			d.out.Verdict = Allocated
			return
		case m.From.Shelf == Dock && m.To.Shelf == Free:
			d.out.Verdict = Stock
		}
	}
}
