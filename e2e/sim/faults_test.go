package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"dockfill/cloud/store"
)

// faults befall the house. Each class comes as often as its weight says, where the house
// has it; what lasts ends by itself, or at the next heal.
type faults struct {
	w       *world
	names   []string       // by weight
	lasting map[int]func() // what ends a fault that lasts
	n       int
}

// classes are the faults that there are, and how often they come beside each other.
var classes = map[string]struct {
	weight int
	do     func(*faults, *site)
}{
	"cut":            {6, (*faults).cut},
	"mute":           {4, (*faults).mute},
	"broker":         {3, (*faults).broker},
	"kill":           {4, (*faults).kill},
	"kill-commit":    {8, (*faults).killAtCommit},
	"stop":           {2, (*faults).stop},
	"centre":         {2, (*faults).centre},
	"restore":        {1, (*faults).restore},
	"clone":          {1, (*faults).clone},
	"disk":           {1, (*faults).disk},
	"centre-restore": {1, (*faults).centreRestore},
}

func newFaults(w *world) *faults {
	f := &faults{w: w, lasting: map[int]func(){}}
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		if w.plan.classes[name] {
			f.names = append(f.names, slices.Repeat([]string{name}, classes[name].weight)...)
		}
	}
	return f
}

func (f *faults) begin() {
	if len(f.names) > 0 {
		f.next()
		f.copies()
	}
}

func (f *faults) next() {
	f.w.after(f.w.about(f.w.plan.faultEvery/time.Duration(len(f.w.sites))), "fault", func() {
		name, s := pick(f.w, f.names), pick(f.w, f.w.sites)
		f.w.note("fault " + name + " " + string(s.id))
		f.w.tally.faults++
		classes[name].do(f, s)
		f.next()
	})
}

// copies are what careful people make of everything, now and then.
func (f *faults) copies() {
	f.w.after(f.w.about(3*time.Hour), "copy", func() {
		if s := pick(f.w, f.w.sites); f.w.chance(0.8) {
			s.main.keep()
		} else if f.w.centre.up() {
			f.w.centre.keep()
		}
		f.copies()
	})
}

// last lets a fault last; end is called once.
func (f *faults) last(mean time.Duration, end func()) {
	f.n++
	n := f.n
	f.lasting[n] = end
	f.w.after(f.w.about(mean), "over", func() { f.over(n) })
}

func (f *faults) over(n int) {
	if end := f.lasting[n]; end != nil {
		delete(f.lasting, n)
		end()
	}
}

// rest ends all that lasts.
func (f *faults) rest() {
	for _, n := range slices.Sorted(maps.Keys(f.lasting)) {
		f.over(n)
	}
	w := f.w
	w.pickUp()
	if !w.centre.up() {
		w.centre.start()
		w.feed.catchUp()
	}
	for _, s := range w.sites {
		f.decide(s)
		s.main.start()
		s.main.agent.doom.Store(0)
	}
	w.net.calm()
}

func (f *faults) resume() { f.w.net.rage() }

func (f *faults) cut(s *site) {
	f.w.net.set(func(n *network) { n.cut[s.id]++ })
	f.last(pick(f.w, []time.Duration{time.Minute, time.Hour, 8 * time.Hour}), func() {
		f.w.net.set(func(n *network) { n.cut[s.id]-- })
	})
}

func (f *faults) mute(s *site) {
	way := pick(f.w, []string{"up ", "down "}) + string(s.id)
	f.w.net.set(func(n *network) { n.mute[way]++ })
	f.last(10*time.Minute, func() { f.w.net.set(func(n *network) { n.mute[way]-- }) })
}

func (f *faults) broker(*site) {
	f.w.net.set(func(n *network) { n.down++ })
	f.last(time.Minute, func() { f.w.net.set(func(n *network) { n.down-- }) })
}

func (f *faults) kill(s *site) { f.away(s.main, (*machine).kill) }
func (f *faults) stop(s *site) { f.away(s.main, (*machine).stop) }

// away ends an agent, and somebody starts it again.
func (f *faults) away(m *machine, end func(*machine)) {
	if m.agent == nil {
		return
	}
	end(m)
	f.last(5*time.Minute, func() { f.back(m) })
}

// back starts an agent on a machine that is still there.
func (f *faults) back(m *machine) {
	if slices.Contains(m.s.machines(), m) {
		m.start()
	}
}

// killAtCommit dooms an agent to die before or behind one of its next commits.
func (f *faults) killAtCommit(s *site) {
	if p := s.main.agent; p != nil && p.doom.Load() == 0 {
		p.after = f.w.chance(0.7)
		p.doom.Store(1 + f.w.dice.Int64N(12))
	}
}

func (f *faults) centre(*site) {
	if f.w.centre.up() {
		f.w.centre.stop()
		f.last(5*time.Minute, f.centreBack)
	}
}

func (f *faults) centreBack() {
	if !f.w.centre.up() {
		f.w.centre.start()
		f.w.feed.catchUp()
	}
}

// restore puts a site's database back to a copy.
func (f *faults) restore(s *site) {
	m := s.main
	if m.kept == nil {
		return
	}
	if f.w.chance(0.5) {
		m.stop()
	}
	m.kill()
	f.w.oracle.lose(m)
	m.putBack()
	f.w.tally.visit("a site was put back to a copy")
	s.forget()
	f.last(5*time.Minute, func() { f.back(m) })
}

// disk gives a site a new, empty one.
func (f *faults) disk(s *site) {
	m := s.main
	m.kill()
	f.w.oracle.lose(m)
	m.wipe()
	f.w.tally.visit("a site got a new disk")
	s.forget()
	f.last(5*time.Minute, func() { f.back(m) })
}

// clone starts a copy of a site's machine beside it.
func (f *faults) clone(s *site) {
	if s.other != nil || s.main.kept == nil {
		return
	}
	s.other = s.machine()
	s.main.kept.back(f.w, s.other.data)
	if f.w.chance(0.5) {
		f.w.copyAnchor(s.main, s.other)
	}
	s.other.start()
	f.w.tally.visit("a site was cloned")
	f.last(3*time.Hour, func() { f.decide(s) })
}

// decide lets people choose one of two machines: mostly the old one, else they admit the
// clone, where the centre knows of it.
func (f *faults) decide(s *site) {
	if s.other == nil {
		return
	}
	if nonce := f.nonceOf(s); nonce != "" && f.w.chance(0.4) {
		err := f.w.centre.ingest.Admit(background(), s.id, nonce, store.Person{Name: "Kim", Reason: "the other one is old"})
		if err != nil {
			f.w.bad("strange", "the clone %s was not admitted: %v", nonce, err)
		}
		f.w.tally.visit("a clone was admitted")
		s.main, s.other = s.other, s.main
		s.forget()
	}
	s.other.kill()
	f.w.oracle.lose(s.other)
	s.other = nil
}

// admit lets people admit the only process that is left of a site, where the centre keeps
// it out for another one that has ended.
func (f *faults) admit() {
	for _, s := range f.w.sites {
		st, err := s.main.agent.Status(background())
		if nonce := s.kept(); err == nil && st.State != "ACTIVE" && nonce != "" {
			f.w.note("admit " + nonce)
			_ = f.w.centre.ingest.Admit(background(), s.id, nonce, store.Person{Name: "Kim", Reason: "the other one is gone"}) // it may be of one that ended
		}
	}
}

func (f *faults) nonceOf(s *site) string {
	if !f.w.centre.up() || s.other.agent == nil {
		return ""
	}
	return s.kept()
}

// centreRestore puts the centre back to a copy; the order system says all again.
func (f *faults) centreRestore(*site) {
	c := f.w.centre
	if c.kept == nil || time.Since(c.kept.at) > 24*time.Hour {
		return
	}
	c.stop()
	c.kept.restore(f.w, c.dir, centreFiles...)
	f.w.oracle.forget()
	f.w.tally.visit("the centre was put back to a copy")
	c.start()
	f.w.feed.again()
}

// fall is told by a process that it died at a commit.
func (w *world) fall(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fallen = append(w.fallen, p)
}

// pickUp lets people find the agents that died at a commit.
func (w *world) pickUp() {
	w.mu.Lock()
	fallen := w.fallen
	w.fallen = nil
	w.mu.Unlock()
	slices.SortFunc(fallen, func(a, b *process) int { return a.m.s.n - b.m.s.n })
	for _, p := range fallen {
		if p.m.agent != p {
			continue
		}
		w.note(fmt.Sprintf("died %s", p.m.s.id))
		w.tally.visit(map[bool]string{true: "a process died behind a commit", false: "a process died before a commit"}[p.after])
		p.m.stop()
		w.faults.last(2*time.Minute, func() { w.faults.back(p.m) })
	}
}
