package check

import "fmt"

// broken looks for a promise that a state breaks; "" where it breaks none.
func (m *model) broken(w *world) (promise, what string) {
	for l := range w.given {
		if n := w.given[l].less(w.undone).count(); n > int(w.bounds[l]+w.exposed[l]) {
			return "over-allocation", fmt.Sprintf("%d units of line %d are allocated, and it may have %d", n, l+1, w.bounds[l])
		}
	}
	if w.doubled == 1 {
		return "doubled", "the centre has counted one event twice"
	}
	return m.losses(w)
}

// losses looks for a scan with a good tone that cannot reach the centre any more: it is
// neither there nor in any log; or its site takes it for confirmed, and will not send it.
func (m *model) losses(w *world) (promise, what string) {
	at := m.kept(&w.centre)
	held := at.or(w.gone)
	for i := range w.slots {
		s := &w.slots[i]
		if s.starts == 0 {
			continue
		}
		held = held.or(m.logged(&s.db))
		confirmed := s.db.life != 0 && w.rolled == 0 && s.proc.era == w.centre.era && s.db.era == w.centre.era
		if confirmed && !m.at(s.db.stored).bits.and(w.good).less(at).none() {
			return "lost scan", slotNames[i] + " takes a scan for confirmed that the centre does not have"
		}
	}
	if !w.good.less(held).none() {
		return "lost scan", "a scan with a good tone is in no log any more, and not at the centre"
	}
	return "", ""
}

// heal lets the faults end and the messages through, and says what then does not agree;
// "" where all does.
func (m *model) heal(w world) string {
	for round := 0; round < 40; round++ {
		before := w
		m.settleDown(&w)
		if w.minted[0]+1 >= lives || w.minted[1]+1 >= lives || w.eras >= 5 {
			return "" // no room in the model, not in the house
		}
		if w == before {
			return m.apart(&w)
		}
	}
	return "there is no end to the talk"
}

// settleDown is one round in which all say what they have to say.
func (m *model) settleDown(w *world) {
	for w.net[0].kind != blank {
		it := w.net[0]
		w.drop(0)
		if it.kind == hello && m.mayAnswer(w, it) {
			it.flags |= answers
		}
		if isDown(it.kind) {
			m.hear(w, it)
		} else {
			m.heard(w, it)
		}
	}
	for i := range w.slots {
		s := &w.slots[i]
		switch {
		case s.proc.nonce == 0:
		case s.proc.welcomed == 1 && s.proc.era == w.centre.era && s.db.stored != s.db.head:
			m.sendEvents(w, uint8(i), s.db.life, s.db.stored, s.db.head)
			if w.rolled == 1 { // silence is a doubt
				m.sayHello(w, uint8(i))
			}
		case m.asks(w, s) && w.centre.sites[s.site].barred != s.proc.nonce:
			m.sayHello(w, uint8(i))
		}
		for _, e := range s.db.before {
			if s.proc.welcomed == 1 && e.life != 0 && e.stored != e.head {
				m.sendEvents(w, uint8(i), e.life, e.stored, e.head)
				m.sayLate(w, uint8(i), e)
			}
		}
	}
	for s := range w.centre.sites {
		r := &w.centre.sites[s]
		if p := w.process(r.nonce); p != nil && p.db.era == w.centre.era && p.db.life == r.life {
			r.told = p.db.n
			m.publish(w, uint8(s))
		}
	}
}

// apart says in what a house at rest does not agree.
func (m *model) apart(w *world) string {
	at := m.kept(&w.centre)
	for i := range w.slots {
		s := &w.slots[i]
		if s.starts == 0 {
			continue
		}
		if w.centre.sites[s.site].barred == s.proc.nonce {
			continue // it waits for a person
		}
		if s.proc.state != active {
			return slotNames[i] + " does not receive"
		}
		if !m.logged(&s.db).less(at).none() {
			return slotNames[i] + " holds events that the centre does not have"
		}
		for l, h := range s.db.lines {
			c := w.centre.lives[s.site][s.db.life].lines[l]
			if (held{c.granted, c.used, c.undone, c.returned, h.target}) != h {
				return fmt.Sprintf("%s and the centre differ in line %d", slotNames[i], l+1)
			}
		}
	}
	return ""
}
