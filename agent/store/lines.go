package store

import (
	"cmp"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"dockfill/allocation"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// Line is a line as a decision sees it, its right registers, and what a person is
// shown of its order. Right is what the registers let it spend, and Sunk what they and
// earlier lives keep from coming back.
type Line struct {
	allocation.Line
	Rights       rights.Held
	Door         string
	CustomerName string

	n, order int64 // the numbers of its row and of its order's
	gathers  bool  // it has a gate, and that is not open
}

// waits reports whether the line stands among those that are open.
func (l *Line) waits() bool { return l.Open() > 0 }

// can reports whether the line can take what it takes at once.
func (l *Line) can() bool { return l.Takes() >= l.Least() }

const lineColumns = `l.n, o.n, l.id, o.id, l.sku, l.segment, l.ship, l.pack, l.min_life,
	l.ordered, l.cancelled, l.allocated, l.picked, l.staged, l.shipped, l.guaranteed, l.excess,
	l.granted, l.used, l.undone, l.returned, l.target, l.gathers,
	o.override, o.class, o.contract, o.tier, o.promised, o.requested, o.accepted, o.door, o.customer_name`

func scanLine(r *sql.Rows) (l Line, err error) {
	f := fieldsPool.Get().(*fields)
	defer fieldsPool.Put(f)
	if err := f.scan(r); err != nil {
		return l, classify(err)
	}
	rank, g := &l.Rank, &l.Rights
	l.n, l.order, rank.Line, rank.Order = f.number(), f.number(), allocation.LineID(f.text()), allocation.OrderID(f.text())
	l.SKU, l.Segment, l.Ship = allocation.SKU(f.text()), f.text(), allocation.Ship(f.text())
	l.Pack, l.MinLife = f.number(), int(f.number())
	l.Ordered, l.Cancelled, l.Allocated, l.Picked, l.Staged = f.number(), f.number(), f.number(), f.number(), f.number()
	l.Shipped, l.Guaranteed, l.Excess = f.number(), f.number(), f.number()
	g.Granted, g.Used, g.Undone, g.Returned, g.Target, l.gathers = f.number(), f.number(), f.number(), f.number(), f.number(), f.number() != 0
	rank.Override, rank.Class, rank.Contract, rank.Tier = int(f.number()), allocation.Class(f.text()), int(f.number()), int(f.number())
	promised, requested := allocation.Date(f.text()), allocation.Date(f.text())
	accepted := f.text()
	l.Door, l.CustomerName = f.text(), f.text()
	if f.foreign {
		return l, fmt.Errorf("%w: a line has a text where a number stands, or none", ErrDamaged)
	}
	l.spend()
	rank.Due = allocation.Due(promised, requested)
	rank.Accepted, err = time.Parse(time.RFC3339Nano, accepted)
	return l, err
}

// spend says what a decision may do with the rights. Units that the registers do not
// count are of an earlier life of the site: no right comes back for them, nor for those
// that are still to be returned.
func (l *Line) spend() {
	g := l.Rights
	l.Right = g.Spendable()
	l.Sunk = max(0, l.Allocated-(g.Used-g.Undone)) + max(0, g.Target-g.Returned-g.Owing())
}

// fields are the columns of one row, taken in their order. A decision reads rows
// above all: database/sql takes three times as long to convert each column to the
// type that it is for.
type fields struct {
	values  [lineFields]any
	into    [lineFields]any // where they are
	next    int
	foreign bool // a column was of another type
}

const lineFields = 32

var fieldsPool = sync.Pool{New: func() any {
	f := new(fields)
	for i := range f.values {
		f.into[i] = &f.values[i]
	}
	return f
}}

func (f *fields) scan(r *sql.Rows) error {
	f.next, f.foreign = 0, false
	return r.Scan(f.into[:]...)
}

func (f *fields) number() int64 {
	n, ok := f.values[f.next].(int64)
	f.next++
	f.foreign = f.foreign || !ok
	return n
}

func (f *fields) text() string {
	s, ok := f.values[f.next].(string)
	f.next++
	f.foreign = f.foreign || !ok
	return s
}

// Shown reads a line; false where the site knows none of that name.
func (tx *Tx) Shown(id allocation.LineID) (l Line, found bool, err error) {
	if l := tx.known[id]; l != nil {
		return *l, true, nil
	}
	err = tx.each(`SELECT `+lineColumns+` FROM line l JOIN orders o ON o.n = l.order_n WHERE l.id = +?`, []any{id}, func(r *sql.Rows) error {
		var err error
		l, err = scanLine(r)
		found = true
		tx.keepLine(l)
		return err
	})
	return l, found, err
}

// keepLine keeps a line as it is now, so that it need not be read again.
func (tx *Tx) keepLine(l Line) { tx.keep(&l) }

func (tx *Tx) keep(l *Line) {
	const most = 1000
	if tx.known == nil || len(tx.known) > most {
		tx.known = map[allocation.LineID]*Line{}
	}
	tx.known[l.ID()] = l
}

// Line is of allocation.View.
func (tx *Tx) Line(id allocation.LineID) (allocation.Line, bool, error) {
	l, found, err := tx.Shown(id)
	return l.Line, found, err
}

// LinesOf reads the lines of an order by their ids.
func (tx *Tx) LinesOf(order allocation.OrderID) ([]Line, error) {
	var lines []Line
	err := tx.each(`SELECT `+lineColumns+` FROM orders o CROSS JOIN line l ON l.order_n = o.n
		WHERE o.id = +? ORDER BY l.id`, []any{order}, func(r *sql.Rows) error {
		l, err := scanLine(r)
		lines = append(lines, l)
		return err
	})
	return lines, err
}

// OrderLines is of allocation.View.
func (tx *Tx) OrderLines(order allocation.OrderID) (all []allocation.Line, err error) {
	lines, err := tx.LinesOf(order)
	for _, l := range lines {
		all = append(all, l.Line)
	}
	return all, err
}

// OrderVersion gives the version of an order that the site holds; 0 for none.
func (tx *Tx) OrderVersion(id allocation.OrderID) (version int64, err error) {
	_, err = tx.one(`SELECT version FROM orders WHERE id = ?`, []any{id}, &version)
	return version, err
}

// OrderOpen reports whether a line of the order still lacks units.
func (tx *Tx) OrderOpen(id allocation.OrderID) (bool, error) {
	var n int
	return tx.one(`SELECT 1 FROM line WHERE order_n = (SELECT n FROM orders WHERE id = ?) AND waits = 1 LIMIT 1`, []any{id}, &n)
}

// PutOrder writes what is known of an order, and ranks the lines anew that it has
// already. What they are to get is set by Write alone.
func (tx *Tx) PutOrder(o *wire.Order) error {
	tx.known = nil // they carry texts of their orders
	ship, class := cmp.Or(o.Ship, allocation.ShipPartial), cmp.Or(o.Class, allocation.Redistribute)
	err := tx.c.exec(`INSERT INTO orders (id, version, customer, customer_name, segment, override, class, contract, tier,
			accepted, promised, requested, ship, door) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, customer = excluded.customer,
			customer_name = excluded.customer_name, segment = excluded.segment, override = excluded.override, class = excluded.class,
			contract = excluded.contract, tier = excluded.tier, accepted = excluded.accepted,
			promised = excluded.promised, requested = excluded.requested, ship = excluded.ship, door = excluded.door`,
		o.ID, o.Version, o.Customer, o.CustomerName, o.Segment, o.Override, class, o.Contract, o.Tier,
		o.Accepted.UTC().Format(time.RFC3339Nano), o.Promised, o.Requested, ship, o.Door)
	if err != nil {
		return err
	}
	lines, err := tx.LinesOf(o.ID)
	if err != nil || len(lines) == 0 {
		return err
	}
	for _, l := range lines {
		l.Segment, l.Ship = o.Segment, ship
		if err := tx.rankLine(l); err != nil {
			return err
		}
	}
	return tx.setGates(lines[0].order)
}

// AddLine writes a new line of an order that is there, with nothing ordered.
func (tx *Tx) AddLine(id allocation.LineID, order allocation.OrderID, o wire.OrderLine) error {
	err := tx.c.exec(`INSERT INTO line (id, order_n, sku, pack, min_life, segment, ship, class)
		SELECT ?, n, ?, ?, ?, segment, ship, 1 FROM orders WHERE id = ?`, id, o.SKU, o.Pack, o.MinLifeDays, order)
	if err != nil {
		return err
	}
	tx.counts.LinesKnown++
	l, found, err := tx.Shown(id)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("line %s cannot be added: this site knows no order %s", id, order)
	}
	if l.Ship == allocation.ShipOrder { // its gate is that of the other lines
		if l.gathers, err = tx.isOpen(l.order); err != nil {
			return err
		}
		tx.keepLine(l)
	}
	return tx.rankLine(l)
}

// SetLine writes what a line is for and takes at once. Another SKU is refused
// while the line holds anything.
func (tx *Tx) SetLine(id allocation.LineID, o wire.OrderLine) error {
	return tx.changeLine(id, func(l *Line) error {
		if l.SKU != o.SKU && l.Allocated > 0 {
			return fmt.Errorf("line %s holds %s of %s and cannot become a line of %s: cancel it and add another", id, allocation.Units(l.Allocated), l.SKU, o.SKU)
		}
		l.SKU, l.Pack, l.MinLife = o.SKU, o.Pack, o.MinLifeDays
		return nil
	})
}

// Grant raises the line's right to total, and gives how many rights go back at once, as
// they were asked for before.
func (tx *Tx) Grant(id allocation.LineID, total int64) (l Line, back int64, err error) {
	return tx.changeRights(id, func(h *rights.Held) rights.Change { return h.Grant(total) })
}

// Reclaim raises how many rights of the line shall come back to total, and gives how
// many do at once.
func (tx *Tx) Reclaim(id allocation.LineID, total int64) (l Line, back int64, err error) {
	return tx.changeRights(id, func(h *rights.Held) rights.Change { return h.Reclaim(total) })
}

func (tx *Tx) changeRights(id allocation.LineID, how func(*rights.Held) rights.Change) (l Line, back int64, err error) {
	err = tx.changeLine(id, func(l *Line) error {
		back = how(&l.Rights).Returned
		l.spend()
		return nil
	})
	if err != nil {
		return l, 0, err
	}
	l, _, err = tx.Shown(id)
	return l, back, err
}

func (tx *Tx) changeLine(id allocation.LineID, how func(*Line) error) error {
	before, found, err := tx.Shown(id)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("this site knows no line %s", id)
	}
	after := before
	if err := how(&after); err != nil {
		return err
	}
	return tx.putLine(before, after)
}
