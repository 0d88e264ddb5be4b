package store

import (
	"database/sql"
	"fmt"
	"iter"
	"time"

	"dockfill/allocation"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// Line is a line of an order with what a person is shown of the order.
type Line struct {
	ID           allocation.LineID
	Order        allocation.OrderID
	SKU          allocation.SKU
	Ordered      int64
	Cancelled    int64
	Allocated    int64
	Staged       int64 // part of Allocated
	Rights       rights.Registers
	Door         string
	CustomerName string
}

// Wanted is what the line is to get in all.
func (l Line) Wanted() int64 { return l.Ordered - l.Cancelled }

// Open is what the line still lacks.
func (l Line) Open() int64 { return l.Ordered - l.Cancelled - l.Allocated }

// waits reports whether the line stands among those that a decision walks.
func (l Line) waits() bool { return l.Open() > 0 }

const rankColumns = `o.override, o.class, o.contract, o.tier, o.promised, o.requested, o.accepted, o.id, l.id`

func rankDest(r *allocation.Rank, due *[2]allocation.Date, accepted *string) []any {
	return []any{&r.Override, &r.Class, &r.Contract, &r.Tier, &due[0], &due[1], accepted, &r.Order, &r.Line}
}

func finishRank(r *allocation.Rank, due [2]allocation.Date, accepted string) error {
	r.Due = allocation.Due(due[0], due[1])
	var err error
	r.Accepted, err = time.Parse(time.RFC3339Nano, accepted)
	return err
}

// Waiting yields the open lines of a SKU in rank order and reads no further than
// the caller does. The lines are kept for the allocations that follow.
func (tx *Tx) Waiting(sku allocation.SKU) iter.Seq2[allocation.Waiting, error] {
	return func(yield func(allocation.Waiting, error) bool) {
		rows, err := tx.c.query(`SELECT `+lineColumns+`, `+rankColumns+`
			FROM line l INDEXED BY line_open CROSS JOIN orders o ON o.id = l.order_id
			WHERE l.sku = +? AND l.waits = 1 ORDER BY l.rank_key`, sku)
		if err != nil {
			yield(allocation.Waiting{}, err)
			return
		}
		defer rows.Close()
		tx.waiting = map[allocation.LineID]Line{}
		for rows.Next() {
			w, err := tx.scanWaiting(rows)
			if !yield(w, err) || err != nil {
				return
			}
		}
		if err := classify(rows.Err()); err != nil {
			yield(allocation.Waiting{}, err)
		}
	}
}

func (tx *Tx) scanWaiting(rows *sql.Rows) (allocation.Waiting, error) {
	var w allocation.Waiting
	var l Line
	var due [2]allocation.Date
	var accepted string
	if err := rows.Scan(append(l.dest(), rankDest(&w.Rank, &due, &accepted)...)...); err != nil {
		return allocation.Waiting{}, classify(err)
	}
	w.Open, w.Right = l.Open(), l.Rights.Balance()
	if w.Takes() > 0 {
		tx.waiting[l.ID] = l
	}
	return w, finishRank(&w.Rank, due, accepted)
}

// Line reads a line; false where the site knows none of that name.
func (tx *Tx) Line(id allocation.LineID) (Line, bool, error) {
	if l, ok := tx.waiting[id]; ok {
		return l, true, nil
	}
	var l Line
	found, err := tx.one(`SELECT `+lineColumns+` FROM line l JOIN orders o ON o.id = l.order_id WHERE l.id = +?`,
		[]any{id}, l.dest()...)
	return l, found, err
}

const lineColumns = `l.id, l.order_id, l.sku, l.ordered, l.cancelled, l.allocated, l.staged,
	l.granted, l.used, l.undone, l.returned, o.door, o.customer_name`

func (l *Line) dest() []any {
	return []any{&l.ID, &l.Order, &l.SKU, &l.Ordered, &l.Cancelled, &l.Allocated, &l.Staged,
		&l.Rights.Granted, &l.Rights.Used, &l.Rights.Undone, &l.Rights.Returned, &l.Door, &l.CustomerName}
}

// LinesOf reads the lines of an order by their ids.
func (tx *Tx) LinesOf(order allocation.OrderID) ([]Line, error) {
	var lines []Line
	err := tx.each(`SELECT `+lineColumns+` FROM line l JOIN orders o ON o.id = l.order_id
		WHERE l.order_id = +? ORDER BY l.id`, []any{order}, func(r *sql.Rows) error {
		var l Line
		defer func() { lines = append(lines, l) }()
		return r.Scan(l.dest()...)
	})
	return lines, err
}

// PutLine writes a line's totals and registers, and waits only where it changes:
// naming it would write line_open each time. A line that opens again is ranked by
// the policy in force.
func (tx *Tx) PutLine(before, l Line) error {
	delete(tx.waiting, l.ID)
	set, more := "", []any(nil)
	if before.waits() != l.waits() {
		set, more = ", waits = ?", []any{l.waits()}
	}
	r := l.Rights
	args := append([]any{l.Ordered, l.Cancelled, l.Allocated, l.Staged, r.Granted, r.Used, r.Undone, r.Returned}, more...)
	err := tx.c.exec(`UPDATE line SET ordered = ?, cancelled = ?, allocated = ?, staged = ?,
		granted = ?, used = ?, undone = ?, returned = ?`+set+` WHERE id = ?`, append(args, l.ID)...)
	if err != nil {
		return err
	}
	if err := tx.countLine(before, l); err != nil || before.waits() || !l.waits() {
		return err
	}
	return tx.RankLine(l.ID)
}

// AddLine writes a new line of an order that is there, ranked by the policy in
// force.
func (tx *Tx) AddLine(id allocation.LineID, order allocation.OrderID, sku allocation.SKU, qty int64) error {
	err := tx.c.exec(`INSERT INTO line (id, order_id, sku, ordered, waits, rank_key) VALUES (?, ?, ?, ?, ?, '')`,
		id, order, sku, qty, qty > 0)
	if err != nil {
		return err
	}
	tx.counts.LinesKnown++
	if err := tx.countLine(Line{}, Line{ID: id, Order: order, Ordered: qty}); err != nil {
		return err
	}
	return tx.RankLine(id)
}

// RenameSKU changes what a line that holds nothing is for.
func (tx *Tx) RenameSKU(id allocation.LineID, sku allocation.SKU) error {
	delete(tx.waiting, id)
	return tx.c.exec(`UPDATE line SET sku = ? WHERE id = ? AND allocated = 0`, sku, id)
}

// RankLine writes the line's key under the policy in force.
func (tx *Tx) RankLine(id allocation.LineID) error {
	var r allocation.Rank
	var due [2]allocation.Date
	var accepted string
	found, err := tx.one(`SELECT `+rankColumns+` FROM line l JOIN orders o ON o.id = l.order_id WHERE l.id = +?`,
		[]any{id}, rankDest(&r, &due, &accepted)...)
	if err != nil || !found {
		return err
	}
	if err := finishRank(&r, due, accepted); err != nil {
		return err
	}
	return tx.c.exec(`UPDATE line SET rank_key = ? WHERE id = ?`, tx.meta.Policy.RankKey(r), id)
}

// rerank ranks at most limit open lines behind after anew and gives the last of
// them, "" where there was none.
func (tx *Tx) rerank(after allocation.LineID, limit int) (last allocation.LineID, err error) {
	var ids []allocation.LineID
	err = tx.each(`SELECT id FROM line WHERE id > ? AND waits = 1 ORDER BY id LIMIT ?`, []any{after, limit}, func(r *sql.Rows) error {
		var id allocation.LineID
		defer func() { ids = append(ids, id) }()
		return r.Scan(&id)
	})
	for _, id := range ids {
		if err == nil {
			last, err = id, tx.RankLine(id)
		}
	}
	return last, err
}

// OrderVersion gives the version of an order that the site holds; 0 for none.
func (tx *Tx) OrderVersion(id allocation.OrderID) (version int64, err error) {
	_, err = tx.one(`SELECT version FROM orders WHERE id = ?`, []any{id}, &version)
	return version, err
}

// PutOrder writes what is known of an order, its lines excepted.
func (tx *Tx) PutOrder(o *wire.Order) error {
	tx.waiting = nil // they carry texts of their orders
	return tx.c.exec(`INSERT INTO orders (id, version, customer, customer_name, override, class, contract, tier,
			accepted, promised, requested, door) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, customer = excluded.customer,
			customer_name = excluded.customer_name, override = excluded.override, class = excluded.class,
			contract = excluded.contract, tier = excluded.tier, accepted = excluded.accepted,
			promised = excluded.promised, requested = excluded.requested, door = excluded.door`,
		o.ID, o.Version, o.Customer, o.CustomerName, o.Override, o.Class, o.Contract, o.Tier,
		o.Accepted.UTC().Format(time.RFC3339Nano), o.Promised, o.Requested, o.Door)
}

// OrderOpen reports whether a line of the order still lacks units.
func (tx *Tx) OrderOpen(id allocation.OrderID) (bool, error) {
	var n int
	return tx.one(`SELECT 1 FROM line WHERE order_id = ? AND waits = 1 LIMIT 1`, []any{id}, &n)
}

// Allocate gives n units to a line: site rule S and the line's own quantity are
// kept in the transaction that writes the event. It gives the line as it is then.
func (tx *Tx) Allocate(id allocation.LineID, n int64) (Line, error) {
	return tx.change(id, func(l *Line) error {
		if n > l.Open() {
			return fmt.Errorf("line %s lacks %d and cannot take %d", id, l.Open(), n)
		}
		l.Allocated += n
		return l.Rights.Use(n)
	})
}

// TakeBack takes n unstaged units from a line; the rights to them are unspent
// again.
func (tx *Tx) TakeBack(id allocation.LineID, n int64) (Line, error) {
	return tx.change(id, func(l *Line) error {
		if n > l.Allocated-l.Staged {
			return fmt.Errorf("line %s holds %d unstaged units and cannot lose %d", id, l.Allocated-l.Staged, n)
		}
		l.Allocated -= n
		return l.Rights.Undo(n)
	})
}

// Grant raises the line's right to total.
func (tx *Tx) Grant(id allocation.LineID, total int64) (Line, error) {
	return tx.change(id, func(l *Line) error {
		l.Rights.Grant(total)
		return nil
	})
}

func (tx *Tx) change(id allocation.LineID, how func(*Line) error) (Line, error) {
	before, found, err := tx.Line(id)
	if err != nil {
		return Line{}, err
	}
	if !found {
		return Line{}, fmt.Errorf("this site knows no line %s", id)
	}
	after := before
	if err := how(&after); err != nil {
		return Line{}, err
	}
	return after, tx.PutLine(before, after)
}
