package store

import (
	"context"
	"database/sql"
	"errors"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// defaultLimit is how many rows a page has where the query does not say.
const defaultLimit = 100

var _ Reader = (*Store)(nil)

// Summary sums over the open lines alone; an index holds just those.
func (s *Store) Summary(ctx context.Context) (Summary, error) {
	var sum Summary
	var oldest int64
	err := s.read.QueryRowContext(ctx, `SELECT COALESCE(SUM(open), 0), COUNT(*), COUNT(DISTINCT order_id), COUNT(DISTINCT customer),
		COALESCE(MIN(accepted), 0) FROM line WHERE owed = 1`).
		Scan(&sum.UnitsOwed, &sum.LinesOpen, &sum.OrdersOpen, &sum.CustomersWaiting, &oldest)
	sum.OldestAccepted = unixTime(oldest)
	return sum, explain(err, "summary")
}

// Order gives one order with all its lines, or ErrNotFound.
func (s *Store) Order(ctx context.Context, id allocation.OrderID) (OrderView, error) {
	o, err := scanOrder(s.read.QueryRowContext(ctx, `SELECT `+orderColumns+` FROM orders WHERE id = $1`, string(id)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return OrderView{}, explain(err, "order %s", id)
	}
	v := OrderView{Order: *o}
	var open, allocated int64
	rows, err := s.read.QueryContext(ctx, `SELECT `+owedColumns+owedFrom+`l.order_id = $1 ORDER BY l.id`, string(id))
	err = eachRow(rows, err, func(r *sql.Rows) error {
		l, err := scanOwed(r)
		open, allocated = open+l.Open, allocated+l.Allocated
		v.Lines = append(v.Lines, l)
		return err
	})
	v.Completed = open == 0 && allocated > 0
	return v, explain(err, "order %s", id)
}

// Item gives one item with its barcodes, or ErrNotFound.
func (s *Store) Item(ctx context.Context, sku allocation.SKU) (Item, error) {
	i := Item{SKU: sku}
	err := s.read.QueryRowContext(ctx, `SELECT description, putaway FROM item WHERE sku = $1`, string(sku)).Scan(&i.Description, &i.Putaway)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Item{}, explain(err, "item %s", sku)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT gtin, qty FROM gtin WHERE sku = $1 ORDER BY gtin`, string(sku))
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var g PackGTIN
		err := r.Scan(&g.GTIN, &g.Qty)
		i.GTINs = append(i.GTINs, g)
		return err
	})
	if err != nil {
		return i, explain(err, "item %s", sku)
	}
	rows, err = s.read.QueryContext(ctx, `SELECT stands FROM substitute WHERE sku = $1 ORDER BY n`, string(sku))
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var stands allocation.SKU
		err := r.Scan(&stands)
		i.Substitutes = append(i.Substitutes, stands)
		return err
	})
	return i, explain(err, "item %s", sku)
}

// Sites gives every site in the order of the ids. The registers of its dead
// lives are found through those lives, which are few: a CROSS JOIN keeps that
// order in SQLite.
func (s *Store) Sites(ctx context.Context) ([]SiteRow, error) {
	var sites []SiteRow
	clones, err := s.clones(ctx)
	if err != nil {
		return nil, err
	}
	unreported, err := s.Unreported(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, `SELECT s.site, s.incarnation, s.commands, s.applied, s.supplied, s.head, s.last_seen, s.fenced, s.fenced_text,
		s.program, s.scans, s.units, s.allocated, s.clock_off, COALESCE(i.seq, 0),
		(SELECT COUNT(*) FROM poison p WHERE p.site = s.site), (SELECT COUNT(*) FROM quarantine q WHERE q.site = s.site),
		(SELECT COALESCE(SUM(CASE WHEN r.granted - r.returned - r.attested > r.used - r.undone THEN r.granted - r.returned - r.attested - r.used + r.undone ELSE 0 END), 0)
			FROM incarnation dead CROSS JOIN register r
			WHERE dead.site = s.site AND dead.incarnation <> s.incarnation AND r.site = dead.site AND r.incarnation = dead.incarnation)
		FROM site s LEFT JOIN incarnation i ON i.site = s.site AND i.incarnation = s.incarnation ORDER BY s.site`)
	err = eachRow(rows, err, func(r *sql.Rows) error {
		row, err := scanSiteRow(r)
		row.Clones = clones[row.Site]
		for _, a := range unreported {
			if a.Site == row.Site {
				row.Unreported = append(row.Unreported, a)
			}
		}
		sites = append(sites, row)
		return err
	})
	return sites, explain(err, "sites")
}

func scanSiteRow(r *sql.Rows) (SiteRow, error) {
	var v SiteRow
	var commands, applied, seen int64
	var supplied string
	err := r.Scan(&v.Site, &v.Incarnation, &commands, &applied, &supplied, &v.Head, &seen, &v.Fenced, &v.FencedText,
		&v.AgentVersion, &v.Scans, &v.Units, &v.Allocated, &v.ClockOff, &v.Stored, &v.Poison, &v.Quarantined, &v.InDoubt)
	v.LastSeen, v.Behind, v.Safe = unixTime(seen), commands-applied, v.Stored
	v.Head = max(v.Head, v.Stored)
	v.Unsent = v.Head - v.Stored
	switch {
	case v.Fenced != "":
		v.State = SiteFenced
	case v.Incarnation == "":
		v.State = SiteExpected
	case supplied != v.Incarnation:
		v.State = SiteJoining
	default:
		v.State = SiteActive
	}
	return v, err
}

// Totals counts over all that is stored.
func (s *Store) Totals(ctx context.Context) (Totals, error) {
	var t Totals
	err := s.read.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM line), (SELECT COUNT(*) FROM orders),
		(SELECT COALESCE(SUM(scans), 0) FROM site), (SELECT COALESCE(SUM(units), 0) FROM site),
		(SELECT COALESCE(SUM(allocated), 0) FROM line),
		(SELECT COUNT(*) FROM (SELECT order_id FROM line GROUP BY order_id HAVING SUM(open) = 0 AND SUM(allocated) > 0) AS whole),
		(SELECT COALESCE(SUM(open), 0) FROM line), (SELECT COUNT(*) FROM poison)`).
		Scan(&t.Lines, &t.Orders, &t.Scans, &t.UnitsScanned, &t.UnitsAllocated, &t.OrdersCompleted, &t.UnitsOpen, &t.Poison)
	return t, explain(err, "totals")
}

// Live gives the newest events first, of one site or, with "", of all.
func (s *Store) Live(ctx context.Context, site allocation.SiteID, limit int) ([]LiveRow, error) {
	if limit <= 0 {
		limit = defaultLimit
	}
	const query = `SELECT r.site, r.incarnation, r.seq, r.stored_at, e.body FROM recent r
		JOIN event e ON e.site = r.site AND e.incarnation = r.incarnation AND e.seq = r.seq `
	const order = ` ORDER BY r.stored_at DESC, r.seq DESC LIMIT `
	var rows *sql.Rows
	var err error
	if site == "" {
		rows, err = s.read.QueryContext(ctx, query+order+`$1`, limit)
	} else {
		rows, err = s.read.QueryContext(ctx, query+`WHERE r.site = $1`+order+`$2`, string(site), limit)
	}
	var live []LiveRow
	err = eachRow(rows, err, func(r *sql.Rows) error {
		l, err := scanLive(r)
		live = append(live, l)
		return err
	})
	return live, explain(err, "recent events")
}

func scanLive(r *sql.Rows) (LiveRow, error) {
	var l LiveRow
	var stored int64
	var body []byte
	if err := r.Scan(&l.Site, &l.Incarnation, &l.Seq, &stored, &body); err != nil {
		return l, err
	}
	l.StoredAt = unixTime(stored)
	// An event that cannot be read is shown by its place alone; it stands
	// among the poison too, with the reason.
	if e, err := wire.ParseEvent(body); err == nil {
		l.tell(e)
	}
	return l, nil
}

func (l *LiveRow) tell(e wire.Event) {
	l.At = e.At
	switch {
	case e.Scan != nil:
		l.tellScan(e.Scan)
	case e.Undo != nil:
		l.Station, l.Why = e.Undo.Station, allocation.WhyUndone
		l.move(e.Undo.Moves)
		for _, m := range e.Undo.Moves {
			if m.To == "" {
				l.Qty -= m.Qty
			}
		}
	case e.Applied != nil:
		l.move(e.Applied.Moves)
	case e.Deed != nil:
		d := e.Deed
		l.Station, l.Deed, l.Line, l.SKU, l.Inbound, l.Qty, l.From, l.To, l.Reason = d.Station, d.Kind, d.Line, d.SKU, d.Inbound, d.Qty, d.From, d.To, d.Reason
		l.move(d.Moves)
	}
}

func (l *LiveRow) tellScan(s *wire.Scan) {
	l.Station, l.Verdict, l.Why, l.Staged, l.Kept = s.Station, s.Verdict, s.Why, s.Staged, s.Kept
	if len(s.Receipts) == 0 {
		l.Code = s.Code
	}
	for i, r := range s.Receipts {
		l.Qty += r.Qty
		l.Free += r.Free
		l.Surplus += r.Surplus
		for _, a := range r.Allocations {
			l.Allocations = append(l.Allocations, LiveAllocation(a))
		}
		if i == 0 {
			l.SKU = r.SKU
		} else if l.SKU != r.SKU {
			l.SKU = ""
		}
	}
	l.move(s.Moves)
}

func (l *LiveRow) move(moves []wire.Move) {
	for _, m := range moves {
		l.Moves = append(l.Moves, LiveMove{SKU: m.SKU, Qty: m.Qty, From: m.From, To: m.To, By: m.By, Over: m.Over})
	}
}
