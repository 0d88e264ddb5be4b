package store

import (
	"database/sql"
	"time"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Item is what is stocked.
type Item struct {
	SKU         allocation.SKU
	Description string
	Putaway     string
}

// ItemByGTIN gives the item that a GTIN names and the base units in its pack;
// false where the GTIN is not known.
func (tx *Tx) ItemByGTIN(gtin allocation.GTIN) (item Item, pack int64, found bool, err error) {
	found, err = tx.one(`SELECT i.sku, i.description, i.putaway, g.qty FROM gtin g JOIN item i ON i.sku = g.sku WHERE g.gtin = +?`,
		[]any{gtin}, &item.SKU, &item.Description, &item.Putaway, &pack)
	return item, pack, found, err
}

// ItemBySKU gives an item by its own name; false where there is none.
func (tx *Tx) ItemBySKU(sku allocation.SKU) (item Item, found bool, err error) {
	found, err = tx.one(`SELECT sku, description, putaway FROM item WHERE sku = ?`,
		[]any{sku}, &item.SKU, &item.Description, &item.Putaway)
	return item, found, err
}

// PutItem replaces an item and its GTINs. A GTIN that another item had goes
// over to this one.
func (tx *Tx) PutItem(i *wire.Item) error {
	err := tx.c.exec(`INSERT INTO item (sku, description, putaway) VALUES (?, ?, ?)
		ON CONFLICT (sku) DO UPDATE SET description = excluded.description, putaway = excluded.putaway`,
		i.SKU, i.Description, i.Putaway)
	if err != nil {
		return err
	}
	if err := tx.c.exec(`DELETE FROM gtin WHERE sku = ?`, i.SKU); err != nil {
		return err
	}
	for _, g := range i.GTINs {
		err := tx.c.exec(`INSERT INTO gtin (gtin, sku, qty) VALUES (?, ?, ?)
			ON CONFLICT (gtin) DO UPDATE SET sku = excluded.sku, qty = excluded.qty`, g.GTIN, i.SKU, g.Qty)
		if err != nil {
			return err
		}
	}
	return nil
}

// Stock is what lies here of a SKU in a disposition and no line holds.
func (tx *Tx) Stock(sku allocation.SKU, d allocation.Disposition) (qty int64, err error) {
	_, err = tx.one(`SELECT qty FROM stock WHERE sku = ? AND disposition = ?`, []any{sku, d}, &qty)
	return qty, err
}

// AddStock changes the stock by n, which may be negative; the schema refuses
// what would leave less than nothing.
func (tx *Tx) AddStock(sku allocation.SKU, d allocation.Disposition, n int64) error {
	if n == 0 {
		return nil
	}
	if n < 0 {
		return tx.c.exec(`UPDATE stock SET qty = qty + ? WHERE sku = ? AND disposition = ?`, n, sku, d)
	}
	return tx.c.exec(`INSERT INTO stock (sku, disposition, qty) VALUES (?, ?, ?)
		ON CONFLICT (sku, disposition) DO UPDATE SET qty = qty + excluded.qty`, sku, d, n)
}

// Receipt is what one scan took in of one SKU, and what it gave at once.
type Receipt struct {
	allocation.Receipt
	GTIN        allocation.GTIN // "" where none was read
	Free        int64           // good units that no line took
	Allocations []allocation.Allocation
}

// AddReceipt writes receipt n of the event seq with its allocations.
func (tx *Tx) AddReceipt(seq int64, n int, r Receipt) error {
	err := tx.c.exec(`INSERT INTO receipt (seq, n, sku, qty, disposition, free, lot, expiry, serial, gtin, inbound)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		seq, n, r.SKU, r.Qty, r.Disposition, r.Free, r.Lot, r.Expiry, r.Serial, r.GTIN, r.Inbound)
	if err != nil {
		return err
	}
	for _, a := range r.Allocations {
		if err := tx.c.exec(`INSERT INTO allocation (seq, n, line, qty) VALUES (?, ?, ?, ?)`, seq, n, a.Line, a.Qty); err != nil {
			return err
		}
	}
	return nil
}

// ReceiptsOf gives the receipts of the events first to last that are not
// undone, with their allocations.
func (tx *Tx) ReceiptsOf(first, last int64) ([]Receipt, error) {
	type key struct{ seq, n int64 }
	var receipts []Receipt
	at := map[key]int{}
	err := tx.each(`SELECT seq, n, sku, qty, disposition, free, serial, gtin FROM receipt
		WHERE seq BETWEEN ? AND ? AND undone = 0 ORDER BY seq, n`, []any{first, last}, func(rows *sql.Rows) error {
		var k key
		var r Receipt
		err := rows.Scan(&k.seq, &k.n, &r.SKU, &r.Qty, &r.Disposition, &r.Free, &r.Serial, &r.GTIN)
		at[k] = len(receipts)
		receipts = append(receipts, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = tx.each(`SELECT seq, n, line, qty FROM allocation WHERE seq BETWEEN ? AND ? ORDER BY seq, n, line`, []any{first, last}, func(rows *sql.Rows) error {
		var k key
		var a allocation.Allocation
		err := rows.Scan(&k.seq, &k.n, &a.Line, &a.Qty)
		if i, ok := at[k]; ok {
			receipts[i].Allocations = append(receipts[i].Allocations, a)
		}
		return err
	})
	return receipts, err
}

// UndoReceipts marks the receipts of the events first to last as taken back:
// they count no longer and their serials may come again. Pallets that they took
// in are announced again, and a code that was kept is kept no longer.
func (tx *Tx) UndoReceipts(first, last int64) error {
	for _, q := range []string{
		`UPDATE receipt SET undone = 1 WHERE seq BETWEEN ? AND ?`,
		`UPDATE pallet SET received = 0 WHERE received BETWEEN ? AND ?`,
		`DELETE FROM unknown WHERE seq BETWEEN ? AND ?`,
	} {
		if err := tx.c.exec(q, first, last); err != nil {
			return err
		}
	}
	return nil
}

// BySerial gives the event that received a serial and was not undone; 0 for none.
func (tx *Tx) BySerial(sku allocation.SKU, gtin allocation.GTIN, serial string) (seq int64, err error) {
	trade := string(gtin)
	if trade == "" {
		trade = string(sku)
	}
	_, err = tx.one(`SELECT seq FROM receipt WHERE trade = ? AND serial = ? AND serial <> '' AND undone = 0`, []any{trade, serial}, &seq)
	return seq, err
}

// KeepUnknown keeps a code that names nothing known here.
func (tx *Tx) KeepUnknown(seq int64, station allocation.StationID, code []byte, qty int64, at time.Time) error {
	return tx.c.exec(`INSERT INTO unknown (seq, station, code, qty, at) VALUES (?, ?, ?, ?, ?)`, seq, station, code, qty, at.UnixNano())
}

// Kept gives the event that kept this very code; 0 for none.
func (tx *Tx) Kept(code []byte) (seq int64, err error) {
	_, err = tx.one(`SELECT seq FROM unknown WHERE code = ? LIMIT 1`, []any{code}, &seq)
	return seq, err
}

// DropKept forgets a kept code, which has become known and was received.
func (tx *Tx) DropKept(code []byte) error {
	return tx.c.exec(`DELETE FROM unknown WHERE code = ?`, code)
}
