package ingest

import (
	"context"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// renew is for a site that has seen more than this centre: it is an older copy. It takes
// a new life of its own, and waits for what each site was granted since the copy. A
// witness is no help here: had it told more, the centre had known from its start.
func (g *greeting) renew(ctx context.Context, tx *store.Tx) error {
	if err := renew(ctx, tx, g.homes, g.hello.Commands.Centre, false); err != nil {
		return err
	}
	if g.hello.Incarnation != "" {
		if err := tx.AddLife(ctx, g.life(), ""); err != nil {
			return err
		}
	}
	g.renewed, g.homes = true, newHomes(tx)
	var err error
	g.site, err = g.homes.site(ctx, g.hello.Site)
	return err
}

// asksReport finds out whether the process is to report what its life was granted.
func (g *greeting) asksReport(ctx context.Context, tx *store.Tx) error {
	recovery, err := tx.Recovery(ctx)
	left := session.Recovery{Waiting: append([]session.Life(nil), recovery.Waiting...)}
	left.Report(tx.Centre(), g.hello)
	g.report = g.answer.Verdict == session.Continue && len(left.Waiting) < len(recovery.Waiting)
	return err
}

// reporting is a process that was asked what its life was granted.
type reporting struct {
	hello *wire.Hello
	parts map[int]bool
}

// report takes in what a life says that it was granted. With its last part the life is
// waited for no longer.
func (i *Ingest) report(ctx context.Context, r *wire.Report) {
	asked := i.reports[asker{r.Site, r.Nonce}]
	if asked == nil || asked.hello.Incarnation != r.Incarnation || r.Centre != i.centre() {
		return // its next hello is answered by what it is to do
	}
	var h *homes
	over := false
	err := i.update(ctx, func(tx *store.Tx) (err error) {
		h = newHomes(tx)
		if err := reported(ctx, tx, r); err != nil {
			return err
		}
		if len(asked.parts) < r.Parts-1 || len(asked.parts) == r.Parts-1 && asked.parts[r.Part] {
			return nil
		}
		over, err = h.heardOf(ctx, func(recovery *session.Recovery) { recovery.Report(tx.Centre(), asked.hello) })
		if err != nil {
			return err
		}
		return h.write(ctx)
	})
	if err != nil {
		i.counts.failures.Add(1)
		i.log.Error("a report was not stored; the site repeats it", "site", r.Site, "problem", err)
		return
	}
	asked.parts[r.Part] = true
	if len(asked.parts) < r.Parts {
		return
	}
	delete(i.reports, asker{r.Site, r.Nonce})
	i.log.Warn("a site reported what it was granted", "site", r.Site, "incarnation", r.Incarnation, "over", over)
	i.dispatch.stored(h)
	if err := i.retryPoison(ctx); err != nil {
		i.log.Error("events that could not be applied were not tried again", "problem", err)
	}
}

// reported raises the registers of a life to what it says that it was granted.
func reported(ctx context.Context, tx *store.Tx, r *wire.Report) error {
	ids := make([]allocation.LineID, 0, len(r.Granted))
	for _, g := range r.Granted {
		if storable(string(g.Line)) == string(g.Line) && len(g.Line) <= maxLineID {
			ids = append(ids, g.Line)
		}
	}
	life := store.Life{Site: r.Site, Incarnation: r.Incarnation}
	known, err := tx.LifeRegisters(ctx, life, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if known[id] == nil {
			known[id] = &rights.Registers{}
		}
	}
	for _, g := range r.Granted {
		if known[g.Line] != nil {
			known[g.Line].Reported(g.N)
		}
	}
	return tx.Grant(ctx, life, known)
}

// heardOf takes in that something is waited for no longer. Where nothing is any more,
// cancels settle and grants go on; it reports whether that is so now.
func (h *homes) heardOf(ctx context.Context, gone func(*session.Recovery)) (over bool, err error) {
	recovery, err := h.tx.Recovery(ctx)
	if err != nil || recovery.MayGrant() {
		return false, err
	}
	gone(&recovery)
	if err := h.tx.PutRecovery(ctx, recovery); err != nil || !recovery.MayGrant() {
		return false, err
	}
	h.frozen = nil
	err = h.regrantAll(ctx)
	return err == nil, err
}

// free reports whether the centre may grant, and cancels settle: it waits for no site, and
// its rights witness takes what is granted.
func (h *homes) free(ctx context.Context) (bool, error) {
	if h.frozen == nil {
		recovery, err := h.tx.Recovery(ctx)
		if err != nil {
			return false, err
		}
		frozen := !recovery.MayGrant() || !h.tx.Writable()
		h.frozen = &frozen
	}
	return !*h.frozen, nil
}

// effective is what is left of a line, by what all lives hold of it. While the centre
// does not know all that it granted, no cancel settles.
func (h *homes) effective(ctx context.Context, l *store.Line, all held) (int64, error) {
	settled := rights.Settled(l.Wanted, all.registers())
	free, err := h.free(ctx)
	if err != nil || free {
		return settled, err
	}
	return max(l.Effective, settled), nil
}
