package store

import (
	"context"
	"database/sql"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store/witness"
	"dockfill/sync/rights"
)

// Line is one order line with what follows from the sites' events.
type Line struct {
	ID        allocation.LineID
	Order     allocation.OrderID
	Line      string
	Site      allocation.SiteID
	Customer  allocation.CustomerID
	Accepted  time.Time
	SKU       allocation.SKU
	Pack      int64 // the line takes whole packs of so many; 0: any
	MinLife   int64 // days that goods must have left
	Ordered   int64 // the most that any version wanted
	Wanted    int64 // by the newest version
	Effective int64 // wanted, or what sites still hold while a cancel is pending
	Allocated int64 // all that it holds: picked, staged and shipped units included
	Picked    int64 // carried, not staged yet
	Staged    int64 // shipped ones included
	Shipped   int64

	stored int64 // owed, as it is stored
	bound  int64 // Effective, as it is stored
	known  bool  // it is stored
}

// Bound is what a person has picked, staged or shipped: it moves no more.
func (l *Line) Bound() int64 { return l.Picked + l.Staged }

func (l *Line) owed() int64 { return min(1, l.Open()) }

// Open is what is still owed of the line.
func (l *Line) Open() int64 { return max(0, l.Effective-l.Allocated) }

const lineColumns = `id, order_id, line, site, customer, accepted, sku, pack, min_life, ordered, wanted, effective, allocated, picked, staged, shipped`

func scanLine(r *sql.Rows) (*Line, error) {
	l := &Line{}
	var accepted int64
	err := r.Scan(&l.ID, &l.Order, &l.Line, &l.Site, &l.Customer, &accepted, &l.SKU, &l.Pack, &l.MinLife,
		&l.Ordered, &l.Wanted, &l.Effective, &l.Allocated, &l.Picked, &l.Staged, &l.Shipped, &l.stored)
	l.Accepted, l.bound, l.known = unixTime(accepted), l.Effective, true
	return l, err
}

// Lines gives those of the lines that are known.
func (tx *Tx) Lines(ctx context.Context, ids []allocation.LineID) (map[allocation.LineID]*Line, error) {
	return tx.lines(ctx, "id", texts(ids))
}

// LinesOf gives all lines of these orders.
func (tx *Tx) LinesOf(ctx context.Context, orders []allocation.OrderID) (map[allocation.LineID]*Line, error) {
	return tx.lines(ctx, "order_id", texts(orders))
}

func (tx *Tx) lines(ctx context.Context, column string, ids []string) (map[allocation.LineID]*Line, error) {
	lines := make(map[allocation.LineID]*Line, len(ids))
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		l, err := scanLine(r)
		lines[l.ID] = l
		return err
	}, `SELECT `+lineColumns+`, owed FROM line WHERE %s`, column, ids)
	return lines, explain(err, "lines")
}

// PutLines writes lines, new and known ones.
func (tx *Tx) PutLines(ctx context.Context, lines []*Line) error {
	return tx.putLines(ctx, lines, `site = excluded.site, customer = excluded.customer, accepted = excluded.accepted, sku = excluded.sku,
		pack = excluded.pack, min_life = excluded.min_life, ordered = excluded.ordered, wanted = excluded.wanted, owed = excluded.owed, `+moved)
}

// MoveLines writes only what events change of lines that are known: effective
// quantities and what they hold. Whether a line is owed is written where it turns, so
// that the index on it is left alone by all others.
func (tx *Tx) MoveLines(ctx context.Context, lines []*Line) error {
	var turned, steady []*Line
	for _, l := range lines {
		if l.owed() != l.stored {
			turned = append(turned, l)
		} else {
			steady = append(steady, l)
		}
	}
	if err := tx.putLines(ctx, turned, "owed = excluded.owed, "+moved); err != nil {
		return err
	}
	return tx.putLines(ctx, steady, moved)
}

const moved = `effective = excluded.effective, allocated = excluded.allocated, picked = excluded.picked, staged = excluded.staged,
	shipped = excluded.shipped, open = excluded.open`

// putLines inserts lines, and sets those columns of lines that are known. Each
// finds its row by the key: an UPDATE from a table of rows is no cheaper in
// SQLite, and PostgreSQL would at times read the whole table for it.
func (tx *Tx) putLines(ctx context.Context, lines []*Line, set string) error {
	tx.noteBounds(lines)
	rows := make([][]any, len(lines))
	for i, l := range lines {
		rows[i] = []any{string(l.ID), string(l.Order), l.Line, string(l.Site), string(l.Customer), nanos(l.Accepted), string(l.SKU),
			l.Pack, l.MinLife, l.Ordered, l.Wanted, l.Effective, l.Allocated, l.Picked, l.Staged, l.Shipped, l.Open(), l.owed()}
	}
	err := tx.bulk(ctx, `INSERT INTO line (`+lineColumns+`, open, owed) %s ON CONFLICT (id) DO UPDATE SET `+set,
		[]kind{text, text, text, text, text, number, text, number, number, number, number, number, number, number, number, number, number, number}, rows)
	return explain(err, "lines")
}

// Life names one life of one site.
type Life struct {
	Site        allocation.SiteID
	Incarnation string
}

// Registers gives the registers of these lines, dead lives included.
func (tx *Tx) Registers(ctx context.Context, lines []allocation.LineID) (map[allocation.LineID]map[Life]rights.Registers, error) {
	all := make(map[allocation.LineID]map[Life]rights.Registers, len(lines))
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		var line allocation.LineID
		var life Life
		var n rights.Registers
		err := r.Scan(&line, &life.Site, &life.Incarnation, &n.Granted, &n.Used, &n.Undone, &n.Returned, &n.Attested)
		if all[line] == nil {
			all[line] = make(map[Life]rights.Registers, 1)
		}
		all[line][life] = n
		return err
	}, `SELECT line, site, incarnation, granted, used, undone, returned, attested FROM register WHERE %s`, "line", texts(lines))
	return all, explain(err, "registers")
}

// LifeRegisters gives the registers that one life has of these lines.
func (tx *Tx) LifeRegisters(ctx context.Context, life Life, lines []allocation.LineID) (map[allocation.LineID]*rights.Registers, error) {
	all := make(map[allocation.LineID]*rights.Registers, len(lines))
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		var line allocation.LineID
		n := &rights.Registers{}
		err := r.Scan(&line, &n.Granted, &n.Used, &n.Undone, &n.Returned, &n.Attested)
		all[line] = n
		return err
	}, `SELECT line, granted, used, undone, returned, attested FROM register WHERE site = $1 AND incarnation = $2 AND %s`,
		"line", texts(lines), string(life.Site), life.Incarnation)
	return all, explain(err, "registers")
}

// PutRegisters writes the registers of lines in one life, new and known ones.
// They only grow: what is stored already is never lowered. For what an event says:
// nothing in Granted and Attested is new.
func (tx *Tx) PutRegisters(ctx context.Context, life Life, registers map[allocation.LineID]*rights.Registers) error {
	err := tx.bulk(ctx, `INSERT INTO register (site, incarnation, line, granted, used, undone, returned, attested) %s
		ON CONFLICT (site, incarnation, line) DO UPDATE SET granted = excluded.granted, used = excluded.used, undone = excluded.undone, returned = excluded.returned,
			attested = excluded.attested
		WHERE excluded.granted >= register.granted AND excluded.used >= register.used AND excluded.undone >= register.undone AND excluded.returned >= register.returned
			AND excluded.attested >= register.attested`,
		[]kind{text, text, text, number, number, number, number, number}, registerRows(life, registers))
	return explain(err, "registers")
}

// Grant writes registers whose Granted or Attested may have risen: the rights witness
// has that before the transaction commits.
func (tx *Tx) Grant(ctx context.Context, life Life, registers map[allocation.LineID]*rights.Registers) error {
	for id, r := range registers {
		tx.note(witness.Entry{Site: life.Site, Life: life.Incarnation, Line: id, Granted: r.Granted, Attested: r.Attested})
	}
	return tx.PutRegisters(ctx, life, registers)
}

func registerRows(life Life, registers map[allocation.LineID]*rights.Registers) [][]any {
	rows := make([][]any, 0, len(registers))
	for line, n := range registers {
		rows = append(rows, []any{string(life.Site), life.Incarnation, string(line), n.Granted, n.Used, n.Undone, n.Returned, n.Attested})
	}
	return rows
}

func texts[T ~string](ids []T) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = string(id)
	}
	return list
}
