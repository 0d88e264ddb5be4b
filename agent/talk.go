package agent

import (
	"context"
	"errors"
	"fmt"
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
			Fence: outbox.Fence{Reason: m.FenceReason, Text: m.FenceText, Doubt: l.a.moor.doubts()},
		}
		left, err := tx.Lives()
		if err != nil {
			return err
		}
		for _, e := range left {
			p.Earlier = append(p.Earlier, outbox.Earlier{Incarnation: e.Incarnation, Head: e.Head, Stored: e.Stored, Safe: e.Safe})
		}
		p.Registers, err = tx.Registers()
		return err
	})
	return p, err
}

func (l siteLog) Read(ctx context.Context, after int64, maxEvents, maxBytes int) ([]outbox.Stored, error) {
	return stored(l.a.store.Read(ctx, after, maxEvents, maxBytes))
}

func stored(events []store.Event, err error) ([]outbox.Stored, error) {
	all := make([]outbox.Stored, len(events))
	for i, e := range events {
		all[i] = outbox.Stored{Seq: e.Seq, Hash: e.Hash, Body: e.Body}
	}
	return all, err
}

func (l siteLog) HashAt(ctx context.Context, seq int64) (wire.Hash, error) {
	return l.a.store.HashAt(ctx, seq)
}

func (l siteLog) Acknowledge(ctx context.Context, stored, safe wire.Cursor) error {
	return l.a.writer.wait(ctx, func(tx *store.Tx) error { return tx.Acknowledge(stored, safe) })
}

func (l siteLog) Fence(ctx context.Context, f outbox.Fence) error {
	return l.a.writer.wait(ctx, func(tx *store.Tx) error { return tx.Fence(f.Reason, f.Text, f.Doubt) })
}

// Adopt begins the life in a transaction of its own, and flushes the anchor before that
// is committed: what then remains of a crash between them is a doubt, and no harm.
func (l siteLog) Adopt(ctx context.Context, n outbox.NewLife) error {
	back := func() {}
	err := l.a.writer.waitLong(ctx, func(tx *store.Tx) (err error) {
		if tx.Meta().Incarnation != n.Instead && tx.Meta().Incarnation != n.Incarnation {
			return fmt.Errorf("the database lives as %s and not as %s, which was replaced", tx.Meta().Incarnation, n.Instead)
		}
		if err := errors.Join(tx.Replace(n.Incarnation, n.Centre, n.Kept), tx.SetAnchored()); err != nil {
			return err
		}
		back, err = l.a.moor.begin(tx)
		return err
	})
	if err != nil {
		back()
		return err
	}
	l.a.log.Info("the centre has given this site a life: the agent receives", "incarnation", n.Incarnation, "instead", n.Instead)
	l.a.standing()
	l.a.checkpoints.keep(ctx) // now it is small, and what comes first can be played again
	return nil
}

func (l siteLog) Follow(ctx context.Context, centre string, stored, safe wire.Cursor) error {
	return l.a.writer.waitLong(ctx, func(tx *store.Tx) error { return tx.Follow(centre, stored, safe) })
}

func (l siteLog) Granted(ctx context.Context) (all []wire.Granted, err error) {
	err = l.a.store.View(ctx, func(tx *store.Tx) error {
		all, err = tx.Granted()
		return err
	})
	return all, err
}

func (l siteLog) ReadLife(ctx context.Context, incarnation string, after int64, maxEvents, maxBytes int) ([]outbox.Stored, error) {
	return stored(l.a.store.ReadLife(ctx, incarnation, after, maxEvents, maxBytes))
}

func (l siteLog) LifeHashAt(ctx context.Context, incarnation string, seq int64) (wire.Hash, error) {
	return l.a.store.LifeHashAt(ctx, incarnation, seq)
}

func (l siteLog) AcknowledgeLife(ctx context.Context, incarnation string, stored, safe wire.Cursor) error {
	return l.a.writer.wait(ctx, func(tx *store.Tx) error { return tx.AcknowledgeLife(incarnation, stored, safe) })
}

// commands is the site as the inbox needs it.
type commands struct{ a *Agent }

var _ inbox.Site = commands{}

func (c commands) Applied(ctx context.Context) (string, wire.CommandCursor, error) {
	m, _, err := c.a.store.State(ctx)
	return m.Incarnation, m.Commands, err
}

// Apply goes in pieces, each a transaction and an event of its own: no scan waits
// for more than one of them, however many orders an import has changed. People are
// told of what all of them come to.
func (c commands) Apply(ctx context.Context, life, centre string, first int64, cmds []wire.Command) error {
	var errands []store.Task
	defer func() { c.a.correct(errands) }()
	for len(cmds) > 0 {
		n := piece(cmds)
		now, err := c.a.packed(cmds[:n])
		if err != nil {
			return err
		}
		var r *run
		var still []store.Task
		err = c.a.writer.waitLong(ctx, func(tx *store.Tx) (err error) {
			if err := c.a.ready(tx); err != nil {
				return err
			}
			if now := tx.Meta().Incarnation; now != life {
				return fmt.Errorf("commands are for life %s, this is %s", life, now)
			}
			if r, err = c.a.desk.applyKept(tx, centre, first, now); err == nil {
				still, err = standing(tx, append(errands, r.errands...))
			}
			return err
		})
		if err != nil {
			return err
		}
		errands = still
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
		func(tx *store.Tx) (int64, error) { return tx.ForgetLives(before, forgetChunk) },
		func(tx *store.Tx) (int64, error) { return tx.ForgetCaptured(a.aside.id(), forgetChunk) },
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
