package check

import (
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// report takes in what a site says that it was granted, once it follows this era.
func (m *model) report(w *world, x msg, h *wire.Hello) {
	c := &w.centre
	if x.era != c.era || x.life == 0 || x.flags&late != 0 || c.waits == [sites]uint8{} {
		return
	}
	m.learnLife(w, x.site, x.life)
	for n := range c.lives[x.site][x.life].lines {
		claim := &c.lives[x.site][x.life].lines[n]
		r := claim.rights()
		r.Reported(int64(x.total[n]))
		claim.take(r)
	}
	rec := c.recovery()
	m.rules.reports(&rec, eraNames[c.era], h)
	c.waits = [sites]uint8{}
	for _, l := range rec.Waiting {
		for s := range siteNames {
			if siteNames[s] == l.Site {
				c.waits[s] = lifeOf(l.Incarnation)
			}
		}
	}
	m.met(c.waits == [sites]uint8{}, rareThawed)
	for n := range c.lines {
		m.settle(w, uint8(n))
	}
}

func (c *base) recovery() (r session.Recovery) {
	for s, n := range c.waits {
		if n != 0 {
			r.Waiting = append(r.Waiting, session.Life{Site: siteNames[s], Incarnation: lifeNames[n]})
		}
	}
	return r
}

// free reports whether the centre may grant and settle.
func (m *model) free(c *base) bool {
	return c.waits == [sites]uint8{} || m.rules.mayGrant(c.recovery())
}

// newEra begins a new life of the centre, which found that it is an older copy.
func (m *model) newEra(w *world, witnessed bool) bool {
	c := &w.centre
	if w.eras >= 5 {
		return false
	}
	w.eras, w.rolled = w.eras+1, 0
	c.era = w.eras
	c.past |= 1 << c.era
	if witnessed {
		m.remember(w)
	}
	var present []session.Life
	for s := range c.sites {
		if n := c.sites[s].life; n != 0 {
			present = append(present, session.Life{Site: siteNames[s], Incarnation: lifeNames[n]})
		}
	}
	c.waits = [sites]uint8{}
	for _, l := range session.Recover(present, witnessed).Waiting {
		for s := range siteNames {
			if siteNames[s] == l.Site {
				c.waits[s] = lifeOf(l.Incarnation)
			}
		}
	}
	for n := range c.lines { // the order system is asked again
		c.lines[n].wanted = w.wanted[n]
	}
	for s := range c.sites {
		m.supply(c, uint8(s))
	}
	return true
}

// remember brings a copy up to the witness.
func (m *model) remember(w *world) {
	c := &w.centre
	for s := range c.sites {
		for n := 1; n < lives; n++ {
			if w.noted.known[s][n] == 1 && !m.rules.forgetsLives {
				m.learnLife(w, uint8(s), uint8(n))
			}
			for i := range c.lines {
				note := w.noted.lines[s][n][i]
				r := c.lives[s][n].lines[i].rights()
				m.rules.restore(rights.Noted{Granted: int64(note.granted), Attested: int64(note.attested)}, &r)
				c.lives[s][n].lines[i].take(r)
			}
		}
		if n := w.noted.present[s]; n != c.sites[s].life && !m.rules.forgetsLives {
			c.sites[s] = record{life: n}
		}
	}
	for n := range c.lines {
		if m.rules.forgetsBounds {
			break
		}
		c.lines[n].bound = w.noted.bounds[n]
	}
}

// supply writes the commands of a new era for a site: all that its life was granted
// and is to give back.
func (m *model) supply(c *base, site uint8) {
	r := &c.sites[site]
	r.told, r.written, r.commands = 0, 0, [queue]command{}
	if r.life == 0 {
		return
	}
	for n, x := range c.lives[site][r.life].lines {
		if x.granted > 0 {
			r.write(command{granting, uint8(n), x.granted})
		}
		if x.target > 0 {
			r.write(command{recalling, uint8(n), x.target})
		}
	}
}
