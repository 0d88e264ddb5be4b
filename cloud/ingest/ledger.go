package ingest

import (
	"errors"
	"fmt"
	"strings"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// ledger applies the events of one life, in their order, to the lines that they
// name. An event is applied whole or not at all. Nothing here touches the
// database: what moved is read off it afterwards.
type ledger struct {
	life      store.Life
	site      *store.Site
	lines     map[allocation.LineID]*store.Line // shared by all ledgers of a commit
	registers map[allocation.LineID]*rights.Registers
	waiting   map[allocation.LineID]int64 // lines that wait for a poison event
	moved     map[allocation.LineID]bool
	returned  map[allocation.LineID]bool // lines of which rights came back
	poison    []store.Poison
	kept      map[string]bool // codes that wait at the site, or may
	holdings  []holding
}

// move is one change of one line's registers.
type move struct {
	line allocation.LineID
	qty  int64
	way  way
}

type way int

const (
	use way = iota
	undo
	burn // undo and return at once
	giveBack
)

var errUnknownKind = errors.New("it is of no kind that this program knows")

// take applies an event, or keeps it as poison together with its lines.
func (l *ledger) take(stored store.Event, p parsed) {
	moves := movesOf(p.event)
	if err := l.apply(p, moves); err != nil {
		l.refuse(stored, moves, err)
		return
	}
	l.hold(stored.Seq, p.event)
}

func (l *ledger) apply(p parsed, moves []move) error {
	if p.err != nil {
		return p.err
	}
	if err := check(p.event); err != nil {
		return err
	}
	for _, m := range moves {
		if n, waits := l.waiting[m.line]; waits {
			return fmt.Errorf("line %s waits for event %d, which could not be applied", m.line, n)
		}
	}
	if err := l.moveAll(moves); err != nil {
		return err
	}
	l.count(p.event, moves)
	return nil
}

// before is what a move found, to be put back where a later one fails.
type before struct {
	line      *store.Line
	allocated int64
	registers *rights.Registers
	were      rights.Registers
}

func (l *ledger) moveAll(moves []move) error {
	found := make([]before, 0, len(moves))
	for _, m := range moves {
		line, registers := l.lines[m.line], l.registers[m.line]
		var err error
		switch {
		case line == nil:
			err = fmt.Errorf("line %q is not known here", m.line)
		case registers == nil:
			err = fmt.Errorf("line %s: %w: none was ever granted", m.line, rights.ErrNoRight)
		default:
			found = append(found, before{line, line.Allocated, registers, *registers})
			err = m.do(line, registers)
		}
		if err != nil {
			for n := len(found) - 1; n >= 0; n-- {
				found[n].line.Allocated, *found[n].registers = found[n].allocated, found[n].were
			}
			return err
		}
	}
	for _, m := range moves {
		l.moved[m.line] = true
		l.returned[m.line] = l.returned[m.line] || m.way == burn || m.way == giveBack
	}
	return nil
}

// do changes the line and its registers; after an error both may be half changed.
func (m move) do(line *store.Line, r *rights.Registers) error {
	var err error
	switch m.way {
	case use:
		line.Allocated += m.qty
		err = r.Use(m.qty)
	case undo:
		line.Allocated -= m.qty
		err = r.Undo(m.qty)
	case burn:
		line.Allocated -= m.qty
		if err = r.Undo(m.qty); err == nil {
			err = r.Return(m.qty)
		}
	case giveBack:
		err = r.Return(m.qty)
	}
	if err != nil {
		return fmt.Errorf("line %s: %w", m.line, err)
	}
	return nil
}

func (l *ledger) refuse(stored store.Event, moves []move, err error) {
	p := store.Poison{Event: stored, Reason: fmt.Sprintf("%.300s", storable(err.Error()))}
	for _, m := range moves {
		if storable(string(m.line)) != string(m.line) || len(m.line) > maxLineID {
			continue
		}
		p.Lines = append(p.Lines, m.line)
		if _, waits := l.waiting[m.line]; !waits {
			l.waiting[m.line] = stored.Seq
		}
	}
	l.poison = append(l.poison, p)
}

// maxLineID bounds what is kept of a line that may be anybody's invention.
const maxLineID = 2*allocation.MaxIDBytes + 1

// storable leaves out what a database does not take as text.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// count adds an applied event to the site's counters.
func (l *ledger) count(e wire.Event, moves []move) {
	switch {
	case e.Scan != nil:
		if e.Scan.Part <= 1 {
			l.site.Scans++
		}
		for _, r := range e.Scan.Receipts {
			l.site.Units += sum(r.Allocations) + r.Free
		}
	case e.Undo != nil:
		l.site.Units -= sum(e.Undo.Allocations)
		for _, f := range e.Undo.Free {
			l.site.Units -= f.Qty
		}
	}
	for _, m := range moves {
		switch m.way {
		case use:
			l.site.Allocated += m.qty
		case undo, burn:
			l.site.Allocated -= m.qty
		}
	}
}

func sum(allocations []wire.Allocation) int64 {
	var n int64
	for _, a := range allocations {
		n += a.Qty
	}
	return n
}
