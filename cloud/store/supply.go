package store

import (
	"context"
	"database/sql"

	"dockfill/allocation"
)

// Items gives those of the items that are known; all of them for nil.
func (tx *Tx) Items(ctx context.Context, skus []allocation.SKU) (map[allocation.SKU]*Item, error) {
	items := map[allocation.SKU]*Item{}
	item := func(r *sql.Rows) error {
		i := &Item{}
		err := r.Scan(&i.SKU, &i.Description, &i.Putaway)
		items[i.SKU] = i
		return err
	}
	gtin := func(r *sql.Rows) error {
		var sku allocation.SKU
		var g PackGTIN
		err := r.Scan(&sku, &g.GTIN, &g.Qty)
		if i := items[sku]; i != nil {
			i.GTINs = append(i.GTINs, g)
		}
		return err
	}
	substitute := func(r *sql.Rows) error {
		var sku, stands allocation.SKU
		err := r.Scan(&sku, &stands)
		if i := items[sku]; i != nil {
			i.Substitutes = append(i.Substitutes, stands)
		}
		return err
	}
	for _, part := range []struct {
		scan        func(*sql.Rows) error
		from, order string
	}{
		{item, `SELECT sku, description, putaway FROM item`, ""},
		{gtin, `SELECT sku, gtin, qty FROM gtin`, ` ORDER BY gtin`},
		{substitute, `SELECT sku, stands FROM substitute`, ` ORDER BY sku, n`},
	} {
		var err error
		if skus == nil {
			err = tx.each(ctx, part.scan, part.from+part.order)
		} else {
			err = tx.eachOf(ctx, part.scan, part.from+` WHERE %s`+part.order, "sku", texts(skus))
		}
		if err != nil {
			return nil, explain(err, "items")
		}
	}
	return items, nil
}

// OwnersOf gives the SKU that each of the GTINs names, where it is known.
func (tx *Tx) OwnersOf(ctx context.Context, gtins []allocation.GTIN) (map[allocation.GTIN]allocation.SKU, error) {
	owners := map[allocation.GTIN]allocation.SKU{}
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		var g allocation.GTIN
		var sku allocation.SKU
		err := r.Scan(&g, &sku)
		owners[g] = sku
		return err
	}, `SELECT gtin, sku FROM gtin WHERE %s`, "gtin", texts(gtins))
	return owners, explain(err, "GTINs")
}

// PutItems writes items, new and known ones, with the GTINs and substitutes that
// they have now.
func (tx *Tx) PutItems(ctx context.Context, items []*Item) error {
	var skus []allocation.SKU
	var rows, gtins, substitutes [][]any
	for _, i := range items {
		skus = append(skus, i.SKU)
		rows = append(rows, []any{string(i.SKU), i.Description, i.Putaway})
		for _, g := range i.GTINs {
			gtins = append(gtins, []any{string(g.GTIN), string(i.SKU), g.Qty})
		}
		for n, stands := range i.Substitutes {
			substitutes = append(substitutes, []any{string(i.SKU), int64(n + 1), string(stands)})
		}
	}
	err := tx.bulk(ctx, `INSERT INTO item (sku, description, putaway) %s
		ON CONFLICT (sku) DO UPDATE SET description = excluded.description, putaway = excluded.putaway`, []kind{text, text, text}, rows)
	if err != nil {
		return explain(err, "items")
	}
	for _, table := range []string{"gtin", "substitute"} {
		if err := tx.deleteOf(ctx, `DELETE FROM `+table+` WHERE %s`, "sku", texts(skus)); err != nil {
			return explain(err, "items")
		}
	}
	if err := tx.bulk(ctx, `INSERT INTO gtin (gtin, sku, qty) %s`, []kind{text, text, number}, gtins); err != nil {
		return explain(err, "GTINs")
	}
	return explain(tx.bulk(ctx, `INSERT INTO substitute (sku, n, stands) %s`, []kind{text, number, text}, substitutes), "substitutes")
}

func (tx *Tx) deleteOf(ctx context.Context, format, column string, ids []string) error {
	none := func(*sql.Rows) error { return nil }
	return tx.eachOf(ctx, none, format, column, ids)
}

const orderColumns = `id, version, told, site, customer, customer_name, segment, override_rank, class, contract, tier, accepted, promised, requested, ship, door`

func scanOrder(scan func(...any) error) (*Order, error) {
	o := &Order{}
	var accepted int64
	err := scan(&o.ID, &o.Version, &o.Told, &o.Site, &o.Customer, &o.CustomerName, &o.Segment, &o.Override, &o.Class, &o.Contract, &o.Tier,
		&accepted, &o.Promised, &o.Requested, &o.Ship, &o.Door)
	o.Accepted = unixTime(accepted)
	return o, err
}

// Orders gives those of the orders that are known, without their lines.
func (tx *Tx) Orders(ctx context.Context, ids []allocation.OrderID) (map[allocation.OrderID]*Order, error) {
	orders := make(map[allocation.OrderID]*Order, len(ids))
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		o, err := scanOrder(r.Scan)
		orders[o.ID] = o
		return err
	}, `SELECT `+orderColumns+` FROM orders WHERE %s`, "id", texts(ids))
	return orders, explain(err, "orders")
}

// OrdersAt gives the ids of a site's orders that have an open line: a site needs
// no others.
func (tx *Tx) OrdersAt(ctx context.Context, site allocation.SiteID) ([]allocation.OrderID, error) {
	var ids []allocation.OrderID
	err := tx.each(ctx, func(r *sql.Rows) error {
		var id allocation.OrderID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT DISTINCT order_id FROM line WHERE site = $1 AND owed = 1`, string(site))
	return ids, explain(err, "orders of site %s", site)
}

// PutOrders writes the heads of orders, new and known ones; their lines go by
// PutLines.
func (tx *Tx) PutOrders(ctx context.Context, orders []*Order) error {
	rows := make([][]any, len(orders))
	for i, o := range orders {
		rows[i] = []any{string(o.ID), o.Version, o.Told, string(o.Site), string(o.Customer), o.CustomerName, o.Segment, int64(o.Override), string(o.Class),
			int64(o.Contract), int64(o.Tier), nanos(o.Accepted), string(o.Promised), string(o.Requested), string(o.Ship), o.Door}
	}
	err := tx.bulk(ctx, `INSERT INTO orders (`+orderColumns+`) %s ON CONFLICT (id) DO UPDATE SET version = excluded.version, told = excluded.told,
		site = excluded.site, customer = excluded.customer, customer_name = excluded.customer_name, segment = excluded.segment, override_rank = excluded.override_rank, class = excluded.class,
		contract = excluded.contract, tier = excluded.tier, accepted = excluded.accepted, promised = excluded.promised,
		requested = excluded.requested, ship = excluded.ship, door = excluded.door`,
		[]kind{text, number, number, text, text, text, text, number, text, number, number, number, text, text, text, text}, rows)
	return explain(err, "orders")
}

// asPolicy stands for a tolerance that an inbound leaves to the policy.
const asPolicy = -1

// Inbound gives those of the inbound that are known, with lines and pallets.
func (tx *Tx) Inbound(ctx context.Context, ids []allocation.InboundID) (map[allocation.InboundID]*Inbound, error) {
	all := make(map[allocation.InboundID]*Inbound, len(ids))
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		in := &Inbound{}
		var tolerance, closed int64
		err := r.Scan(&in.ID, &in.Version, &in.Site, &in.Supplier, &in.Expected, &tolerance, &closed)
		in.Closed = closed == 1
		if tolerance != asPolicy {
			in.Tolerance = &tolerance
		}
		all[in.ID] = in
		return err
	}, `SELECT id, version, site, supplier, expected, tolerance, closed FROM inbound WHERE %s`, "id", texts(ids))
	if err != nil {
		return nil, explain(err, "inbound")
	}
	err = tx.eachOf(ctx, func(r *sql.Rows) error {
		var id allocation.InboundID
		var l SupplyLine
		err := r.Scan(&id, &l.SKU, &l.Qty)
		all[id].Lines = append(all[id].Lines, l)
		return err
	}, `SELECT inbound, sku, qty FROM inbound_line WHERE %s ORDER BY inbound, n`, "inbound", texts(ids))
	if err != nil {
		return nil, explain(err, "inbound")
	}
	return all, explain(tx.pallets(ctx, all, ids), "pallets")
}

func (tx *Tx) pallets(ctx context.Context, all map[allocation.InboundID]*Inbound, ids []allocation.InboundID) error {
	return tx.eachOf(ctx, func(r *sql.Rows) error {
		var id allocation.InboundID
		var sscc allocation.SSCC
		var l SupplyLine
		err := r.Scan(&id, &sscc, &l.SKU, &l.Qty)
		in := all[id]
		if n := len(in.Pallets); n == 0 || in.Pallets[n-1].SSCC != sscc {
			in.Pallets = append(in.Pallets, Pallet{SSCC: sscc})
		}
		p := &in.Pallets[len(in.Pallets)-1]
		p.Lines = append(p.Lines, l)
		return err
	}, `SELECT inbound, sscc, sku, qty FROM pallet_line WHERE %s ORDER BY inbound, sscc, n`, "inbound", texts(ids))
}

// InboundIDs gives the ids of a site's inbound.
func (tx *Tx) InboundIDs(ctx context.Context, site allocation.SiteID) ([]allocation.InboundID, error) {
	var ids []allocation.InboundID
	err := tx.each(ctx, func(r *sql.Rows) error {
		var id allocation.InboundID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM inbound WHERE site = $1 ORDER BY id`, string(site))
	return ids, explain(err, "inbound of site %s", site)
}

// PalletsOf gives every announced pallet of a site.
func (tx *Tx) PalletsOf(ctx context.Context, site allocation.SiteID) ([]allocation.SSCC, error) {
	var all []allocation.SSCC
	err := tx.each(ctx, func(r *sql.Rows) error {
		var sscc allocation.SSCC
		err := r.Scan(&sscc)
		all = append(all, sscc)
		return err
	}, `SELECT DISTINCT p.sscc FROM pallet_line p JOIN inbound i ON i.id = p.inbound WHERE i.site = $1 ORDER BY p.sscc`, string(site))
	return all, explain(err, "pallets of site %s", site)
}

// AnnouncedBy gives the inbound that each of the pallets stands in, where it is
// announced.
func (tx *Tx) AnnouncedBy(ctx context.Context, ssccs []allocation.SSCC) (map[allocation.SSCC]allocation.InboundID, error) {
	by := map[allocation.SSCC]allocation.InboundID{}
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		var sscc allocation.SSCC
		var id allocation.InboundID
		err := r.Scan(&sscc, &id)
		by[sscc] = id
		return err
	}, `SELECT sscc, inbound FROM pallet_line WHERE n = 1 AND %s`, "sscc", texts(ssccs))
	return by, explain(err, "pallets")
}

// PutInbound writes inbound, new and known ones, with what they announce now.
func (tx *Tx) PutInbound(ctx context.Context, all []*Inbound) error {
	var ids []string
	var heads, lines, pallets [][]any
	for _, in := range all {
		ids = append(ids, string(in.ID))
		closed := int64(0)
		if in.Closed {
			closed = 1
		}
		heads = append(heads, []any{string(in.ID), in.Version, string(in.Site), in.Supplier, string(in.Expected), tolerance(in), closed})
		for n, l := range in.Lines {
			lines = append(lines, []any{string(in.ID), int64(n + 1), string(l.SKU), l.Qty})
		}
		for _, p := range in.Pallets {
			for n, l := range p.Lines {
				pallets = append(pallets, []any{string(p.SSCC), int64(n + 1), string(in.ID), string(l.SKU), l.Qty})
			}
		}
	}
	err := tx.bulk(ctx, `INSERT INTO inbound (id, version, site, supplier, expected, tolerance, closed) %s ON CONFLICT (id) DO UPDATE SET
		version = excluded.version, site = excluded.site, supplier = excluded.supplier, expected = excluded.expected,
		tolerance = excluded.tolerance, closed = excluded.closed`,
		[]kind{text, number, text, text, text, number, number}, heads)
	for _, table := range []string{"inbound_line", "pallet_line"} {
		if err == nil {
			err = tx.deleteOf(ctx, `DELETE FROM `+table+` WHERE %s`, "inbound", ids)
		}
	}
	if err == nil {
		err = tx.bulk(ctx, `INSERT INTO inbound_line (inbound, n, sku, qty) %s`, []kind{text, number, text, number}, lines)
	}
	if err == nil {
		err = tx.bulk(ctx, `INSERT INTO pallet_line (sscc, n, inbound, sku, qty) %s`, []kind{text, number, text, text, number}, pallets)
	}
	return explain(err, "inbound")
}
