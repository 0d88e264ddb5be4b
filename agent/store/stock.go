package store

import (
	"database/sql"
	"fmt"
	"iter"
	"slices"

	"dockfill/allocation"
)

// noExpiry stands for no date, so that dates sort as batches are used.
const noExpiry = "9999-99-99"

func expiryText(d allocation.Date) allocation.Date {
	if d == "" {
		return noExpiry
	}
	return d
}

const batchColumns = `sku, lot, expiry, trade, serial`

func batchDest(b *allocation.Batch) []any {
	return []any{&b.SKU, &b.Lot, &b.Expiry, &b.Trade, &b.Serial}
}

func batchArgs(b allocation.Batch) []any {
	return []any{b.SKU, b.Lot, expiryText(b.Expiry), b.Trade, b.Serial}
}

func scanParcel(r *sql.Rows, more ...any) (p allocation.Parcel, err error) {
	err = r.Scan(append(append(batchDest(&p.Batch), &p.Qty), more...)...)
	if p.Expiry == noExpiry {
		p.Expiry = ""
	}
	return p, classify(err)
}

// Stock is of allocation.View.
func (tx *Tx) Stock(sku allocation.SKU, shelf allocation.Shelf) iter.Seq2[allocation.Parcel, error] {
	return tx.parcels(`SELECT `+batchColumns+`, sum(qty) FROM stock WHERE sku = ? AND shelf = ?
		GROUP BY expiry, lot, trade, serial ORDER BY expiry, lot, trade, serial`, sku, shelf)
}

// Surplus is of allocation.View.
func (tx *Tx) Surplus(id allocation.InboundID) iter.Seq2[allocation.Parcel, error] {
	return tx.parcels(`SELECT `+batchColumns+`, qty FROM stock INDEXED BY stock_surplus WHERE inbound = ? AND shelf = 'surplus'
		ORDER BY sku, expiry, lot, trade, serial`, id)
}

// WithSurplus gives the inbounds that something waits for the approval of.
func (tx *Tx) WithSurplus() (all []allocation.InboundID, err error) {
	err = tx.each(`SELECT DISTINCT inbound FROM stock INDEXED BY stock_surplus WHERE shelf = 'surplus' ORDER BY inbound`, nil, func(r *sql.Rows) error {
		var id allocation.InboundID
		err := r.Scan(&id)
		all = append(all, id)
		return err
	})
	return all, err
}

func (tx *Tx) parcels(query string, args ...any) iter.Seq2[allocation.Parcel, error] {
	return func(yield func(allocation.Parcel, error) bool) {
		rows, err := tx.c.query(query, args...)
		if err != nil {
			yield(allocation.Parcel{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			p, err := scanParcel(rows.Rows)
			if !yield(p, err) || err != nil {
				return
			}
		}
		if err := classify(rows.Err()); err != nil {
			yield(allocation.Parcel{}, err)
		}
	}
}

// On sums what lies on a shelf of a SKU.
func (tx *Tx) On(sku allocation.SKU, shelf allocation.Shelf) (n int64, err error) {
	_, err = tx.one(`SELECT coalesce(sum(qty), 0) FROM stock WHERE sku = ? AND shelf = ?`, []any{sku, shelf}, &n)
	return n, err
}

// changeStock adds units to a shelf or takes some away; what is not there cannot
// be taken.
func (tx *Tx) changeStock(s spot, n int64) error {
	free := s.at.Shelf == allocation.Free
	if free {
		tx.counts.Free += n
	}
	key := append(batchArgs(s.Batch), s.at.Shelf, s.at.Inbound)
	if n > 0 {
		since := tx.at.UnixNano()
		if free {
			tx.about.noteFree(s.SKU, true)
			since = 0
		}
		return tx.c.exec(`INSERT INTO stock (`+batchColumns+`, shelf, inbound, qty, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET qty = qty + excluded.qty`, append(key, n, since)...)
	}
	const where = ` WHERE sku = ? AND lot = ? AND expiry = ? AND trade = ? AND serial = ? AND shelf = ? AND inbound = ?`
	gone, err := tx.c.change(`DELETE FROM stock`+where+` AND qty = ?`, append(key, -n)...)
	if err != nil {
		return err
	}
	if gone > 0 {
		if free {
			tx.about.noteFree(s.SKU, false)
		}
		return nil
	}
	return tx.mustChange(fmt.Sprintf("%d of %s on shelf %s", -n, s.SKU, s.at.Shelf), `UPDATE stock SET qty = qty + ?`+where, append([]any{n}, key...)...)
}

// mustChange is for a row that is there where the decision was made on this state.
func (tx *Tx) mustChange(what, query string, args ...any) error {
	n, err := tx.c.change(query, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("there is no %s to take", what)
	}
	return err
}

// Held is of allocation.View.
func (tx *Tx) Held(id allocation.LineID) ([]allocation.Parcel, error) {
	l, found, err := tx.Shown(id)
	if err != nil || !found {
		return nil, err
	}
	plain := allocation.Parcel{Batch: allocation.Batch{SKU: l.SKU}, Qty: l.Allocated - l.Shipped, Bound: l.Bound() - l.Shipped}
	var all []allocation.Parcel
	err = tx.each(`SELECT `+batchColumns+`, qty, bound FROM held WHERE line = ? ORDER BY expiry, sku, lot, trade, serial`, []any{l.n}, func(r *sql.Rows) error {
		var bound int64
		p, err := scanParcel(r, &bound)
		p.Bound = bound
		plain.Qty -= p.Qty
		plain.Bound -= bound
		all = append(all, p)
		return err
	})
	if plain.Qty > 0 {
		i, _ := slices.BinarySearchFunc(all, plain, func(a, b allocation.Parcel) int { return a.Batch.Before(b.Batch) })
		all = slices.Insert(all, i, plain)
	}
	return all, err
}

// changeHeld changes what a line holds of a batch. Plain goods of the line's own
// SKU have no row.
func (tx *Tx) changeHeld(id allocation.LineID, b allocation.Batch, n units) error {
	l, _, err := tx.Shown(id)
	if err != nil || b.Plain() && b.SKU == l.SKU {
		return err
	}
	key := append([]any{l.n}, batchArgs(b)...)
	if n.qty > 0 && n.bound >= 0 && n.bound <= n.qty { // else there is a row
		return tx.c.exec(`INSERT INTO held (line, `+batchColumns+`, qty, bound) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET qty = qty + excluded.qty, bound = bound + excluded.bound`, append(key, n.qty, n.bound)...)
	}
	const where = ` WHERE line = ? AND sku = ? AND lot = ? AND expiry = ? AND trade = ? AND serial = ?`
	err = tx.mustChange(fmt.Sprintf("%d of %s with line %s", -n.qty, b.SKU, id),
		`UPDATE held SET qty = qty + ?, bound = bound + ?`+where, append([]any{n.qty, n.bound}, key...)...)
	if err != nil || n.qty == 0 {
		return err
	}
	return tx.c.exec(`DELETE FROM held`+where+` AND qty = 0`, key...)
}
