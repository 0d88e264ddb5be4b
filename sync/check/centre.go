package check

import (
	"encoding/json"

	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

func (c claim) rights() rights.Registers {
	return rights.Registers{Granted: int64(c.granted), Used: int64(c.used), Undone: int64(c.undone),
		Returned: int64(c.returned), Attested: int64(c.attested)}
}

func (c *claim) take(r rights.Registers) {
	c.granted, c.used, c.undone, c.returned, c.attested = uint8(r.Granted), uint8(r.Used), uint8(r.Undone), uint8(r.Returned), uint8(r.Attested)
}

// heard takes a message up, at the centre.
func (m *model) heard(w *world, x msg) bool {
	if x.kind == hello {
		return m.greet(w, x)
	}
	m.ingest(w, x)
	return true
}

// known is what the centre holds about the site of a hello.
func (m *model) known(w *world, x msg) session.Known {
	c := &w.centre
	r := &c.sites[x.site]
	l := &c.lives[x.site][x.life]
	k := session.Known{
		Centre: eraNames[c.era], Incarnation: lifeNames[r.life], Instead: lifeNames[r.instead], Run: int64(r.run),
		Barred: r.barred == x.nonce, Holder: session.Silent, Minted: l.known == 1, Stored: m.cursor(l.stored),
		Commands: wire.CommandCursor{Centre: eraNames[c.era], N: int64(r.written)},
		HashAt:   func(seq int64) wire.Hash { return hash(m.up(l.stored, seq)) },
		Kept:     func(at wire.Cursor) bool { return at.Seq == 0 || m.at(refOf(at.Hash)).bits.less(m.kept(c)).none() },
		Followed: func(era string) bool { return c.past&(1<<lifeOf(era)) != 0 },
	}
	if r.nonce != 0 {
		k.Nonce = nonceNames[r.nonce]
	}
	if x.flags&answers != 0 {
		k.Holder = session.Answers
	}
	return k
}

// kept are the events that the centre holds, in logs and quarantined.
func (m *model) kept(c *base) mask {
	all := c.aside
	for s := range c.lives {
		for l := range c.lives[s] {
			if at := c.lives[s][l].stored; at != (ref{}) {
				all = all.or(m.at(at).bits)
			}
		}
	}
	return all
}

func (m *model) helloOf(x msg) *wire.Hello {
	h := &wire.Hello{
		Head: wire.Head{Site: siteNames[x.site], Nonce: nonceNames[x.nonce], Incarnation: lifeNames[x.life]},
		Run:  int64(x.run), HeadAt: m.cursor(x.at), Stored: m.cursor(x.from),
		Commands: wire.CommandCursor{Centre: eraNames[x.era], N: int64(x.n)}, Late: x.flags&late != 0,
	}
	if x.flags&doubtful != 0 {
		h.Doubt = "doubt"
	}
	return h
}

// mayAnswer reports whether it matters to a hello that the present holder lives.
func (m *model) mayAnswer(w *world, x msg) bool {
	r := &w.centre.sites[x.site]
	return r.nonce != 0 && r.nonce != x.nonce && w.process(r.nonce) != nil
}

// greet answers a hello; false where the house has no room for another life.
func (m *model) greet(w *world, x msg) bool {
	h := m.helloOf(x)
	a := m.rules.judge(m.known(w, x), h)
	if a.Recover {
		if !m.newEra(w, false) {
			return false
		}
		w.centre.past |= 1 << x.era
		a = m.rules.judge(m.known(w, x), h)
	}
	m.metAnswer(a)
	m.report(w, x, h)
	r := &w.centre.sites[x.site]
	out := msg{kind: welcome, site: x.site, nonce: x.nonce, life: x.life, era: w.centre.era, n: x.era, at: m.refOf(x, a.From)}
	switch {
	case a.Fence:
		r.barred = x.nonce
		out = msg{kind: fence, site: x.site, nonce: x.nonce, life: x.life}
	case a.Facts:
		m.learnLife(w, x.site, x.life)
		out.flags = facts
		out.at = m.refOf(x, a.From)
	case a.Mint:
		if !m.mint(w, x) {
			return false
		}
		out.flags, out.life, out.run, out.at = minted, r.life, x.life, x.at
	case a.Again:
		out.flags, out.life, out.run, out.at = minted, r.life, x.life, x.at
	default:
		r.run, r.nonce, r.told, r.open = x.run, x.nonce, 0, 1
		if x.era == w.centre.era {
			r.told = x.n
		}
	}
	w.send(out)
	return true
}

// refOf names a cursor of the log that a hello speaks of.
func (m *model) refOf(x msg, at wire.Cursor) ref {
	if at.Seq == 0 {
		return m.histories.begin(x.site, x.life)
	}
	return refOf(at.Hash)
}

// learnLife makes the row of a life that a restored centre never heard of.
func (m *model) learnLife(w *world, site, n uint8) {
	if l := &w.centre.lives[site][n]; l.known == 0 {
		m.met(true, rareUnknownLife)
		l.known, l.stored = 1, m.histories.begin(site, n)
	}
}

func (m *model) mint(w *world, x msg) bool {
	if w.minted[x.site]+1 >= lives {
		return false
	}
	w.minted[x.site]++
	n := w.minted[x.site]
	w.centre.sites[x.site] = record{life: n, instead: x.life, run: x.run, nonce: x.nonce}
	w.centre.lives[x.site][n] = life{known: 1, stored: m.histories.begin(x.site, n)}
	w.noted.present[x.site], w.noted.known[x.site][n] = n, 1
	return true
}

// ingest takes a batch in.
func (m *model) ingest(w *world, x msg) {
	c := &w.centre
	l := &c.lives[x.site][x.life]
	if l.known == 0 {
		return
	}
	batch, chain := m.batch(x)
	hashes := make([]wire.Hash, len(chain))
	for i, r := range chain {
		hashes[i] = hash(r)
	}
	place, from := m.rules.place(m.cursor(l.stored), batch, hashes, func(seq int64) wire.Hash { return hash(m.up(l.stored, seq)) })
	answer := msg{kind: ack, site: x.site, nonce: x.nonce, life: x.life, era: c.era}
	m.met(place == session.Gap, rareGap)
	m.met(place == session.Fork, rareFork)
	m.met(place == session.Next && x.life != c.sites[x.site].life, rareForeignFact)
	switch place {
	case session.Next:
		m.store(w, l, chain[from:])
		for n := range c.lines {
			m.settle(w, uint8(n))
		}
	case session.Fork:
		fresh := m.at(x.at).bits.less(m.kept(c))
		c.aside = c.aside.or(fresh)
		if x.life == c.sites[x.site].life {
			w.send(msg{kind: fence, site: x.site, nonce: x.nonce, life: x.life})
		}
		answer.at = x.at
		w.send(answer)
		return
	}
	answer.at, answer.from = l.stored, m.safe(w, x.site, x.life)
	w.send(answer)
}

// safe is how far the centre's backup holds a life's log.
func (m *model) safe(w *world, site, n uint8) ref {
	if w.copied == 0 {
		return ref{}
	}
	return w.copy.lives[site][n].stored
}

func (m *model) batch(x msg) (*wire.Events, []ref) {
	var chain []ref
	for r := x.at; r != x.from; r = m.at(r).parent {
		chain = append(chain, r)
	}
	for i, j := 0, len(chain)-1; i < j; i, j = i+1, j-1 {
		chain[i], chain[j] = chain[j], chain[i]
	}
	return &wire.Events{
		First: int64(m.at(x.from).seq) + 1, Prev: hash(x.from), Last: hash(x.at), Events: make([]json.RawMessage, len(chain)),
	}, chain
}

// store takes events as facts, whatever the centre thinks of them.
func (m *model) store(w *world, l *life, chain []ref) {
	had := m.kept(&w.centre)
	for _, r := range chain {
		e := m.at(r)
		if e.parent != l.stored || !bit(e.slot, e.n).and(had).none() {
			w.doubled = 1
		}
		l.stored = r
		for n := range e.change {
			r := l.lines[n].rights()
			r.Fact(e.change[n].rights())
			l.lines[n].take(r)
		}
	}
}
