package allocation

import (
	"container/heap"
	"math"
)

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

// cursor walks the waiting lines of one search. The first MaxPassed are read as
// they stand, so that those that cannot be served are named; behind them only
// lines that can take something are read.
type cursor struct {
	d      *draft
	sku    SKU // of the goods
	search Search
	lines  Cursor // nil until it is asked
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
		if c.lines == nil {
			c.lines = c.d.v.Waiting(c.search)
		}
		l, more, err := c.lines.Next()
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
	c.search.Limited, c.search.After = true, c.last
	if idle, err := c.idle(); idle || err != nil {
		c.done = idle
		return err
	}
	if c.search.Units, err = c.d.free(c.sku, 0); err != nil {
		return err
	}
	if c.search.Whole, err = c.d.within(c.search.SKU); err != nil {
		return err
	}
	c.search.Life, err = c.d.lasting(c.sku)
	return err
}

// idle reports that no line behind can take anything of any goods: what is free
// need not be read then.
func (c *cursor) idle() (bool, error) {
	about, err := c.d.about(c.sku)
	if !about.Free || c.d.stood[c.sku] || err != nil {
		return false, err
	}
	any := c.search
	any.Units, any.Whole, any.Life = math.MaxInt64, math.MaxInt64, math.MaxInt
	lines := c.d.v.Waiting(any)
	defer lines.Stop()
	_, more, err := lines.Next()
	return !more && err == nil, err
}

func (q *queue) stop() {
	for _, c := range q.heads {
		c.stop()
	}
}

func (c *cursor) stop() {
	if c.lines != nil {
		c.lines.Stop()
		c.lines = nil
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
