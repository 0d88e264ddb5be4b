package store

// Counts are the site's totals; units are base units.
type Counts struct {
	Scans          int64 // saved
	Units          int64 // good, received and not undone
	Free           int64
	Allocated      int64 // given to lines, shipped ones included
	Tasks          int
	LinesKnown     int64
	OrdersComplete int64 // orders all of whose lines are full, and that want anything
	// Owed is what is open.
	OwedLines, OwedOrders, OwedUnits int64
}

// AddUp counts the site from its rows. It walks over all lines: it is for the
// start, and from then on every change of a row changes the counts with it.
func (tx *Tx) AddUp() (Counts, error) {
	var c Counts
	for _, q := range []struct {
		query string
		dest  []any
	}{
		{`SELECT coalesce(sum(scans), 0), coalesce(sum(units), 0) FROM station`, []any{&c.Scans, &c.Units}},
		{`SELECT coalesce(sum(qty), 0) FROM stock WHERE shelf = 'free'`, []any{&c.Free}},
		{`SELECT count(*) FROM task`, []any{&c.Tasks}},
		{`SELECT count(*), coalesce(sum(open), 0), coalesce(sum(waits), 0), coalesce(sum(allocated), 0) FROM line`,
			[]any{&c.LinesKnown, &c.OwedUnits, &c.OwedLines, &c.Allocated}},
		{`SELECT coalesce(sum(open > 0), 0), coalesce(sum(open = 0 AND wanted > 0), 0) FROM
			(SELECT sum(open) AS open, sum(ordered - cancelled) AS wanted FROM line GROUP BY order_n)`, []any{&c.OwedOrders, &c.OrdersComplete}},
	} {
		if _, err := tx.one(q.query, nil, q.dest...); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Bytes is the database's size.
func (tx *Tx) Bytes() (n int64, err error) {
	_, err = tx.one(`SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`, nil, &n)
	return n, err
}

// countLine counts the change of a line; before is empty for a new one. The
// order's other lines are asked for only where they decide whether the order
// opens or ends: while a line merely fills, nothing is read.
func (tx *Tx) countLine(before, l Line) error {
	c := &tx.counts
	c.OwedUnits += l.Open() - before.Open()
	c.Allocated += l.Allocated - before.Allocated
	c.OwedLines += one(l.waits()) - one(before.waits())
	if before.waits() == l.waits() && (before.Wanted() > 0) == (l.Wanted() > 0) {
		return nil
	}
	var open, wanted bool // of the other lines
	var n int
	var err error
	if open, err = tx.one(`SELECT 1 FROM line WHERE order_n = ? AND waits = 1 AND n <> ? LIMIT 1`, []any{l.order, l.n}, &n); err != nil || open {
		return err // with another line open, the order is open before and after
	}
	if before.Wanted() == 0 || l.Wanted() == 0 {
		if wanted, err = tx.one(`SELECT 1 FROM line WHERE order_n = ? AND ordered > cancelled AND n <> ? LIMIT 1`, []any{l.order, l.n}, &n); err != nil {
			return err
		}
	}
	c.OwedOrders += one(l.waits()) - one(before.waits())
	c.OrdersComplete += one(!l.waits() && (wanted || l.Wanted() > 0)) - one(!before.waits() && (wanted || before.Wanted() > 0))
	return nil
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
