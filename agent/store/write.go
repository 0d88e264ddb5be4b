package store

import (
	"cmp"
	"fmt"
	"slices"

	"dockfill/allocation"
	"dockfill/sync/rights"
)

// Arrival is units that came, by an inbound or, without its name, as loose cartons do;
// fewer than none where they are taken back.
type Arrival struct {
	Inbound allocation.InboundID
	SKU     allocation.SKU
	Qty     int64
}

// Write writes a decision down: the lines' totals and registers, what they hold,
// the stock, and the serials that came or left. It is the only way in which goods
// change. It gives by line how many unspent rights the decision gives back, as the
// lines want less. Site rule S is kept here: an error wraps rights.ErrNoRight where
// a line got more than the site may give it.
func (tx *Tx) Write(d allocation.Decision, received []Arrival) (returned []allocation.Given, err error) {
	if err := tx.writeGoods(d.Moves); err != nil {
		return nil, err
	}
	if err := tx.arrivals(received); err != nil {
		return nil, err
	}
	return tx.writeLines(d)
}

func (tx *Tx) arrivals(received []Arrival) error {
	loose := map[allocation.SKU]int64{}
	for _, a := range received {
		if a.Inbound == "" {
			loose[a.SKU] += a.Qty
		} else if err := tx.arrive(a); err != nil {
			return err
		}
	}
	for sku, n := range loose {
		if err := tx.spread(sku, n); err != nil {
			return err
		}
	}
	return nil
}

// writeGoods writes what the moves come to, each place and batch once.
func (tx *Tx) writeGoods(moves []allocation.Move) error {
	var goods sums[spot]
	var serials sums[serialKey]
	for _, m := range moves {
		goods.add(spotOf(m.From, m.Batch), -m.Qty, -boundAt(m.From, m.Qty))
		goods.add(spotOf(m.To, m.Batch), m.Qty, boundAt(m.To, m.Qty))
		if m.Serial != "" {
			serials.add(serialKey{m.Trade, m.Serial}, inHouse(m.To, m.Qty)-inHouse(m.From, m.Qty), 0)
		}
	}
	for i, at := range goods.keys {
		if err := tx.changeSpot(at, goods.sum[i]); err != nil {
			return err
		}
	}
	for i, s := range serials.keys {
		if err := tx.changeSerial(s, serials.sum[i].qty); err != nil {
			return err
		}
	}
	return nil
}

// spot is units of a batch at a place; those that a line holds are of one spot,
// bound or not.
type spot struct {
	at allocation.Place
	allocation.Batch
}

func spotOf(p allocation.Place, b allocation.Batch) spot {
	if p.Shelf == allocation.Bound {
		p.Shelf = allocation.WithLine
	}
	return spot{p, b}
}

func boundAt(p allocation.Place, n int64) int64 {
	if p.Shelf != allocation.Bound {
		return 0
	}
	return n
}

func inHouse(p allocation.Place, n int64) int64 {
	if p.Shelf == allocation.Outside || p.Shelf == allocation.Dock {
		return 0
	}
	return n
}

type serialKey struct{ trade, serial string }

// sums adds units up by key and keeps the order in which the keys came.
type sums[K comparable] struct {
	keys []K
	sum  []units
	at   map[K]int
}

type units struct{ qty, bound int64 }

func (s *sums[K]) add(k K, qty, bound int64) {
	i, had := s.at[k]
	if !had {
		if s.at == nil {
			s.at = map[K]int{}
		}
		i = len(s.keys)
		s.at[k] = i
		s.keys, s.sum = append(s.keys, k), append(s.sum, units{})
	}
	s.sum[i].qty += qty
	s.sum[i].bound += bound
}

func (tx *Tx) changeSpot(s spot, n units) error {
	if n == (units{}) {
		return nil
	}
	switch s.at.Shelf {
	case allocation.Outside, allocation.Dock:
		return nil
	case allocation.WithLine:
		return tx.changeHeld(s.at.Line, s.Batch, n)
	}
	return tx.changeStock(s, n.qty)
}

// writeLines writes the lines that the decision changed, and those that lost as
// much as they got.
func (tx *Tx) writeLines(d allocation.Decision) (returned []allocation.Given, err error) {
	spent := changesOf(d.Moves)
	for _, l := range d.Lines {
		back, err := tx.writeLine(l, spent[l.ID()])
		if err != nil {
			return nil, err
		}
		if back > 0 {
			returned = append(returned, allocation.Given{Line: l.ID(), Qty: back})
		}
		delete(spent, l.ID())
	}
	for _, id := range sortedKeys(spent) {
		l, _, err := tx.Line(id)
		if err != nil {
			return nil, err
		}
		if _, err := tx.writeLine(l, spent[id]); err != nil {
			return nil, err
		}
	}
	return returned, nil
}

func sortedKeys(of map[allocation.LineID]rights.Change) (ids []allocation.LineID) {
	for id := range of {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b allocation.LineID) int { return cmp.Compare(a, b) })
	return ids
}

// changesOf adds up what each line used and undid: units that came to a line,
// and units that it lost to anything but a customer.
func changesOf(moves []allocation.Move) map[allocation.LineID]rights.Change {
	all := map[allocation.LineID]rights.Change{}
	for _, m := range moves {
		from, to := m.From.Line, m.To.Line
		if from == to {
			continue
		}
		if to != "" {
			r := all[to]
			r.Used += m.Qty
			all[to] = r
		}
		if from != "" && (m.From.Shelf != allocation.Bound || m.To.Shelf != allocation.Outside) {
			r := all[from]
			r.Undone += m.Qty
			all[from] = r
		}
	}
	return all
}

func (tx *Tx) writeLine(l allocation.Line, spent rights.Change) (back int64, err error) {
	before, found, err := tx.Shown(l.ID())
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("this site knows no line %s", l.ID())
	}
	after := before
	after.Line = l
	// What an earlier life gave frees no right here: the units of this one go first.
	spent.Undone = min(spent.Undone, before.Rights.Used-before.Rights.Undone+spent.Used)
	if back = before.Rights.Balance() - spent.Used + spent.Undone - l.Right; back < 0 {
		return 0, fmt.Errorf("line %s: %w: %d more than it has", l.ID(), rights.ErrNoRight, -back)
	}
	spent.Returned = back
	if spent, err = after.Rights.Apply(spent); err != nil {
		return 0, fmt.Errorf("line %s: %w", l.ID(), err)
	}
	after.spend()
	return spent.Returned, tx.putLine(before, after)
}
