package store

import (
	"database/sql"

	"dockfill/allocation"
)

// EachLine gives every line by its id.
func (tx *Tx) EachLine(f func(Line) error) error {
	return tx.each(`SELECT `+lineColumns+` FROM line l CROSS JOIN orders o ON o.n = l.order_n ORDER BY l.id`, nil, func(r *sql.Rows) error {
		l, err := scanLine(r)
		if err != nil {
			return err
		}
		return f(l)
	})
}

// EachStock gives what lies on each shelf of each SKU.
func (tx *Tx) EachStock(f func(allocation.SKU, allocation.Shelf, int64) error) error {
	return tx.each(`SELECT sku, shelf, sum(qty) FROM stock GROUP BY sku, shelf ORDER BY sku, shelf`, nil, func(r *sql.Rows) error {
		var sku allocation.SKU
		var shelf allocation.Shelf
		var qty int64
		if err := r.Scan(&sku, &shelf, &qty); err != nil {
			return err
		}
		return f(sku, shelf, qty)
	})
}
