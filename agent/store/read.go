package store

import (
	"database/sql"

	"dockfill/allocation"
)

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
