package ingest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/witness"
	"dockfill/sync/rights"
	"dockfill/sync/session"
)

// The ways in which the rights witness and the database do not fit.
var (
	// ErrNoWitness says that the centre has a witness and was started without it.
	ErrNoWitness = errors.New("this centre keeps a rights witness, and --witness does not name it. Name it; where it is lost, start with --witness none: the centre then goes on without, and one that is begun later must be a new one")
	// ErrWitnessBehind says that the witness is an older copy, or another one.
	ErrWitnessBehind = errors.New("the rights witness is behind the database: it was put back to an older copy, or is not the one that was written last. Put the right one back; where it is lost, start with --witness none: the centre then goes on without, and one that is begun later must be a new one")
	// ErrWitnessLeft says that the centre once went on without this witness.
	ErrWitnessLeft = errors.New("this centre went on without that rights witness, so it does not have all that was granted. Name a new one, and delete this")
)

// Begin brings the database up to what the rights witness has, nil where none is kept,
// and has it noted there from now on. Where the database was put back to an older copy
// the centre takes a new life: with the witness it grants at once, without it waits for
// its sites. leave goes on without the witness that was kept before. It must return
// before Run; errors wrap one of the above, or are of the database or the witness.
func (i *Ingest) Begin(ctx context.Context, w witness.Witness, leave bool) error {
	var b beginning
	if w != nil {
		i.store.Attach(w)
	}
	err := i.store.Update(ctx, func(tx *store.Tx) error {
		b = beginning{tx: tx, witness: w}
		return b.begin(ctx, leave)
	})
	if err != nil {
		return err
	}
	switch {
	case b.renewed && b.witnessed:
		i.log.Warn("this centre was put back to an older copy. It has taken a new life, and grants at once: the rights witness told all that was granted", "centre", i.centre(), "witness", w.Name(), "records", w.Last())
	case b.renewed:
		i.log.Error("this centre was put back to an older copy. It has taken a new life, and grants nothing until every site that it knows has reported", "centre", i.centre())
	case b.filled:
		i.log.Info("a rights witness was begun", "witness", w.Name())
	case b.left:
		i.log.Warn("this centre goes on without its rights witness. Delete that one: it no longer has all that is granted")
	}
	return nil
}

// beginning is one start of the centre beside its witness.
type beginning struct {
	tx      *store.Tx
	witness witness.Witness

	renewed, witnessed, filled, left bool
}

func (b *beginning) begin(ctx context.Context, leave bool) error {
	st, err := b.tx.Standing(ctx)
	if err != nil {
		return err
	}
	if b.witness == nil {
		return b.without(ctx, st, leave)
	}
	last := b.witness.Last()
	switch {
	case st.Witnessed == store.Left && last > 0:
		return ErrWitnessLeft
	case last < st.Witnessed:
		return ErrWitnessBehind
	case last > st.Witnessed && last > 0 || st.Restored:
		b.witnessed = last > 0
		err = b.renew(ctx)
	}
	if err != nil || st.Witnessed > 0 {
		return err
	}
	b.filled = true
	return b.tx.NoteAll(ctx)
}

func (b *beginning) without(ctx context.Context, st store.Standing, leave bool) error {
	if st.Witnessed > 0 {
		if !leave {
			return ErrNoWitness
		}
		b.left = true
		if err := b.tx.Leave(ctx); err != nil {
			return err
		}
	}
	if st.Restored {
		return b.renew(ctx)
	}
	return nil
}

// renew gives a centre that was put back a new life. With its witness it remembers
// first all that it granted.
func (b *beginning) renew(ctx context.Context) error {
	b.renewed = true
	if b.witnessed {
		if err := b.remember(ctx); err != nil {
			return err
		}
	}
	return renew(ctx, b.tx, newHomes(b.tx), "", b.witnessed)
}

// renew takes a new life of the centre, and waits for the present lives of sites where no
// witness tells what they were granted. Those of a recovery that has not ended are
// waited for too.
func renew(ctx context.Context, tx *store.Tx, h *homes, followed string, witnessed bool) error {
	sites, err := h.all(ctx)
	if err != nil {
		return err
	}
	recovery, err := tx.Recovery(ctx)
	if err != nil {
		return err
	}
	var present []session.Life
	for _, s := range sites {
		if s.Incarnation != "" {
			present = append(present, session.Life{Site: s.ID, Incarnation: s.Incarnation})
		}
	}
	recovery.Waiting = append(recovery.Waiting, session.Recover(present, witnessed).Waiting...)
	if err := tx.Renew(ctx, followed); err != nil {
		return err
	}
	return tx.PutRecovery(ctx, recovery)
}

// remember brings an older copy up to the witness: lives of the centre and of sites, what
// they were granted, and what is left of lines.
func (b *beginning) remember(ctx context.Context) error {
	state := witness.NewState()
	if err := b.witness.Each(ctx, state.Take); err != nil {
		return err
	}
	if err := b.tx.AddCentres(ctx, slices.Collect(maps.Keys(state.Centres))); err != nil {
		return err
	}
	for life, lines := range state.Lives {
		if err := b.rememberLife(ctx, store.Life{Site: life.Site, Incarnation: life.Name}, lines); err != nil {
			return err
		}
	}
	for id, life := range state.Present {
		if err := b.rememberPresent(ctx, id, life); err != nil {
			return err
		}
	}
	return b.rememberBounds(ctx, state.Bounds)
}

func (b *beginning) rememberLife(ctx context.Context, life store.Life, lines map[allocation.LineID]rights.Noted) error {
	if _, err := b.tx.AddSite(ctx, life.Site); err != nil {
		return err
	}
	if err := b.tx.AddLife(ctx, life, ""); err != nil {
		return err
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(lines)), rememberedAtOnce) {
		known, err := b.tx.LifeRegisters(ctx, life, some)
		if err != nil {
			return err
		}
		for _, id := range some {
			if known[id] == nil {
				known[id] = &rights.Registers{}
			}
			lines[id].Restore(known[id])
		}
		if err := b.tx.PutRegisters(ctx, life, known); err != nil {
			return err
		}
	}
	return nil
}

// rememberedAtOnce bounds what is read into memory beside the witness.
const rememberedAtOnce = 10_000

// rememberPresent gives a site the life that it has, where the copy is older. Which
// process has it, its hello will say.
func (b *beginning) rememberPresent(ctx context.Context, id allocation.SiteID, life string) error {
	if _, err := b.tx.AddSite(ctx, id); err != nil {
		return err
	}
	s, err := b.tx.Site(ctx, id)
	if err != nil || s.Incarnation == life {
		return err
	}
	if life == "" {
		err = b.tx.Lose(ctx, s, time.Now())
		return errors.Join(err, b.tx.PutSite(ctx, s))
	}
	s.Incarnation, s.Instead, s.Run, s.Nonce, s.Head, s.Fenced, s.FencedText, s.Lost = life, "", 0, "", 0, "", "", time.Time{}
	return b.tx.PutSite(ctx, s)
}

// rememberBounds brings lines down to what they had become: a cancel that had settled
// is not granted again before the order system tells of it.
func (b *beginning) rememberBounds(ctx context.Context, bounds map[allocation.LineID]int64) error {
	for some := range slices.Chunk(slices.Sorted(maps.Keys(bounds)), rememberedAtOnce) {
		lines, err := b.tx.Lines(ctx, some)
		if err != nil {
			return err
		}
		for id, l := range lines {
			l.Effective = bounds[id]
			l.Wanted = min(l.Wanted, l.Effective)
		}
		if err := b.tx.PutLines(ctx, values(lines)); err != nil {
			return err
		}
	}
	return nil
}

// update is a transaction that goes through without the rights witness where that takes
// nothing, as far as it grants and settles nothing then.
func (i *Ingest) update(ctx context.Context, do func(*store.Tx) error) error {
	err := i.store.Update(ctx, do)
	if errors.Is(err, store.ErrWitness) {
		i.log.Error("the rights witness takes nothing: no right is granted and no cancel settles until it does", "problem", err)
		return i.store.Update(ctx, do)
	}
	return err
}

// mendWitness tries again and again a witness that takes nothing, and grants then what
// was not granted.
func (i *Ingest) mendWitness(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(i.mend):
		}
		mended, err := i.store.MendWitness(ctx)
		if err != nil || !mended {
			continue
		}
		i.log.Info("the rights witness takes entries again")
		if err := i.act(ctx, func(_ *store.Tx, h *homes) error { return h.regrantAll(ctx) }); err != nil {
			i.log.Error("what was not granted meanwhile is granted later", "problem", err)
		}
	}
}

// regrantAll grants what may be granted and was not.
func (h *homes) regrantAll(ctx context.Context) error {
	sites, err := h.all(ctx)
	for _, s := range sites {
		if err == nil {
			err = h.regrant(ctx, s)
		}
	}
	return err
}
