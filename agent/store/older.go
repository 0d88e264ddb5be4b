package store

import (
	"database/sql"
	"time"

	"dockfill/allocation"
)

// Older gives the lines of a SKU that can take units at this moment and were accepted
// before t, in no order. It reads all that can take some: it is for an account of what
// was decided and not for a decision.
func (tx *Tx) Older(sku allocation.SKU, t time.Time) (all []Line, err error) {
	// To the second texts sort as the instants do.
	second := t.UTC().Format(time.RFC3339)[:len("2006-01-02T15:04:05")]
	err = tx.each(`SELECT `+lineColumns+` FROM line l JOIN orders o ON o.n = l.order_n
		WHERE l.sku = +? AND l.can = 1 AND substr(o.accepted, 1, 19) <= +?`, []any{sku, second}, func(r *sql.Rows) error {
		l, err := scanLine(r)
		if err == nil && l.Rank.Accepted.Before(t) {
			all = append(all, l)
		}
		return err
	})
	return all, err
}
