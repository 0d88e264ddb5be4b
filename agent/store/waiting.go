package store

import (
	"iter"
	"math"
	"slices"

	"dockfill/allocation"
)

// A cursor reads lines of one range of an index, no further than it is asked for.
type cursor struct {
	tx   *Tx
	rows *rows
	head *Line // nil at the end
}

func (tx *Tx) openCursor(query string, args ...any) (*cursor, error) {
	r, err := tx.c.query(query, args...)
	if err != nil {
		return nil, err
	}
	c := &cursor{tx: tx, rows: r}
	return c, c.next()
}

func (c *cursor) next() error {
	c.head = nil
	if !c.rows.Next() {
		return classify(c.rows.Err())
	}
	l, err := scanLine(c.rows.Rows)
	if err != nil {
		return err
	}
	c.head = &l
	return nil
}

// merged walks several cursors as one. before says which of two lines comes first;
// each cursor is in that order.
type merged struct {
	open   func() ([]*cursor, error)
	before func(a, b *allocation.Line) bool
	opened bool
	all    []*cursor
	last   *cursor // it gave the newest line, and is read on when the next is asked for
}

func (m *merged) Next() (allocation.Line, bool, error) {
	if err := m.advance(); err != nil {
		return allocation.Line{}, false, err
	}
	for _, c := range m.all {
		if c.head != nil && (m.last == nil || m.before(&c.head.Line, &m.last.head.Line)) {
			m.last = c
		}
	}
	if m.last == nil {
		return allocation.Line{}, false, nil
	}
	l := m.last.head
	if l.Takes() > 0 {
		m.last.tx.keep(l)
	}
	return l.Line, true, nil
}

func (m *merged) advance() (err error) {
	if !m.opened {
		m.opened = true
		m.all, err = m.open()
		return err
	}
	if m.last != nil {
		err = m.last.next()
		m.last = nil
	}
	return err
}

// Stop closes the cursors.
func (m *merged) Stop() {
	for _, c := range m.all {
		c.rows.Close()
	}
	m.all, m.last = nil, nil
}

func (tx *Tx) walk(open func() ([]*cursor, error), before func(a, b *allocation.Line) bool) allocation.Cursor {
	return &merged{open: open, before: before}
}

func (tx *Tx) serves(a, b *allocation.Line) bool {
	_, before := tx.by.policy.Before(a, b)
	return before
}

// Waiting is of allocation.View. Lines that can take something are kept for the
// decision that is written next.
func (tx *Tx) Waiting(s allocation.Search) allocation.Cursor {
	return tx.walk(func() ([]*cursor, error) {
		if s.Limited {
			return tx.openLimited(s)
		}
		return tx.openPlain(s)
	}, tx.serves)
}

// openPlain walks all open lines, those included that can take nothing.
func (tx *Tx) openPlain(s allocation.Search) ([]*cursor, error) {
	index, where, args := "line_open", "", []any{s.SKU}
	if s.Segment != "" {
		index, where, args = "line_open_segment", " AND l.segment <> '' AND l.segment = +?", append(args, s.Segment)
	}
	where, args = tx.more(s, where, args)
	c, err := tx.openCursor(`SELECT `+lineColumns+` FROM line l INDEXED BY `+index+` CROSS JOIN orders o ON o.n = l.order_n
		WHERE l.sku = +? AND l.waits = 1`+where+` ORDER BY l.turn`, args...)
	return only(c), err
}

func only(c *cursor) []*cursor {
	if c == nil {
		return nil
	}
	return []*cursor{c}
}

// more adds what a search asks beside the range of an index.
func (tx *Tx) more(s allocation.Search, where string, args []any) (string, []any) {
	if s.Gated {
		where += " AND l.ship <> 'partial'"
	}
	if !s.Limited && s.Classes != allocation.AnyClass {
		where, args = where+" AND l.class <= +?", append(args, lastClass(s.Classes))
	}
	if s.After != nil {
		where, args = where+" AND l.turn > +?", append(args, tx.by.turn(s.After))
	}
	return where, args
}

func lastClass(t allocation.Takers) int64 {
	switch t {
	case allocation.NoFillers:
		return 3
	case allocation.OnlyWin:
		return 1
	}
	return 5
}

// kind is what a range of the index line_can has in common.
type kind struct{ class, least, whole, life int64 }

// openLimited opens a cursor on each kind of the lines that can take something which
// the search can serve.
func (tx *Tx) openLimited(s allocation.Search) ([]*cursor, error) {
	index, of, args := "line_can", "", []any{s.SKU}
	if s.Segment != "" {
		index, of, args = "line_can_segment", " AND l.segment <> '' AND l.segment = +?", append(args, s.Segment)
	}
	args = args[:len(args):len(args)]
	kinds, err := tx.kinds(s, index, of, args)
	var all []*cursor
	for _, at := range kinds {
		where, args := tx.more(s, of+" AND l.class = +? AND l.least = +? AND l.whole = +? AND l.min_life = +?",
			append(args, at.class, at.least, at.whole, at.life))
		c, err := tx.openCursor(`SELECT `+lineColumns+` FROM line l INDEXED BY `+index+` CROSS JOIN orders o ON o.n = l.order_n
			WHERE l.sku = +? AND l.can = 1`+where+` ORDER BY l.turn`, args...)
		all = append(all, only(c)...)
		if err != nil {
			return all, err
		}
	}
	return all, err
}

// kinds gives the kinds of lines that the search can serve. Those of a SKU are few
// and seldom change, gate mode skip aside: they are kept.
func (tx *Tx) kinds(s allocation.Search, index, of string, args []any) ([]kind, error) {
	if tx.by.skips || s.Segment != "" {
		return tx.readKinds(s, index, of, args)
	}
	all, known := tx.about.kinds[s.SKU]
	if !known {
		var err error
		every := allocation.Search{SKU: s.SKU, Units: math.MaxInt64, Life: math.MaxInt}
		if all, err = tx.readKinds(every, index, of, args); err != nil {
			return nil, err
		}
		tx.about.setKinds(s.SKU, all)
	}
	return slices.DeleteFunc(slices.Clone(all), func(k kind) bool {
		_, fits := tx.behind(s, k)
		return !fits || k.class > lastClass(s.Classes)
	}), nil
}

// readKinds skips from kind to kind.
func (tx *Tx) readKinds(s allocation.Search, index, of string, args []any) (all []kind, err error) {
	for from := (kind{}); ; {
		var at kind
		found, err := tx.one(`SELECT l.class, l.least, l.whole, l.min_life FROM line l INDEXED BY `+index+`
			WHERE l.sku = +? AND l.can = 1`+of+` AND (l.class, l.least, l.whole, l.min_life) >= (?, ?, ?, ?)
			ORDER BY l.class, l.least, l.whole, l.min_life LIMIT 1`,
			append(args, from.class, from.least, from.whole, from.life), &at.class, &at.least, &at.whole, &at.life)
		if err != nil || !found || at.class > lastClass(s.Classes) {
			return all, err
		}
		var fits bool
		if from, fits = tx.behind(s, at); fits {
			all = append(all, at)
		}
	}
}

// behind gives the first kind behind one that the search may serve, and whether it
// can serve that one.
func (tx *Tx) behind(s allocation.Search, k kind) (next kind, fits bool) {
	switch {
	case k.least > s.Units:
		return kind{k.class + 1, 0, 0, 0}, false
	case tx.by.skips && k.whole > s.Whole:
		return kind{k.class, k.least + 1, 0, 0}, false
	case tx.by.skips && s.Gated && k.whole == 0, k.life > int64(s.Life):
		return kind{k.class, k.least, k.whole + 1, 0}, false
	}
	return kind{k.class, k.least, k.whole, k.life + 1}, true
}

// Appetites is of allocation.View. Under fair share the index has the lines of a
// band in another order, so all of them are sorted.
func (tx *Tx) Appetites(sku allocation.SKU) iter.Seq2[allocation.Appetite, error] {
	key := "l.turn"
	if tx.by.fair {
		key = "l.rank_key"
	}
	return func(yield func(allocation.Appetite, error) bool) {
		rows, err := tx.c.query(`SELECT `+key+`, l.takes - l.takes % l.least, l.whole > 0 FROM line l INDEXED BY line_open
			WHERE l.sku = ? AND l.waits = 1 AND l.takes >= l.least AND (l.whole = 0 OR l.takes = l.whole AND l.whole % l.least = 0)
			ORDER BY `+key, sku)
		if err != nil {
			yield(allocation.Appetite{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var a allocation.Appetite
			err := classify(rows.Scan(&a.Key, &a.Takes, &a.Whole))
			if !yield(a, err) || err != nil {
				return
			}
		}
		if err := classify(rows.Err()); err != nil {
			yield(allocation.Appetite{}, err)
		}
	}
}

// besides are the lines of a SKU that can take something and ship with all of their
// order, each with what that lacks beside it.
const besides = ` FROM line l INDEXED BY line_together CROSS JOIN line b INDEXED BY line_order_open ON b.order_n = l.order_n AND b.waits = 1 `

// Beside is of allocation.View. The answer is kept as long as no line begins to wait
// or to be able to take: lines that fill leave goods in it that none lacks.
func (tx *Tx) Beside(sku allocation.SKU) (all []allocation.SKU, err error) {
	if all, known := tx.about.beside[sku]; known {
		return all, nil
	}
	all, err = tx.skus(`SELECT DISTINCT b.sku`+besides+`WHERE l.sku = +? AND l.can = 1 AND l.ship = 'order' AND b.sku <> l.sku ORDER BY b.sku`, sku)
	if err == nil {
		tx.about.setBeside(sku, all)
	}
	return all, err
}

// Together is of allocation.View.
func (tx *Tx) Together(sku, beside allocation.SKU) iter.Seq2[allocation.Line, error] {
	return allocation.Each(tx.walk(func() ([]*cursor, error) {
		c, err := tx.openCursor(`SELECT `+lineColumns+besides+` CROSS JOIN orders o ON o.n = l.order_n
			WHERE l.sku = +? AND l.can = 1 AND l.ship = 'order' AND b.sku = +?`, sku, beside)
		return only(c), err
	}, tx.serves))
}

// Lacking is of allocation.View.
func (tx *Tx) Lacking(id allocation.OrderID) ([]allocation.SKU, error) {
	return tx.skus(`SELECT DISTINCT l.sku FROM orders o CROSS JOIN line l INDEXED BY line_order_open ON l.order_n = o.n
		WHERE o.id = +? AND l.waits = 1 ORDER BY l.sku`, id)
}

// Guaranteed is of allocation.View.
func (tx *Tx) Guaranteed(segment string, sku allocation.SKU) (n int64, err error) {
	_, err = tx.one(`SELECT coalesce(sum(guaranteed), 0) FROM line INDEXED BY line_guaranteed
		WHERE segment = ? AND sku = ? AND guaranteed > 0`, []any{segment, sku}, &n)
	return n, err
}

// Holders is of allocation.View.
func (tx *Tx) Holders(sku allocation.SKU, kinds allocation.Holding) iter.Seq2[allocation.Line, error] {
	return allocation.Each(tx.walk(func() (all []*cursor, err error) {
		for _, holds := range tx.holdings(kinds) {
			c, err := tx.openCursor(`SELECT `+lineColumns+` FROM line l INDEXED BY line_holds CROSS JOIN orders o ON o.n = l.order_n
				WHERE l.sku = +? AND l.holds > 0 AND l.holds = +? ORDER BY l.rank_key DESC`, sku, holds)
			all = append(all, only(c)...)
			if err != nil {
				return all, err
			}
		}
		return all, nil
	}, tx.by.policy.Worse))
}

// holdings gives the values of the column holds that belong to the kinds.
func (tx *Tx) holdings(kinds allocation.Holding) (all []int) {
	for holds := holdsLoose; holds < holdsLow<<1; holds++ {
		is := func(what int) bool { return holds&what == what }
		if !is(holdsLoose) || is(holdsRedistribute|holdsLow) {
			continue
		}
		low := kinds&allocation.HoldLow != 0 && is(holdsMovable|holdsLow)
		same := kinds&allocation.HoldRedistribute != 0 && is(holdsMovable|holdsRedistribute)
		gathered := kinds&allocation.HoldGathered != 0 && tx.by.hold && is(holdsMovable|holdsGathered)
		if kinds&allocation.HoldAny != 0 || low || same || gathered {
			all = append(all, holds)
		}
	}
	return all
}
