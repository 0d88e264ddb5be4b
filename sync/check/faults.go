package check

// Faults says how often each fault may strike in one history.
type Faults [faults]uint8

// The classes of faults. That messages are lost, delayed and overtaken needs no class:
// any message may be delivered later, or never.
const (
	Repeat        = iota // a message is delivered, and comes again
	SiteRestore          // a site's database is put back to an older copy
	CloneSite            // a site's machine is copied, and both run
	Disk                 // a site's disk is replaced: no database, no anchor
	CentreRestore        // the centre is put back to its backup; it has the witness
	CentreBare           // likewise, without the witness
	Lost                 // an operator declares a living site lost
	Cancel               // the customer wants one unit less
	Reclaim              // the centre wants a right back
	Crash                // an agent dies and starts again: before or after a commit
	Stop                 // an agent is stopped cleanly and starts again
	faults
)

// faultNames in words, for reports.
var faultNames = [faults]string{
	"repeat", "site restore", "clone", "disk", "centre restore", "centre restore, no witness", "lost", "cancel", "reclaim", "crash", "stop",
}

// What else a history has only so many of stands behind the faults in world.left.
const (
	grants = faults + iota
	scans
	stocks
	undos
	backups
	resends
	budgets
)

// crash ends the process; part of a block may be in use that the log does not show.
func (m *model) crash(w *world, i uint8, midway bool) bool {
	s := &w.slots[i]
	if s.proc.nonce == 0 {
		return false
	}
	if midway {
		if s.proc.state != active {
			return false
		}
		a, raised := m.anchorOf(s).Raise(int64(m.at(s.db.head).seq), 1, block)
		if !raised {
			return false
		}
		m.keep(s, a)
		m.met(true, rareBlock)
	}
	m.begin(w, s)
	return true
}

func (m *model) stop(w *world, i uint8) bool {
	s := &w.slots[i]
	if s.proc.nonce == 0 {
		return false
	}
	if s.proc.state == active {
		m.keep(s, m.anchorOf(s).Stop(m.cursor(s.db.head)))
	}
	m.begin(w, s)
	return true
}

func (m *model) layAside(w *world, i uint8) bool {
	s := &w.slots[i]
	if s.hasOld == 1 || s.db.life == 0 {
		return false
	}
	s.old, s.hasOld = s.db, 1
	return true
}

// putBack replaces the database by the copy, after a crash, and starts the agent.
func (m *model) putBack(w *world, i uint8) bool {
	s := &w.slots[i]
	if s.hasOld == 0 || s.old == s.db {
		return false
	}
	w.gone = w.gone.or(m.logged(&s.db).less(m.logged(&s.old)))
	s.db, s.old, s.hasOld = s.old, db{}, 0
	m.expose(w, &s.db)
	if m.scope.Unnoticed {
		s.db.run = s.anchor.run // the copy is of the same run
	} else {
		s.files++
		s.file = s.files
	}
	m.begin(w, s)
	return true
}

// copyMachine starts a clone of the first site on another machine.
func (m *model) copyMachine(w *world) bool {
	c, s := &w.slots[sites], &w.slots[0]
	if c.starts > 0 || s.db.life == 0 {
		return false
	}
	*c = slot{site: s.site, machine: sites, file: s.file, files: s.files, db: s.db, anchor: s.anchor}
	if m.scope.Unnoticed {
		c.machine = s.machine
	}
	m.expose(w, &c.db)
	m.begin(w, c)
	return true
}

// expose notes what a copy of a site may give to lines a second time.
func (m *model) expose(w *world, d *db) {
	for l := range d.lines {
		if m.scope.Exposed {
			w.exposed[l] += uint8(d.lines[l].rights().Balance()) + uint8(d.units.and(w.given[l]).count())
		}
	}
}

func (m *model) loseDisk(w *world, i uint8) bool {
	s := &w.slots[i]
	if s.starts == 0 {
		return false
	}
	w.gone = w.gone.or(m.logged(&s.db))
	s.db, s.old, s.hasOld, s.anchor = db{}, db{}, 0, anchor{}
	s.files++
	s.file = s.files
	m.begin(w, s)
	return true
}

func (m *model) backUp(w *world) bool {
	if w.copied == 1 && w.copy == w.centre {
		return false
	}
	w.copy, w.copied = w.centre, 1
	return true
}

func (m *model) restore(w *world, witnessed bool) bool {
	if w.copied == 0 || w.copy == w.centre {
		return false
	}
	w.centre = w.copy
	if m.scope.Unnoticed {
		w.rolled = 1
		return true
	}
	return m.newEra(w, witnessed)
}

// declareLost ends the present life of a site that may well be alive.
func (m *model) declareLost(w *world, site uint8) bool {
	r := &w.centre.sites[site]
	if r.life == 0 {
		return false
	}
	if m.rules.freesLost {
		for n := range w.centre.lines {
			c := &w.centre.lives[site][r.life].lines[n]
			regs := c.rights()
			_ = regs.Attest(regs.Used - regs.Undone)
			c.take(regs)
		}
	}
	r.life, w.noted.present[site] = 0, 0
	r.told, r.written, r.commands = 0, 0, [queue]command{}
	return true
}

// attest frees what a dead life can no longer spend: a person has counted right. Nobody
// can, while its database is about.
func (m *model) attest(w *world, site, n uint8) bool {
	c := &w.centre
	if c.lives[site][n].known == 0 || c.sites[site].life == n {
		return false
	}
	for i := range w.slots {
		if s := &w.slots[i]; s.starts > 0 && s.site == site && s.db.life == n {
			return false
		}
	}
	before := c.lives[site][n]
	for l := range before.lines {
		claim := &c.lives[site][n].lines[l]
		r := claim.rights()
		if r.Attest(m.rules.counted(int64(w.by[site][n][l]))) == nil {
			claim.take(r)
			w.noted.lines[site][n][l].attested = claim.attested
		}
	}
	return c.lives[site][n] != before
}

func (m *model) cancel(w *world, line uint8) bool {
	if w.wanted[line] == 0 {
		return false
	}
	w.wanted[line]--
	w.centre.lines[line].wanted = w.wanted[line]
	m.settle(w, line)
	return true
}

// timeOut is no step of the product: the centre takes back what it has waited for.
func (m *model) timeOut(w *world, site, line uint8) bool {
	r := &w.centre.sites[site]
	c := &w.centre.lives[site][r.life].lines[line]
	if r.life == 0 || c.target <= c.returned {
		return false
	}
	c.returned = c.target
	return true
}
