package agent

import (
	"errors"
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// input is an event to be decided, and what the store must know beside it.
type input struct {
	allocation.Event
	received []store.Arrival
	atHand   bool // the worker holds what comes in
	undone   *undone
}

// policy is the one in force. What lies set aside under a code that has become known
// is at no door yet, so nothing of it is staged at the beep.
func (in input) policy(p allocation.Policy) (allocation.Policy, error) {
	if _, scan := in.Event.(allocation.Receive); !scan || in.atHand {
		return p, nil
	}
	r := p.Rules()
	r.StageAtBeep = false
	return allocation.NewPolicy(p.Version, r)
}

// decided is a decision that was written down, and what it asks of people.
type decided struct {
	allocation.Decision
	returned []wire.Right // that the centre gets back
	hands    []*inHand    // where the units go that the worker holds
	errands  []store.Task // the new tasks
}

// decide makes one decision and writes it down: goods, lines, registers, and the
// tasks that follow. A *refusal leaves nothing behind.
func (d *desk) decide(tx *store.Tx, in input) (decided, error) {
	policy, err := in.policy(tx.Meta().Policy)
	if err != nil {
		return decided{}, err
	}
	decision, err := allocation.Decide(policy, tx, d.today(), in.Event)
	if err != nil {
		return decided{}, refuse(err)
	}
	c := &carrier{tx: tx, now: d.now(), atHand: in.atHand, undone: in.undone}
	if err := c.before(decision); err != nil {
		return decided{}, err
	}
	returned, err := tx.Write(decision, in.received)
	if err != nil {
		return decided{}, err
	}
	if err := c.carry(decision); err != nil {
		return decided{}, err
	}
	out := decided{Decision: decision, hands: c.hands}
	if out.errands, err = c.errands(); err != nil {
		return decided{}, err
	}
	for _, g := range returned {
		out.returned = append(out.returned, wire.Right(g))
	}
	return out, nil
}

// today is the site's day, of the instant that the event carries.
func (d *desk) today() allocation.Date { return allocation.Date(d.now().Format(time.DateOnly)) }

// refuse gives the engine's refusal the form of ours.
func refuse(err error) error {
	var no *allocation.Refusal
	if errors.As(err, &no) {
		return &refusal{verdict: allocation.Stop, why: no.Code, text: no.Error(), rule: no.Error()}
	}
	return err
}

// wireMoves tells of moves as events do. That units of a line are bound, and that
// bound ones leave, is told by other fields; those of the dock stand in receipts.
func wireMoves(all []allocation.Move) (told []wire.Move) {
	for _, m := range all {
		ships := m.From.Shelf == allocation.Bound && m.To.Shelf == allocation.Outside
		if m.To.Shelf == allocation.Bound || ships || m.From.Shelf == allocation.Dock {
			continue
		}
		told = tellMove(told, wireMove(m))
	}
	return told
}

func wireMove(m allocation.Move) wire.Move {
	w := wire.Move{
		SKU: m.SKU, Qty: m.Qty, From: placeOf(m.From), To: placeOf(m.To), By: m.By, Over: m.Over,
		Inbound: m.From.Inbound, Lot: m.Lot, Expiry: m.Expiry, Serial: m.Serial,
	}
	if m.Serial != "" {
		w.Trade = m.Trade
	}
	return w
}

// tellMove adds a move to the one before where they differ in nothing but the
// quantity: under fair share each unit has its own turn.
func tellMove(told []wire.Move, m wire.Move) []wire.Move {
	if n := len(told); n > 0 {
		same := told[n-1]
		if same.Qty = m.Qty; same == m {
			told[n-1].Qty += m.Qty
			return told
		}
	}
	return append(told, m)
}

// placeOf names a place in an event: a line by its id, a shelf by its word.
func placeOf(p allocation.Place) string {
	if p.Line != "" {
		return string(p.Line)
	}
	return string(p.Shelf)
}
