package agent

import (
	"dockfill/agent/store"
	"dockfill/allocation"
)

// undone is a scan that is taken back: what it gave to lines, and to the stock where
// line is "". It lies at their doors, or, where its code was not known at once or it
// was damaged or held, where it was set aside.
type undone struct {
	given []*inHand
	aside bool
}

// add notes what a receipt gave.
func (u *undone) add(x lineSKU, n int64) {
	if n > 0 {
		u.given = append(u.given, &inHand{x, n})
	}
}

// place is where the units lie that were given so.
func (u *undone) place(g *inHand) allocation.LineID {
	if u.aside {
		return store.SetAside
	}
	return g.line
}

// takeBack ends the tasks that would carry what a person takes back. Where the books
// took the units from another line, since the scan's own were given on, those that lie
// at that line's door are carried instead.
func (c *carrier) takeBack(m allocation.Move) error {
	left := m.Qty
	own := func(g *inHand) bool { return g.lineSKU == lineSKU{m.From.Line, m.SKU} }
	for _, g := range c.undone.given {
		if !own(g) || left == 0 {
			continue
		}
		n := min(left, g.qty)
		g.qty -= n
		left -= n
		if _, err := c.take(m.SKU, n, carries(c.undone.place(g), m.From.Line)); err != nil {
			return err
		}
	}
	for _, g := range c.undone.given {
		if g.sku != m.SKU || left == 0 {
			continue
		}
		n := min(left, g.qty)
		g.qty -= n
		left -= n
		if err := c.swap(m, c.undone.place(g), n); err != nil {
			return err
		}
	}
	return nil
}

func carries(from, to allocation.LineID) func(*store.Task) int64 {
	return func(t *store.Task) int64 {
		if t.From == from && t.To == to {
			return t.Qty
		}
		return 0
	}
}

// swap has n units that a line lost carried to where units of the place were to go that
// are no longer there.
func (c *carrier) swap(m allocation.Move, place allocation.LineID, n int64) error {
	same, err := c.take(m.SKU, n, carries(place, m.From.Line))
	if err != nil {
		return err
	}
	free, err := c.freeAt(m.SKU)
	if err != nil {
		return err
	}
	targets, err := c.take(m.SKU, n-sum(same), func(t *store.Task) int64 {
		switch {
		case t.From != place:
			return 0
		case t.To == "": // what is bound goes back all the same
			return min(t.Qty, free[place])
		}
		return t.Qty
	})
	if err != nil {
		return err
	}
	for _, t := range targets {
		m.Qty, m.To = t.qty, allocation.Place{Shelf: allocation.Free}
		if t.to != "" {
			m.To = allocation.At(t.to)
		}
		lots, err := c.lots(m)
		if err != nil {
			return err
		}
		for _, l := range lots {
			c.bring(l, m)
		}
	}
	return nil
}
