package store

import (
	"database/sql"

	"dockfill/allocation"
)

// Short is a line of class win that lacks units: it is to be filled whole.
type Short struct {
	Line allocation.LineID
	SKU  allocation.SKU
	Qty  int64 // that it lacks of what this site may give it
}

// Short gives the first lines by their names that are to be filled whole, lack units
// and have a right to them here, at most limit, and how many there are.
func (tx *Tx) Short(limit int) (all []Short, lines int64, err error) {
	const from = ` FROM line INDEXED BY line_short WHERE class = 1 AND waits = 1 AND takes > 0`
	if _, err := tx.one(`SELECT count(*)`+from, nil, &lines); err != nil || lines == 0 {
		return nil, 0, err
	}
	err = tx.each(`SELECT id, sku, takes`+from+` ORDER BY id LIMIT ?`, []any{limit}, func(r *sql.Rows) error {
		var s Short
		err := r.Scan(&s.Line, &s.SKU, &s.Qty)
		all = append(all, s)
		return err
	})
	return all, lines, err
}
