package store

import (
	"iter"

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
func merged(all []*cursor, before func(a, b *allocation.Line) bool, yield func(allocation.Line, error) bool) {
	for {
		var first *cursor
		for _, c := range all {
			if c.head != nil && (first == nil || before(&c.head.Line, &first.head.Line)) {
				first = c
			}
		}
		if first == nil {
			return
		}
		l := first.head
		if l.Takes() > 0 {
			first.tx.keepLine(*l)
		}
		if !yield(l.Line, nil) {
			return
		}
		if err := first.next(); err != nil {
			yield(allocation.Line{}, err)
			return
		}
	}
}

// walk opens cursors, yields their lines in order, and closes them.
func (tx *Tx) walk(open func() ([]*cursor, error), before func(a, b *allocation.Line) bool) iter.Seq2[allocation.Line, error] {
	return func(yield func(allocation.Line, error) bool) {
		all, err := open()
		defer func() {
			for _, c := range all {
				c.rows.Close()
			}
		}()
		if err != nil {
			yield(allocation.Line{}, err)
			return
		}
		merged(all, before, yield)
	}
}

func (tx *Tx) serves(a, b *allocation.Line) bool {
	_, before := tx.by.policy.Before(a, b)
	return before
}

// Waiting is of allocation.View. Lines that can take something are kept for the
// decision that is written next.
func (tx *Tx) Waiting(s allocation.Search) iter.Seq2[allocation.Line, error] {
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

// openLimited skips from kind to kind of the lines that can take something and
// opens a cursor on each that the search can serve.
func (tx *Tx) openLimited(s allocation.Search) ([]*cursor, error) {
	index, of, args := "line_can", "", []any{s.SKU}
	if s.Segment != "" {
		index, of, args = "line_can_segment", " AND l.segment <> '' AND l.segment = +?", append(args, s.Segment)
	}
	args = args[:len(args):len(args)]
	var all []*cursor
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
		if from, fits = tx.behind(s, at); !fits {
			continue
		}
		where, args := tx.more(s, of+" AND l.class = +? AND l.least = +? AND l.whole = +? AND l.min_life = +?",
			append(args, at.class, at.least, at.whole, at.life))
		c, err := tx.openCursor(`SELECT `+lineColumns+` FROM line l INDEXED BY `+index+` CROSS JOIN orders o ON o.n = l.order_n
			WHERE l.sku = +? AND l.can = 1`+where+` ORDER BY l.turn`, args...)
		all = append(all, only(c)...)
		if err != nil {
			return all, err
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

// Ahead is of allocation.View.
func (tx *Tx) Ahead(l allocation.Line) (n int64, err error) {
	before, key := "l.turn", tx.by.turn(&l)
	if tx.by.fair {
		before, key = "l.rank_key", tx.by.rankKey(&l)
	}
	_, err = tx.one(`SELECT coalesce(sum(l.takes), 0) FROM line l INDEXED BY line_open
		WHERE l.sku = ? AND l.waits = 1 AND `+before+` < ?`, []any{l.SKU, key}, &n)
	return n, err
}

// Guaranteed is of allocation.View.
func (tx *Tx) Guaranteed(segment string, sku allocation.SKU) (n int64, err error) {
	_, err = tx.one(`SELECT coalesce(sum(guaranteed), 0) FROM line INDEXED BY line_guaranteed
		WHERE segment = ? AND sku = ? AND guaranteed > 0`, []any{segment, sku}, &n)
	return n, err
}

// Holders is of allocation.View.
func (tx *Tx) Holders(sku allocation.SKU, kinds allocation.Holding) iter.Seq2[allocation.Line, error] {
	return tx.walk(func() (all []*cursor, err error) {
		for _, holds := range tx.holdings(kinds) {
			c, err := tx.openCursor(`SELECT `+lineColumns+` FROM line l INDEXED BY line_holds CROSS JOIN orders o ON o.n = l.order_n
				WHERE l.sku = +? AND l.holds > 0 AND l.holds = +? ORDER BY l.rank_key DESC`, sku, holds)
			all = append(all, only(c)...)
			if err != nil {
				return all, err
			}
		}
		return all, nil
	}, tx.by.policy.Worse)
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
