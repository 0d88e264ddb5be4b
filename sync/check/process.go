package check

import (
	"dockfill/allocation"
	"dockfill/sync/session"
)

// block is how many sequence numbers an anchor covers at a time.
const block = 2

// Names for what the product names by strings.
var (
	siteNames  = [sites]allocation.SiteID{"leeds", "york"}
	lifeNames  = names("i")
	eraNames   = names("c")
	nonceNames = func() (all [slots * 16]string) {
		for i := range all {
			all[i] = string(rune('p'+i/16)) + string(rune('a'+i%16))
		}
		return all
	}()
)

func names(prefix string) (all [16]string) {
	for i := 1; i < len(all); i++ {
		all[i] = prefix + string(rune('a'+i))
	}
	return all
}

func lifeOf(name string) uint8 {
	if name == "" {
		return 0
	}
	return name[1] - 'a'
}

// begin starts a process on a machine, as the agent does: the start is counted in the
// database, and then in the anchor.
func (m *model) begin(w *world, s *slot) {
	s.starts++
	i := m.indexOf(w, s)
	p := proc{nonce: i<<4 | s.starts, era: s.db.era, state: active}
	doubt := ""
	switch {
	case s.db.life == 0:
	case s.anchor.there == 0:
		doubt = "no anchor"
	case m.rules.agrees(m.anchorOf(s), m.databaseOf(s)) != nil:
		doubt = "the anchor does not agree"
	}
	s.db.run++
	if session.Start(nonceNames[p.nonce], lifeNames[s.db.life], eraNames[s.db.era], doubt).State != session.Active {
		p.state = unverified
	}
	if doubt != "" {
		p.doubt = 1
	}
	if p.state == active {
		m.moor(s)
	}
	s.proc = p
	m.prune(w)
}

func (m *model) indexOf(w *world, s *slot) uint8 {
	for i := range w.slots {
		if s == &w.slots[i] {
			return uint8(i)
		}
	}
	panic("no such slot")
}

// prune drops what can reach nobody any more: messages down to processes that ended.
func (m *model) prune(w *world) {
	if m.rules.anyProcess {
		return
	}
	for i := 0; i < inNet && w.net[i].kind != blank; {
		if isDown(w.net[i].kind) && w.process(w.net[i].nonce) == nil {
			w.drop(i)
			continue
		}
		i++
	}
}

// process gives the machine on which a process runs, nil where it ended.
func (w *world) process(nonce uint8) *slot {
	if s := &w.slots[nonce>>4]; s.proc.nonce == nonce {
		return s
	}
	return nil
}

func (m *model) anchorOf(s *slot) session.Anchor {
	a := s.anchor
	return session.Anchor{
		Incarnation: lifeNames[a.life], Run: int64(a.run), Floor: int64(a.floor), Ceiling: int64(a.ceiling),
		Stopped: a.stopped == 1, Head: m.cursor(a.head), File: eraNames[a.file], Machine: eraNames[a.machine+1],
	}
}

func (m *model) databaseOf(s *slot) session.Database {
	return session.Database{
		Incarnation: lifeNames[s.db.life], Run: int64(s.db.run), Head: m.cursor(s.db.head),
		File: eraNames[s.file], Machine: eraNames[s.machine+1],
	}
}

func (m *model) keep(s *slot, a session.Anchor) {
	s.anchor = anchor{there: 1, life: lifeOf(a.Incarnation), run: uint8(a.Run), floor: uint8(a.Floor), ceiling: uint8(a.Ceiling),
		head: refOf(a.Head.Hash), file: lifeOf(a.File), machine: lifeOf(a.Machine) - 1}
	if a.Stopped {
		s.anchor.stopped = 1
	}
}

// moor writes the anchor of a process that begins.
func (m *model) moor(s *slot) { m.keep(s, session.Begin(m.databaseOf(s), block)) }

// half is the process as the product's site half has it.
func (s *slot) half() session.Site {
	p := session.Site{
		Nonce: nonceNames[s.proc.nonce], Incarnation: lifeNames[s.db.life], Centre: eraNames[s.proc.era], State: session.CaptureOnly,
	}
	switch s.proc.state {
	case active:
		p.State = session.Active
	case unverified:
		p.State = session.Unverified
	}
	if s.proc.doubt == 1 {
		p.Doubt = "doubt"
	}
	if s.db.before[0].life != 0 {
		p.Earlier = earlierNames[s.db.before[0].life][s.db.before[1].life]
	}
	return p
}

// earlierNames spare a search the making of lists.
var (
	earlierNames = func() (lists [lives][lives][]string) {
		for a := 1; a < lives; a++ {
			lists[a][0] = []string{lifeNames[a]}
			for b := 1; b < lives; b++ {
				lists[a][b] = []string{lifeNames[a], lifeNames[b]}
			}
		}
		return lists
	}()
)

// learn takes over what became of the process.
func (s *slot) learn(p session.Site) {
	s.proc.doubt = 0
	if p.Doubt != "" {
		s.proc.doubt = 1
	}
	s.proc.era = lifeOf(p.Centre)
	switch p.State {
	case session.Active:
		s.proc.state = active
	case session.Unverified:
		s.proc.state = unverified
	default:
		s.proc.state = capture
	}
}
