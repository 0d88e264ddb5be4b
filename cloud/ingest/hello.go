package ingest

import (
	"context"
	"errors"
	"time"

	"dockfill/cloud/store"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// greet answers a hello. Whatever the answer promises is written before it.
func (i *Ingest) greet(ctx context.Context, h *wire.Hello) {
	i.counts.hellos.Add(1)
	var g greeting
	err := i.store.Update(ctx, func(tx *store.Tx) error {
		g = greeting{hello: h, homes: newHomes(tx)}
		return g.judge(ctx, tx)
	})
	if err != nil {
		i.counts.failures.Add(1)
		i.log.Error("a hello was not answered; the site repeats it", "site", h.Site, "problem", err)
		wait(ctx, pause)
		return
	}
	if g.stale {
		i.log.Warn("ignored a hello that came again, late", "site", h.Site, "nonce", h.Nonce)
		return
	}
	log := i.log.With("site", h.Site, "incarnation", h.Incarnation, "nonce", h.Nonce, "verdict", g.verdict)
	switch {
	case session.Explain(g.verdict) != "":
		log.Error("a site was told to stop allocating", "head", h.HeadAt.Seq, "stored", g.stored.Seq)
	case !h.Welcomed:
		log.Info("a site was welcomed", "program", storable(h.Program), "head", h.HeadAt.Seq, "stored", g.stored.Seq)
	}
	i.dispatch.stored(g.homes)
	i.mouth.say(g.answer(i.centre()))
	if g.verdict == session.Continue {
		i.dispatch.begin(g.site, h.Welcomed)
	}
}

func (i *Ingest) centre() string {
	id, _ := i.store.Centre()
	return id
}

// greeting is one hello being answered.
type greeting struct {
	hello   *wire.Hello
	homes   *homes
	site    *store.Site
	stored  wire.Cursor
	verdict session.Verdict
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
	minted := false
	if g.stored, minted, err = tx.Stored(ctx, h.Site, h.Incarnation); err != nil {
		return err
	}
	hashAt := func(seq int64) (hash wire.Hash) {
		hash, e := tx.HashAt(ctx, h.Site, h.Incarnation, seq)
		err = errors.Join(err, e)
		return hash
	}
	g.verdict = session.Weigh(session.Known{
		Centre: tx.Centre(), Incarnation: g.site.Incarnation, Run: g.site.Run, Nonce: g.site.Nonce, Holder: g.holder(),
		Commands: wire.CommandCursor{Centre: tx.Centre(), N: g.site.Commands},
		Minted:   minted, Stored: g.stored, HashAt: hashAt,
		Kept:     func(c wire.Cursor) bool { return c.Seq == 0 || hashAt(c.Seq) == c.Hash },
		Followed: func(centre string) bool { return centre == tx.Centre() },
	}, h)
	if err == nil && g.verdict == session.Mint {
		g.stale, err = tx.Minted(ctx, h.Site, h.Nonce)
	}
	if err != nil || g.stale {
		return err
	}
	g.site.LastSeen = time.Now()
	if err := g.act(ctx, tx); err != nil {
		return err
	}
	return g.homes.write(ctx)
}

// holder stands for asking the process that was welcomed last: one that shares its
// database with another is taken to live.
func (g *greeting) holder() session.Holder {
	if g.hello.Incarnation == g.site.Incarnation && g.hello.Run <= g.site.Run {
		return session.Answers
	}
	return session.Silent
}

// act writes down what the verdict means.
func (g *greeting) act(ctx context.Context, tx *store.Tx) error {
	s, h := g.site, g.hello
	switch g.verdict {
	case session.Mint:
		if err := tx.Mint(ctx, s, h.Nonce); err != nil {
			return err
		}
		s.Run, s.Nonce, s.Fenced, s.FencedText = h.Run, h.Nonce, "", ""
		g.stored = wire.Cursor{Hash: wire.Genesis(s.ID, s.Incarnation)}
	case session.MintedBefore:
		g.stored = wire.Cursor{Hash: wire.Genesis(s.ID, s.Incarnation)}
	case session.Continue:
		wasFenced := s.Fenced != ""
		s.Run, s.Nonce, s.Fenced, s.FencedText = h.Run, h.Nonce, "", ""
		s.Head, s.Program = max(h.HeadAt.Seq, g.stored.Seq), storable(firstBytes(h.Program, 80))
		if h.Commands.Centre == tx.Centre() {
			s.Applied = max(s.Applied, h.Commands.N)
		}
		if wasFenced {
			return g.homes.regrant(ctx, s)
		}
		return supply(ctx, tx, g.homes, s)
	case session.Doubtful:
		s.Run, s.Nonce = h.Run, h.Nonce
		s.Head, s.Program = max(h.HeadAt.Seq, g.stored.Seq), storable(firstBytes(h.Program, 80))
		s.Fenced, s.FencedText = string(g.verdict), session.Explain(g.verdict)
	case session.CentreBehind, session.Diverged:
		s.Fenced, s.FencedText = string(g.verdict), session.Explain(g.verdict)
	}
	return nil
}

func firstBytes(s string, n int) string { return s[:min(n, len(s))] }

// answer is the message to the verdict. A clone and a dead life are fenced
// alone: the genuine process of the site goes on. A site in doubt that fits all the
// same is welcome to send, and to no more.
func (g *greeting) answer(centre string) wire.Message {
	head := wire.Head{Site: g.hello.Site, Nonce: g.hello.Nonce, Incarnation: g.hello.Incarnation}
	if g.verdict == session.Doubtful {
		return &wire.Welcome{Head: head, Facts: true, Followed: g.hello.Commands.Centre, Centre: centre, Stored: g.stored, Safe: g.stored}
	}
	if text := session.Explain(g.verdict); text != "" {
		return &wire.Fence{Head: head, Reason: string(g.verdict), Message: text}
	}
	head.Incarnation = g.site.Incarnation
	minted := g.verdict == session.Mint || g.verdict == session.MintedBefore
	return &wire.Welcome{Head: head, Minted: minted, Followed: g.hello.Commands.Centre, Centre: centre, Stored: g.stored, Safe: g.stored}
}
