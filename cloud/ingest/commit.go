package ingest

import (
	"context"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

func (i *Ingest) commit(ctx context.Context, batches []*message) error {
	var c *commit
	err := i.update(ctx, func(tx *store.Tx) error {
		c = newCommit(tx, time.Now())
		for _, m := range batches {
			if err := c.place(ctx, m); err != nil {
				return err
			}
		}
		return c.write(ctx)
	})
	if err == nil {
		i.tell(c)
	}
	return err
}

// commit is one transaction over batches of any number of sites.
type commit struct {
	tx    *store.Tx
	at    time.Time
	homes *homes
	lives []*life
	lines map[allocation.LineID]*store.Line

	answers []answer
	counts  Counts
	forks   []*wire.Events
}

// life is one life of a site within a commit, with the events that are new.
type life struct {
	ledger
	stored wire.Cursor
	fresh  []store.Event
	parsed []parsed
}

// answer is what a batch is answered with after the commit: the cursor of its
// life as it stands then, or where the quarantine has it.
type answer struct {
	to   wire.Head
	life *life
	fork wire.Cursor // the last event of another history; 0 where it is none
}

func newCommit(tx *store.Tx, at time.Time) *commit {
	return &commit{tx: tx, at: at, homes: newHomes(tx), lines: map[allocation.LineID]*store.Line{}}
}

// place finds where the batch belongs and notes its new events.
func (c *commit) place(ctx context.Context, m *message) error {
	l, err := c.life(ctx, m.events.Site, m.events.Incarnation)
	if err != nil {
		return err
	}
	if l == nil {
		c.counts.Unknown++
		return nil
	}
	l.site.LastSeen = c.at
	where, from := session.PlaceOf(l.stored, m.events, m.hashes, func(seq int64) (h wire.Hash) {
		h, err = c.hashAt(ctx, l, seq)
		return h
	})
	if err != nil {
		return err
	}
	switch where {
	case session.Next:
		l.add(m, from)
		c.counts.Batches++
	case session.Seen:
		c.counts.Duplicates++
	case session.Gap, session.Fork:
		kept, err := c.keeps(ctx, l, wire.Cursor{Seq: m.events.First - 1, Hash: m.events.Prev})
		if err != nil {
			return err
		}
		if kept {
			return c.quarantine(ctx, l, m)
		}
		c.counts.Gaps++
	}
	c.answers = append(c.answers, answer{to: m.events.Head, life: l})
	return nil
}

// life gives the life that a batch belongs to; nil where it was never minted
// here: its site will say hello and learn more.
func (c *commit) life(ctx context.Context, site allocation.SiteID, incarnation string) (*life, error) {
	for _, l := range c.lives {
		if l.life.Site == site && l.life.Incarnation == incarnation {
			return l, nil
		}
	}
	stored, ok, err := c.tx.Stored(ctx, site, incarnation)
	if err != nil || !ok {
		return nil, err
	}
	row, err := c.homes.site(ctx, site)
	if err != nil {
		return nil, err
	}
	l := &life{stored: stored, ledger: ledger{foreign: !strings.HasPrefix(incarnation, c.tx.Centre()+"."), life: store.Life{Site: site, Incarnation: incarnation}, site: row, lines: c.lines,
		moved: map[allocation.LineID]bool{}, returned: map[allocation.LineID]bool{}}}
	c.lives = append(c.lives, l)
	return l, nil
}

func (l *life) add(m *message, from int) {
	for n := from; n < len(m.parsed); n++ {
		l.stored = wire.Cursor{Seq: m.events.First + int64(n), Hash: m.hashes[n]}
		l.fresh = append(l.fresh, store.Event{Site: l.life.Site, Incarnation: l.life.Incarnation,
			Seq: l.stored.Seq, Hash: l.stored.Hash, Body: m.events.Events[n]})
	}
	l.parsed = append(l.parsed, m.parsed[from:]...)
}

func (c *commit) hashAt(ctx context.Context, l *life, seq int64) (wire.Hash, error) {
	if len(l.fresh) > 0 && seq >= l.fresh[0].Seq {
		return l.fresh[seq-l.fresh[0].Seq].Hash, nil
	}
	return c.tx.HashAt(ctx, l.life.Site, l.life.Incarnation, seq)
}

// keeps reports whether what lies before a batch is held, in the log or quarantined.
func (c *commit) keeps(ctx context.Context, l *life, at wire.Cursor) (bool, error) {
	if at.Seq == 0 {
		return at.Hash == wire.Genesis(l.life.Site, l.life.Incarnation), nil
	}
	if at.Seq <= l.stored.Seq {
		if hash, err := c.hashAt(ctx, l, at.Seq); err != nil || hash == at.Hash {
			return err == nil, err
		}
	}
	return c.tx.Keeps(ctx, l.life, at)
}

// quarantine keeps the events of another history as facts: one that does not go on from
// the log, or goes on from what is quarantined. Nothing of them is applied. Where the
// process that has the site's place told it, the site may not allocate.
func (c *commit) quarantine(ctx context.Context, l *life, m *message) error {
	var events []store.Event
	for n, h := range m.hashes {
		seq := m.events.First + int64(n)
		if seq <= l.stored.Seq {
			if mine, err := c.hashAt(ctx, l, seq); err != nil || mine == h {
				if err != nil {
					return err
				}
				continue
			}
		}
		events = append(events, store.Event{Site: l.life.Site, Incarnation: l.life.Incarnation, Seq: seq, Hash: h, Body: m.events.Events[n]})
	}
	added, err := c.tx.Quarantine(ctx, c.at, m.events.Nonce, events)
	if err != nil {
		return err
	}
	if l.site.Incarnation == l.life.Incarnation && l.site.Nonce == m.events.Nonce {
		l.site.Fenced, l.site.FencedText = string(session.Diverged), session.Explain(session.Diverged)
	}
	c.counts.Forks++
	if added > 0 {
		c.forks = append(c.forks, m.events)
	}
	last := wire.Cursor{Seq: m.events.First + int64(len(m.hashes)) - 1, Hash: m.events.Last}
	c.answers = append(c.answers, answer{to: m.events.Head, life: l, fork: last})
	return nil
}

// write applies the new events and stores all that came of it. The raw events
// go first: whatever is wrong with them, they are facts.
func (c *commit) write(ctx context.Context) error {
	if err := c.store(ctx); err != nil {
		return err
	}
	if err := c.load(ctx); err != nil {
		return err
	}
	for _, l := range c.lives {
		l.takeAll()
		c.clock(l)
		c.applied(l)
		c.counts.Poison += int64(len(l.poison))
	}
	return c.settle(ctx)
}

func (c *commit) store(ctx context.Context) error {
	var events []store.Event
	for _, l := range c.lives {
		if len(l.fresh) == 0 {
			continue
		}
		events = append(events, l.fresh...)
		if err := c.tx.AddRecent(ctx, c.at, l.shown()); err != nil {
			return err
		}
		if err := c.tx.MoveStored(ctx, l.life.Site, l.life.Incarnation, l.stored); err != nil {
			return err
		}
	}
	c.counts.Events += int64(len(events))
	return c.tx.AddEvents(ctx, c.at, events)
}

// shown are the events that a page of recent ones would tell: not those by
// which a site merely applied commands.
func (l *life) shown() []store.Event {
	var events []store.Event
	for n, p := range l.parsed {
		a := p.event.Applied
		if p.err != nil || a == nil || len(a.Moves) > 0 {
			events = append(events, l.fresh[n])
		}
	}
	return events
}

// load reads what the new events will change.
func (c *commit) load(ctx context.Context) error {
	all := map[allocation.LineID]bool{}
	for _, l := range c.lives {
		var ids []allocation.LineID
		named := map[allocation.LineID]bool{}
		for _, p := range l.parsed {
			for _, m := range p.moves {
				if !named[m.line] && storable(string(m.line)) == string(m.line) {
					named[m.line], all[m.line] = true, true
					ids = append(ids, m.line)
				}
			}
		}
		var err error
		if l.registers, err = c.tx.LifeRegisters(ctx, l.life, ids); err != nil {
			return err
		}
		if err = c.loadKept(ctx, l); err != nil {
			return err
		}
		if l.waiting, err = c.tx.Waiting(ctx, l.life.Site, l.life.Incarnation); err != nil {
			return err
		}
	}
	return c.loadLines(ctx, all)
}

func (c *commit) loadLines(ctx context.Context, named map[allocation.LineID]bool) error {
	ids := make([]allocation.LineID, 0, len(named))
	for id := range named {
		ids = append(ids, id)
	}
	lines, err := c.tx.Lines(ctx, ids)
	for id, line := range lines {
		c.lines[id] = line
	}
	return err
}

func (l *life) takeAll() {
	for n := range l.fresh {
		l.take(l.fresh[n], l.parsed[n])
	}
}

// applied moves the site's command cursor, even by an event whose other effects
// could not be applied: the site will not apply those commands again.
func (c *commit) applied(l *life) {
	if l.life.Incarnation != l.site.Incarnation {
		return
	}
	l.site.Head = max(l.site.Head, l.stored.Seq)
	for _, p := range l.parsed {
		if a := p.event.Applied; p.err == nil && a != nil && a.Through.Centre == c.tx.Centre() && a.Through.N <= l.site.Commands {
			l.site.Applied = max(l.site.Applied, a.Through.N)
		}
	}
}

// settle writes what moved, and grants anew what sites gave back.
func (c *commit) settle(ctx context.Context) error {
	returned := map[allocation.LineID]*store.Line{}
	for _, l := range c.lives {
		changed := make(map[allocation.LineID]*rights.Registers, len(l.moved))
		for id := range l.moved {
			c.homes.moved[id], changed[id] = c.lines[id], l.registers[id]
			if l.returned[id] {
				returned[id] = c.lines[id]
			}
		}
		if err := c.tx.PutRegisters(ctx, l.life, changed); err != nil {
			return err
		}
		if err := c.tx.AddPoison(ctx, l.poison); err != nil {
			return err
		}
		if err := c.putHeld(ctx, l); err != nil {
			return err
		}
		if err := c.putArrivals(ctx, l); err != nil {
			return err
		}
	}
	if err := c.homes.settle(ctx, returned); err != nil {
		return err
	}
	return c.homes.write(ctx)
}

func values[K comparable, V any](m map[K]V) []V {
	all := make([]V, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	return all
}
