package store

import (
	"database/sql"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// PalletLine is a quantity of one SKU on a pallet, in base units.
type PalletLine struct {
	SKU allocation.SKU
	Qty int64
}

// Pallet is an announced pallet.
type Pallet struct {
	Inbound  allocation.InboundID
	Received int64 // the event that took it in; 0 while it is only announced
	Lines    []PalletLine
}

// Pallet reads an announced pallet; false where it is not announced for here.
func (tx *Tx) Pallet(sscc allocation.SSCC) (Pallet, bool, error) {
	var p Pallet
	found, err := tx.one(`SELECT inbound, received FROM pallet WHERE sscc = ?`, []any{sscc}, &p.Inbound, &p.Received)
	if !found || err != nil {
		return p, found, err
	}
	err = tx.each(`SELECT sku, qty FROM pallet_line WHERE sscc = ? ORDER BY n`, []any{sscc}, func(r *sql.Rows) error {
		var l PalletLine
		defer func() { p.Lines = append(p.Lines, l) }()
		return r.Scan(&l.SKU, &l.Qty)
	})
	return p, true, err
}

// ReceivePallet notes that the event seq took the pallet in.
func (tx *Tx) ReceivePallet(sscc allocation.SSCC, seq int64) error {
	return tx.c.exec(`UPDATE pallet SET received = ? WHERE sscc = ?`, seq, sscc)
}

// UnreceivePallet makes a pallet an announced one again where the event seq took
// it in.
func (tx *Tx) UnreceivePallet(sscc allocation.SSCC, seq int64) error {
	return tx.c.exec(`UPDATE pallet SET received = 0 WHERE sscc = ? AND received = ?`, sscc, seq)
}

// Elsewhere gives the site that a pallet was announced for; "" for none.
func (tx *Tx) Elsewhere(sscc allocation.SSCC) (site allocation.SiteID, err error) {
	_, err = tx.one(`SELECT site FROM pallet_elsewhere WHERE sscc = ?`, []any{sscc}, &site)
	return site, err
}

// PutElsewhere notes that pallets were announced for another site.
func (tx *Tx) PutElsewhere(e *wire.Elsewhere) error {
	for _, sscc := range e.SSCCs {
		err := tx.c.exec(`INSERT INTO pallet_elsewhere (sscc, site) VALUES (?, ?)
			ON CONFLICT (sscc) DO UPDATE SET site = excluded.site`, sscc, e.Site)
		if err != nil {
			return err
		}
	}
	return nil
}

// InboundVersion gives the version of announced supply that the site holds; 0
// for none.
func (tx *Tx) InboundVersion(id allocation.InboundID) (version int64, err error) {
	_, err = tx.one(`SELECT version FROM inbound WHERE id = ?`, []any{id}, &version)
	return version, err
}

// PutInbound replaces announced supply. Pallets that were received stay as they
// are; a pallet that is announced here is no longer one for elsewhere.
func (tx *Tx) PutInbound(in *wire.Inbound) error {
	err := tx.c.exec(`INSERT INTO inbound (id, version, supplier, expected) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, supplier = excluded.supplier, expected = excluded.expected`,
		in.ID, in.Version, in.Supplier, in.Expected)
	if err != nil {
		return err
	}
	for _, q := range []string{
		`DELETE FROM inbound_line WHERE inbound = ?`,
		`DELETE FROM pallet WHERE inbound = ? AND received = 0`,
	} {
		if err := tx.c.exec(q, in.ID); err != nil {
			return err
		}
	}
	for n, l := range in.Lines {
		if err := tx.c.exec(`INSERT INTO inbound_line (inbound, n, sku, qty) VALUES (?, ?, ?, ?)`, in.ID, n, l.SKU, l.Qty); err != nil {
			return err
		}
	}
	for _, p := range in.Pallets {
		if err := tx.putPallet(in.ID, p); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) putPallet(inbound allocation.InboundID, p wire.Pallet) error {
	had, found, err := tx.Pallet(allocation.SSCC(p.SSCC))
	if err != nil || found && had.Received > 0 {
		return err
	}
	for _, q := range []string{`DELETE FROM pallet WHERE sscc = ?`, `DELETE FROM pallet_elsewhere WHERE sscc = ?`} {
		if err := tx.c.exec(q, p.SSCC); err != nil {
			return err
		}
	}
	if err := tx.c.exec(`INSERT INTO pallet (sscc, inbound) VALUES (?, ?)`, p.SSCC, inbound); err != nil {
		return err
	}
	for n, l := range p.Lines {
		if err := tx.c.exec(`INSERT INTO pallet_line (sscc, n, sku, qty) VALUES (?, ?, ?, ?)`, p.SSCC, n, l.SKU, l.Qty); err != nil {
			return err
		}
	}
	return nil
}
