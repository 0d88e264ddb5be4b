package check

import (
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// hear takes a message down. What is not meant for this process passes it by.
func (m *model) hear(w *world, x msg) {
	s := w.process(x.nonce)
	switch {
	case m.rules.anyProcess:
		s = &w.slots[x.nonce>>4]
	case s == nil:
		return
	}
	head := wire.Head{Site: siteNames[x.site], Nonce: nonceNames[x.nonce], Incarnation: lifeNames[x.life]}
	p := s.half()
	switch x.kind {
	case welcome:
		m.welcomed(s, p, x, head)
	case ack:
		m.acknowledged(s, p, x, head)
	case order:
		m.commanded(w, s, p, x, head)
	case fence:
		if m.rules.meant(p, &wire.Fence{Head: head}) {
			p.Fenced("clone", "")
			s.learn(p)
			s.proc.welcomed = 0
		}
	}
}

func (m *model) welcomed(s *slot, p session.Site, x msg, head wire.Head) {
	v := &wire.Welcome{Head: head, Minted: x.flags&minted != 0, Facts: x.flags&facts != 0, Centre: eraNames[x.era], Followed: eraNames[x.n], Stored: m.cursor(x.at)}
	if v.Minted {
		v.Instead = lifeNames[x.run]
		v.Kept = v.Stored
	}
	if !m.rules.meant(p, v) {
		return
	}
	late := !v.Minted && x.life != s.db.life
	turn, _ := m.rules.welcomed(&p, v, m.mine(&s.db, x.life, v.Stored), m.cursor(s.db.head))
	m.met(turn == session.Ignore, rareIgnored)
	m.met(turn == session.Ask && v.Minted, rareMore)
	m.met(turn == session.Ask && !v.Minted, rareDiffers)
	m.met(turn == session.Follow, rareFollow)
	switch turn {
	case session.Adopt:
		m.adopt(s, p, v)
		return
	case session.Follow:
		s.db.era, s.db.n = x.era, 0
		s.db.unmark()
	}
	s.learn(p)
	switch turn {
	case session.Follow, session.Ask:
		s.proc.welcomed = 0
	case session.GoOn:
		s.proc.welcomed = 1
	}
	if turn != session.GoOn && turn != session.Follow {
		return
	}
	if late {
		s.db.mark(x.life, x.at)
		return
	}
	s.db.stored = x.at
}

func (d *db) mark(life uint8, at ref) {
	for i := range d.before {
		if d.before[i].life == life {
			d.before[i].stored = at
		}
	}
}

// unmark forgets what another life of the centre held of the logs of earlier lives.
func (d *db) unmark() {
	for i := range d.before {
		d.before[i].stored = ref{}
	}
}

// adopt begins a new life: the snapshot is in, the anchor flushed, the old log kept.
func (m *model) adopt(s *slot, p session.Site, v *wire.Welcome) {
	d := &s.db
	if lifeOf(v.Centre) != d.era {
		d.unmark()
	}
	if d.life != 0 && m.at(d.head).seq > 0 {
		d.before[1] = d.before[0]
		d.before[0] = earlier{d.life, d.head, d.head}
	}
	p.Begun(v)
	d.life = lifeOf(v.Incarnation)
	genesis := m.histories.begin(s.site, d.life)
	d.head, d.stored, d.safe, d.forgot = genesis, genesis, genesis, ref{}
	d.era, d.n = lifeOf(v.Centre), 0
	if !m.rules.keepsRights {
		d.lines = [lines]held{}
	}
	s.learn(p)
	s.proc.welcomed = 0
	m.moor(s)
}

func (m *model) acknowledged(s *slot, p session.Site, x msg, head wire.Head) {
	v := &wire.Ack{Head: head, Centre: eraNames[x.era]}
	m.met(x.era != s.proc.era, rareOldAck)
	if !m.rules.meant(p, v) || !m.rules.confirms(p, v) {
		return
	}
	stored := m.cursor(x.at)
	if !m.rules.believes(stored, m.mine(&s.db, x.life, stored)) {
		p.Differs(stored.Seq)
		s.learn(p)
		s.proc.welcomed = 0
		return
	}
	if x.life != s.db.life {
		s.db.mark(x.life, x.at)
		return
	}
	if stored.Seq > int64(m.at(s.db.stored).seq) {
		s.db.stored = m.up(s.db.head, stored.Seq)
	}
	if x.from == (ref{}) {
		return
	}
	safe := m.cursor(x.from)
	if m.rules.believes(safe, m.mine(&s.db, x.life, safe)) && safe.Seq > int64(m.at(s.db.safe).seq) {
		s.db.safe = m.up(s.db.head, safe.Seq)
	}
}

// commanded applies a command and logs that it did.
func (m *model) commanded(w *world, s *slot, p session.Site, x msg, head wire.Head) {
	v := &wire.Commands{Head: head, Centre: eraNames[x.era], First: int64(x.n), Commands: oneCommand[:]}
	m.met(x.era != s.proc.era, rareOldCommand)
	if !m.rules.meant(p, v) || !m.rules.takes(p, v) {
		return
	}
	if _, fresh := m.rules.fresh(wire.CommandCursor{Centre: eraNames[s.db.era], N: int64(s.db.n)}, v); len(fresh) == 0 {
		return
	}
	i := m.indexOf(w, s)
	before, units, by := s.db, w.undone, w.by
	k := key{kind: applied, line: x.line, era: x.era, to: x.n}
	if m.rules.names(lifeNames[x.life], lifeNames[s.db.life]) {
		k.change[x.line] = changeOf(m.apply(w, s, x))
	}
	s.db.era, s.db.n = x.era, x.n
	if !m.log(s, i, k) {
		s.db, w.undone, w.by = before, units, by
	}
}

var oneCommand [1]wire.Command

func (m *model) apply(w *world, s *slot, x msg) (c rights.Change) {
	h := s.db.lines[x.line].rights()
	m.met(x.from[0] == granting && int64(x.total[0]) <= h.Granted || x.from[0] == recalling && int64(x.total[0]) <= h.Target, rareStale)
	switch {
	case x.flags&takes != 0:
		c = m.takeBack(w, s, &h, x)
	case x.from[0] == recalling:
		c = h.Reclaim(int64(x.total[0]))
	default:
		c = m.rules.grant(&h, int64(x.total[0]))
	}
	s.db.lines[x.line] = heldOf(h)
	return c
}

// takeBack is a cancel: unspent rights go back, and where that does not do, units that
// the line holds are taken off it, and theirs too.
func (m *model) takeBack(w *world, s *slot, h *rights.Held, x msg) rights.Change {
	c := h.Reclaim(int64(x.total[0]))
	for h.Returned < h.Target && h.Used > h.Undone {
		more, err := h.Apply(h.TakeBack(1))
		if err != nil {
			break
		}
		m.takeOut(w, s, s.db.units.and(w.given[x.line]))
		w.by[s.site][s.db.life][x.line]--
		c.Undone, c.Returned = c.Undone+more.Undone, c.Returned+more.Returned
	}
	return c
}
