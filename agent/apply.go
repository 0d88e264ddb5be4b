package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// run is one run of commands while it is applied, and what came of it.
type run struct {
	d  *desk
	tx *store.Tx

	// What the group that is applied now still has to decide.
	demand *allocation.Demand
	offer  []allocation.SKU

	waiting []keptCode // nil where they were not read

	decided  []allocation.Decision
	moves    []wire.Move // not told yet, as the next four
	passed   []wire.Passed
	more     bool
	returned []wire.Right
	refused  []wire.Refused
	errands  []store.Task
	waits    []string // why kept scans could not be received though their code is known
}

// apply applies the commands first, first+1, ... of one life of the centre, and
// tells of them in one event, or in several where one would grow too large. A
// command that cannot be applied is refused by its number and changes nothing.
//
// Each command writes its facts and then makes one decision. An order and the
// rights to its lines that follow it are one step: its lines get what they get by
// all of it.
func (d *desk) apply(tx *store.Tx, centre string, first int64, cmds []wire.Command) (*run, error) {
	if at := tx.Meta().Commands; centre != at.Centre || first != at.N+1 {
		return nil, fmt.Errorf("commands from %d of centre %q do not follow %d of %q", first, centre, at.N, at.Centre)
	}
	r := &run{d: d, tx: tx}
	for next := 0; next < len(cmds); {
		n := together(cmds[next:])
		if err := r.group(first+int64(next), cmds[next:next+n]); err != nil {
			return nil, err
		}
		next += n
	}
	through := wire.CommandCursor{Centre: centre, N: first + int64(len(cmds)) - 1}
	if err := tx.MoveCommands(through); err != nil {
		return nil, err
	}
	return r, r.append(through, true)
}

// together counts the first commands that are one step.
func together(cmds []wire.Command) int {
	id, n := orderOf(cmds[0]), 1
	for id != "" && n < len(cmds) && cmds[n].Grant != nil && orderOf(cmds[n]) == id {
		n++
	}
	return n
}

// orderOf names the order that a command is about; "" for others.
func orderOf(c wire.Command) (id allocation.OrderID) {
	switch {
	case c.Order != nil:
		id = c.Order.ID
	case c.Grant != nil:
		id, _ = c.Grant.Line.Split()
	}
	return id
}

// group applies commands that are one step under one savepoint; where that fails,
// each alone. Only an error of the disk goes on from here.
func (r *run) group(n int64, cmds []wire.Command) error {
	trial := *r
	err := r.tx.Savepoint(func() error { return trial.all(cmds) })
	switch {
	case err == nil:
		*r = trial
		return nil
	case store.OfTheDisk(err):
		return err
	case len(cmds) == 1:
		r.refused = append(r.refused, wire.Refused{N: n, Message: shorten(err.Error())})
		return nil
	}
	for i := range cmds {
		if err := r.group(n+int64(i), cmds[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) all(cmds []wire.Command) error {
	for _, c := range cmds {
		if err := r.one(c); err != nil {
			return err
		}
	}
	return r.settle()
}

// settle makes the decision that the facts ask for.
func (r *run) settle() error {
	demand, offer := r.demand, r.offer
	r.demand, r.offer = nil, nil
	switch {
	case demand != nil: // it offers to all lines of the order
		return r.decide(*demand)
	case len(offer) > 0:
		return r.decide(allocation.Offer{SKUs: offer})
	}
	return nil
}

func (r *run) decide(e allocation.Event) error {
	done, err := r.d.decide(r.tx, input{Event: e})
	if err != nil {
		return err
	}
	r.note(done)
	moves := wireMoves(done.Moves)
	if len(moves) > 0 {
		r.pass(done.Why)
	}
	r.moves = append(r.moves, moves...) // none is added to one before: a trial may be taken back
	r.returned = append(r.returned, done.returned...)
	return nil
}

// pass notes the lines that moved units went past, as many as an event has room for.
func (r *run) pass(w allocation.Why) {
	const most = 8 * allocation.MaxPassed
	r.more = r.more || w.More
	for _, p := range wirePassed(w) {
		switch {
		case slices.Contains(r.passed, p):
		case len(r.passed) == most:
			r.more = true
		default:
			r.passed = append(r.passed[:len(r.passed):len(r.passed)], p) // a trial may be taken back
		}
	}
}

func (r *run) note(done decided) {
	r.errands = append(r.errands, done.errands...)
	if len(done.Moves) > 0 || len(done.Short) > 0 {
		r.decided = append(r.decided, done.Decision)
	}
}

// shorten keeps a message within what an event has room for.
func shorten(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

func (r *run) one(c wire.Command) error {
	switch {
	case c.Item != nil:
		return r.item(c.Item)
	case c.Order != nil:
		return r.order(c.Order)
	case c.Inbound != nil:
		return r.inbound(c.Inbound)
	case c.Elsewhere != nil:
		return r.elsewhere(c.Elsewhere)
	case c.Policy != nil:
		return r.policy(c.Policy)
	case c.Grant != nil:
		return r.grant(c.Grant)
	case c.Reclaim != nil:
		return r.reclaim(c.Reclaim)
	case c.Map != nil:
		return r.mapCode(c.Map)
	case c.Approve != nil:
		return r.approve(c.Approve)
	}
	return errors.New("this agent does not know the command: a newer program is needed")
}

// grant raises a right in this life; a grant to another life of the site is not
// for this one and is passed over.
func (r *run) grant(g *wire.Grant) error {
	if g.Incarnation != r.tx.Meta().Incarnation {
		return nil
	}
	if g.Total < 0 {
		return fmt.Errorf("a grant of %d for line %s is below nothing", g.Total, g.Line)
	}
	l, back, err := r.tx.Grant(g.Line, g.Total)
	if err != nil {
		return err
	}
	r.giveBack(g.Line, back)
	if l.Open() > 0 && !slices.Contains(r.offer, l.SKU) {
		r.offer = append(r.offer, l.SKU)
	}
	return nil
}

// reclaim gives unspent rights of this life back, now and whenever more become unspent,
// until so many were returned in all.
func (r *run) reclaim(c *wire.Reclaim) error {
	if c.Incarnation != r.tx.Meta().Incarnation {
		return nil
	}
	if c.Total < 0 {
		return fmt.Errorf("a reclaim of %d for line %s is below nothing", c.Total, c.Line)
	}
	_, back, err := r.tx.Reclaim(c.Line, c.Total)
	r.giveBack(c.Line, back)
	return err
}

func (r *run) giveBack(line allocation.LineID, n int64) {
	if n > 0 { // none is added to one before: a trial may be taken back
		r.returned = append(r.returned[:len(r.returned):len(r.returned)], wire.Right{Line: line, Qty: n})
	}
}

// append writes the events of the run. Where always is set there is one even if
// nothing moved, as it confirms the commands.
func (r *run) append(through wire.CommandCursor, always bool) error {
	events := r.events(through)
	if len(events) == 0 && always {
		events = append(events, &wire.Applied{Through: through})
	}
	for _, a := range events {
		if err := r.d.append(r.tx, wire.Event{Applied: a}); err != nil {
			return err
		}
	}
	return nil
}

// tellSoFar writes down what was decided before an event that follows from it. No
// command is confirmed by it.
func (r *run) tellSoFar() error {
	refused := r.refused
	r.refused = nil
	err := r.append(r.tx.Meta().Commands, false)
	r.moves, r.passed, r.more, r.returned, r.refused = nil, nil, false, nil, refused
	return err
}

// events packs what moved into as few events as have room for it. What moved stands
// before the rights that it set free, as the reader may apply event by event.
func (r *run) events(through wire.CommandCursor) []*wire.Applied {
	var all []*wire.Applied
	left := 0
	now := func(size int) *wire.Applied {
		if left < size {
			all = append(all, &wire.Applied{Through: through})
			left = wire.MaxEvent - 1024
		}
		left -= size
		return all[len(all)-1]
	}
	if len(r.passed) > 0 || r.more {
		e := now(passedSize(r.passed))
		e.Passed, e.More = r.passed, r.more
	}
	for _, m := range r.moves {
		e := now(moveSize(m))
		e.Moves = append(e.Moves, m)
	}
	for _, x := range r.returned {
		e := now(48 + 6*len(x.Line))
		e.Returned = append(e.Returned, x)
	}
	for _, f := range r.refused {
		e := now(64 + 6*len(f.Message))
		e.Refused = append(e.Refused, f)
	}
	return all
}
