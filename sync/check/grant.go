package check

import (
	"dockfill/sync/rights"
)

// claims are what all lives but one hold of a line.
func (m *model) claims(c *base, line, site, but uint8) []rights.Registers {
	list := m.scratch[:0]
	for s := range c.lives {
		for n := range c.lives[s] {
			l := &c.lives[s][n]
			if l.known == 0 || s == int(site) && n == int(but) || m.rules.leavesDead && n != int(c.sites[s].life) {
				continue
			}
			list = append(list, l.lines[line].rights())
		}
	}
	m.scratch = list
	return list
}

// settle brings a line down to what is still held of it, as far as a cancel wants.
func (m *model) settle(w *world, line uint8) {
	c := &w.centre
	if !m.free(c) && !m.rules.settlesFrozen {
		return
	}
	c.lines[line].bound = uint8(m.rules.settled(int64(c.lines[line].wanted), m.claims(c, line, sites, 0)))
	w.noted.bounds[line] = c.lines[line].bound
	m.met(c.lines[line].bound > c.lines[line].wanted, rarePending)
	w.bounds[line] = min(w.bounds[line], c.lines[line].bound)
}

// grant gives a site one more unit of a line, by rule C.
func (m *model) grant(w *world, site, line uint8) bool {
	c := &w.centre
	r := &c.sites[site]
	m.met(!m.free(c), rareFrozen)
	if r.life == 0 || r.open == 0 && !m.rules.opensEarly || !m.free(c) {
		return false
	}
	claim := &c.lives[site][r.life].lines[line]
	regs := claim.rights()
	total := rights.MayGrant(int64(c.lines[line].bound), regs, m.claims(c, line, site, r.life), regs.Granted+1)
	if total == regs.Granted || !r.write(command{granting, line, uint8(total)}) {
		return false
	}
	regs.Grant(total)
	claim.take(regs)
	return true
}

func (r *record) write(c command) bool {
	if r.written == queue {
		return false
	}
	r.commands[r.written] = c
	r.written++
	return true
}

// recall wants one more right of a line back from a site. In a cancel it may cost the
// line a unit that it has.
func (m *model) recall(w *world, site, line uint8, cancel bool) bool {
	r := &w.centre.sites[site]
	if r.life == 0 {
		return false
	}
	claim := &w.centre.lives[site][r.life].lines[line]
	target := uint8(rights.Recall(claim.rights(), int64(claim.target), 1))
	kind := recalling
	if cancel {
		kind = cancelling
	}
	if target == claim.target || !r.write(command{kind, line, target}) {
		return false
	}
	claim.target = target
	return true
}

// publish sends a site its next command. What it grants is in the witness first.
func (m *model) publish(w *world, site uint8) bool {
	c := &w.centre
	r := &c.sites[site]
	if r.told >= r.written || w.process(r.nonce) == nil {
		return false
	}
	for n := range c.lines {
		if m.rules.flushesLate {
			break
		}
		note := &w.noted.lines[site][r.life][n]
		has := rights.Noted{Granted: int64(note.granted), Attested: int64(note.attested)}
		has.Note(c.lives[site][r.life].lines[n].rights())
		note.granted, note.attested = uint8(has.Granted), uint8(has.Attested)
	}
	x := r.commands[r.told]
	out := msg{kind: order, site: site, nonce: r.nonce, life: r.life, era: c.era, n: r.told + 1, line: x.line}
	out.total[0], out.from[0] = x.total, x.kind
	if x.kind == cancelling {
		out.flags = takes
	}
	r.told++
	return w.send(out)
}
