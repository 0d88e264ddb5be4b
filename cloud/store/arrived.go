package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"dockfill/allocation"
)

// FreeChange is by how much what lies free of a SKU changed.
type FreeChange struct {
	SKU    allocation.SKU
	Expiry allocation.Date // "" where the goods have none
	Qty    int64
}

// AddFree changes what lies free at the site of a life.
func (tx *Tx) AddFree(ctx context.Context, life Life, changes []FreeChange) error {
	rows := make([][]any, len(changes))
	for i, c := range changes {
		rows[i] = []any{string(life.Site), life.Incarnation, string(c.SKU), string(c.Expiry), c.Qty}
	}
	err := tx.bulk(ctx, `INSERT INTO free_stock (site, incarnation, sku, expiry, qty) %s
		ON CONFLICT (site, incarnation, sku, expiry) DO UPDATE SET qty = free_stock.qty + excluded.qty`,
		[]kind{text, text, text, text, number}, rows)
	return explain(err, "free stock of site %s", life.Site)
}

// Arrival is what came of a SKU by an announcement; below 0 where it was undone.
type Arrival struct {
	Inbound allocation.InboundID
	SKU     allocation.SKU
	Named   int64 // the scan said by which it came
	Loose   int64 // it did not
}

// AddArrivals counts what came.
func (tx *Tx) AddArrivals(ctx context.Context, all []Arrival) error {
	rows := make([][]any, len(all))
	for i, a := range all {
		rows[i] = []any{string(a.Inbound), string(a.SKU), a.Named, a.Loose}
	}
	err := tx.bulk(ctx, `INSERT INTO arrival (inbound, sku, named, loose) %s ON CONFLICT (inbound, sku) DO UPDATE SET
		named = arrival.named + excluded.named, loose = arrival.loose + excluded.loose`, []kind{text, text, number, number}, rows)
	return explain(err, "arrivals")
}

// Awaited is what an open announcement says of a SKU, and what came of it.
type Awaited struct {
	Inbound   allocation.InboundID
	Site      allocation.SiteID
	Expected  allocation.Date
	SKU       allocation.SKU
	Announced int64
	Named     int64
	Loose     int64
}

// Left is what it still has to bring.
func (a Awaited) Left() int64 { return max(0, a.Announced-max(0, a.Named)-max(0, a.Loose)) }

// Awaits reports whether anything at all is announced for a site and not closed.
func (tx *Tx) Awaits(ctx context.Context, site allocation.SiteID) (any bool, err error) {
	err = tx.queryRow(ctx, `SELECT EXISTS (SELECT 1 FROM inbound WHERE site = $1 AND closed = 0)`, string(site)).Scan(&any)
	return any, explain(err, "inbound of site %s", site)
}

// Awaited gives what the open announcements for a site say of the SKUs, what is
// expected first before others, without a day last.
func (tx *Tx) Awaited(ctx context.Context, site allocation.SiteID, skus []allocation.SKU) ([]Awaited, error) {
	var all []Awaited
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		a, err := scanAwaited(r)
		if a.Site == site {
			all = append(all, a)
		}
		return err
	}, awaited, "sku", texts(skus))
	if err != nil {
		return nil, explain(err, "inbound of site %s", site)
	}
	slices.SortFunc(all, func(a, b Awaited) int {
		return cmp.Or(cmp.Compare(cmp.Or(a.Expected, "9999-99-99"), cmp.Or(b.Expected, "9999-99-99")), cmp.Compare(a.Inbound, b.Inbound))
	})
	return all, nil
}

// What an inbound announces of a SKU are its loose lines and what stands on its
// pallets, as the sites count it.
const awaited = `SELECT i.id, i.site, i.expected, l.sku, SUM(l.qty), COALESCE(MAX(a.named), 0), COALESCE(MAX(a.loose), 0)
	FROM (SELECT inbound, sku, qty FROM inbound_line WHERE %[1]s UNION ALL SELECT inbound, sku, qty FROM pallet_line WHERE %[1]s) l
	JOIN inbound i ON i.id = l.inbound LEFT JOIN arrival a ON a.inbound = l.inbound AND a.sku = l.sku
	WHERE i.closed = 0 GROUP BY i.id, i.site, i.expected, l.sku`

func scanAwaited(r *sql.Rows) (Awaited, error) {
	var a Awaited
	err := r.Scan(&a.Inbound, &a.Site, &a.Expected, &a.SKU, &a.Announced, &a.Named, &a.Loose)
	return a, err
}

// EventsAt gives the bytes of events of one life.
func (tx *Tx) EventsAt(ctx context.Context, life Life, seqs []int64) ([][]byte, error) {
	var all [][]byte
	for _, seq := range seqs {
		err := tx.each(ctx, func(r *sql.Rows) error {
			var body []byte
			err := r.Scan(&body)
			all = append(all, body)
			return err
		}, `SELECT body FROM event WHERE site = $1 AND incarnation = $2 AND seq = $3`, string(life.Site), life.Incarnation, seq)
		if err != nil {
			return nil, explain(err, "event %d of site %s", seq, life.Site)
		}
	}
	return all, nil
}
