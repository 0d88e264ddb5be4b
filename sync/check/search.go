package check

import (
	"math/bits"
	"unsafe"

	"dockfill/sync/rights"
)

// model is a search: its scope, its rules, and the logs that it has met.
type model struct {
	*histories
	scope   Scope
	rules   rules
	scratch []rights.Registers
	rare    Rare
}

// Search looks at every state in its scope, the ones that take fewest steps first, and
// stops at the first that breaks a promise. It does the same each time.
func Search(s Scope) Result { return search(s, product()) }

func search(scope Scope, r rules) Result {
	m := &model{histories: newHistories(), scope: scope, rules: r}
	f := newFrontier(m)
	res := f.run()
	res.Rare = m.rare
	return res
}

// start is a house in which both sites were welcomed. Nothing was granted, unless the
// house is at work already.
func (m *model) start() world {
	var w world
	w.eras, w.centre.era, w.centre.past = 1, 1, 1<<1
	for i := range w.slots[:sites] {
		s := &w.slots[i]
		site := uint8(i)
		genesis := m.histories.begin(site, 1)
		s.site, s.machine = site, site
		s.files, s.file = 1, 1
		s.db = db{life: 1, head: genesis, stored: genesis, safe: genesis, era: 1}
		m.moor(s)
		m.begin(&w, s)
		m.moor(s)
		s.proc.welcomed = 1
		w.minted[i] = 1
		w.centre.sites[i] = record{life: 1, run: s.db.run, nonce: s.proc.nonce, open: 1}
		w.centre.lives[i][1] = life{known: 1, stored: genesis}
		w.noted.present[i], w.noted.known[i][1] = 1, 1
	}
	for l, n := range m.scope.Wanted {
		w.wanted[l], w.bounds[l], w.noted.bounds[l] = n, n, n
		w.centre.lines[l] = wish{n, n}
	}
	copy(w.left[:], m.scope.Faults[:])
	b := m.scope.Budget
	w.left[grants], w.left[scans], w.left[stocks], w.left[undos], w.left[backups] = b.Grants, b.Scans, b.Stock, b.Undos, b.Backups
	w.left[resends] = b.Resends
	if m.scope.BackedUp {
		w.copy, w.copied = w.centre, 1
	}
	if m.scope.Working {
		m.work(&w)
	}
	return w
}

// work grants all there is, to the sites in turn, and lets all messages through.
func (m *model) work(w *world) {
	to := uint8(0)
	for l, n := range m.scope.Wanted {
		for range n {
			m.grant(w, to%sites, uint8(l))
			m.publish(w, to%sites)
			for range 2 {
				m.settleDown(w)
			}
			to++
		}
	}
}

// frontier is the search by steps. What was seen is kept as a hash of 128 bits.
type frontier struct {
	m     *model
	seen  seen
	from  []int32 // by state, the state that it came from
	by    []move  // and the move
	now   []world
	next  []world
	try   world // kept here, so that no move makes garbage
	first int   // number of the first state in now
	depth int
	res   Result
}

func newFrontier(m *model) *frontier {
	f := &frontier{m: m, seen: newSeen()}
	w := m.start()
	m.tidy(&w)
	f.seen.add(w.hash())
	f.from, f.by, f.now = []int32{-1}, []move{{}}, []world{w}
	return f
}

func (f *frontier) run() Result {
	for ; len(f.now) > 0; f.depth++ {
		if d := f.m.scope.Depth; d > 0 && f.depth >= d {
			return f.res
		}
		f.next = f.next[:0]
		for i := range f.now {
			f.res.States, f.res.Depth = f.res.States+1, f.depth
			if f.expand(i) {
				return f.res
			}
			if n := f.m.scope.States; n > 0 && f.res.States >= n {
				return f.res
			}
		}
		f.first += len(f.now)
		f.now, f.next = f.next, f.now
	}
	f.res.Whole = true
	return f.res
}

// expand adds what follows from a state; true where a promise is broken.
func (f *frontier) expand(i int) (broken bool) {
	m, w := f.m, &f.now[i]
	if n := m.scope.Heal; n > 0 && f.res.States%n == 0 {
		f.res.Healed++
		if what := m.heal(*w); what != "" {
			f.break_("unconverged", what, f.first+i, nil)
			return true
		}
	}
	m.moves(w, func(x move) {
		if broken {
			return
		}
		if c := cost[x.kind]; c < budgets && w.left[c] == 0 {
			return
		}
		f.try = *w
		if !m.do(&f.try, x) {
			return
		}
		f.m.tidy(&f.try)
		if !f.seen.add(f.try.hash()) {
			return
		}
		f.from, f.by = append(f.from, int32(f.first+i)), append(f.by, x)
		f.next = append(f.next, f.try)
		if promise, what := m.broken(&f.try); promise != "" {
			f.break_(promise, what, f.first+i, &x)
			broken = true
		}
	})
	return broken
}

// break_ notes the way to a broken promise, by making its moves once more.
func (f *frontier) break_(promise, what string, at int, last *move) {
	var way []move
	if last != nil {
		way = append(way, *last)
	}
	for ; at > 0; at = int(f.from[at]) {
		way = append(way, f.by[at])
	}
	v := &Violation{Promise: promise, What: what}
	w := f.m.start()
	f.m.tidy(&w)
	for i := len(way) - 1; i >= 0; i-- {
		v.Steps = append(v.Steps, f.m.tell(&w, way[i]))
		f.m.do(&w, way[i])
		f.m.tidy(&w)
	}
	f.res.Broken = v
}

// tidy gives equal states one form: messages in order.
func (m *model) tidy(w *world) {
	m.prune(w)
	for i := 1; i < inNet && w.net[i].kind != blank; i++ {
		for j := i; j > 0 && before(&w.net[j], &w.net[j-1]); j-- {
			w.net[j], w.net[j-1] = w.net[j-1], w.net[j]
		}
	}
}

func before(a, b *msg) bool {
	x, y := (*[unsafe.Sizeof(msg{})]byte)(unsafe.Pointer(a)), (*[unsafe.Sizeof(msg{})]byte)(unsafe.Pointer(b))
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

// hash mixes a state as it lies in memory: it is bytes without gaps.
func (w *world) hash() [2]uint64 {
	const size = unsafe.Sizeof(world{})
	b := (*[size]byte)(unsafe.Pointer(w))
	x, y := uint64(0x9e3779b97f4a7c15), uint64(0xc2b2ae3d27d4eb4f)
	var i uintptr
	for ; i+8 <= size; i += 8 {
		n := uint64(b[i]) | uint64(b[i+1])<<8 | uint64(b[i+2])<<16 | uint64(b[i+3])<<24 |
			uint64(b[i+4])<<32 | uint64(b[i+5])<<40 | uint64(b[i+6])<<48 | uint64(b[i+7])<<56
		x, y = mix(x^n, 0xd6e8feb86659fd93), mix(y+n, 0xa0761d6478bd642f)
	}
	var rest uint64
	for ; i < size; i++ {
		rest = rest<<8 | uint64(b[i])
	}
	return [2]uint64{mix(x^rest, 0xe7037ed1a0b428db), mix(y+rest, 0x8ebc6af09c88c6e3)}
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo ^ bits.RotateLeft64(a, 29)
}

// seen is a set of hashes.
type seen struct {
	slots [][2]uint64
	n     int
}

func newSeen() seen { return seen{slots: make([][2]uint64, 1<<16)} }

// add reports whether the hash is new.
func (s *seen) add(h [2]uint64) bool {
	if 2*s.n >= len(s.slots) {
		s.grow()
	}
	if h == [2]uint64{} {
		h[0] = 1
	}
	if !s.put(h) {
		return false
	}
	s.n++
	return true
}

func (s *seen) put(h [2]uint64) bool {
	last := uint64(len(s.slots) - 1)
	for i := h[0] & last; ; i = (i + 1) & last {
		switch s.slots[i] {
		case h:
			return false
		case [2]uint64{}:
			s.slots[i] = h
			return true
		}
	}
}

func (s *seen) grow() {
	old := s.slots
	s.slots = make([][2]uint64, 2*len(old))
	for _, h := range old {
		if h != ([2]uint64{}) {
			s.put(h)
		}
	}
}
