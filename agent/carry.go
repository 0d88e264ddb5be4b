package agent

import (
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
)

// A decision moves units in the books; people carry them. What lies at a line's
// door is moved from there, what is in stock or was set aside is picked, what was set
// aside and is stock now is put away, and what was only to be carried and still lies
// where it was is redirected: nobody carries it twice.
//
// The tasks to a line are for no more loose units than it holds. Of the tasks that
// bring units back from a line, as many are of bound units as the line has in
// excess; the others are of units that are free stock already.

// carrier makes the tasks of one decision.
type carrier struct {
	tx     *store.Tx
	now    time.Time
	atHand bool // the worker holds what comes from the dock; else it lies set aside
	undone *undone

	hands []*inHand
	at    map[lineSKU]*inHand
	made  []*store.Task
	same  map[errand]*store.Task           // of those that were made
	open  map[allocation.SKU][]*store.Task // those of a SKU once they were read, oldest first
	back  map[allocation.LineID]int64      // bound units that a line wants after all
	lost  []lineSKU                        // where tasks may be for more than there is
}

// inHand is units that the worker who scanned them brings to a line himself, or,
// where line is "", puts away.
type inHand struct {
	lineSKU
	qty int64
}

// errand is what one task is about.
type errand struct {
	kind     string
	sku      allocation.SKU
	from, to allocation.LineID
}

type lineSKU struct {
	line allocation.LineID
	sku  allocation.SKU
}

// before notes, while the view still has it, of which lines bound units were to be
// brought back and are not any more.
func (c *carrier) before(d allocation.Decision) error {
	for _, l := range d.Lines {
		if l.Bound() == 0 {
			continue
		}
		had, _, err := c.tx.Line(l.ID())
		if err != nil {
			return err
		}
		if n := had.Excess - l.Excess; n > 0 && had.Bound() == l.Bound() {
			if c.back == nil {
				c.back = map[allocation.LineID]int64{}
			}
			c.back[l.ID()] = n
		}
	}
	return nil
}

// carry makes the tasks, after the decision was written down.
func (c *carrier) carry(d allocation.Decision) error {
	for _, l := range d.Lines {
		if n := c.back[l.ID()]; n > 0 {
			if _, err := c.take(l.SKU, n, bringsBackFrom(l.ID())); err != nil {
				return err
			}
		}
	}
	for _, g := range d.Returns {
		l, _, err := c.tx.Line(g.Line)
		if err != nil {
			return err
		}
		c.add(store.Return, l.SKU, g.Qty, g.Line, "")
	}
	for _, m := range d.Moves {
		if err := c.move(m); err != nil {
			return err
		}
	}
	for _, x := range c.lost {
		if err := c.trim(x); err != nil {
			return err
		}
	}
	for _, t := range c.made {
		if t.Qty == 0 {
			continue
		}
		var err error
		if t.ID, err = c.tx.AddTask(*t); err != nil {
			return err
		}
	}
	return nil
}

// errands are the tasks that were made, as a person is told of them.
func (c *carrier) errands() (all []store.Task, err error) {
	for _, t := range c.made {
		if t.Qty == 0 {
			continue
		}
		told := *t
		if told.Item, _, err = c.tx.ItemBySKU(t.SKU); err != nil {
			return nil, err
		}
		if t.To != "" {
			l, _, err := c.tx.Shown(t.To)
			if err != nil {
				return nil, err
			}
			told.Door = l.Door
		}
		all = append(all, told)
	}
	return all, nil
}

func (c *carrier) move(m allocation.Move) error {
	switch m.To.Shelf {
	case allocation.WithLine, allocation.Free:
		lots, err := c.lots(m)
		for _, l := range lots {
			c.bring(l, m)
		}
		return err
	case allocation.Bound:
		if !c.atHand { // at the beep it is what the worker holds that is staged
			c.mayTrim(lineSKU{m.From.Line, m.SKU})
		}
		return nil
	}
	if m.From.Shelf == allocation.WithLine || m.From.Shelf == allocation.Free {
		if c.undone != nil {
			if err := c.takeBack(m); err != nil {
				return err
			}
		}
		c.mayTrim(lineSKU{m.From.Line, m.SKU})
	}
	return nil
}

// bring has units brought to where a move wants them; To has no line where that is
// the stock.
func (c *carrier) bring(l lot, m allocation.Move) {
	to := m.To.Line
	switch {
	case l.hand:
		c.hold(lineSKU{to, m.SKU}, l.qty)
	case l.line == to: // they lie there
	case to == "" && l.line == store.SetAside:
		c.add(store.Putaway, m.SKU, l.qty, l.line, "")
	case to == "":
		c.add(store.Return, m.SKU, l.qty, l.line, "")
	case l.line == "", l.line == store.SetAside:
		c.add(store.Pick, m.SKU, l.qty, l.line, to)
	default:
		c.add(store.Move, m.SKU, l.qty, l.line, to)
	}
}

// hold notes what the worker brings to a line from his hand.
func (c *carrier) hold(to lineSKU, n int64) {
	h := c.at[to]
	if h == nil {
		if c.at == nil {
			c.at = map[lineSKU]*inHand{}
		}
		h = &inHand{lineSKU: to}
		c.at[to] = h
		c.hands = append(c.hands, h)
	}
	h.qty += n
}

// letGo takes up to n units back that the worker would have brought to a line.
func (c *carrier) letGo(from lineSKU, n int64) []lot {
	h := c.at[from]
	if h == nil || h.qty == 0 {
		return nil
	}
	n = min(n, h.qty)
	h.qty -= n
	return []lot{{hand: true, qty: n}}
}
