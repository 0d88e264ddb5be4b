package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/cloud/promise"
)

// Prospect is what the dates of lines are made of, site by site.
type Prospect struct {
	Policy allocation.Policy
	Sites  map[allocation.SiteID]promise.Goods // without Today
}

// Prospect reads all that decides when goods of the SKUs come to whom: their open
// lines, what is free and announced, and the same of every SKU that cannot be told
// apart from them. Of the orders the SKUs of all open lines are read too. It is one
// picture: what is committed meanwhile is not in it.
func (s *Store) Prospect(ctx context.Context, skus []allocation.SKU, orders []allocation.OrderID) (Prospect, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return Prospect{}, explain(err, "prospect")
	}
	defer func() { _ = tx.Rollback() }() // it wrote nothing
	r := prospect{tx: tx, kind: s.kind, sites: map[allocation.SiteID]*promise.Goods{}, read: map[allocation.SKU]bool{}, followed: map[allocation.OrderID]bool{}}
	if r.policy, err = scanPolicy(tx.QueryRowContext(ctx, inForce).Scan); err != nil {
		return Prospect{}, err
	}
	for _, sku := range skus {
		r.want(sku)
	}
	err = r.skusOf(ctx, orders, r.want)
	for len(r.next) > 0 && err == nil {
		err = r.more(ctx)
	}
	for _, g := range r.sites {
		g.Loose = r.loose
	}
	for _, part := range []func(context.Context) error{r.doubt, r.stock, r.supply, r.guaranteed} {
		if err == nil {
			err = part(ctx)
		}
	}
	p := Prospect{Policy: r.policy, Sites: make(map[allocation.SiteID]promise.Goods, len(r.sites))}
	for site, g := range r.sites {
		p.Sites[site] = *g
	}
	return p, explain(err, "prospect")
}

// prospect is a Prospect while it is read.
type prospect struct {
	tx       *sql.Tx
	kind     dialect
	policy   allocation.Policy
	sites    map[allocation.SiteID]*promise.Goods
	read     map[allocation.SKU]bool
	next     []allocation.SKU // wanted, and not read yet
	followed map[allocation.OrderID]bool
	tied     int  // SKUs that are read because orders tie them to others
	loose    bool // there are too many
}

// maxTied is how many SKUs are read and played because orders tie them to those
// that are asked for. Under mode skip, orders that ship whole can tie a whole
// house together.
const maxTied = 200

func (r *prospect) want(sku allocation.SKU) {
	if !r.read[sku] {
		r.read[sku], r.next = true, append(r.next, sku)
	}
}

func (r *prospect) at(site allocation.SiteID) *promise.Goods {
	if r.sites[site] == nil {
		r.sites[site] = &promise.Goods{Substitutes: map[allocation.SKU][]allocation.SKU{}, Guaranteed: map[promise.Share]int64{}}
	}
	return r.sites[site]
}

// eachOf is that of Tx, for a reader.
func (r *prospect) eachOf(ctx context.Context, scan func(*sql.Rows) error, format, column string, ids []string) error {
	list, err := r.kind.texts(ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	rows, err := r.tx.QueryContext(ctx, fmt.Sprintf(format, r.kind.anyOf(column, 1)), list)
	return eachRow(rows, err, scan)
}

// more reads the lines of the SKUs that are next, and finds what hangs on them.
func (r *prospect) more(ctx context.Context) error {
	skus := texts(r.next)
	r.next = nil
	var fresh []allocation.Line
	err := r.eachOf(ctx, func(rows *sql.Rows) error {
		l, site, err := scanOpen(rows)
		if l.Open() > 0 {
			g := r.at(site)
			g.Lines, fresh = append(g.Lines, l), append(fresh, l)
		}
		return err
	}, `SELECT l.id, l.order_id, l.site, l.sku, l.pack, l.min_life, l.wanted, l.allocated, l.picked, l.staged, l.shipped,
		o.segment, o.override_rank, o.class, o.contract, o.tier, o.accepted, o.promised, o.requested, o.ship
		FROM line l JOIN orders o ON o.id = l.order_id WHERE %s AND l.owed = 1`, "l.sku", skus)
	for _, column := range []string{"sku", "stands"} {
		if err == nil {
			err = r.eachOf(ctx, func(rows *sql.Rows) error {
				var sku, stands allocation.SKU
				err := rows.Scan(&sku, &stands)
				r.want(sku)
				r.want(stands)
				return err
			}, `SELECT sku, stands FROM substitute WHERE %s`, column, skus)
		}
	}
	if err != nil {
		return err
	}
	return r.follow(ctx, fresh)
}

// follow wants the other SKUs of orders that tie them to those of the lines.
func (r *prospect) follow(ctx context.Context, lines []allocation.Line) error {
	var orders []allocation.OrderID
	for id := range promise.Joins(r.policy, lines) {
		if !r.followed[id] && !r.loose {
			r.followed[id], orders = true, append(orders, id)
		}
	}
	var beside []allocation.SKU
	err := r.skusOf(ctx, orders, func(sku allocation.SKU) {
		if !r.read[sku] {
			beside = append(beside, sku)
		}
	})
	if r.tied += len(beside); r.tied > maxTied {
		r.loose = true
		return err
	}
	for _, sku := range beside {
		r.want(sku)
	}
	return err
}

func (r *prospect) skusOf(ctx context.Context, orders []allocation.OrderID, want func(allocation.SKU)) error {
	return r.eachOf(ctx, func(rows *sql.Rows) error {
		var sku allocation.SKU
		err := rows.Scan(&sku)
		want(sku)
		return err
	}, `SELECT DISTINCT sku FROM line WHERE owed = 1 AND %s`, "order_id", texts(orders))
}

// scanOpen reads a line as the newest version of its order wants it: a cancel that
// a site has not settled yet counts, nothing more will come of it.
func scanOpen(rows *sql.Rows) (l allocation.Line, site allocation.SiteID, err error) {
	var accepted int64
	var promised, requested allocation.Date
	k := &l.Rank
	err = rows.Scan(&k.Line, &k.Order, &site, &l.SKU, &l.Pack, &l.MinLife, &l.Ordered, &l.Allocated, &l.Picked, &l.Staged, &l.Shipped,
		&l.Segment, &k.Override, &k.Class, &k.Contract, &k.Tier, &accepted, &promised, &requested, &l.Ship)
	if k.Class == "" {
		k.Class = allocation.Redistribute
	}
	k.Accepted, k.Due = unixTime(accepted), allocation.Due(promised, requested)
	l.Right = l.Open()
	return l, site, err
}

// doubt takes off what earlier lives of a site may have given to lines and nobody
// knows of: no site gets that right again.
func (r *prospect) doubt(ctx context.Context) error {
	var any bool
	err := r.tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM incarnation d JOIN site s ON s.site = d.site WHERE d.incarnation <> s.incarnation)`).Scan(&any)
	if err != nil || !any {
		return err
	}
	lines := map[allocation.LineID]*allocation.Line{}
	for _, g := range r.sites {
		for i := range g.Lines {
			lines[g.Lines[i].ID()] = &g.Lines[i]
		}
	}
	return r.eachOf(ctx, func(rows *sql.Rows) error {
		var id allocation.LineID
		var qty int64
		err := rows.Scan(&id, &qty)
		l := lines[id]
		l.Right = max(0, l.Right-qty)
		return err
	}, `SELECT r.line, r.granted - r.returned - r.attested - r.used + r.undone FROM register r JOIN site s ON s.site = r.site
		WHERE r.incarnation <> s.incarnation AND r.granted - r.returned - r.attested > r.used - r.undone AND %s`, "r.line", texts(slices.Collect(maps.Keys(lines))))
}

func (r *prospect) stock(ctx context.Context) error {
	return r.eachOf(ctx, func(rows *sql.Rows) error {
		var site allocation.SiteID
		var p allocation.Parcel
		err := rows.Scan(&site, &p.SKU, &p.Expiry, &p.Qty)
		g := r.at(site)
		g.Stock = append(g.Stock, p)
		return err
	}, `SELECT f.site, f.sku, f.expiry, f.qty FROM free_stock f JOIN site s ON s.site = f.site AND s.incarnation = f.incarnation
		WHERE f.qty > 0 AND %s ORDER BY f.site, f.sku, f.expiry`, "f.sku", r.skus())
}

func (r *prospect) supply(ctx context.Context) error {
	err := r.eachOf(ctx, func(rows *sql.Rows) error {
		a, err := scanAwaited(rows)
		if n := a.Left(); n > 0 {
			g := r.at(a.Site)
			g.Supply = append(g.Supply, promise.Supply{Inbound: a.Inbound, SKU: a.SKU, Expected: a.Expected, Qty: n})
		}
		return err
	}, awaited, "sku", r.skus())
	if err != nil {
		return err
	}
	// An item's substitutes are the same at every site.
	return r.eachOf(ctx, func(rows *sql.Rows) error {
		var sku, stands allocation.SKU
		err := rows.Scan(&sku, &stands)
		for _, g := range r.sites {
			g.Substitutes[sku] = append(g.Substitutes[sku], stands)
		}
		return err
	}, `SELECT sku, stands FROM substitute WHERE %s ORDER BY sku, n`, "sku", r.skus())
}

// guaranteed counts what lines of the segments got that have a guarantee.
func (r *prospect) guaranteed(ctx context.Context) error {
	if len(r.policy.Rules().Guarantees) == 0 {
		return nil
	}
	return r.eachOf(ctx, func(rows *sql.Rows) error {
		var site allocation.SiteID
		var of promise.Share
		var qty int64
		err := rows.Scan(&site, &of.Segment, &of.SKU, &qty)
		r.at(site).Guaranteed[of] = qty
		return err
	}, `SELECT l.site, o.segment, l.sku, SUM(l.allocated) FROM line l JOIN orders o ON o.id = l.order_id
		WHERE o.segment <> '' AND l.allocated > 0 AND %s GROUP BY l.site, o.segment, l.sku`, "l.sku", r.skus())
}

func (r *prospect) skus() []string { return texts(slices.Sorted(maps.Keys(r.read))) }

// PromisedLine is an open line that a day was promised for.
type PromisedLine struct {
	Line     allocation.LineID
	Order    allocation.OrderID
	SKU      allocation.SKU
	Site     allocation.SiteID
	Ship     allocation.Ship
	Promised allocation.Date
}

// Promised gives the open lines that a day was promised for, by SKU.
func (s *Store) Promised(ctx context.Context) ([]PromisedLine, error) {
	var all []PromisedLine
	rows, err := s.read.QueryContext(ctx, `SELECT l.id, l.order_id, l.sku, l.site, o.ship, o.promised
		FROM line l JOIN orders o ON o.id = l.order_id WHERE l.owed = 1 AND o.promised <> '' ORDER BY l.sku, l.id`)
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var l PromisedLine
		err := r.Scan(&l.Line, &l.Order, &l.SKU, &l.Site, &l.Ship, &l.Promised)
		all = append(all, l)
		return err
	})
	return all, explain(err, "promised lines")
}
