package agent

import (
	"context"
	"fmt"
	"slices"

	"dockfill/agent/store"
	"dockfill/scanner/barcode"
	"dockfill/sync/wire"
)

// The log tells what came of each thing that happened at the site, not of the thing
// alone. Here the events are put together again that one scan, one word of a person
// or one run of commands was told in.

// happening is one thing that happened, and all that the log says of it.
type happening struct {
	events  []wire.Event   // at least one
	applied *store.Applied // the commands that it is; nil for others
}

// first is the event that says what happened.
func (h happening) first() *wire.Event { return &h.events[0] }

// happenings reads a site's log from behind a checkpoint to its end.
type happenings struct {
	log    *store.Store
	after  int64 // what was read
	at     wire.CommandCursor
	ahead  []wire.Event
	events int64
}

// readAhead is how many events are read at once.
const readAhead = 1000

// peek gives the next event without taking it; nil at the end.
func (p *happenings) peek(ctx context.Context) (*wire.Event, error) {
	if len(p.ahead) > 0 {
		return &p.ahead[0], nil
	}
	stored, err := p.log.Read(ctx, p.after, readAhead, 16<<20)
	if err != nil || len(stored) == 0 {
		return nil, err
	}
	for _, s := range stored {
		e, err := wire.ParseEvent(s.Body)
		if err != nil {
			return nil, err
		}
		if e.Seq != p.after+1+int64(len(p.ahead)) {
			return nil, fmt.Errorf("the log has no event %d any more: begin at a later checkpoint", p.after+1+int64(len(p.ahead)))
		}
		p.ahead = append(p.ahead, e)
	}
	return &p.ahead[0], nil
}

func (p *happenings) take(h *happening) {
	h.events = append(h.events, p.ahead[0])
	p.after, p.ahead = p.ahead[0].Seq, p.ahead[1:]
	p.events++
}

// takeWhile takes the events that belong to what happened.
func (p *happenings) takeWhile(ctx context.Context, h *happening, belongs func(*wire.Event) (bool, error)) error {
	for {
		e, err := p.peek(ctx)
		if e == nil || err != nil {
			return err
		}
		if yes, err := belongs(e); !yes || err != nil {
			return err
		}
		p.take(h)
	}
}

// next gives what happened next; false at the log's end.
func (p *happenings) next(ctx context.Context) (h happening, found bool, err error) {
	e, err := p.peek(ctx)
	if e == nil || err != nil {
		return h, false, err
	}
	if h.applied, err = p.applied(ctx, e); err != nil {
		return h, false, err
	}
	p.take(&h)
	if a := h.applied; a != nil {
		p.at = wire.CommandCursor{Centre: a.Centre, N: a.N + int64(len(a.Commands)) - 1}
		err = p.takeWhile(ctx, &h, func(e *wire.Event) (bool, error) { return e.Seq <= a.Last, nil })
		return h, err == nil, err
	}
	first := *h.first()
	if first.Applied != nil || first.Scan != nil && first.Scan.Kept > 0 {
		return h, false, fmt.Errorf("event %d is of commands that were not kept: begin at a later checkpoint", first.Seq)
	}
	err = p.takeWhile(ctx, &h, func(e *wire.Event) (bool, error) {
		if first.Scan != nil && e.Scan != nil && e.Scan.Part > 1 || first.Deed != nil && sameCard(first.Deed, e.Deed) {
			return true, nil
		}
		return p.rest(ctx, e)
	})
	return h, err == nil, err
}

// applied gives the commands that an event begins to tell of; nil for others.
func (p *happenings) applied(ctx context.Context, e *wire.Event) (*store.Applied, error) {
	if e.Undo != nil || e.Deed != nil || e.Scan != nil && e.Scan.Kept == 0 {
		return nil, nil
	}
	var a store.Applied
	var found bool
	err := p.log.View(ctx, func(tx *store.Tx) (err error) {
		a, found, err = tx.AppliedAt(e.Seq)
		return err
	})
	if !found || err != nil {
		return nil, err
	}
	return &a, nil
}

// rest reports an event that only goes on with what the one before it tells: moves
// for which that had no room, and what was staged at the beep.
func (p *happenings) rest(ctx context.Context, e *wire.Event) (bool, error) {
	if e.Applied == nil || e.Applied.Through != p.at {
		return e.Deed != nil && e.Deed.Reason == atTheBeep, nil
	}
	own, err := p.applied(ctx, e) // what a run of commands tells first confirms none of them
	return own == nil, err
}

// ofCard reports a deed that a person did by a card, which names no units: they were
// those of the station's scans.
func ofCard(w *wire.Deed) bool {
	return slices.Contains([]barcode.Verb{barcode.Stage, barcode.ClosePallet, barcode.AcceptOver}, barcode.Verb(w.Reason)) && w.Station != ""
}

func sameCard(a, b *wire.Deed) bool {
	return b != nil && ofCard(a) && ofCard(b) && a.Kind == b.Kind && a.Reason == b.Reason && a.Station == b.Station && a.Worker == b.Worker
}
