package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dockfill/cloud/store"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// greet answers a hello, and those of processes that wait to learn whether the one
// that says it lives.
func (i *Ingest) greet(ctx context.Context, h *wire.Hello) {
	i.counts.hellos.Add(1)
	if waits := i.asks.answers(h); !waits {
		i.judge(ctx, h, heard{})
	}
	for _, w := range i.asks.answered(h.Site) {
		i.judge(ctx, w.hello, heard{w.holder, session.Answers})
	}
}

// unheard judges again a process that waited for another, which was silent.
func (i *Ingest) unheard(ctx context.Context, k asker) {
	if w := i.asks.silent(k); w != nil {
		i.judge(ctx, w.hello, heard{w.holder, session.Silent})
	}
}

// judge answers a hello. Whatever the answer promises is written before it.
func (i *Ingest) judge(ctx context.Context, h *wire.Hello, about heard) {
	var g greeting
	err := i.update(ctx, func(tx *store.Tx) error {
		g = greeting{hello: h, about: about, homes: newHomes(tx)}
		return g.judge(ctx, tx)
	})
	if err != nil {
		i.counts.failures.Add(1)
		i.log.Error("a hello was not answered; the site repeats it", "site", h.Site, "problem", err)
		wait(ctx, pause)
		return
	}
	if g.renewed {
		i.dispatch.reset()
	}
	if g.report {
		i.reports[asker{h.Site, h.Nonce}] = &reporting{hello: h, parts: map[int]bool{}}
	}
	i.note(&g)
	i.dispatch.stored(g.homes)
	switch a := g.answer; {
	case g.stale || a.Verdict == session.Stranger:
		return
	case a.Ask:
		i.ask(h, g.site)
		return
	case a.Facts && !h.Late:
		i.facts[h.Site] = h.Nonce
	case a.Verdict == session.Continue:
		delete(i.facts, h.Site)
		i.dispatch.begin(g.site, h.Welcomed)
	}
	i.mouth.say(g.message(i.centre()))
}

// ask asks the process that has the site's place, and the one that wants it, whether
// they live.
func (i *Ingest) ask(h *wire.Hello, holder *store.Site) {
	word := i.asks.put(h, holder.Nonce)
	if word == "" {
		return
	}
	for _, to := range []wire.Head{{Nonce: holder.Nonce, Incarnation: holder.Incarnation}, {Nonce: h.Nonce, Incarnation: h.Incarnation}} {
		to.Site = h.Site
		i.mouth.say(&wire.Probe{Head: to, Word: word})
	}
}

// note tells people of the verdict.
func (i *Ingest) note(g *greeting) {
	h, a := g.hello, g.answer
	log := i.log.With("site", h.Site, "incarnation", h.Incarnation, "nonce", h.Nonce, "verdict", a.Verdict, "head", h.HeadAt.Seq, "stored", g.stored.Seq)
	if g.renewed {
		log.Error("this centre is an older copy: the site has seen more. It has taken a new life, and grants nothing until every site that it knows has reported", "followed", h.Commands.Centre, "centre", i.centre())
	}
	switch {
	case g.stale:
		log.Warn("ignored a hello that came again, late")
	case a.Ask:
		log.Info("a site wants the place of another process, which is asked whether it lives", "asked", g.site.Nonce)
	case g.cloned && a.Verdict == session.Stranger:
		log.Error("a process of another house says that it is this site: it is told nothing. Check where it is connected; where this centre was set up anew a person must admit it", "follows", h.Commands.Centre)
	case g.cloned:
		log.Error("a second process of a site is kept out: the first one answers. A person must decide", "genuine", g.site.Nonce)
	case a.Facts:
		log.Warn("a site may send what it has and not allocate", "from", a.From.Seq, "doubt", storable(h.Doubt))
	case a.Mint && h.Incarnation != "":
		log.Warn("a site was given a new life; what the old one held stays committed", "new", g.site.Incarnation, "doubt", storable(h.Doubt))
	case a.Mint:
		log.Info("a site was given a life", "new", g.site.Incarnation)
	case a.Verdict == session.Continue && !h.Welcomed:
		log.Info("a site was welcomed", "program", storable(h.Program))
	}
}

func (i *Ingest) centre() string {
	id, _ := i.store.Centre()
	return id
}

// greeting is one hello being answered.
type greeting struct {
	hello   *wire.Hello
	about   heard
	homes   *homes
	site    *store.Site
	stored  wire.Cursor
	answer  session.Answer
	renewed bool // the centre took a new life because of it
	report  bool // it is asked what its life was granted
	cloned  bool // it is a clone, and was not known as one
	// stale is set where a hello without a life comes again from a process that
	// was given one, and the site has another by now: it must not cost it that.
	stale bool
}

func (g *greeting) judge(ctx context.Context, tx *store.Tx) error {
	h := g.hello
	if _, err := tx.AddSite(ctx, h.Site); err != nil {
		return err
	}
	var err error
	if g.site, err = g.homes.site(ctx, h.Site); err != nil {
		return err
	}
	if err = g.weigh(ctx, tx); err != nil {
		return err
	}
	if g.answer.Recover {
		if err = g.renew(ctx, tx); err != nil {
			return err
		}
		if err = g.weigh(ctx, tx); err != nil {
			return err
		}
		if g.answer.Recover {
			return fmt.Errorf("site %s has seen more than a centre that was begun anew", g.site.ID)
		}
	}
	if g.stale {
		return nil
	}
	g.site.LastSeen = time.Now()
	if err := g.act(ctx, tx); err != nil {
		return err
	}
	return g.homes.write(ctx)
}

// weigh finds the answer by what is held about the site.
func (g *greeting) weigh(ctx context.Context, tx *store.Tx) error {
	h, life := g.hello, g.life()
	stored, minted, err := tx.Stored(ctx, h.Site, h.Incarnation)
	if err != nil {
		return err
	}
	clone, err := tx.Clone(ctx, h.Site, h.Nonce)
	if err != nil {
		return err
	}
	holder, admitted := g.about.of(g.site.Nonce), clone != nil && clone.Admitted
	if admitted { // a person decided, whoever answers
		holder = session.Silent
	}
	foreign := !admitted && !store.SameHouse(h.Commands.Centre, tx.Centre())
	if foreign {
		followed, err := tx.Followed(ctx, h.Commands.Centre)
		if err != nil {
			return err
		}
		foreign = !followed
	}
	g.stored = stored
	g.answer = session.Judge(session.Known{
		Centre: tx.Centre(), Incarnation: g.site.Incarnation, Instead: g.site.Instead, Run: g.site.Run, Nonce: g.site.Nonce,
		Holder: holder, Barred: clone != nil && !admitted,
		Stranger: foreign,
		Commands: wire.CommandCursor{Centre: tx.Centre(), N: g.site.Commands},
		Minted:   minted, Stored: stored,
		HashAt: func(seq int64) wire.Hash {
			hash, e := tx.HashAt(ctx, h.Site, h.Incarnation, seq)
			err = errors.Join(err, e)
			return hash
		},
		Kept: func(c wire.Cursor) bool {
			kept, e := tx.Keeps(ctx, life, c)
			err = errors.Join(err, e)
			return kept
		},
		Followed: func(centre string) bool {
			followed, e := tx.Followed(ctx, centre)
			err = errors.Join(err, e)
			return followed
		},
	}, h)
	g.cloned = (g.answer.Fence || g.answer.Verdict == session.Stranger) && clone == nil
	if v := g.answer.Verdict; err == nil && h.Incarnation == "" && v != session.MintedBefore && v != session.CentreBehind {
		g.stale, err = tx.Minted(ctx, h.Site, h.Nonce)
	}
	return err
}

func (g *greeting) life() store.Life {
	return store.Life{Site: g.hello.Site, Incarnation: g.hello.Incarnation}
}

// act writes down what the answer means.
func (g *greeting) act(ctx context.Context, tx *store.Tx) error {
	switch a := g.answer; {
	case a.Ask:
		return nil
	case a.Facts:
		switch a.Verdict {
		case session.DeadLife, session.Diverged, session.Doubtful: // no other process has the place
			g.fence()
		}
		return tx.AddLife(ctx, g.life(), "")
	case a.Fence || a.Verdict == session.Stranger:
		return tx.PutClone(ctx, store.Clone{Site: g.site.ID, Nonce: g.hello.Nonce, Incarnation: g.hello.Incarnation, At: g.site.LastSeen})
	case a.Mint:
		return g.mint(ctx, tx)
	case a.Again:
		return nil
	}
	return g.goOn(ctx, tx)
}

// fence keeps that the site may not allocate, for it has no other process that may.
func (g *greeting) fence() {
	g.site.Fenced, g.site.FencedText = string(g.answer.Verdict), session.Explain(g.answer.Verdict)
}

// mint gives the process a new life in place of its own. All that the old one held
// stays committed; commands count from 1.
func (g *greeting) mint(ctx context.Context, tx *store.Tx) error {
	s, h := g.site, g.hello
	if err := tx.Mint(ctx, s, h.Nonce); err != nil {
		return err
	}
	s.Instead, s.Run, s.Nonce, s.Fenced, s.FencedText = h.Incarnation, h.Run, h.Nonce, "", ""
	return tx.DropClone(ctx, s.ID, h.Nonce)
}

// goOn is for the present life: it is told what it must know, and what it was not told
// while it was fenced.
func (g *greeting) goOn(ctx context.Context, tx *store.Tx) error {
	s, h := g.site, g.hello
	wasFenced := s.Fenced != ""
	s.Run, s.Nonce, s.Fenced, s.FencedText = h.Run, h.Nonce, "", ""
	s.Head, s.Program = max(h.HeadAt.Seq, g.stored.Seq), storable(firstBytes(h.Program, 80))
	if h.Commands.Centre == tx.Centre() {
		s.Applied = max(s.Applied, h.Commands.N)
	}
	if err := g.asksReport(ctx, tx); err != nil {
		return err
	}
	if wasFenced && s.Open() {
		return g.homes.regrant(ctx, s)
	}
	return supply(ctx, tx, g.homes, s)
}

func firstBytes(s string, n int) string { return s[:min(n, len(s))] }

// message is what the process is answered.
func (g *greeting) message(centre string) wire.Message {
	h, a := g.hello, g.answer
	head := wire.Head{Site: h.Site, Nonce: h.Nonce, Incarnation: h.Incarnation}
	switch {
	case a.Fence:
		return &wire.Fence{Head: head, Reason: string(a.Verdict), Message: session.Explain(a.Verdict)}
	case a.Mint || a.Again:
		head.Incarnation = g.site.Incarnation
		empty := wire.Cursor{Hash: wire.Genesis(g.site.ID, g.site.Incarnation)}
		return &wire.Welcome{Head: head, Minted: true, Instead: h.Incarnation, Kept: h.HeadAt, Followed: h.Commands.Centre, Centre: centre, Stored: empty, Safe: empty}
	}
	return &wire.Welcome{Head: head, Report: g.report, Facts: a.Facts, Followed: h.Commands.Centre, Centre: centre, Stored: a.From, Safe: a.From}
}
