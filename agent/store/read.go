package store

import (
	"database/sql"

	"dockfill/allocation"
)

// Counts are the site's totals; units are base units.
type Counts struct {
	Scans          int64 // saved
	Units          int64 // good, received and not undone
	Free           int64
	Tasks          int
	LinesKnown     int64
	OrdersComplete int64 // orders all of whose lines are full, and that want anything
	// Owed is what is open.
	OwedLines, OwedOrders, OwedUnits int64
	Bytes                            int64 // the database's size
}

// Counts adds the site up. It walks over all lines, so it is for a page that is
// looked at, not for each scan.
func (tx *Tx) Counts() (Counts, error) {
	var c Counts
	for _, q := range []struct {
		query string
		dest  []any
	}{
		{`SELECT coalesce(sum(scans), 0), coalesce(sum(units), 0) FROM station`, []any{&c.Scans, &c.Units}},
		{`SELECT coalesce(sum(qty), 0) FROM stock WHERE disposition = 'good'`, []any{&c.Free}},
		{`SELECT count(*) FROM task`, []any{&c.Tasks}},
		{`SELECT count(*), coalesce(sum(open), 0), coalesce(sum(open > 0), 0) FROM line`, []any{&c.LinesKnown, &c.OwedUnits, &c.OwedLines}},
		{`SELECT coalesce(sum(open > 0), 0), coalesce(sum(open = 0 AND wanted > 0), 0) FROM
			(SELECT sum(open) AS open, sum(ordered - cancelled) AS wanted FROM line GROUP BY order_id)`, []any{&c.OwedOrders, &c.OrdersComplete}},
		{`SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`, []any{&c.Bytes}},
	} {
		if _, err := tx.one(q.query, nil, q.dest...); err != nil {
			return c, err
		}
	}
	return c, nil
}

// EachLine gives every line by its id, without the order's texts.
func (tx *Tx) EachLine(f func(Line) error) error {
	return tx.each(`SELECT `+lineColumns+` FROM line l JOIN orders o ON o.id = l.order_id ORDER BY l.id`, nil, func(r *sql.Rows) error {
		var l Line
		if err := r.Scan(l.dest()...); err != nil {
			return err
		}
		return f(l)
	})
}

// EachStock gives every stock that was ever there, empty ones included.
func (tx *Tx) EachStock(f func(allocation.SKU, allocation.Disposition, int64) error) error {
	return tx.each(`SELECT sku, disposition, qty FROM stock ORDER BY sku, disposition`, nil, func(r *sql.Rows) error {
		var sku allocation.SKU
		var d allocation.Disposition
		var qty int64
		if err := r.Scan(&sku, &d, &qty); err != nil {
			return err
		}
		return f(sku, d, qty)
	})
}
