package check

import (
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// log appends an event; false where the machine has logged all that it may. What
// changed is in the registers already.
func (m *model) log(s *slot, i uint8, k key) bool {
	if s.made >= marks {
		return false
	}
	if a, raised := m.anchorOf(s).Raise(int64(m.at(s.db.head).seq), 1, block); raised {
		m.keep(s, a)
	}
	k.parent, k.slot, k.n = s.db.head, i, s.made
	s.db.head = m.add(k)
	s.made++
	return true
}

func (h held) rights() rights.Held {
	return rights.Held{
		Registers: rights.Registers{Granted: int64(h.granted), Used: int64(h.used), Undone: int64(h.undone), Returned: int64(h.returned)},
		Target:    int64(h.target),
	}
}

func heldOf(h rights.Held) held {
	return held{uint8(h.Granted), uint8(h.Used), uint8(h.Undone), uint8(h.Returned), uint8(h.Target)}
}

// scan receives a unit: for a line, where the site may give it one.
func (m *model) scan(w *world, i, line uint8) bool {
	s := &w.slots[i]
	h := s.db.lines[line].rights()
	if s.proc.state != active || h.Spendable() < 1 {
		return false
	}
	c, err := h.Apply(rights.Change{Used: 1})
	k := key{kind: scanned, line: line}
	k.change[line] = changeOf(c)
	unit := bit(i, s.made)
	if err != nil || !m.log(s, i, k) {
		return false
	}
	s.db.lines[line] = heldOf(h)
	s.db.units = s.db.units.or(unit)
	w.given[line], w.good = w.given[line].or(unit), w.good.or(unit)
	w.by[s.site][s.db.life][line]++
	return true
}

// stock receives a unit that no line takes.
func (m *model) stock(w *world, i uint8) bool {
	s := &w.slots[i]
	unit := bit(i, s.made)
	if s.proc.state != active || !m.log(s, i, key{kind: stocked}) {
		return false
	}
	w.good = w.good.or(unit)
	return true
}

// undo takes a unit back from a line. Where an earlier life gave it, no right is freed.
func (m *model) undo(w *world, i, line uint8) bool {
	s := &w.slots[i]
	units := s.db.units.and(w.given[line])
	h := s.db.lines[line].rights()
	if s.proc.state != active || units.none() {
		return false
	}
	c, err := m.rules.undo(&h)
	m.met(c.Undone == 0, rareNoRight)
	m.met(c.Returned > 0, rareBurnedLater)
	k := key{kind: undid, line: line}
	k.change[line] = changeOf(c)
	if err != nil || !m.log(s, i, k) {
		return false
	}
	s.db.lines[line] = heldOf(h)
	w.by[s.site][s.db.life][line] -= uint8(c.Undone)
	m.takeOut(w, s, units)
	return true
}

// takeOut takes the first of these units off its line.
func (m *model) takeOut(w *world, s *slot, units mask) {
	unit := units.first()
	s.db.units, w.undone = s.db.units.less(unit), w.undone.or(unit)
}

func (m mask) first() mask {
	for i := range m {
		if m[i] != 0 {
			var one mask
			one[i] = m[i] & -m[i]
			return one
		}
	}
	return mask{}
}

func (m mask) count() (n int) {
	for _, b := range m {
		for ; b != 0; b &= b - 1 {
			n++
		}
	}
	return n
}

// sayHello sends one, where the process has not been welcomed or has a doubt.
func (m *model) sayHello(w *world, i uint8) bool {
	s := &w.slots[i]
	h := msg{kind: hello, site: s.site, nonce: s.proc.nonce, life: s.db.life, era: s.db.era, n: s.db.n, run: s.db.run,
		at: s.db.head, from: s.db.stored}
	for l := range s.db.lines {
		h.total[l] = s.db.lines[l].granted
	}
	if s.proc.doubt == 1 {
		h.flags |= doubtful
	}
	return s.proc.nonce != 0 && w.send(h)
}

// sayLate sends a hello about the log of a life that was left.
func (m *model) sayLate(w *world, i uint8, e earlier) bool {
	s := &w.slots[i]
	return w.send(msg{kind: hello, site: s.site, nonce: s.proc.nonce, life: e.life, era: s.db.era, run: s.db.run,
		at: e.head, from: e.stored, flags: late})
}

// sendEvents sends what the centre is not known to have.
func (m *model) sendEvents(w *world, i uint8, life uint8, stored, head ref) bool {
	s := &w.slots[i]
	return s.proc.welcomed == 1 && stored != head && stored != (ref{}) &&
		w.send(msg{kind: events, site: s.site, nonce: s.proc.nonce, life: life, from: stored, at: head})
}

// forget deletes what may be deleted, and keeps the event at the mark.
func (m *model) forget(w *world, i uint8) bool {
	s := &w.slots[i]
	mark := s.db.safe
	if m.rules.forgetsStored {
		mark = s.db.stored
	}
	seq := int64(m.at(mark).seq)
	if mark == (ref{}) || !m.rules.believes(m.cursor(mark), hash(m.up(s.db.head, seq))) {
		return false
	}
	if seq == int64(m.at(s.db.head).seq) { // the newest always stays
		seq--
	}
	last := m.up(s.db.head, seq)
	if last == (ref{}) || m.at(last).seq == 0 || s.db.forgot != (ref{}) && m.at(s.db.forgot).seq >= m.at(last).seq {
		return false
	}
	s.db.forgot = last
	return true
}

// logged are the events that a database still holds.
func (m *model) logged(d *db) (all mask) {
	if d.head != (ref{}) {
		all = m.at(d.head).bits
	}
	if d.forgot != (ref{}) {
		all = all.less(m.at(d.forgot).bits)
	}
	for _, e := range d.before {
		if e.life != 0 {
			all = all.or(m.at(e.head).bits)
		}
	}
	return all
}

// mine is the log's hash at a place; the zero hash where it does not reach, or no longer.
func (m *model) mine(d *db, life uint8, at wire.Cursor) wire.Hash {
	if life == d.life {
		return hash(m.up(d.head, at.Seq))
	}
	for _, e := range d.before {
		if e.life == life {
			return hash(m.up(e.head, at.Seq))
		}
	}
	return wire.Hash{}
}
