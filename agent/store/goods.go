package store

import (
	"cmp"

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
// what would leave less than nothing. Units that are set aside come by SetAside.
func (tx *Tx) AddStock(sku allocation.SKU, d allocation.Disposition, n int64) error {
	if n == 0 {
		return nil
	}
	if d == allocation.Good {
		tx.counts.Free += n
	}
	if n < 0 {
		return tx.c.exec(`UPDATE stock SET qty = qty + ? WHERE sku = ? AND disposition = ?`, n, sku, d)
	}
	return tx.c.exec(`INSERT INTO stock (sku, disposition, qty) VALUES (?, ?, ?)
		ON CONFLICT (sku, disposition) DO UPDATE SET qty = qty + excluded.qty`, sku, d, n)
}

// Serial names one thing in the world: it is unique within its trade item, which
// is the GTIN, or the SKU where no GTIN was read.
type Serial struct {
	SKU    allocation.SKU
	GTIN   allocation.GTIN // "" where none was read
	Serial string
}

func (s Serial) trade() string { return cmp.Or(string(s.GTIN), string(s.SKU)) }

// TakeSerial notes that the event seq received a serial; the schema refuses one
// that is here already.
func (tx *Tx) TakeSerial(s Serial, seq int64) error {
	return tx.c.exec(`INSERT INTO serial (trade, serial, seq) VALUES (?, ?, ?)`, s.trade(), s.Serial, seq)
}

// FreeSerial lets a serial come again whose receipt was undone.
func (tx *Tx) FreeSerial(s Serial) error {
	return tx.c.exec(`DELETE FROM serial WHERE trade = ? AND serial = ?`, s.trade(), s.Serial)
}

// BySerial gives the event that received a serial and was not undone; 0 for none.
func (tx *Tx) BySerial(s Serial) (seq int64, err error) {
	_, err = tx.one(`SELECT seq FROM serial WHERE trade = ? AND serial = ?`, []any{s.trade(), s.Serial}, &seq)
	return seq, err
}
