package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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
	life store.Life
	// foreign is set for a life that an earlier life of the centre minted: it may have been
	// granted more than this one remembers, so that what it tells is a fact.
	foreign   bool
	site      *store.Site
	lines     map[allocation.LineID]*store.Line // shared by all ledgers of a commit
	registers map[allocation.LineID]*rights.Registers
	waiting   map[allocation.LineID]int64 // lines that wait for a poison event
	moved     map[allocation.LineID]bool
	returned  map[allocation.LineID]bool // lines of which rights came back
	poison    []store.Poison
	kept      map[string]bool // codes that wait at the site, or may
	holdings  []holding
	found     []before // of the event under way
	arrivals
}

// move is one change of one line.
type move struct {
	line allocation.LineID
	qty  int64
	way  way
}

type way int

const (
	use  way = iota // the line got units
	undo            // the line lost units
	burn            // rights to the line were given back
	pick
	stageNew // what the line got just now is staged
	stage
	ship
	unbind // picked or staged units came back
)

var errUnknownKind = errors.New("it is of no kind that this program knows")

// take applies an event, or keeps it as poison together with its lines.
func (l *ledger) take(stored store.Event, p parsed) {
	if err := l.apply(p); err != nil {
		l.refuse(stored, p.moves, err)
		return
	}
	l.hold(stored.Seq, p.event)
}

func (l *ledger) apply(p parsed) error {
	if err := cmp.Or(p.err, p.wrong); err != nil {
		return err
	}
	for _, m := range p.moves {
		if n, waits := l.waiting[m.line]; waits {
			return fmt.Errorf("line %s waits for event %d, which could not be applied", m.line, n)
		}
	}
	if err := l.moveAll(p.moves); err != nil {
		return err
	}
	l.count(p.event)
	l.arrive(p.event)
	return nil
}

// before is a line as an event found it, to be put back where the event fails.
type before struct {
	line      *store.Line
	was       store.Line
	registers *rights.Registers
	were      rights.Registers
	change    rights.Change // of the registers, by all of the event
}

func (l *ledger) moveAll(moves []move) error {
	l.found = l.found[:0]
	if err := l.tryAll(moves); err != nil {
		for _, f := range l.found {
			*f.line, *f.registers = f.was, f.were
		}
		return err
	}
	for _, m := range moves {
		l.moved[m.line] = true
		if m.way == burn {
			l.returned[m.line] = true
		}
	}
	return nil
}

// tryAll makes the moves and looks at what their lines come to. After an error
// some are made.
func (l *ledger) tryAll(moves []move) error {
	for _, m := range moves {
		f, err := l.find(m.line)
		if err != nil {
			return err
		}
		m.do(f.line, &f.change)
	}
	for _, f := range l.found {
		if err := f.settle(l.foreign); err != nil {
			return fmt.Errorf("line %s: %w", f.line.ID, err)
		}
	}
	return nil
}

// find gives a line as the event found it, noted once. It is good until the next
// one is found.
func (l *ledger) find(id allocation.LineID) (*before, error) {
	line, registers := l.lines[id], l.registers[id]
	switch {
	case line == nil:
		return nil, fmt.Errorf("line %q is not known here", id)
	case registers == nil: // of units that an earlier life gave, none need be granted
		registers = &rights.Registers{}
		l.registers[id] = registers
	}
	i := slices.IndexFunc(l.found, func(f before) bool { return f.line == line })
	if i < 0 {
		i = len(l.found)
		l.found = append(l.found, before{line: line, was: *line, registers: registers, were: *registers})
	}
	return &l.found[i], nil
}

// do changes the line, and adds up what its registers change by. What is picked and staged follows the
// site: picked units are staged before loose ones, and staged ones are shipped
// before both. A line that two lives of a site filled is told here as one, so that
// a few picked units may count as loose, never the reverse.
func (m move) do(l *store.Line, c *rights.Change) {
	switch m.way {
	case use:
		l.Allocated += m.qty
		c.Used += m.qty
	case undo:
		l.Allocated -= m.qty
		c.Undone += m.qty
	case burn:
		c.Returned += m.qty
	case pick:
		l.Picked += m.qty
	case stageNew:
		l.Staged += m.qty
	case stage:
		l.Picked -= min(m.qty, l.Picked)
		l.Staged += m.qty
	case ship:
		left := m.qty - min(m.qty, l.Staged-l.Shipped)
		l.Picked -= min(left, l.Picked)
		l.Staged += left
		l.Shipped += m.qty
	case unbind:
		picked := min(m.qty, l.Picked)
		l.Picked -= picked
		l.Staged -= min(m.qty-picked, l.Staged-l.Shipped)
	}
}

// settle holds what an event made of a line to the rules: what a site spends or
// gives back it held (site rule S), and what is bound does not move. A unit that an
// earlier life gave frees no right when it leaves the line: those of this one go first.
func (f before) settle(fact bool) error {
	f.change.Undone = min(f.change.Undone, f.registers.Used-f.registers.Undone+f.change.Used)
	if f.line.Allocated < 0 {
		return fmt.Errorf("%w: it would hold %d", rights.ErrNoRight, f.line.Allocated)
	}
	err := f.registers.Apply(f.change)
	if err != nil && !fact {
		return err
	}
	if err != nil {
		f.registers.Fact(f.change)
	}
	if l := f.line; l.Bound() > l.Allocated {
		return fmt.Errorf("%d of its units would be picked or staged, and it holds %d", l.Bound(), l.Allocated)
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

// count adds an applied event to the site's counters. A code that was kept and is
// taken in now was counted when it was scanned.
func (l *ledger) count(e wire.Event) {
	switch {
	case e.Scan != nil:
		if e.Scan.Part <= 1 && e.Scan.Kept == 0 {
			l.site.Scans++
		}
		for _, r := range e.Scan.Receipts {
			given := sum(r.Allocations)
			l.site.Units += given + r.Free + r.Surplus
			l.site.Allocated += given
		}
		l.countMoves(e.Scan.Moves)
	case e.Undo != nil:
		l.countMoves(e.Undo.Moves)
	case e.Applied != nil:
		l.countMoves(e.Applied.Moves)
	case e.Deed != nil:
		l.countMoves(e.Deed.Moves)
	}
}

func (l *ledger) countMoves(moves []wire.Move) {
	for _, m := range moves {
		l.site.Units += m.Qty * (one(isGood(m.To)) - one(isGood(m.From)))
		l.site.Allocated += m.Qty * (one(m.ToLine() != "") - one(m.FromLine() != ""))
	}
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func sum(allocations []wire.Allocation) int64 {
	var n int64
	for _, a := range allocations {
		n += a.Qty
	}
	return n
}
