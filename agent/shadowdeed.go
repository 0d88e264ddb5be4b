package agent

import (
	"fmt"

	"dockfill/scanner/barcode"
	"dockfill/sync/wire"
)

// card has the station's card read again: it is about what its scans came to here.
func (p *playing) card(w *wire.Deed) error {
	at, err := p.tx.Station(w.Station)
	if err != nil {
		return err
	}
	at.Worker = w.Worker
	s := scan{station: w.Station}
	s.code.Card.Verb = barcode.Verb(w.Reason)
	switch s.code.Card.Verb {
	case barcode.Stage:
		_, err = p.desk.stageLast(p.tx, at, s)
	case barcode.ClosePallet:
		_, err = p.desk.closePallet(p.tx, at, s)
	default:
		_, err = p.desk.acceptOver(p.tx, at, s)
	}
	return err
}

// deed does what the log says was done, with as many units of a line as it has here.
func (p *playing) deed(told wire.Deed) error {
	w := wire.Deed{
		Kind: told.Kind, Station: told.Station, Worker: told.Worker, Line: told.Line, SKU: told.SKU,
		Inbound: told.Inbound, Qty: told.Qty, From: told.From, To: told.To, Reason: told.Reason,
	}
	if !p.strict && w.Line != "" {
		most, err := p.possible(w)
		if err != nil {
			return err
		}
		if most > 0 && most < w.Qty {
			p.miss(describe(*p.now), fmt.Sprintf("only %d of them could be done: other lines have the rest", most))
			w.Qty = most
		}
	}
	_, err := p.desk.perform(p.tx, w)
	return err
}

// possible is how many units of a line a deed can be about.
func (p *playing) possible(w wire.Deed) (int64, error) {
	l, _, err := p.tx.Line(w.Line)
	switch w.Kind {
	case wire.DeedPick:
		return l.Loose(), err
	case wire.DeedStage:
		return l.Allocated - l.Staged, err
	case wire.DeedShip:
		return l.Allocated - l.Shipped, err
	}
	return l.Excess, err
}

// describe names what happened in a few words.
func describe(h happening) string {
	switch e := h.first(); {
	case h.applied != nil:
		return fmt.Sprintf("commands %d to %d of the centre", h.applied.N, h.applied.N+int64(len(h.applied.Commands))-1)
	case e.Scan != nil:
		return fmt.Sprintf("a scan of %q at station %s", e.Scan.Code, e.Scan.Station)
	case e.Undo != nil:
		return "an undo at station " + string(e.Undo.Station)
	case e.Deed.Line != "":
		return fmt.Sprintf("%s %d of line %s", e.Deed.Kind, e.Deed.Qty, e.Deed.Line)
	case e.Deed.Inbound != "":
		return fmt.Sprintf("%s %d of inbound %s", e.Deed.Kind, e.Deed.Qty, e.Deed.Inbound)
	default:
		return fmt.Sprintf("%s %d of %s", e.Deed.Kind, e.Deed.Qty, e.Deed.SKU)
	}
}
