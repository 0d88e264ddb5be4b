package agent

import (
	"slices"
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

// lot is units that lie at one place: at a line's door, in stock where line is "",
// set aside where it is store.SetAside, or in the worker's hand.
type lot struct {
	line allocation.LineID
	to   allocation.LineID // where a task was to bring them
	hand bool
	qty  int64
}

// undone is a scan that is taken back: what it gave to lines, and to the stock where
// line is "". It lies at their doors, or, where its code was not known at once, where
// it was set aside.
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
		if err := c.tx.AddTask(*t); err != nil {
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

// lots says where the units of a move lie. Units that a person brought back from
// a line are in stock.
func (c *carrier) lots(m allocation.Move) (lots []lot, err error) {
	switch m.From.Shelf {
	case allocation.Dock:
		if c.atHand {
			return []lot{{hand: true, qty: m.Qty}}, nil
		}
		return []lot{{line: store.SetAside, qty: m.Qty}}, nil
	case allocation.Surplus, allocation.Aside, allocation.Broken:
		return []lot{{line: store.SetAside, qty: m.Qty}}, nil
	case allocation.WithLine:
		lots = c.letGo(lineSKU{m.From.Line, m.SKU}, m.Qty)
		onTheWay, err := c.take(m.SKU, m.Qty-sum(lots), func(t *store.Task) int64 {
			if t.To == m.From.Line {
				return t.Qty
			}
			return 0
		})
		if err != nil {
			return nil, err
		}
		lots = append(lots, onTheWay...)
	case allocation.Free:
		if m.To.Shelf == allocation.Free {
			break
		}
		free, err := c.freeAt(m.SKU)
		if err != nil {
			return nil, err
		}
		if free == nil {
			break
		}
		lots, err = c.take(m.SKU, m.Qty, func(t *store.Task) int64 {
			if t.To != "" {
				return 0
			}
			n := min(t.Qty, free[t.From])
			free[t.From] -= n
			return n
		})
		if err != nil {
			return nil, err
		}
	}
	if left := m.Qty - sum(lots); left > 0 {
		rest := lot{qty: left}
		if m.From.Shelf == allocation.WithLine {
			rest.line = m.From.Line
		}
		lots = append(lots, rest)
	}
	return lots, nil
}

func sum(lots []lot) (n int64) {
	for _, l := range lots {
		n += l.qty
	}
	return n
}

// freeAt counts, by line, the units at its door that are free stock and are to be
// brought back; nil where there are none.
func (c *carrier) freeAt(sku allocation.SKU) (free map[allocation.LineID]int64, err error) {
	tasks, err := c.tasks(sku)
	if err != nil {
		return nil, err
	}
	for _, t := range tasks {
		if t.To != "" || t.Qty == 0 {
			continue
		}
		if free == nil {
			free = map[allocation.LineID]int64{}
		}
		free[t.From] += t.Qty
	}
	for line := range free {
		l, _, err := c.tx.Line(line)
		if err != nil {
			return nil, err
		}
		free[line] -= l.Excess
	}
	return free, nil
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

// add has n units carried.
func (c *carrier) add(kind string, sku allocation.SKU, n int64, from, to allocation.LineID) {
	key := errand{kind, sku, from, to}
	if t := c.same[key]; t != nil {
		t.Qty += n
		return
	}
	t := &store.Task{Kind: kind, SKU: sku, Qty: n, From: from, To: to, Since: c.now}
	if c.same == nil {
		c.same = map[errand]*store.Task{}
	}
	c.same[key] = t
	c.made = append(c.made, t)
	if all, read := c.open[sku]; read {
		c.open[sku] = append(all, t)
	}
}

// tasks are those of a SKU that are open now, oldest first.
func (c *carrier) tasks(sku allocation.SKU) ([]*store.Task, error) {
	if all, read := c.open[sku]; read {
		return all, nil
	}
	stored, err := c.tx.Tasks(sku)
	if err != nil {
		return nil, err
	}
	all := []*store.Task{}
	for _, t := range stored {
		all = append(all, &t)
	}
	for _, t := range c.made {
		if t.SKU == sku {
			all = append(all, t)
		}
	}
	if c.open == nil {
		c.open = map[allocation.SKU][]*store.Task{}
	}
	c.open[sku] = all
	return all, nil
}

// take takes up to n units off the tasks of a SKU, the newest first, and of each as
// many as may allows. It says where those units lie.
func (c *carrier) take(sku allocation.SKU, n int64, may func(*store.Task) int64) (lots []lot, err error) {
	if n == 0 {
		return nil, nil
	}
	tasks, err := c.tasks(sku)
	if err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(tasks) {
		if n == 0 {
			break
		}
		if t.Qty == 0 {
			continue
		}
		k := min(n, may(t))
		if k <= 0 {
			continue
		}
		if t.ID != 0 {
			if err := c.tx.ShrinkTask(*t, k); err != nil {
				return nil, err
			}
		}
		t.Qty -= k
		n -= k
		lots = append(lots, lot{line: t.From, to: t.To, qty: k})
	}
	return lots, nil
}

func bringsBackFrom(line allocation.LineID) func(*store.Task) int64 {
	return func(t *store.Task) int64 {
		if t.Kind == store.Return && t.From == line {
			return t.Qty
		}
		return 0
	}
}

// mayTrim remembers a line, or the free stock where line is "", that has lost units
// which people hold.
func (c *carrier) mayTrim(x lineSKU) {
	if !slices.Contains(c.lost, x) {
		c.lost = append(c.lost, x)
	}
}

// trim takes off the tasks what there is no unit for any more.
func (c *carrier) trim(x lineSKU) error {
	if x.line == "" {
		return c.trimStock(x.sku)
	}
	tasks, err := c.tasks(x.sku)
	if err != nil {
		return err
	}
	brings := func(t *store.Task) int64 {
		if t.To == x.line {
			return t.Qty
		}
		return 0
	}
	var carried int64
	for _, t := range tasks {
		carried += brings(t)
	}
	if carried == 0 {
		return nil
	}
	held, err := looseOf(c.tx, x)
	if err != nil {
		return err
	}
	_, err = c.take(x.sku, max(0, carried-held), brings)
	return err
}

// looseOf counts the loose units of a SKU that a line holds.
func looseOf(tx *store.Tx, x lineSKU) (n int64, err error) {
	held, err := tx.Held(x.line)
	for _, p := range held {
		if p.SKU == x.sku {
			n += p.Qty - p.Bound
		}
	}
	return n, err
}

// trimStock ends what brings units back that are no stock any more.
func (c *carrier) trimStock(sku allocation.SKU) error {
	at, err := c.freeAt(sku)
	if err != nil || len(at) == 0 {
		return err
	}
	var coming, free int64
	for _, n := range at {
		coming += n
	}
	for p, err := range c.tx.Stock(sku, allocation.Free) {
		if err != nil {
			return err
		}
		free += p.Qty
	}
	_, err = c.take(sku, max(0, coming-free), func(t *store.Task) int64 {
		if t.To != "" {
			return 0
		}
		n := min(t.Qty, at[t.From])
		at[t.From] -= n
		return n
	})
	return err
}
