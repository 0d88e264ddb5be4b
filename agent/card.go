package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
)

// cards are all there are, in the order of DF:HELP.
var cards = []struct {
	verb barcode.Verb
	help string
}{
	{barcode.Undo, "UNDO takes the last scan back"},
	{barcode.Qty, "QTY 12 counts the next scan 12 times"},
	{barcode.Damaged, "DAMAGED, HOLD set the next scan aside"},
	{barcode.Hold, ""}, // told with DAMAGED
	{barcode.Stage, "STAGE stages the last scan, CLOSE-PALLET the pallet"},
	{barcode.ClosePallet, ""}, // told with STAGE
	{barcode.AcceptOver, "ACCEPT-OVER takes the surplus in"},
	{barcode.SameAgain, "SAME-AGAIN counts what was asked"},
	{barcode.Done, "DONE ends the oldest task"},
	{barcode.Worker, "WORKER 7 works here"},
	{barcode.Help, "HELP shows this"},
}

// help is the list of the cards, short enough for the display.
func help() string {
	var all []string
	for _, c := range cards {
		if c.help != "" {
			all = append(all, c.help)
		}
	}
	return "cards: " + strings.Join(all, "; ")
}

// card does what a control card says, and remembers that it was read.
func (d *desk) card(tx *store.Tx, at store.Station, s scan) (reply, error) {
	f, err := d.do(tx, at, s)
	if err != nil {
		return f, err
	}
	return f, tx.Heard(s.station, readingOf(s), s.remembered())
}

// do is what each card means. What it says about the next scan is stored with the
// station, so that a restart in between forgets nothing.
func (d *desk) do(tx *store.Tx, at store.Station, s scan) (reply, error) {
	c := s.code.Card
	switch c.Verb {
	case barcode.Undo:
		return d.undo(tx, at, s)
	case barcode.Stage:
		return d.stageLast(tx, at, s)
	case barcode.ClosePallet:
		return d.closePallet(tx, at, s)
	case barcode.AcceptOver:
		return d.acceptOver(tx, at, s)
	case barcode.SameAgain:
		return d.sameAgain(tx, at, s)
	case barcode.Done:
		return d.oldestDone(tx, at, s)
	case barcode.Qty:
		at.NextQty = c.Qty
		return replied(cardRead(s, "%s", timesText(c.Qty)), tx.PutStation(at))
	case barcode.Damaged:
		at.NextDisposition = allocation.Damaged
		return replied(cardRead(s, "the next scan is damaged goods"), tx.PutStation(at))
	case barcode.Hold:
		at.NextDisposition = allocation.Hold
		return replied(cardRead(s, "the next scan is set aside"), tx.PutStation(at))
	case barcode.Worker:
		at.Worker = c.Arg
		return replied(cardRead(s, "%s works here now", c.Arg), tx.PutStation(at))
	}
	return replied(cardRead(s, "%s", help()), nil)
}

func timesText(qty int64) string {
	if qty == 1 {
		return "the next scan counts once"
	}
	return fmt.Sprintf("the next scan counts %d times", qty)
}

func cardRead(s scan, format string, args ...any) dock.Feedback {
	return dock.Feedback{
		Station: s.station, At: s.at, Verdict: allocation.Check, Why: allocation.WhyCard,
		Text: fmt.Sprintf(format, args...), Code: dock.Visible(string(s.raw)),
	}
}

// sameAgain answers the question after a crash: it was another unit, so the code
// that was asked about counts. That question is the station's newest while it is
// open; one about a memory may be older.
func (d *desk) sameAgain(tx *store.Tx, at store.Station, s scan) (reply, error) {
	if len(at.Asked) == 0 {
		_, asked, err := askedMemory(tx, at, s.at)
		if asked {
			return replied(d.uploadAgain(tx, at, s))
		}
		return reply{}, errors.Join(err, stop(allocation.WhyCard, "no question is open at this station: scan the goods"))
	}
	s.raw, s.again = at.Asked, true
	s.code = d.rules.Parse("", s.raw, s.at.Year())
	return d.receive(tx, s)
}

// uploadAgain lets the records that were asked about count once more.
func (d *desk) uploadAgain(tx *store.Tx, at store.Station, s scan) (dock.Feedback, error) {
	if err := tx.CountAgain(at.AskedMemory); err != nil {
		return dock.Feedback{}, err
	}
	at.AskedMemory = 0
	return cardRead(s, "send the scanner's memory once more: it will be counted"), tx.PutStation(at)
}

// oldestDone closes the oldest open task.
func (d *desk) oldestDone(tx *store.Tx, at store.Station, s scan) (reply, error) {
	id, err := tx.OldestTask()
	if err != nil {
		return reply{}, err
	}
	if id == 0 {
		return reply{}, stop(allocation.WhyCard, "no task is open")
	}
	done, err := d.endTask(tx, id, at)
	return reply{cardRead(s, "task %d is done", id), done}, err
}

// endTask closes a task by its number; at is who did it, as far as that is known.
func (d *desk) endTask(tx *store.Tx, id int64, at store.Station) (decided, error) {
	all, err := tx.Tasks("")
	if err != nil {
		return decided{}, err
	}
	i := slices.IndexFunc(all, func(t store.Task) bool { return t.ID == id })
	if i < 0 {
		return decided{}, fmt.Errorf("%w: %d", dock.ErrNoTask, id)
	}
	return d.done(tx, all[i], at.ID, at.Worker)
}
