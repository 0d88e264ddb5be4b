package agent

import (
	"errors"
	"fmt"
	"strings"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// run is one run of commands while it is applied, and what moved because of it.
type run struct {
	d  *desk
	tx *store.Tx

	allocations, released, returned []wire.Allocation
	refused                         []wire.Refused
	touched                         map[allocation.SKU]bool // their free stock is offered at the end
	loose                           map[allocation.SKU][]place
	moved                           []moved
}

// moved is units that went straight from a line to another.
type moved struct {
	from, to allocation.LineID
	qty      int64
}

// place is where units lie that lines have lost: at a line's door, or in stock
// where line is "".
type place struct {
	line allocation.LineID
	qty  int64
}

// apply applies the commands first, first+1, ... of one life of the centre, and
// tells of them in one event, or in several where one would grow too large. A
// command that cannot be applied is refused by its number and changes nothing.
func (d *desk) apply(tx *store.Tx, centre string, first int64, cmds []wire.Command) (*run, error) {
	if at := tx.Meta().Commands; centre != at.Centre || first != at.N+1 {
		return nil, fmt.Errorf("commands from %d of centre %q do not follow %d of %q", first, centre, at.N, at.Centre)
	}
	r := &run{d: d, tx: tx, touched: map[allocation.SKU]bool{}, loose: map[allocation.SKU][]place{}}
	for i, c := range cmds {
		if err := r.command(first+int64(i), c); err != nil {
			return nil, err
		}
	}
	if err := r.offer(); err != nil {
		return nil, err
	}
	through := wire.CommandCursor{Centre: centre, N: first + int64(len(cmds)) - 1}
	if err := tx.MoveCommands(through); err != nil {
		return nil, err
	}
	return r, r.append(through, true)
}

// command applies one command under its own savepoint. Only an error of the disk
// goes on from here.
func (r *run) command(n int64, c wire.Command) error {
	trial := *r
	err := r.tx.Savepoint(func() error { return trial.one(c) })
	if err == nil {
		*r = trial
		return nil
	}
	if store.OfTheDisk(err) {
		return err
	}
	r.refused = append(r.refused, wire.Refused{N: n, Message: shorten(err.Error())})
	return nil
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
	}
	return errors.New("this agent does not know the command: a newer program is needed")
}

func (r *run) item(i *wire.Item) error {
	if err := allocation.CheckID("sku", string(i.SKU)); err != nil {
		return err
	}
	for _, g := range i.GTINs {
		key, err := allocation.ParseGTIN(g.GTIN)
		if err != nil {
			return err
		}
		if string(key) != g.GTIN {
			return fmt.Errorf("GTIN %s must stand in its 14-digit form %s", g.GTIN, key)
		}
		if err := allocation.CheckQty(g.Qty); err != nil {
			return fmt.Errorf("GTIN %s: %w", g.GTIN, err)
		}
	}
	return r.tx.PutItem(i)
}

func (r *run) inbound(in *wire.Inbound) error {
	if err := checkInbound(in); err != nil {
		return err
	}
	had, err := r.tx.InboundVersion(in.ID)
	if err != nil || in.Version <= had {
		return err // an older version, or the same one again, says nothing new
	}
	return r.tx.PutInbound(in)
}

func checkInbound(in *wire.Inbound) error {
	if err := allocation.CheckID("inbound", string(in.ID)); err != nil {
		return err
	}
	if in.Version < 1 {
		return fmt.Errorf("inbound %s has version %d; versions begin at 1", in.ID, in.Version)
	}
	if err := checkSupply(in.Lines); err != nil {
		return fmt.Errorf("inbound %s: %w", in.ID, err)
	}
	for _, p := range in.Pallets {
		if _, err := allocation.ParseSSCC(p.SSCC); err != nil {
			return fmt.Errorf("inbound %s: %w", in.ID, err)
		}
		if len(p.Lines) == 0 {
			return fmt.Errorf("inbound %s: pallet %s has no contents", in.ID, p.SSCC)
		}
		if err := checkSupply(p.Lines); err != nil {
			return fmt.Errorf("inbound %s: pallet %s: %w", in.ID, p.SSCC, err)
		}
	}
	return nil
}

func checkSupply(lines []wire.InboundLine) error {
	for _, l := range lines {
		if err := allocation.CheckID("sku", string(l.SKU)); err != nil {
			return err
		}
		if err := allocation.CheckQty(l.Qty); err != nil {
			return fmt.Errorf("%s: %w", l.SKU, err)
		}
	}
	return nil
}

func (r *run) elsewhere(e *wire.Elsewhere) error {
	if err := allocation.CheckSite(string(e.Site)); err != nil {
		return err
	}
	for _, s := range e.SSCCs {
		if _, err := allocation.ParseSSCC(s); err != nil {
			return err
		}
	}
	return r.tx.PutElsewhere(e)
}

// policy takes effect by the event of this run: decisions after it name it.
func (r *run) policy(p *wire.Policy) error {
	policy, err := allocation.NewPolicy(p.Version, p.Rank)
	if err != nil {
		return err
	}
	return r.tx.SetPolicy(policy)
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
	l, err := r.tx.Grant(g.Line, g.Total)
	if err != nil {
		return err
	}
	if l.Open() > 0 {
		r.touched[l.SKU] = true
	}
	return nil
}

// append writes the events of the run. Where always is set there is one even if
// nothing moved, as it confirms the commands.
func (r *run) append(through wire.CommandCursor, always bool) error {
	events := r.events(through)
	if len(events) == 0 && always {
		events = append(events, &wire.Applied{Through: through})
	}
	for _, a := range events {
		e := wire.Event{Seq: r.tx.Head().Seq + 1, Nonce: r.d.nonce(), At: r.d.now(), Applied: a}
		if err := r.tx.Append(e, 0, 1); err != nil {
			return err
		}
	}
	return nil
}

// events packs what moved into as few events as have room for it.
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
	size := func(a wire.Allocation) int { return 72 + 6*(len(a.Line)+len(a.Over)) }
	// What lines lost stands before what lines got: the reader may apply event by
	// event.
	for _, a := range r.released {
		e := now(size(a))
		e.Released = append(e.Released, a)
	}
	for _, a := range r.returned {
		e := now(size(a))
		e.Returned = append(e.Returned, a)
	}
	for _, a := range r.allocations {
		e := now(size(a))
		e.Allocations = append(e.Allocations, a)
	}
	for _, f := range r.refused {
		e := now(64 + 6*len(f.Message))
		e.Refused = append(e.Refused, f)
	}
	return all
}
