package store

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"dockfill/allocation"
)

// The parts of the column holds.
const (
	holdsLoose = 1 << iota
	holdsMovable
	holdsGathered
	holdsRedistribute
	holdsLow
)

var classes = []allocation.Class{allocation.Win, allocation.Gain, allocation.Redistribute, allocation.Fill, allocation.Lose}

func classNumber(c allocation.Class) int { return slices.Index(classes, c) + 1 }

func (l *Line) holds() int {
	if l.Loose() <= 0 {
		return 0
	}
	holds := holdsLoose
	if l.Movable() > 0 {
		holds |= holdsMovable
	}
	if l.gathers {
		holds |= holdsGathered
	}
	switch l.Rank.Class {
	case allocation.Redistribute:
		holds |= holdsRedistribute
	case allocation.Fill, allocation.Lose:
		holds |= holdsLow
	}
	return holds
}

// ranking is how a policy orders and picks lines.
type ranking struct {
	policy allocation.Policy
	fair   bool
	skips  bool
	hold   bool
}

func rankingOf(p allocation.Policy) ranking {
	r := p.Rules()
	return ranking{p, r.Share == allocation.Fair, r.Gate == allocation.GateSkip, r.Gate == allocation.GateHold}
}

// whole is what a gated line lacks under gate mode skip.
func (r ranking) whole(l *allocation.Line) int64 {
	if !r.skips || l.Ship != allocation.ShipLine && l.Ship != allocation.ShipOrder {
		return 0
	}
	return l.Open()
}

// kind is the range of the index line_can that the line stands in while it can take
// something.
func (r ranking) kind(l *allocation.Line) kind {
	return kind{int64(classNumber(l.Rank.Class)), l.Least(), r.whole(l), int64(l.MinLife)}
}

// rankKey sorts as Policy.Worse does, the other way round.
func (r ranking) rankKey(l *allocation.Line) string {
	return r.policy.PlaceKey(l.Rank)
}

// share sorts the lines of a band as their shares do.
func (r ranking) share(l *allocation.Line) string {
	if !r.fair {
		return ""
	}
	return r.policy.BandKey(l.Rank) + fmt.Sprintf("%016x", 1<<62-r.policy.FairKey(l))
}

// turn sorts as Policy.Before does.
func (r ranking) turn(l *allocation.Line) string { return r.share(l) + r.rankKey(l) }

// column is a column of line with its value.
type column struct {
	name  string
	value any
}

// columns are what changes of a line while it stands in an order.
func (r ranking) columns(l *Line) []column {
	g := l.Rights
	return []column{
		{"ordered", l.Ordered}, {"cancelled", l.Cancelled}, {"allocated", l.Allocated}, {"picked", l.Picked}, {"staged", l.Staged},
		{"shipped", l.Shipped}, {"guaranteed", l.Guaranteed}, {"excess", l.Excess},
		{"granted", g.Granted}, {"used", g.Used}, {"undone", g.Undone}, {"returned", g.Returned}, {"target", g.Target},
		{"sku", l.SKU}, {"pack", l.Pack}, {"min_life", l.MinLife},
		{"waits", l.waits()}, {"can", l.can()}, {"gathers", l.gathers}, {"holds", l.holds()}, {"whole", r.whole(&l.Line)},
	}
}

// keys are what ranks a line.
func (r ranking) keys(l *allocation.Line) []column {
	return []column{{"rank_key", r.rankKey(l)}, {"share", r.share(l)}}
}

// putLine writes what has changed of a line, and nothing else: naming a column
// writes each index that it stands in.
func (tx *Tx) putLine(before, l Line) error {
	if l.Ship == allocation.ShipLine {
		l.gathers = l.waits()
	}
	changed := changes(tx.by.columns(&before), tx.by.columns(&l))
	switch {
	case !before.waits() && before.holds() == 0:
		changed = append(changed, tx.by.keys(&l.Line)...)
	case tx.by.fair && len(changed) > 0:
		changed = append(changed, column{"share", tx.by.share(&l.Line)})
	}
	if err := tx.setColumns(l.n, changed); err != nil {
		return err
	}
	tx.keepLine(l)
	tx.about.noteLine(&before, &l)
	tx.about.noteKind(&l, tx.by.kind(&l.Line))
	if err := tx.gateOf(&before, &l); err != nil {
		return err
	}
	return tx.countLine(before, l)
}

// gateOf notes that the gate of a whole order has opened or closed by one line.
func (tx *Tx) gateOf(before, l *Line) error {
	if l.Ship != allocation.ShipOrder || before.waits() == l.waits() {
		return nil
	}
	open, err := tx.isOpen(l.order)
	if err != nil || open == l.gathers {
		return err
	}
	return tx.setGates(l.order)
}

func (tx *Tx) isOpen(order int64) (bool, error) {
	var n int64
	return tx.one(`SELECT 1 FROM line WHERE order_n = ? AND waits = 1 LIMIT 1`, []any{order}, &n)
}

func changes(before, after []column) (changed []column) {
	for i, c := range after {
		if c != before[i] {
			changed = append(changed, c)
		}
	}
	return changed
}

func (tx *Tx) setColumns(n int64, to []column) error {
	if len(to) == 0 {
		return nil
	}
	var q strings.Builder
	var args []any
	q.WriteString("UPDATE line SET ")
	for i, c := range to {
		if i > 0 {
			q.WriteString(", ")
		}
		q.WriteString(c.name)
		q.WriteString(" = ?")
		args = append(args, c.value)
	}
	q.WriteString(" WHERE n = ?")
	return tx.c.exec(q.String(), append(args, n)...)
}

// rankLine writes the line's keys under the policy in force, and what it has of
// its order.
func (tx *Tx) rankLine(l Line) error {
	if l.Wanted() > 0 || l.Allocated > 0 { // a new line makes nothing true of its SKU
		tx.about.drop(l.SKU)
		tx.about.beside = nil
	}
	return tx.setColumns(l.n, append(tx.by.keys(&l.Line), []column{
		{"whole", tx.by.whole(&l.Line)}, {"gathers", l.gathers}, {"holds", l.holds()},
		{"segment", l.Segment}, {"ship", l.Ship}, {"class", classNumber(l.Rank.Class)},
	}...))
}

// setGates notes of the lines of an order which of them have a gate that is not
// open.
func (tx *Tx) setGates(order int64) error {
	err := tx.each(`SELECT DISTINCT sku FROM line WHERE order_n = ?`, []any{order}, func(r *sql.Rows) error {
		var sku allocation.SKU
		err := r.Scan(&sku)
		tx.about.drop(sku)
		return err
	})
	if err != nil {
		return err
	}
	for id, l := range tx.known {
		if l.order == order {
			delete(tx.known, id)
		}
	}
	return tx.c.exec(`UPDATE line SET gathers = NOT gathers, holds = iif(holds > 0, holds + iif(gathers, -4, 4), 0)
		WHERE order_n = ?1 AND gathers <> CASE ship WHEN 'line' THEN waits
			WHEN 'order' THEN EXISTS (SELECT 1 FROM line o WHERE o.order_n = ?1 AND o.waits = 1) ELSE 0 END`, order)
}

// rerank ranks anew at most limit lines behind after that wait or hold something,
// and gives the last of them, 0 where there was none.
func (tx *Tx) rerank(after int64, limit int) (last int64, err error) {
	var lines []Line
	err = tx.each(`SELECT `+lineColumns+` FROM line l CROSS JOIN orders o ON o.n = l.order_n
		WHERE l.n > +? AND (l.waits = 1 OR l.holds > 0) ORDER BY l.n LIMIT ?`, []any{after, limit}, func(r *sql.Rows) error {
		l, err := scanLine(r)
		lines = append(lines, l)
		return err
	})
	for _, l := range lines {
		if err == nil {
			last, err = l.n, tx.rankLine(l)
		}
	}
	return last, err
}
