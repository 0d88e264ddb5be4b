package agent

import (
	"fmt"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
)

// card does what a control card says. What it says about the next scan is
// stored with the station, so that a restart in between forgets nothing.
func (d *desk) card(tx *store.Tx, at store.Station, s scan) (dock.Feedback, error) {
	c := s.code.Card
	switch c.Verb {
	case barcode.Undo:
		return d.undo(tx, at, s)
	case barcode.SameAgain:
		return d.sameAgain(tx, at, s)
	case barcode.Done:
		return d.oldestDone(tx, s)
	case barcode.Qty:
		at.NextQty = c.Qty
		return cardRead(s, "the next scan counts %d times", c.Qty), tx.PutStation(at)
	case barcode.Damaged:
		at.NextDisposition = allocation.Damaged
		return cardRead(s, "the next scan is damaged goods"), tx.PutStation(at)
	case barcode.Hold:
		at.NextDisposition = allocation.Hold
		return cardRead(s, "the next scan is set aside"), tx.PutStation(at)
	case barcode.Worker:
		at.Worker = c.Arg
		return cardRead(s, "%s works here now", c.Arg), tx.PutStation(at)
	case barcode.Help, barcode.Lang:
		return cardRead(s, "card %s read", c.Verb), nil
	}
	return cardRead(s, "the card %s does nothing at this site", c.Verb), nil
}

func cardRead(s scan, format string, args ...any) dock.Feedback {
	return dock.Feedback{
		Station: s.station, At: s.at, Verdict: allocation.Check, Why: allocation.WhyCard,
		Text: fmt.Sprintf(format, args...), Code: dock.Visible(string(s.raw)),
	}
}

// sameAgain answers the question after a crash: it was another unit, so the code
// that was asked about counts.
func (d *desk) sameAgain(tx *store.Tx, at store.Station, s scan) (dock.Feedback, error) {
	if len(at.Asked) == 0 {
		return dock.Feedback{}, stop(allocation.WhyNothing, "no question is open at this station: scan the goods")
	}
	s.raw, s.again = at.Asked, true
	s.code = d.rules.Parse("", s.raw, s.at.Year())
	return d.receive(tx, s)
}

// oldestDone closes the oldest open task.
func (d *desk) oldestDone(tx *store.Tx, s scan) (dock.Feedback, error) {
	id, err := tx.OldestTask()
	if err != nil {
		return dock.Feedback{}, err
	}
	if id == 0 {
		return dock.Feedback{}, stop(allocation.WhyNothing, "no task is open")
	}
	return cardRead(s, "task %d is done", id), tx.EndTask(id)
}
