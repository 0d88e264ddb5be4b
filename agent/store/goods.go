package store

import (
	"cmp"
	"fmt"

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

// PutItem replaces an item, its GTINs and its substitutes. A GTIN that another item
// had goes over to this one.
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
	if err := tx.putSubstitutes(i); err != nil {
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

func (tx *Tx) putSubstitutes(i *wire.Item) error {
	n, err := tx.c.change(`DELETE FROM substitute WHERE sku = ?`, i.SKU)
	if err != nil || n == 0 && len(i.Substitutes) == 0 {
		return err
	}
	tx.standIns = true
	tx.about.clear() // of those that it stood in for, too
	for n, other := range i.Substitutes {
		if err := tx.c.exec(`INSERT INTO substitute (sku, n, other) VALUES (?, ?, ?)`, i.SKU, n, other); err != nil {
			return err
		}
	}
	return nil
}

// Serial names one thing in the world: it is unique within its trade item, which
// is the GTIN, or the SKU where no GTIN was read.
type Serial struct {
	SKU    allocation.SKU
	GTIN   allocation.GTIN // "" where none was read
	Serial string
}

func (s Serial) trade() string { return cmp.Or(string(s.GTIN), string(s.SKU)) }

// TakeSerial notes that the event seq received a serial that was written in this
// transaction.
func (tx *Tx) TakeSerial(s Serial, seq int64) error {
	if tx.serials[serialKey{s.trade(), s.Serial}] == seq {
		return nil
	}
	n, err := tx.c.change(`UPDATE serial SET seq = ? WHERE trade = ? AND serial = ?`, seq, s.trade(), s.Serial)
	if err == nil && n == 0 {
		err = fmt.Errorf("serial %s of %s is not in the house: event %d cannot have received it", s.Serial, s.trade(), seq)
	}
	return err
}

// BySerial gives the event that received a serial which is still in the house; 0
// for none.
func (tx *Tx) BySerial(s Serial) (seq int64, err error) {
	found, err := tx.one(`SELECT seq FROM serial WHERE trade = ? AND serial = ?`, []any{s.trade(), s.Serial}, &seq)
	if !found && err == nil {
		tx.absent = serialKey{s.trade(), s.Serial}
	}
	return seq, err
}

// Serial is of allocation.View.
func (tx *Tx) Serial(trade, number string) (bool, error) {
	if tx.absent == (serialKey{trade, number}) {
		return false, nil
	}
	var n int
	return tx.one(`SELECT 1 FROM serial WHERE trade = ? AND serial = ?`, []any{trade, number}, &n)
}

// changeSerial counts units of a serial in or out; the schema refuses one that is
// here already. Mostly the next event tells of it.
func (tx *Tx) changeSerial(s serialKey, n int64) error {
	switch {
	case n == 0:
		return nil
	case n > 0:
		if tx.serials == nil {
			tx.serials = map[serialKey]int64{}
		}
		tx.serials[s], tx.absent = tx.head.Seq+1, serialKey{}
		return tx.c.exec(`INSERT INTO serial (trade, serial, seq, qty) VALUES (?, ?, ?, ?)`, s.trade, s.serial, tx.head.Seq+1, n)
	}
	if err := tx.c.exec(`UPDATE serial SET qty = qty + ? WHERE trade = ? AND serial = ?`, n, s.trade, s.serial); err != nil {
		return err
	}
	return tx.c.exec(`DELETE FROM serial WHERE trade = ? AND serial = ? AND qty = 0`, s.trade, s.serial)
}
