package allocation

import (
	"container/heap"
	"iter"
	"math"
	"slices"
)

// serveOwn gives what is free of a SKU to its own lines, guarantees before rank.
func (d *draft) serveOwn(sku SKU) error {
	for _, guaranteed := range []bool{true, false} {
		d.woke = false
		if _, err := d.serveGroup(sku, []SKU{sku}, guaranteed, false); err != nil || d.woke {
			return err
		}
	}
	delete(d.fresh, sku)
	return d.wakeGates(sku)
}

// serveOthers gives what is left of a SKU to one line of the goods that it may
// stand in for.
func (d *draft) serveOthers(sku SKU) (gave bool, err error) {
	kin, err := d.about(sku)
	if len(kin.ServesAlso) == 0 || err != nil {
		return false, err
	}
	gave, err = d.serveGroup(sku, kin.ServesAlso, true, true)
	if gave || err != nil {
		return gave, err
	}
	return d.serveGroup(sku, kin.ServesAlso, false, true)
}

// queue is who waits for the goods of one SKU, in the order of being served.
type queue struct {
	d          *draft
	sku        SKU // of the goods
	guaranteed bool
	left       map[share]int64 // of guarantees
	heads      []*cursor
	back       waiters // lines that were served and want more, or that the draft had changed
}

// share is what guarantees are counted by.
type share struct {
	segment string
	sku     SKU
}

func (d *draft) serveGroup(sku SKU, group []SKU, guaranteed, once bool) (gave bool, err error) {
	q := &queue{d: d, sku: sku, guaranteed: guaranteed, left: map[share]int64{}, back: waiters{p: d.p}}
	defer q.stop()
	for _, want := range group {
		if !guaranteed {
			q.open(Search{SKU: want})
			continue
		}
		for _, g := range d.p.rules.Guarantees {
			left, err := d.guaranteeLeft(g, want)
			if err != nil {
				return false, err
			}
			if left > 0 {
				q.left[share{g.Segment, want}] = left
				q.open(Search{SKU: want, Segment: g.Segment})
			}
		}
	}
	return q.run(once)
}

func (d *draft) guaranteeLeft(g Guarantee, sku SKU) (int64, error) {
	used, err := d.v.Guaranteed(g.Segment, sku)
	for id, l := range d.lines {
		if l.Segment == g.Segment && l.SKU == sku {
			used += l.Guaranteed - d.before[id].Guaranteed
		}
	}
	return g.Qty - used, err
}

// run serves line after line until nothing is free or nobody waits, or once.
func (q *queue) run(once bool) (gave bool, err error) {
	d := q.d
	for {
		l, err := q.next()
		if l == nil || err != nil {
			return gave, err
		}
		free, err := d.free(q.sku, "", 0)
		if err != nil || free == 0 {
			return gave, err
		}
		n, lacks, err := q.canTake(l)
		if err != nil {
			return gave, err
		}
		if n == 0 {
			if !q.guaranteed {
				d.out.Why.pass(l.ID(), lacks)
			}
			continue
		}
		if err := q.give(l, n); err != nil {
			return gave, err
		}
		// A gate that has begun to fill has its other goods before anybody else.
		if gave = true; once || d.woke {
			return gave, nil
		}
	}
}

// canTake gives how many of the free units the line takes now, or what it lacks.
func (q *queue) canTake(l *Line) (n int64, lacks WhyCode, err error) {
	d := q.d
	fit, err := d.free(q.sku, d.today, l.MinLife)
	if err != nil {
		return 0, "", err
	}
	n = l.Takes()
	lacks = WhyNoRight
	if n > 0 {
		lacks = WhyLife
	}
	n = min(n, fit)
	if q.guaranteed {
		n = min(n, q.left[share{l.Segment, l.SKU}])
	}
	if n > 0 {
		lacks = WhyPack
	}
	n -= n % l.Least()
	if n == 0 {
		return 0, lacks, nil
	}
	// A gate in mode skip fills as a block, under fair share too.
	if d.p.rules.Share == Fair && !d.p.skips(l) {
		n = l.Least()
	}
	// All at once, or else so far that the rest of the shipment stays possible.
	for _, n := range []int64{n, l.Least()} {
		if whole, err := d.canBeWhole(l, n, q.sku); whole || err != nil {
			return n, "", err
		}
	}
	return 0, WhyGate, nil
}

// give hands a line n free units and says over whom.
func (q *queue) give(l *Line, n int64) error {
	d := q.d
	l = d.touch(*l)
	over := Move{To: At(l.ID())}
	// The next one is looked for with the line as it was: it decided so.
	rival, err := q.rival(l)
	if err != nil {
		return err
	}
	if rival != nil {
		by, before := d.p.Before(l, rival)
		if !before {
			by = ByGuarantee
		}
		over.By, over.Over = by, rival.ID()
	}
	if err := d.give(q.sku, l, n, over); err != nil {
		return err
	}
	if q.guaranteed {
		q.left[share{l.Segment, l.SKU}] -= n
		l.Guaranteed += n
	}
	if l.Takes() > 0 {
		heap.Push(&q.back, l)
	}
	return nil
}

// rival is who waits next; against a guarantee that is the best-ranked other line.
func (q *queue) rival(l *Line) (*Line, error) {
	if !q.guaranteed {
		return q.peek()
	}
	for other, err := range q.d.v.Waiting(Search{SKU: l.SKU}) {
		if err != nil {
			return nil, err
		}
		if now := q.d.now(other); now.ID() != l.ID() && now.Open() > 0 {
			return now, nil
		}
	}
	return nil, nil
}

// give moves n units that the line can use from what is free to the line.
func (d *draft) give(sku SKU, l *Line, n int64, m Move) error {
	pool, err := d.pool(sku)
	if err != nil {
		return err
	}
	for _, p := range pool {
		if !p.lasts(d.today, l.MinLife) {
			continue
		}
		k := min(n, p.Qty)
		if k == 0 {
			continue
		}
		d.draw(p, k)
		m.Batch, m.Qty, m.From = p.Batch, k, p.from
		d.gained(l, m)
		if n -= k; n == 0 {
			break
		}
	}
	if l.SKU != sku { // others may take from it now
		d.todo[l.SKU] = stageOwn
	}
	return d.wakeGated(l, "")
}

// gained writes a move to a line down.
func (d *draft) gained(l *Line, m Move) {
	l.gain(m.Qty)
	if held, read := d.held[l.ID()]; read {
		d.held[l.ID()] = add(held, m.Batch, m.Qty)
	}
	d.move(m)
}

// wakeGated has the other goods of a gate offered that can be whole.
// Once is enough for units given, and once for each SKU that had its turn.
func (d *draft) wakeGated(l *Line, turn SKU) error {
	gate := string(turn) + "\x00" + string(l.ID())
	if l.Ship == ShipOrder {
		gate = string(turn) + "\x00" + string(l.Rank.Order)
	}
	if !d.p.skips(l) || d.woken[gate] {
		return nil
	}
	d.woken[gate], d.woke = true, true
	return d.wake(l)
}

// pool gives what is free of a SKU in the order of use. Free stock is read only
// here, once there is somebody who may take it.
func (d *draft) pool(sku SKU) ([]parcelAt, error) {
	if _, read := d.shelf[sku]; !read {
		d.shelf[sku] = []Parcel{}
		if about, err := d.about(sku); !about.Free || err != nil {
			return d.inAir(sku), err
		}
		for p, err := range d.v.Stock(sku, Free) {
			if err != nil {
				return nil, err
			}
			d.shelf[sku] = append(d.shelf[sku], p)
		}
	}
	pool := d.inAir(sku)
	for _, p := range d.shelf[sku] {
		if p.Qty > 0 {
			pool = append(pool, parcelAt{p, Place{Shelf: Free}})
		}
	}
	slices.SortFunc(pool, inOrderOfUse)
	return pool, nil
}

// inAir gives what was received or lost of a SKU, in the order of use.
func (d *draft) inAir(sku SKU) (pool []parcelAt) {
	for _, p := range d.loose {
		if p.SKU == sku && p.Qty > 0 {
			pool = append(pool, p)
		}
	}
	slices.SortFunc(pool, inOrderOfUse)
	return pool
}

// free counts what is free of a SKU and lasts minLife days from today.
func (d *draft) free(sku SKU, today Date, minLife int) (n int64, err error) {
	pool, err := d.pool(sku)
	for _, p := range pool {
		if p.lasts(today, minLife) {
			n += p.Qty
		}
	}
	return n, err
}

// draw takes units of the pool away.
func (d *draft) draw(p parcelAt, n int64) {
	if p.from.Shelf == Free {
		all := d.shelf[p.SKU]
		i := slices.IndexFunc(all, func(q Parcel) bool { return q.Batch == p.Batch })
		all[i].Qty -= n
		return
	}
	i := slices.IndexFunc(d.loose, func(q parcelAt) bool { return q.Batch == p.Batch && q.from == p.from && q.Qty > 0 })
	d.loose[i].Qty -= n
}

// lasting gives the most days that anything free of a SKU lasts.
func (d *draft) lasting(sku SKU) (days int, err error) {
	pool, err := d.pool(sku)
	for _, p := range pool {
		if p.Expiry == "" {
			return math.MaxInt, err
		}
		days = max(days, d.today.until(p.Expiry))
	}
	return days, err
}

// cursor walks the waiting lines of one search. The first MaxPassed are read as
// they stand, so that those that cannot be served are named; behind them only
// lines that can take something are read.
type cursor struct {
	d      *draft
	sku    SKU // of the goods
	search Search
	pull   func() (Line, error, bool)
	stop   func()
	head   *Line
	read   int
	last   *Line
	done   bool
}

func (q *queue) open(s Search) {
	c := &cursor{d: q.d, sku: q.sku, search: s}
	q.heads = append(q.heads, c)
	for _, l := range q.d.lines {
		if s.Fits(q.d.p, l) {
			heap.Push(&q.back, l)
		}
	}
}

// peek gives the head of a cursor, which no draft has changed; nil at its end.
func (c *cursor) peek() (*Line, error) {
	for c.head == nil && !c.done {
		if c.pull == nil {
			c.pull, c.stop = iter.Pull2(c.d.v.Waiting(c.search))
		}
		l, err, more := c.pull()
		if err != nil {
			return nil, err
		}
		if !more {
			c.done = true
			break
		}
		if c.d.lines[l.ID()] == nil {
			c.head = &l
		}
		c.read++
		c.last = &l
		if c.read == MaxPassed && !c.search.Limited {
			if err := c.limit(); err != nil {
				return nil, err
			}
		}
	}
	return c.head, nil
}

// limit goes on with the lines that can take something.
func (c *cursor) limit() (err error) {
	c.stop()
	c.pull = nil
	c.search.Limited, c.search.After = true, c.last
	if c.search.Units, err = c.d.free(c.sku, "", 0); err != nil {
		return err
	}
	if c.search.Whole, err = c.d.within(c.search.SKU); err != nil {
		return err
	}
	c.search.Life, err = c.d.lasting(c.sku)
	return err
}

func (q *queue) stop() {
	for _, c := range q.heads {
		if c.pull != nil {
			c.stop()
		}
	}
}

// best finds who comes first: among the heads of the cursors, or, where from is
// nil, those that came back.
func (q *queue) best() (l *Line, from *cursor, err error) {
	if len(q.back.lines) > 0 {
		l = q.back.lines[0]
	}
	for _, c := range q.heads {
		h, err := c.peek()
		if err != nil {
			return nil, nil, err
		}
		if h != nil && (l == nil || q.d.p.serves(h, l)) {
			l, from = h, c
		}
	}
	return l, from, nil
}

// next takes out who comes first; nil where nobody waits any more.
func (q *queue) next() (*Line, error) {
	l, from, err := q.best()
	switch {
	case err != nil || l == nil:
		return nil, err
	case from == nil:
		heap.Pop(&q.back)
	default:
		from.head = nil
	}
	return l, nil
}

// peek gives who comes first and leaves them there.
func (q *queue) peek() (*Line, error) {
	l, _, err := q.best()
	return l, err
}

func (p Policy) serves(a, b *Line) bool {
	_, before := p.Before(a, b)
	return before
}

// waiters is a heap of lines, who comes first on top.
type waiters struct {
	p     Policy
	lines []*Line
}

func (w *waiters) Len() int           { return len(w.lines) }
func (w *waiters) Less(i, j int) bool { return w.p.serves(w.lines[i], w.lines[j]) }
func (w *waiters) Swap(i, j int)      { w.lines[i], w.lines[j] = w.lines[j], w.lines[i] }
func (w *waiters) Push(l any)         { w.lines = append(w.lines, l.(*Line)) }
func (w *waiters) Pop() any {
	last := w.lines[len(w.lines)-1]
	w.lines = w.lines[:len(w.lines)-1]
	return last
}
