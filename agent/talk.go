package agent

import (
	"context"
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/inbox"
	"dockfill/sync/outbox"
	"dockfill/sync/wire"
)

func downTopic(site allocation.SiteID) string { return wire.Down(site) }

// grown tells the outbox that a commit may have made the log longer.
func (a *Agent) grown() { a.session.Wake() }

// siteLog is the store as the outbox needs it: what reads goes straight to the
// readers, what writes waits for the writer.
type siteLog struct{ a *Agent }

var _ outbox.Log = siteLog{}

func (l siteLog) Position(ctx context.Context) (p outbox.Position, err error) {
	err = l.a.store.View(ctx, func(tx *store.Tx) error {
		m := tx.Meta()
		p = outbox.Position{
			Incarnation: m.Incarnation, Run: m.Run, Head: tx.Head(),
			Stored: m.Stored, Safe: m.Safe, Commands: m.Commands,
		}
		p.Registers, err = tx.Registers()
		return err
	})
	return p, err
}

func (l siteLog) Read(ctx context.Context, after int64, maxEvents, maxBytes int) ([]outbox.Stored, error) {
	events, err := l.a.store.Read(ctx, after, maxEvents, maxBytes)
	stored := make([]outbox.Stored, len(events))
	for i, e := range events {
		stored[i] = outbox.Stored{Seq: e.Seq, Hash: e.Hash, Body: e.Body}
	}
	return stored, err
}

func (l siteLog) HashAt(ctx context.Context, seq int64) (wire.Hash, error) {
	return l.a.store.HashAt(ctx, seq)
}

func (l siteLog) Acknowledge(ctx context.Context, stored, safe wire.Cursor) error {
	return l.a.writer.wait(ctx, func(tx *store.Tx) error { return tx.Acknowledge(stored, safe) })
}

func (l siteLog) Adopt(ctx context.Context, incarnation, centre string) error {
	err := l.a.writer.wait(ctx, func(tx *store.Tx) error { return tx.Adopt(incarnation, centre) })
	if err == nil {
		l.a.log.Info("the centre has admitted this site: the agent receives", "incarnation", incarnation)
		l.a.checkpoints.keep(ctx) // now it is small, and what comes first can be played again
	}
	return err
}

// commands is the site as the inbox needs it.
type commands struct{ a *Agent }

var _ inbox.Site = commands{}

func (c commands) Applied(ctx context.Context) (wire.CommandCursor, error) {
	m, _, err := c.a.store.State(ctx)
	return m.Commands, err
}

// Apply goes in pieces, each a transaction and an event of its own: no scan waits
// for more than one of them, however many orders an import has changed.
func (c commands) Apply(ctx context.Context, centre string, first int64, cmds []wire.Command) error {
	for len(cmds) > 0 {
		n := piece(cmds)
		now, err := c.a.packed(cmds[:n])
		if err != nil {
			return err
		}
		var r *run
		err = c.a.writer.waitLong(ctx, func(tx *store.Tx) (err error) {
			r, err = c.a.desk.applyKept(tx, centre, first, now)
			return err
		})
		if err != nil {
			return err
		}
		c.a.correct(r.errands)
		c.a.tellShort(r.decided)
		first, cmds = first+int64(n), cmds[n:]
	}
	return nil
}

// tellShort says which lines that must be filled whole are not.
func (a *Agent) tellShort(decided []allocation.Decision) {
	for _, d := range decided {
		for _, id := range d.Short {
			a.log.Warn("a line of class win is not filled whole: it keeps what it has", "line", id)
		}
	}
}

// pieceWeight bounds what is applied in one transaction, in lines: some tens of
// milliseconds on a slow machine.
const pieceWeight = 64

// piece is how many of the commands go into the next transaction: at least one.
// The grants behind an order are decided together with it, as far as they are no
// crowd themselves.
func piece(cmds []wire.Command) (n int) {
	weight := 0
	for _, c := range cmds {
		if weight += weigh(c); weight > pieceWeight && n > 0 && (c.Grant == nil || weight > 4*pieceWeight) {
			return n
		}
		n++
	}
	return n
}

// weigh is how many rows a command writes, roughly.
func weigh(c wire.Command) int {
	switch {
	case c.Order != nil:
		return 1 + len(c.Order.Lines)
	case c.Inbound != nil:
		return 1 + len(c.Inbound.Lines) + len(c.Inbound.Pallets)
	case c.Elsewhere != nil:
		return 1 + len(c.Elsewhere.SSCCs)
	}
	return 1
}

// The pace of the housekeeping: a little at a time, so that no scan waits long.
const (
	housePause  = time.Minute
	forgetChunk = 2000
	forgetRuns  = 100 // of commands
)

// keepHouse makes the daily checkpoint, and deletes events that are safe at the
// centre and older than the retention.
func (a *Agent) keepHouse(ctx context.Context) error {
	tick := time.NewTicker(housePause)
	defer tick.Stop()
	a.checkpoints.tidy(ctx)
	for {
		a.checkpoints.keep(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := a.forget(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("old events could not be deleted", "error", err)
		}
	}
}

func (a *Agent) forget(ctx context.Context) error {
	before := a.deps.Now().Add(-a.config.Retention)
	meta, head, _ := a.store.Now()
	through := a.checkpoints.through(meta.Incarnation, head)
	for _, some := range []func(*store.Tx) (int64, error){
		func(tx *store.Tx) (int64, error) { return tx.Forget(before, through, forgetChunk) },
		func(tx *store.Tx) (int64, error) { return tx.ForgetCommands(through, forgetRuns) },
	} {
		if err := a.forgetAll(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// forgetAll deletes a chunk after the other until nothing is left to be deleted.
func (a *Agent) forgetAll(ctx context.Context, some func(*store.Tx) (int64, error)) error {
	for n := int64(1); n > 0; {
		err := a.writer.waitLong(ctx, func(tx *store.Tx) (err error) {
			n, err = some(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
