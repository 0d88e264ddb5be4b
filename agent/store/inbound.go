package store

import (
	"database/sql"
	"slices"

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
	Received int64 // the event that took it in, below 0 where that is of an earlier life; 0 while it is only announced
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

// PutInbound replaces announced supply. What was received stays: pallets, and the
// count by SKU. A pallet that is announced here is no longer one for elsewhere.
func (tx *Tx) PutInbound(in *wire.Inbound) error {
	err := tx.c.exec(`INSERT INTO inbound (id, version, supplier, expected, tolerance, closed) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, supplier = excluded.supplier, expected = excluded.expected,
			tolerance = excluded.tolerance, closed = excluded.closed`,
		in.ID, in.Version, in.Supplier, in.Expected, in.TolerancePct, in.Closed)
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
	return tx.announce(in)
}

// announce counts what is announced by SKU: loose units and those on pallets.
func (tx *Tx) announce(in *wire.Inbound) error {
	all := slices.Clone(in.Lines)
	for _, p := range in.Pallets {
		all = append(all, p.Lines...)
	}
	if err := tx.c.exec(`UPDATE inbound_sku SET announced = 0 WHERE inbound = ?`, in.ID); err != nil {
		return err
	}
	for _, l := range all {
		err := tx.c.exec(`INSERT INTO inbound_sku (inbound, sku, announced) VALUES (?, ?, ?)
			ON CONFLICT (inbound, sku) DO UPDATE SET announced = announced + excluded.announced`, in.ID, l.SKU, l.Qty)
		if err != nil {
			return err
		}
	}
	return tx.c.exec(`UPDATE inbound_sku SET awaited = announced > received AND NOT ? WHERE inbound = ?`, in.Closed, in.ID)
}

// arrive counts what came by the name of an inbound that is known here.
func (tx *Tx) arrive(a Arrival) error {
	if a.Qty == 0 {
		return nil
	}
	return tx.c.exec(`INSERT INTO inbound_sku (inbound, sku, received, awaited) SELECT id, ?1, ?2, ?2 < 0 AND NOT closed FROM inbound WHERE id = ?3
		ON CONFLICT (inbound, sku) DO UPDATE SET received = received + excluded.received,
			awaited = announced > received + excluded.received AND NOT (SELECT closed FROM inbound WHERE id = inbound)`,
		a.SKU, a.Qty, a.Inbound)
}

// AnnouncedBy names the goods that an inbound announces, or announced or brought once.
func (tx *Tx) AnnouncedBy(id allocation.InboundID) ([]allocation.SKU, error) {
	return tx.skus(`SELECT sku FROM inbound_sku WHERE inbound = ? ORDER BY sku`, id)
}

// spread counts what came by no inbound's name.
func (tx *Tx) spread(sku allocation.SKU, n int64) error {
	all, err := tx.Awaited(sku)
	if n == 0 || len(all) == 0 || err != nil {
		return err
	}
	had := slices.Clone(all)
	allocation.Spread(all, n)
	for i, a := range all {
		if a == had[i] {
			continue
		}
		if err := tx.c.exec(`UPDATE inbound_sku SET loose = ? WHERE inbound = ? AND sku = ?`, a.Loose, a.Inbound, sku); err != nil {
			return err
		}
	}
	return nil
}

// Awaited is of allocation.View.
func (tx *Tx) Awaited(sku allocation.SKU) (all []allocation.Awaited, err error) {
	err = tx.each(`SELECT i.expected, s.inbound, s.announced, s.received, s.loose FROM inbound_sku s INDEXED BY inbound_sku_awaited CROSS JOIN inbound i ON i.id = s.inbound
		WHERE s.sku = ? AND s.awaited = 1`, []any{sku}, func(r *sql.Rows) error {
		var a allocation.Awaited
		defer func() { all = append(all, a) }()
		return r.Scan(&a.Expected, &a.Inbound, &a.Announced, &a.Received, &a.Loose)
	})
	slices.SortFunc(all, allocation.Awaited.Before)
	return all, err
}

// Inbound is of allocation.View.
func (tx *Tx) Inbound(id allocation.InboundID, sku allocation.SKU) (allocation.Inbound, bool, error) {
	var in allocation.Inbound
	found, err := tx.one(`SELECT coalesce(s.announced, 0), coalesce(s.received, 0), coalesce(s.loose, 0), i.tolerance, i.closed
		FROM inbound i LEFT JOIN inbound_sku s ON s.inbound = i.id AND s.sku = +? WHERE i.id = +?`,
		[]any{sku, id}, &in.Announced, &in.Received, &in.Loose, &in.Tolerance, &in.Closed)
	return in, found, err
}

func (tx *Tx) putPallet(inbound allocation.InboundID, p wire.Pallet) error {
	had, found, err := tx.Pallet(allocation.SSCC(p.SSCC))
	if err != nil || found && had.Received != 0 {
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
