package agent

import (
	"errors"
	"fmt"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// perform does what a person says was done with goods. A *refusal, or an error of
// what was said, leaves nothing behind.
func (d *desk) perform(tx *store.Tx, w wire.Deed) (decided, error) {
	done, err := d.carryOut(tx, w)
	if err == nil && w.Kind == wire.DeedReturn {
		err = d.broughtBack(tx, w.Line, w.Qty)
	}
	return done, err
}

// carryOut decides a deed and appends its event.
func (d *desk) carryOut(tx *store.Tx, w wire.Deed) (decided, error) {
	e, err := eventOf(tx, w)
	if err != nil {
		return decided{}, err
	}
	done, err := d.decide(tx, input{Event: e})
	if err != nil {
		return decided{}, err
	}
	w.Moves, w.Returned = wireMoves(done.Moves), done.returned
	if len(w.Moves) > 0 {
		w.Passed, w.More = wirePassed(done.Why), done.Why.More
	}
	return done, d.appendDeed(tx, w)
}

// eventOf is what a deed asks the rules.
func eventOf(tx *store.Tx, w wire.Deed) (allocation.Event, error) {
	switch w.Kind {
	case wire.DeedPick:
		return allocation.Pick{Line: w.Line, Qty: w.Qty}, nil
	case wire.DeedStage:
		return allocation.Stage{Line: w.Line, Qty: w.Qty}, nil
	case wire.DeedShip:
		return allocation.Dispatch{Line: w.Line, Qty: w.Qty}, nil
	case wire.DeedReturn:
		return allocation.Return{Line: w.Line, Qty: w.Qty}, nil
	case wire.DeedRegrade:
		return allocation.Regrade{SKU: w.SKU, Qty: w.Qty, From: w.From, To: w.To}, allocation.CheckID("sku", string(w.SKU))
	case wire.DeedAdjust:
		if w.Reason == "" {
			return nil, errors.New("a correction of a count needs a reason")
		}
		return allocation.Adjust{SKU: w.SKU, Qty: w.Qty}, allocation.CheckID("sku", string(w.SKU))
	case wire.DeedApprove:
		return allocation.Approve{Inbound: w.Inbound, Qty: w.Qty}, checkApprove(tx, w.Inbound, w.Qty)
	}
	return nil, fmt.Errorf("there is no deed %q", w.Kind)
}

// appendDeed tells of a deed; moves for which it has no room go into events behind it.
func (d *desk) appendDeed(tx *store.Tx, w wire.Deed) error {
	room := wire.MaxEvent - 2048 - 6*(len(w.Reason)+len(w.Worker)+len(w.Station)+len(w.Line)+len(w.SKU)+len(w.Inbound)) - 1024*len(w.Returned) - passedSize(w.Passed)
	fit := fitting(w.Moves, room)
	rest := w.Moves[fit:]
	w.Moves = w.Moves[:fit]
	var late []wire.Right // no right comes back before the units that free it
	if len(rest) > 0 {
		late, w.Returned = w.Returned, nil
	}
	if err := d.append(tx, wire.Event{Deed: &w}); err != nil {
		return err
	}
	return d.appendRest(tx, rest, late)
}

// done closes a task. Who carried units to a line has picked them: from then on they
// stay the line's. Who brought bound units back has returned them.
func (d *desk) done(tx *store.Tx, t store.Task, station allocation.StationID, worker string) (decided, error) {
	w := wire.Deed{Station: station, Worker: worker}
	if t.To != "" {
		loose, err := looseOf(tx, lineSKU{t.To, t.SKU})
		if err != nil {
			return decided{}, err
		}
		w.Kind, w.Line, w.Qty = wire.DeedPick, t.To, min(t.Qty, loose)
	} else {
		bound, err := boundOf(tx, t)
		if err != nil {
			return decided{}, err
		}
		w.Kind, w.Line, w.Qty = wire.DeedReturn, t.From, bound
	}
	if err := tx.EndTask(t.ID); err != nil || w.Qty == 0 {
		return decided{}, err
	}
	return d.carryOut(tx, w)
}

// boundOf counts how many units of a RETURN task are bound: those that the other
// tasks from the line do not account for.
func boundOf(tx *store.Tx, t store.Task) (int64, error) {
	l, _, err := tx.Line(t.From)
	if err != nil || l.Excess == 0 {
		return 0, err
	}
	all, err := tx.Tasks(t.SKU)
	others := -t.Qty
	for _, o := range all {
		if o.Kind == store.Return && o.From == t.From {
			others += o.Qty
		}
	}
	return min(t.Qty, max(0, l.Excess-others)), err
}

// broughtBack takes units off the tasks to bring them back from a line.
func (d *desk) broughtBack(tx *store.Tx, line allocation.LineID, n int64) error {
	l, _, err := tx.Line(line)
	if err != nil {
		return err
	}
	c := &carrier{tx: tx, now: d.now()}
	_, err = c.take(l.SKU, n, bringsBackFrom(line))
	return err
}
