package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
	"dockfill/sync/wire"
)

// Shadow says what of a site's own past is to be played again, and how.
type Shadow struct {
	Data  string // the site's data folder
	Site  allocation.SiteID
	Rules barcode.Rules // by which codes are read that were kept and mapped later
	// Since is where it begins: at the newest checkpoint at or before it; of a site
	// that is younger, at its oldest one.
	Since time.Time
	// Under is the policy to be tried; nil plays the log by its own policies alone.
	Under *allocation.Policy
	// Copy asks a running agent for a closed copy of its database. It is asked where the
	// database is in use.
	Copy func(context.Context) (path string, err error)
	// Played, where it is set, is told how far a run is, by events. The first run is by
	// the site's own policies, the second one under the other.
	Played func(n, of int64)
}

// ErrNoCheckpoint means that no checkpoint reaches back as far as was asked.
var ErrNoCheckpoint = errors.New("no checkpoint reaches back so far")

// Run plays the log from a checkpoint on: first by the policies that were in force,
// which must come out as the log says, then under another one. All of it happens in a
// temporary folder. Errors: ErrNoCheckpoint; those of the store, of Copy and of ctx.
func (o Shadow) Run(ctx context.Context) (*ShadowReport, error) {
	dir, err := os.MkdirTemp("", "dockfill-shadow-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	end, done, err := o.end(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer done()
	log, err := store.OpenCheckpoint(ctx, end)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if meta, _, err := log.State(ctx); err != nil || meta.Site != o.Site {
		return nil, cmp.Or(err, fmt.Errorf("the database in %s is of site %s, the configuration says %s", o.Data, meta.Site, o.Site))
	}
	r := &ShadowReport{Site: o.Site}
	if r.Checkpoint, r.Younger, err = o.choose(ctx, log); err != nil {
		return nil, err
	}
	control, err := o.control(ctx, log, dir, r)
	if err != nil || o.Under == nil {
		return r, err
	}
	shadow, err := o.shadow(ctx, log, dir, r)
	if err != nil {
		return nil, err
	}
	r.Lines = changes(control, shadow)
	return r, nil
}

// end gives a closed copy of the site's database as it stands now.
func (o Shadow) end(ctx context.Context, dir string) (path string, done func(), err error) {
	db, path := filepath.Join(o.Data, "agent.db"), filepath.Join(dir, "end.db")
	switch err := store.CopyStopped(ctx, db, path, time.Now()); {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, fmt.Errorf("there is no database in %s: check `data` in the configuration", o.Data)
	case err == nil:
		return path, func() {}, nil
	case errors.Is(err, store.ErrDenied):
		return "", nil, fmt.Errorf("database %s: %w; run this command as the agent's user, with `sudo -u dockfill` where it is a service", db, err)
	case !errors.Is(err, store.ErrInUse):
		return "", nil, fmt.Errorf("database %s: %w", db, err)
	}
	if path, err = o.Copy(ctx); err != nil {
		return "", nil, err
	}
	// Who may not remove it leaves that to the agent.
	return path, func() { _ = os.Remove(path) }, nil
}

// choose takes the newest checkpoint of this log at or before the asked moment. A site
// that is younger than that began at its oldest one.
func (o Shadow) choose(ctx context.Context, log *store.Store) (best store.Checkpoint, younger bool, err error) {
	dir := checkpointDir(o.Data)
	var oldest store.Checkpoint
	kept, unread := keptCheckpoints(ctx, dir)
	for _, c := range kept {
		hash, err := log.HashAt(ctx, c.Head.Seq)
		if err != nil {
			return best, false, err
		}
		if hash != c.Head.Hash || c.Site != o.Site { // of another life of the site
			continue
		}
		if oldest.Path == "" || c.At.Before(oldest.At) {
			oldest = c
		}
		if !c.At.After(o.Since) && (best.Path == "" || c.At.After(best.At)) {
			best = c
		}
	}
	if best.Path != "" {
		return best, false, nil
	}
	if oldest.Path != "" {
		if younger, err = o.younger(ctx, log); younger || err != nil {
			return oldest, younger, err
		}
	}
	const form = "2006-01-02T15:04:05"
	switch since := o.Since.Local().Format(form); {
	case oldest.Path == "" && unread != nil:
		return best, false, fmt.Errorf("%w: those that are there cannot be read: %w", ErrNoCheckpoint, unread)
	case oldest.Path == "":
		return best, false, fmt.Errorf("%w: there is none in %s; the agent makes one a day (checkpoints in the configuration), the first when it is started", ErrNoCheckpoint, dir)
	default:
		return best, false, fmt.Errorf("%w: you asked for %s, the oldest is of %s; say --since %s", ErrNoCheckpoint,
			since, oldest.At.Local().Format(form), oldest.At.Add(time.Second).Local().Format(form))
	}
}

// younger reports whether nothing had happened at the site at the asked moment.
func (o Shadow) younger(ctx context.Context, log *store.Store) (younger bool, err error) {
	err = log.View(ctx, func(tx *store.Tx) error {
		if tx.Head().Seq == 0 {
			younger = true
			return nil
		}
		first, found, err := tx.EventAt(1)
		younger = found && first.At.After(o.Since)
		return err
	})
	return younger, err
}

// course is what is kept of a run when its store is gone.
type course struct {
	net   map[allocation.LineID]int64 // of all lines that changed
	lines map[allocation.LineID]store.Line
}

// control plays the log by its own policies and holds what comes out to it.
func (o Shadow) control(ctx context.Context, log *store.Store, dir string, r *ShadowReport) (course, error) {
	r.Until = r.Checkpoint.At
	return o.through(ctx, log, dir, r.Checkpoint, nil, &r.Control, func(p *playing, h happening, told []wire.Event) {
		r.Happenings++
		r.Events += int64(len(h.events))
		r.Until = h.events[len(h.events)-1].At
		if asLogged(told, h.events) {
			r.Reproduced++
		} else if r.First == nil {
			r.First = &Difference{Seq: h.first().Seq, What: describe(h), Log: outcomes(h.events), Here: outcomes(told)}
			if len(p.missed) > 0 && len(told) == 0 {
				r.First.Here = "it was refused: " + p.missed[len(p.missed)-1].Why
			}
		}
	}, func(s *store.Store) error {
		_, r.End, _ = s.Now()
		hash, err := log.HashAt(ctx, r.End.Seq)
		r.Exact = r.First == nil && hash == r.End.Hash
		return err
	})
}

func (o Shadow) shadow(ctx context.Context, log *store.Store, dir string, r *ShadowReport) (course, error) {
	r.Shadow = &Run{}
	return o.through(ctx, log, dir, r.Checkpoint, o.Under, r.Shadow,
		func(*playing, happening, []wire.Event) {}, func(*store.Store) error { return nil })
}

// through plays the log once, through a store of its own that is gone behind it.
func (o Shadow) through(ctx context.Context, log *store.Store, dir string, c store.Checkpoint, under *allocation.Policy, out *Run,
	each func(*playing, happening, []wire.Event), last func(*store.Store) error,
) (done course, err error) {
	path := filepath.Join(dir, "agent.db")
	if err := store.Revive(ctx, c.Path, path); err != nil {
		return done, err
	}
	s, err := store.Open(ctx, store.Options{Path: path, Site: o.Site, Unflushed: true})
	if err != nil {
		return done, err
	}
	defer func() {
		err = errors.Join(err, s.Close())
		for _, end := range []string{"", "-wal", "-shm", ".lock"} {
			_ = os.Remove(path + end) // the folder goes in any case
		}
	}()
	p, err := newPlaying(ctx, s, o, c, under)
	if err != nil {
		return done, err
	}
	if err := o.play(ctx, log, p, each); err != nil {
		return done, err
	}
	if out.Figures, err = p.tally.figures(ctx, s); err != nil {
		return done, err
	}
	out.Policies, out.Missed = p.under, p.missed
	if done, err = p.course(ctx); err != nil {
		return done, err
	}
	return done, last(s)
}

// play plays all that the log says, from the checkpoint that p begins at to its end.
func (o Shadow) play(ctx context.Context, log *store.Store, p *playing, each func(*playing, happening, []wire.Event)) error {
	_, end, err := log.State(ctx)
	if err != nil {
		return err
	}
	meta, _, _ := p.store.Now()
	past := &happenings{log: log, after: p.began, at: meta.Commands}
	for {
		h, found, err := past.next(ctx)
		if !found || err != nil {
			return err
		}
		told, err := p.play(ctx, h)
		if err != nil {
			return err
		}
		each(p, h, told)
		if o.Played != nil {
			o.Played(past.events, end.Seq-p.began)
		}
	}
}

// course reads what is compared when both runs are over.
func (p *playing) course(ctx context.Context) (course, error) {
	c := course{net: p.tally.net, lines: map[allocation.LineID]store.Line{}}
	err := p.store.View(ctx, func(tx *store.Tx) (err error) {
		for id := range c.net {
			if c.lines[id], _, err = tx.Shown(id); err != nil {
				return err
			}
		}
		return nil
	})
	return c, err
}
