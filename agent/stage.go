package agent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// Two cards stage what a station's scans gave to orders: DF:STAGE those of its last
// scan, DF:CLOSE-PALLET those of all scans since the card was read before. Which
// scans those are, the log itself says.

// stageLast stages the units of the station's last scan that are still with their
// lines.
func (d *desk) stageLast(tx *store.Tx, at store.Station, s scan) (reply, error) {
	found, err := unstaged(tx, at, 1)
	if err != nil {
		return reply{}, err
	}
	switch {
	case !found.any:
		return reply{}, stop(allocation.WhyCard, "nothing was scanned here that could be staged")
	case found.done:
		return reply{}, stop(allocation.WhyCard, "the last scan here is staged already")
	case len(found.given) == 0:
		return reply{}, stop(allocation.WhyCard, "the last scan here went to no order: there is nothing to stage")
	}
	return d.stageAll(tx, at, s, found)
}

// closePallet stages the units of all scans of the station since the card was read
// before, as far as they are still with their lines. The pallet is closed with that:
// what has left it is told and keeps nobody.
func (d *desk) closePallet(tx *store.Tx, at store.Station, s scan) (reply, error) {
	found, err := unstaged(tx, at, maxPallet)
	if err != nil {
		return reply{}, err
	}
	if len(found.given) == 0 {
		return reply{}, stop(allocation.WhyCard, "no scan here has gone to an order since the last pallet was closed: there is nothing to stage")
	}
	return d.stageAll(tx, at, s, found)
}

// maxPallet is how many scans a pallet holds at most, and maxLookBack how many
// events of all stations may lie between its first scan and the card.
const (
	maxPallet   = 10_000
	maxLookBack = 10_000
)

func (d *desk) stageAll(tx *store.Tx, at store.Station, s scan, p *onPallet) (reply, error) {
	var out reply
	var units int64
	var staged []allocation.LineID
	var missing []string
	for _, g := range p.given {
		l, _, err := tx.Line(g.Line)
		if err != nil {
			return reply{}, err
		}
		here := min(g.Qty, l.Picked+l.Loose())
		if gone := g.Qty - here; gone > 0 {
			missing = append(missing, p.whereTo(g.Line, gone)...)
		}
		if here == 0 {
			continue
		}
		w := wire.Deed{Kind: wire.DeedStage, Station: at.ID, Worker: at.Worker, Line: g.Line, Qty: here, Reason: string(s.code.Card.Verb)}
		done, err := d.perform(tx, w)
		if err != nil {
			return reply{}, err
		}
		units += here
		staged = append(staged, g.Line)
		out.errands = append(out.errands, done.errands...)
	}
	if units == 0 {
		return reply{}, stop(allocation.WhyTooMany, "nothing is left to stage: %s", few(missing))
	}
	out.Feedback = cardRead(s, "%s staged for %s", dock.Plural(units, "unit", "units"), lineOrLines(staged))
	if len(missing) > 0 {
		out.Text += "; " + few(missing) + ": not staged here"
	}
	out.Seq = tx.Head().Seq
	return out, nil
}

func lineOrLines(all []allocation.LineID) string {
	if len(all) == 1 {
		return string(all[0])
	}
	return dock.Plural(int64(len(all)), "line", "lines")
}

// few joins what the display has room for.
func few(all []string) string {
	const most = 3
	if more := len(all) - most; more > 0 {
		all = append(all[:most:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}

// onPallet is what a station's newest scans gave to lines and nobody has staged.
type onPallet struct {
	given []allocation.Given
	any   bool // there was a scan
	done  bool // the newest is staged

	staged bool                        // the scan that comes next was staged by a card
	beep   map[allocation.LineID]int64 // or these units of it at the beep
	undone map[int64]bool
	left   map[allocation.LineID][]departure // the newest first
}

// departure is units that went from a line behind the scans.
type departure struct {
	qty int64
	how string // in words, behind "1 unit of O1/1"
}

// unstaged walks the log backwards over at most so many of the station's scans, up
// to the one before which the last pallet was closed.
func unstaged(tx *store.Tx, at store.Station, scans int) (*onPallet, error) {
	p := &onPallet{beep: map[allocation.LineID]int64{}, undone: map[int64]bool{}, left: map[allocation.LineID][]departure{}}
	for n := int64(0); n < maxLookBack && scans > 0; n++ {
		e, found, err := tx.EventAt(tx.Head().Seq - n)
		if err != nil {
			return nil, err
		}
		if !found {
			break
		}
		p.leave(e)
		switch {
		case e.Undo != nil && e.Undo.Station == at.ID:
			for _, seq := range e.Undo.Seqs {
				p.undone[seq] = true
			}
		case e.Deed != nil && e.Deed.Station == at.ID && e.Deed.Kind == wire.DeedStage:
			if p.deed(e.Deed) {
				scans = 0
			}
		case e.Scan != nil && e.Scan.Station == at.ID && e.Scan.Kept == 0 && !p.undone[e.Seq]:
			p.add(e.Scan)
			if e.Scan.Part <= 1 {
				scans--
				p.staged = false
				clear(p.beep)
			}
		}
	}
	slices.SortFunc(p.given, func(a, b allocation.Given) int { return cmp.Compare(a.Line, b.Line) })
	return p, nil
}

// leave notes which units an event took from lines.
func (p *onPallet) leave(e wire.Event) {
	for _, m := range why.Moves(e) {
		line := m.FromLine()
		if line == "" {
			continue
		}
		how := "went " + why.ToWords(m.To)
		if e.Undo != nil && m.To == "" {
			how = "went out by an undo"
		}
		same := func(x departure) bool { return x.how == how }
		if i := slices.IndexFunc(p.left[line], same); i >= 0 {
			p.left[line][i].qty += m.Qty
			continue
		}
		p.left[line] = append(p.left[line], departure{m.Qty, how})
	}
}

// whereTo says where the units of a line went that it does not have to be staged.
func (p *onPallet) whereTo(line allocation.LineID, n int64) (all []string) {
	say := func(n int64, how string) {
		all = append(all, fmt.Sprintf("%s of %s %s", dock.Plural(n, "unit", "units"), line, how))
	}
	for _, x := range p.left[line] {
		if k := min(n, x.qty); k > 0 {
			say(k, x.how+" since")
			n -= k
		}
	}
	if n == 1 {
		say(n, "is staged already")
	} else if n > 1 {
		say(n, "are staged already")
	}
	return all
}

// deed takes in what was staged; all that was scanned before a pallet was closed is.
func (p *onPallet) deed(w *wire.Deed) (all bool) {
	switch w.Reason {
	case string(barcode.ClosePallet):
		if !p.any {
			p.any, p.done = true, true
		}
		return true
	case string(barcode.Stage):
		p.staged = true
	case atTheBeep:
		p.beep[w.Line] += w.Qty
	}
	return false
}

func (p *onPallet) add(s *wire.Scan) {
	staged := p.staged || s.Staged
	if !p.any {
		p.any, p.done = true, staged
	}
	if staged {
		return
	}
	for _, r := range s.Receipts {
		for _, a := range r.Allocations {
			had := min(a.Qty, p.beep[a.Line])
			p.beep[a.Line] -= had
			if a.Qty > had {
				p.given = addGiven(p.given, allocation.Given{Line: a.Line, Qty: a.Qty - had})
			}
		}
	}
}

// addGiven sums by line.
func addGiven(all []allocation.Given, g allocation.Given) []allocation.Given {
	for i := range all {
		if all[i].Line == g.Line {
			all[i].Qty += g.Qty
			return all
		}
	}
	return append(all, g)
}
