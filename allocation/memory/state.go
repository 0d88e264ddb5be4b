// Package memory holds a site's state in memory, for simulations and tests. It
// answers a decision's questions as a store does from its indexes, and writes
// decisions down as a store does.
package memory

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"dockfill/allocation"
)

// State is a site. Its fields are read by whoever shows them; they are changed by
// its methods alone.
type State struct {
	Policy   allocation.Policy
	Today    allocation.Date
	Lines    map[allocation.LineID]*allocation.Line
	Inbounds map[allocation.InboundID]*Inbound
	// Read counts the lines that decisions read by cursors.
	Read int

	bySKU       map[allocation.SKU][]*allocation.Line // by rank
	byOrder     map[allocation.OrderID][]*allocation.Line
	held        map[allocation.LineID]map[allocation.Batch]*allocation.Parcel
	stock       map[allocation.Place]map[allocation.Batch]int64
	substitutes map[allocation.SKU][]allocation.SKU
	serials     map[serial]int64
}

type serial struct{ trade, serial string }

// Inbound is announced supply and what came of it.
type Inbound struct {
	Announced map[allocation.SKU]int64
	Received  map[allocation.SKU]int64
	Loose     map[allocation.SKU]int64
	Expected  allocation.Date
	Tolerance *int64
	Closed    bool
}

// New is a site with nothing in it.
func New(p allocation.Policy) *State {
	return &State{
		Policy: p, Lines: map[allocation.LineID]*allocation.Line{}, Inbounds: map[allocation.InboundID]*Inbound{},
		bySKU: map[allocation.SKU][]*allocation.Line{}, byOrder: map[allocation.OrderID][]*allocation.Line{},
		held:        map[allocation.LineID]map[allocation.Batch]*allocation.Parcel{},
		stock:       map[allocation.Place]map[allocation.Batch]int64{},
		substitutes: map[allocation.SKU][]allocation.SKU{}, serials: map[serial]int64{},
	}
}

// Decide decides an event and writes it down; a refusal changes nothing, nor does
// a decision that contradicts itself, which is an error.
func (s *State) Decide(e allocation.Event) (allocation.Decision, error) {
	d, err := allocation.Decide(s.Policy, s, s.Today, e)
	if err == nil {
		err = s.check(d)
	}
	if err == nil {
		s.write(e, d)
	}
	return d, err
}

// check holds a decision against itself, as the constraints of a store do: its
// moves and its lines tell of the same units.
func (s *State) check(d allocation.Decision) error {
	moved := map[allocation.LineID]int64{}
	for _, l := range d.Lines {
		moved[l.ID()] -= l.Allocated - l.Shipped
		if had := s.Lines[l.ID()]; had != nil {
			moved[l.ID()] += had.Allocated - had.Shipped
		}
	}
	for _, m := range d.Moves {
		if m.Qty <= 0 || m.From == m.To || (m.By == "") != (m.Over == "") || m.Over != "" && m.Over == m.To.Line {
			return fmt.Errorf("%+v is no move", m)
		}
		for _, at := range []allocation.Place{m.From, m.To} {
			if held := at.Shelf == allocation.WithLine || at.Shelf == allocation.Bound; held != (at.Line != "") {
				return fmt.Errorf("%+v is between no places", m)
			}
		}
		moved[m.From.Line] -= m.Qty
		moved[m.To.Line] += m.Qty
	}
	delete(moved, "")
	for id, n := range moved {
		if n != 0 {
			return fmt.Errorf("line %s: moves and totals differ by %d", id, n)
		}
	}
	for _, g := range d.Returns {
		if g.Qty <= 0 {
			return fmt.Errorf("%+v returns nothing", g)
		}
	}
	return nil
}

func (s *State) write(e allocation.Event, d allocation.Decision) {
	for _, l := range d.Lines {
		*s.Lines[l.ID()] = l
	}
	for _, m := range d.Moves {
		s.take(m)
		s.put(m)
	}
	switch e := e.(type) {
	case allocation.Receive:
		s.received(e.Receipts, 1)
	case allocation.Undo:
		var all []allocation.Receipt
		for _, r := range e.Receipts {
			all = append(all, r.Receipt)
		}
		s.received(all, -1)
	}
}

// received counts what came by an inbound's name, and then what came by none.
func (s *State) received(all []allocation.Receipt, sign int64) {
	loose := map[allocation.SKU]int64{}
	for _, r := range all {
		if in := s.Inbounds[r.Inbound]; in != nil {
			in.Received[r.SKU] += sign * r.Qty
		} else if r.Inbound == "" {
			loose[r.SKU] += sign * r.Qty
		}
	}
	for sku, n := range loose {
		awaited, _ := s.Awaited(sku)
		allocation.Spread(awaited, n)
		for _, a := range awaited {
			in := s.Inbounds[a.Inbound]
			if in.Loose == nil {
				in.Loose = map[allocation.SKU]int64{}
			}
			in.Loose[sku] = a.Loose
		}
	}
}

func (s *State) take(m allocation.Move) {
	switch m.From.Shelf {
	case allocation.Outside, allocation.Dock:
		if m.Serial != "" {
			s.serials[serial{m.Trade, m.Serial}] += m.Qty
		}
	case allocation.WithLine, allocation.Bound:
		p := s.parcel(m.From.Line, m.Batch)
		p.Qty -= m.Qty
		if m.From.Shelf == allocation.Bound {
			p.Bound -= m.Qty
		}
		if p.Qty == 0 {
			delete(s.held[m.From.Line], m.Batch)
		}
	default:
		if s.stock[m.From][m.Batch] -= m.Qty; s.stock[m.From][m.Batch] == 0 {
			delete(s.stock[m.From], m.Batch)
		}
	}
}

func (s *State) put(m allocation.Move) {
	switch m.To.Shelf {
	case allocation.Outside:
		if m.Serial != "" {
			if s.serials[serial{m.Trade, m.Serial}] -= m.Qty; s.serials[serial{m.Trade, m.Serial}] == 0 {
				delete(s.serials, serial{m.Trade, m.Serial})
			}
		}
	case allocation.WithLine, allocation.Bound:
		p := s.parcel(m.To.Line, m.Batch)
		p.Qty += m.Qty
		if m.To.Shelf == allocation.Bound {
			p.Bound += m.Qty
		}
	default:
		if s.stock[m.To] == nil {
			s.stock[m.To] = map[allocation.Batch]int64{}
		}
		s.stock[m.To][m.Batch] += m.Qty
	}
}

func (s *State) parcel(id allocation.LineID, b allocation.Batch) *allocation.Parcel {
	if s.held[id] == nil {
		s.held[id] = map[allocation.Batch]*allocation.Parcel{}
	}
	if s.held[id][b] == nil {
		s.held[id][b] = &allocation.Parcel{Batch: b}
	}
	return s.held[id][b]
}

// Put writes a line's facts: a new line, or one whose order changed. The totals
// of a line that is there stay as they are.
func (s *State) Put(l allocation.Line) {
	if had := s.Lines[l.ID()]; had != nil {
		l.Ordered, l.Cancelled, l.Allocated, l.Picked, l.Staged = had.Ordered, had.Cancelled, had.Allocated, had.Picked, had.Staged
		l.Shipped, l.Guaranteed, l.Excess, l.Right, l.Sunk = had.Shipped, had.Guaranteed, had.Excess, had.Right, had.Sunk
		s.bySKU[had.SKU] = drop(s.bySKU[had.SKU], had)
		s.byOrder[had.Rank.Order] = drop(s.byOrder[had.Rank.Order], had)
	}
	s.Lines[l.ID()] = &l
	i, _ := slices.BinarySearchFunc(s.bySKU[l.SKU], &l, s.byRank)
	s.bySKU[l.SKU] = slices.Insert(s.bySKU[l.SKU], i, &l)
	s.byOrder[l.Rank.Order] = append(s.byOrder[l.Rank.Order], &l)
	slices.SortFunc(s.byOrder[l.Rank.Order], func(a, b *allocation.Line) int { return cmp.Compare(a.ID(), b.ID()) })
}

func drop(all []*allocation.Line, l *allocation.Line) []*allocation.Line {
	return slices.DeleteFunc(all, func(o *allocation.Line) bool { return o == l })
}

func (s *State) byRank(a, b *allocation.Line) int {
	switch _, better := s.Policy.Better(a.Rank, b.Rank); {
	case better:
		return -1
	case a.ID() == b.ID():
		return 0
	}
	return 1
}

// SetPolicy puts a policy in force: all lines are ranked anew.
func (s *State) SetPolicy(p allocation.Policy) {
	s.Policy = p
	for _, all := range s.bySKU {
		slices.SortFunc(all, s.byRank)
	}
}

// SetSubstitutes says which goods stand in for a SKU.
func (s *State) SetSubstitutes(sku allocation.SKU, by []allocation.SKU) { s.substitutes[sku] = by }

// On sums what lies on a shelf of a SKU.
func (s *State) On(sku allocation.SKU, shelf allocation.Shelf) (n int64) {
	for place, all := range s.stock {
		for b, q := range all {
			if place.Shelf == shelf && b.SKU == sku {
				n += q
			}
		}
	}
	return n
}

// Waiting is of allocation.View.
func (s *State) Waiting(q allocation.Search) allocation.Cursor {
	all := s.bySKU[q.SKU]
	if s.Policy.Rules().Share == allocation.Fair {
		all = slices.Clone(all)
		slices.SortFunc(all, s.served)
	}
	from := 0
	if q.After != nil {
		from, _ = slices.BinarySearchFunc(all, q.After, s.order())
		for from < len(all) && s.order()(all[from], q.After) <= 0 {
			from++
		}
	}
	return &cursor{s, q, all[from:]}
}

// cursor walks the lines that fit a search.
type cursor struct {
	s    *State
	q    allocation.Search
	left []*allocation.Line
}

func (c *cursor) Next() (allocation.Line, bool, error) {
	for len(c.left) > 0 {
		l := c.left[0]
		c.left = c.left[1:]
		if c.q.Fits(c.s.Policy, l) {
			c.s.Read++
			return *l, true, nil
		}
	}
	return allocation.Line{}, false, nil
}

func (c *cursor) Stop() { c.left = nil }

func (s *State) order() func(a, b *allocation.Line) int {
	if s.Policy.Rules().Share == allocation.Fair {
		return s.served
	}
	return s.byRank
}

func (s *State) served(a, b *allocation.Line) int {
	if a.ID() == b.ID() {
		return 0
	}
	if _, before := s.Policy.Before(a, b); before {
		return -1
	}
	return 1
}

// Holders is of allocation.View.
func (s *State) Holders(sku allocation.SKU, kinds allocation.Holding) iter.Seq2[allocation.Line, error] {
	all := slices.Clone(s.bySKU[sku])
	slices.SortFunc(all, func(a, b *allocation.Line) int { return -s.worseLast(a, b) })
	return func(yield func(allocation.Line, error) bool) {
		for _, l := range all {
			if !kinds.Fits(s.Policy, l, s.whole(l.Rank.Order)) {
				continue
			}
			s.Read++
			if !yield(*l, nil) {
				return
			}
		}
	}
}

func (s *State) whole(id allocation.OrderID) bool {
	return !slices.ContainsFunc(s.byOrder[id], func(l *allocation.Line) bool { return l.Open() > 0 })
}

// Line is of allocation.View.
func (s *State) Line(id allocation.LineID) (allocation.Line, bool, error) {
	if l := s.Lines[id]; l != nil {
		return *l, true, nil
	}
	return allocation.Line{}, false, nil
}

// OrderLines is of allocation.View.
func (s *State) OrderLines(id allocation.OrderID) (all []allocation.Line, err error) {
	for _, l := range s.byOrder[id] {
		all = append(all, *l)
	}
	return all, nil
}

// Held is of allocation.View.
func (s *State) Held(id allocation.LineID) (all []allocation.Parcel, err error) {
	for _, p := range s.held[id] {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b allocation.Parcel) int { return a.Batch.Before(b.Batch) })
	return all, nil
}

// Stock is of allocation.View.
func (s *State) Stock(sku allocation.SKU, shelf allocation.Shelf) iter.Seq2[allocation.Parcel, error] {
	all := map[allocation.Batch]int64{}
	for place, batches := range s.stock {
		for b, n := range batches {
			if place.Shelf == shelf && b.SKU == sku {
				all[b] += n
			}
		}
	}
	return inOrder(all, allocation.Batch.Before)
}

// Surplus is of allocation.View.
func (s *State) Surplus(id allocation.InboundID) iter.Seq2[allocation.Parcel, error] {
	return inOrder(s.stock[allocation.Place{Shelf: allocation.Surplus, Inbound: id}], func(a, b allocation.Batch) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), a.Before(b))
	})
}

func inOrder(all map[allocation.Batch]int64, by func(a, b allocation.Batch) int) iter.Seq2[allocation.Parcel, error] {
	sorted := slices.SortedFunc(maps.Keys(all), by)
	return func(yield func(allocation.Parcel, error) bool) {
		for _, b := range sorted {
			if !yield(allocation.Parcel{Batch: b, Qty: all[b]}, nil) {
				return
			}
		}
	}
}

// Awaited is of allocation.View.
func (s *State) Awaited(sku allocation.SKU) (all []allocation.Awaited, err error) {
	for id, in := range s.Inbounds {
		if !in.Closed && in.Announced[sku] > in.Received[sku] {
			all = append(all, allocation.Awaited{Inbound: id, Expected: in.Expected, Announced: in.Announced[sku], Received: in.Received[sku], Loose: in.Loose[sku]})
		}
	}
	slices.SortFunc(all, allocation.Awaited.Before)
	return all, nil
}

// Inbound is of allocation.View.
func (s *State) Inbound(id allocation.InboundID, sku allocation.SKU) (allocation.Inbound, bool, error) {
	in := s.Inbounds[id]
	if in == nil {
		return allocation.Inbound{}, false, nil
	}
	return allocation.Inbound{Announced: in.Announced[sku], Received: in.Received[sku], Loose: in.Loose[sku], Tolerance: in.Tolerance, Closed: in.Closed}, true, nil
}

// Appetites is of allocation.View.
func (s *State) Appetites(sku allocation.SKU) iter.Seq2[allocation.Appetite, error] {
	all := slices.Clone(s.bySKU[sku])
	slices.SortFunc(all, s.worseLast)
	return func(yield func(allocation.Appetite, error) bool) {
		for _, l := range all {
			if a := s.Policy.AppetiteOf(l); a.Takes > 0 && !yield(a, nil) {
				return
			}
		}
	}
}

func (s *State) worseLast(a, b *allocation.Line) int {
	if s.Policy.Worse(a, b) {
		return 1
	}
	return -1
}

// Beside is of allocation.View.
func (s *State) Beside(sku allocation.SKU) (all []allocation.SKU, err error) {
	for _, l := range s.bySKU[sku] {
		if !together(l) {
			continue
		}
		lacks, _ := s.Lacking(l.Rank.Order)
		for _, other := range lacks {
			if other != sku && !slices.Contains(all, other) {
				all = append(all, other)
			}
		}
	}
	return all, nil
}

func together(l *allocation.Line) bool {
	return l.Ship == allocation.ShipOrder && l.Takes() >= l.Least()
}

// Together is of allocation.View.
func (s *State) Together(sku, beside allocation.SKU) iter.Seq2[allocation.Line, error] {
	return func(yield func(allocation.Line, error) bool) {
		for _, l := range s.bySKU[sku] {
			lacks, _ := s.Lacking(l.Rank.Order)
			if together(l) && slices.Contains(lacks, beside) && !yield(*l, nil) {
				return
			}
		}
	}
}

// Lacking is of allocation.View.
func (s *State) Lacking(id allocation.OrderID) (all []allocation.SKU, err error) {
	for _, l := range s.byOrder[id] {
		if l.Open() > 0 && !slices.Contains(all, l.SKU) {
			all = append(all, l.SKU)
		}
	}
	slices.Sort(all)
	return all, nil
}

// Guaranteed is of allocation.View.
func (s *State) Guaranteed(segment string, sku allocation.SKU) (n int64, err error) {
	for _, l := range s.bySKU[sku] {
		if l.Segment == segment {
			n += l.Guaranteed
		}
	}
	return n, nil
}

// About is of allocation.View.
func (s *State) About(sku allocation.SKU) (allocation.About, error) {
	about := allocation.About{Substitutes: s.substitutes[sku]}
	for _, x := range slices.Sorted(maps.Keys(s.substitutes)) {
		if slices.Contains(s.substitutes[x], sku) {
			about.ServesAlso = append(about.ServesAlso, x)
		}
	}
	for b := range s.stock[allocation.Place{Shelf: allocation.Free}] {
		about.Free = about.Free || b.SKU == sku
	}
	for _, l := range s.bySKU[sku] {
		about.Low = about.Low || allocation.HoldLow.Fits(s.Policy, l, false)
		about.Gathered = about.Gathered || l.Ship == allocation.ShipLine || l.Ship == allocation.ShipOrder
		about.Win = about.Win || l.Rank.Class == allocation.Win && l.Takes() > 0
	}
	return about, nil
}

// Serial is of allocation.View.
func (s *State) Serial(trade, number string) (bool, error) {
	return s.serials[serial{trade, number}] > 0, nil
}
