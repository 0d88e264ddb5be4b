package allocation

import (
	"iter"
	"math"
	"slices"
)

// take lets the best-ranked line that may take units from another line do so,
// from those that rank worst first. It reports whether units moved.
func (d *draft) take(sku SKU) (bool, error) {
	classes, any, err := d.whoTakes(sku)
	if !any || err != nil {
		return false, err
	}
	q, err := d.takers(sku, classes, false)
	if err != nil {
		return false, err
	}
	defer q.stop()
	for {
		l, err := q.next()
		if l == nil || err != nil {
			return false, err
		}
		took, more, err := d.takeFor(l)
		if took || err != nil {
			return took, err
		}
		if more || d.isChanged(l) {
			continue
		}
		// It ranks before no holder that it could take from, so those of its kind
		// behind it do not either. Lines that were ranked anew, which are in the
		// draft, and better classes have more to choose from.
		switch {
		case l.Rank.Class == Fill || l.Rank.Class == Lose:
			q.narrow(NoFillers, l)
		case l.Rank.Class != Win:
			q.narrow(OnlyWin, l)
		}
	}
}

// narrow leaves out what the cursors still have of other classes.
func (q *queue) narrow(to Takers, after *Line) {
	for _, c := range q.heads {
		if c.search.Classes >= to {
			continue
		}
		c.stop()
		c.search.Classes, c.search.After, c.head, c.done = to, after, nil, false
	}
}

// whoTakes says lines of which classes may find something to take. Mostly there
// is no holder that could lose to other classes than win, and no open win line.
func (d *draft) whoTakes(sku SKU) (classes Takers, any bool, err error) {
	about, err := d.about(sku)
	if err != nil {
		return 0, false, err
	}
	gathered, err := d.someHolder(sku, HoldGathered, about.Gathered && d.p.rules.Gate == GateHold)
	switch {
	case err != nil:
		return 0, false, err
	case gathered:
		return AnyClass, true, nil
	}
	low, err := d.someHolder(sku, HoldLow, about.Low)
	if low || len(d.changed) > 0 || err != nil {
		return NoFillers, true, err
	}
	for _, l := range d.lines {
		about.Win = about.Win || l.SKU == sku && l.Rank.Class == Win && l.Takes() > 0
	}
	return OnlyWin, about.Win, nil
}

// someHolder asks the draft, and the view where that may have one.
func (d *draft) someHolder(sku SKU, kinds Holding, inView bool) (bool, error) {
	for _, l := range d.lines {
		if holds, err := d.holds(l, sku, kinds); holds || err != nil {
			return holds, err
		}
	}
	if !inView {
		return false, nil
	}
	for _, err := range d.holders(sku, kinds) {
		return err == nil, err
	}
	return false, nil
}

// takers queues the open lines of a SKU that can take something.
func (d *draft) takers(sku SKU, classes Takers, gated bool) (*queue, error) {
	q := &queue{d: d, sku: sku, back: waiters{p: d.p}}
	s := Search{SKU: sku, Classes: classes, Gated: gated, Limited: true, Units: math.MaxInt64, Life: math.MaxInt}
	var err error
	if d.p.rules.Gate == GateSkip {
		s.Whole, err = d.within(sku)
	}
	q.open(s)
	return q, err
}

// loss is units that a line loses to another.
type loss struct {
	from *Line
	m    Move
}

// takeFor takes for one line; more reports whether it ranks before any holder.
func (d *draft) takeFor(l *Line) (took, more bool, err error) {
	want := l.Takes() - l.Takes()%l.Least()
	// A gathering line may open its gate with any unit, after which it loses
	// nothing; and under fair share each unit has its own turn.
	if gathers, err := d.gathers(l); err != nil {
		return false, false, err
	} else if gathers || d.p.rules.Share == Fair {
		want = min(want, l.Least())
	}
	whole, parts, err := d.canBeWhole(l, 0, "", false)
	if err != nil || !whole {
		return false, true, err
	}
	losses, more, err := d.losses(l, want)
	if err != nil {
		return false, false, err
	}
	var n int64
	for _, x := range losses {
		n += x.m.Qty
		// A unit may close the holder's gate, and better lines come next.
		if d.p.rules.Gate == GateHold && x.from.gated() {
			want = l.Least()
		}
	}
	n = min(n, want)
	n -= n % l.Least()
	if n == 0 {
		return false, more, nil
	}
	l = d.touch(*l)
	for _, x := range losses {
		x.m.Qty = min(x.m.Qty, n)
		if n -= x.m.Qty; x.m.Qty == 0 {
			break
		}
		if err := d.lost(d.touch(*x.from), x.m.Batch, x.m.Qty); err != nil {
			return false, false, err
		}
		d.gained(l, x.m)
	}
	return true, true, d.fill(l, parts)
}

// losses finds up to want units that the line may take.
func (d *draft) losses(l *Line, want int64) (all []loss, more bool, err error) {
	for h, err := range d.holders(l.SKU, d.mayLose(l)) {
		if err != nil {
			return nil, false, err
		}
		by, above := d.p.above(l, h)
		if !above {
			break
		}
		more = true
		if want == 0 {
			break
		}
		may, err := d.mayTake(l, h)
		if err != nil {
			return nil, false, err
		}
		if !may {
			continue
		}
		held, err := d.heldBy(h.ID())
		if err != nil {
			return nil, false, err
		}
		movable := h.Movable()
		for _, p := range held {
			if n := min(p.Qty-p.Bound, movable, want); n > 0 && p.lasts(d.today, l.MinLife) {
				all = append(all, loss{h, Move{Batch: p.Batch, Qty: n, From: At(h.ID()), To: At(l.ID()), By: by, Over: h.ID()}})
				movable -= n
				want -= n
			}
		}
	}
	return all, more, nil
}

// mayLose says which holders a line may take from at all.
func (d *draft) mayLose(l *Line) (kinds Holding) {
	if d.p.rules.Gate == GateHold {
		kinds |= HoldGathered
	}
	switch c := l.Rank.Class; {
	case c == Win || c.order() <= Redistribute.order() && d.isChanged(l):
		return kinds | HoldLow | HoldRedistribute
	case c.order() <= Redistribute.order():
		return kinds | HoldLow
	}
	return kinds
}

// mayTake is the rule of who may take from whom, rank aside.
func (d *draft) mayTake(taker, holder *Line) (bool, error) {
	t, h := taker.Rank.Class, holder.Rank.Class
	middle := t == Win || t == Gain || t == Redistribute
	switch {
	case taker.ID() == holder.ID():
		return false, nil
	case t == Win && (h == Redistribute || h == Fill || h == Lose):
		return true, nil
	case middle && (h == Fill || h == Lose):
		return true, nil
	case middle && h == Redistribute && (d.isChanged(taker) || d.isChanged(holder)):
		return true, nil
	}
	return d.gathers(holder)
}

func (d *draft) isChanged(l *Line) bool { return d.changed[l.Rank.Order] }

// holders yields the lines that hold units of the kinds, as they are in the
// draft, worst rank first. Lines that were ranked anew are always among them.
// Those that are read may lose units meanwhile.
func (d *draft) holders(sku SKU, kinds Holding) iter.Seq2[*Line, error] {
	return func(yield func(*Line, error) bool) {
		mine, had := &losers{d.p, nil}, map[LineID]bool{}
		for id, l := range d.lines {
			had[id] = true
			fits, err := d.holds(l, sku, kinds)
			if err != nil {
				yield(nil, err)
				return
			}
			if fits {
				mine.lines = append(mine.lines, l)
			}
		}
		slices.SortFunc(mine.lines, mine.compare)
		for l, err := range d.v.Holders(sku, kinds) {
			if err != nil {
				yield(nil, err)
				return
			}
			if had[l.ID()] {
				continue
			}
			for len(mine.lines) > 0 && mine.compare(mine.lines[0], &l) < 0 {
				if !yield(mine.lines[0], nil) {
					return
				}
				mine.lines = mine.lines[1:]
			}
			if !yield(d.now(l), nil) {
				return
			}
		}
		for _, l := range mine.lines {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func (d *draft) holds(l *Line, sku SKU, kinds Holding) (bool, error) {
	if l.SKU != sku {
		return false, nil
	}
	whole := false
	if kinds&HoldGathered != 0 && l.Ship == ShipOrder {
		var err error
		if whole, err = d.whole(l.Rank.Order); err != nil {
			return false, err
		}
	}
	return kinds.Fits(d.p, l, whole) || d.isChanged(l) && l.Rank.Class == Redistribute && l.Movable() > 0, nil
}

// losers sorts holders, the worst first.
type losers struct {
	p     Policy
	lines []*Line
}

func (o *losers) compare(a, b *Line) int {
	if o.p.Worse(a, b) {
		return -1
	}
	return 1
}

// lost takes loose units of a batch from a line, without saying where they go.
func (d *draft) lost(l *Line, b Batch, n int64) error {
	held, err := d.heldBy(l.ID())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(held, func(p Parcel) bool { return p.Batch == b })
	held[i].Qty -= n
	l.lose(n)
	d.change()
	return d.open(l)
}
