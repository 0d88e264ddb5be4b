package store

import (
	"database/sql"

	"dockfill/allocation"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// Logged reads one entry of the log with the chain's hash before it, which is
// zero where the entry before is not kept any more; false where the log does not
// hold it.
func (tx *Tx) Logged(seq int64) (e Event, prev wire.Hash, found bool, err error) {
	err = tx.each(`SELECT seq, at, hash, body FROM event WHERE seq = ?`, []any{seq}, func(r *sql.Rows) (err error) {
		e, err = scanEvent(r)
		found = true
		return err
	})
	if found && err == nil {
		prev, err = tx.hashAt(seq - 1)
	}
	return e, prev, found, err
}

// Oldest is the number of the oldest entry that is kept; 0 where there is none.
func (tx *Tx) Oldest() (seq int64, err error) {
	_, err = tx.one(`SELECT coalesce(min(seq), 0) FROM event`, nil, &seq)
	return seq, err
}

// Search looks through the entries from first to last, both included, for those
// whose stored bytes hold the needle, and gives at most limit of them, the newest
// first. There is no index for it: what a scan would have to write for a question
// that is seldom asked would cost each of them.
func (tx *Tx) Search(first, last int64, needle []byte, limit int) (found []Event, err error) {
	err = tx.each(`SELECT seq, at, hash, body FROM event WHERE seq BETWEEN ? AND ? AND instr(body, ?) > 0
		ORDER BY seq DESC LIMIT ?`, []any{first, last, needle, limit}, func(r *sql.Rows) error {
		e, err := scanEvent(r)
		found = append(found, e)
		return err
	})
	return found, err
}

// Standing tells where an open line stands among those that wait for its SKU. It
// reads why.MaxBefore lines at most.
func (tx *Tx) Standing(l Line) (s why.Standing, err error) {
	_, err = tx.one(`SELECT count(*) FROM (SELECT 1 FROM line INDEXED BY line_open
		WHERE sku = ? AND waits = 1 AND turn < ? LIMIT ?)`, []any{l.SKU, tx.by.turn(&l.Line), why.MaxBefore}, &s.Before)
	if err != nil {
		return s, err
	}
	for first, err := range allocation.Each(tx.Waiting(allocation.Search{SKU: l.SKU})) {
		if err != nil {
			return s, err
		}
		if first.ID() == l.ID() || len(s.First) == why.MaxFirst {
			break
		}
		s.First = append(s.First, first)
	}
	for behind, err := range allocation.Each(tx.Waiting(allocation.Search{SKU: l.SKU, After: &l.Line})) {
		if err == nil {
			s.Behind = &behind
		}
		return s, err
	}
	return s, nil
}

// Units gives where the units with a serial are that are in the house, within one
// trade item or, with "", within all. It reads whole tables, as no index begins
// with a serial, and gives at most limit rows.
func (tx *Tx) Units(u why.Unit, limit int) (all []why.Place, err error) {
	err = tx.each(`WITH s AS (SELECT trade, serial, seq FROM serial WHERE serial = ?1 AND (?2 = '' OR trade = ?2))
		SELECT s.trade, s.seq, h.sku, l.id, h.qty, h.bound
			FROM s CROSS JOIN held h CROSS JOIN line l ON l.n = h.line WHERE h.serial = s.serial AND h.trade = s.trade AND h.qty > 0
		UNION ALL SELECT s.trade, s.seq, k.sku, k.shelf, k.qty, 0
			FROM s CROSS JOIN stock k WHERE k.serial = s.serial AND k.trade = s.trade AND k.qty > 0
		ORDER BY 1, 4 LIMIT ?3`, []any{u.Serial, u.Trade, limit}, func(r *sql.Rows) error {
		var p why.Place
		err := r.Scan(&p.Trade, &p.Event.Seq, &p.SKU, &p.At, &p.Qty, &p.Bound)
		all = append(all, p)
		return err
	})
	return all, err
}
