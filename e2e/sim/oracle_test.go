package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"dockfill/agent/dock"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// oracle knows what the workers heard, what stands in each site's log, and what the centre
// holds, and finds what does not fit.
type oracle struct {
	w     *world
	facts map[place][]*fact // of one place there are several where a database was put back
	byTag map[string][]*fact
	given map[allocation.LineID]int64 // by the logs of all sites and lives
	least map[allocation.LineID]int64 // given when events of it were gone for good
	bound map[allocation.LineID]int64 // effective quantity, as the centre said last
	dirty map[allocation.LineID]bool  // given has grown since it was compared
	stale bool                        // the centre was put back: what it says of lines may be old
	aside []*captured
	codes map[string]int // scans of a code at a site, by all logs
	seen  int64          // rows of the centre's log, and of its quarantine, that were read
	forks int64
}

// captured is a scan that was set aside with a good tone: an event comes of it later.
type captured struct {
	m       *machine
	station allocation.StationID
	code    string
}

// place is where an event stands.
type place struct {
	site allocation.SiteID
	life string
	seq  int64
}

// fact is an event that was committed at a site.
type fact struct {
	place
	hash  wire.Hash
	event wire.Event
	tones int        // good ones that were heard of it
	there bool       // the centre has it in the log
	kept  bool       // or in quarantine
	gone  bool       // the disk with it was lost before the centre had it
	on    []*machine // whose databases have it, or had it before it was safe
}

func newOracle(w *world) *oracle {
	return &oracle{
		w: w, facts: map[place][]*fact{}, byTag: map[string][]*fact{}, codes: map[string]int{}, least: map[allocation.LineID]int64{}, given: map[allocation.LineID]int64{},
		bound: map[allocation.LineID]int64{}, dirty: map[allocation.LineID]bool{},
	}
}

// good are the verdicts after which a worker puts the unit where it was told.
var good = []allocation.Verdict{allocation.Allocated, allocation.Stock, allocation.Held}

// tone is what a worker heard: a good one is one event, and fills no line beyond its brim.
func (o *oracle) tone(m *machine, station allocation.StationID, code string, t dock.Feedback) {
	if t.Why == allocation.WhyUndone && t.Seq == 0 {
		o.withdraw(m, station)
	}
	if !slices.Contains(good, t.Verdict) {
		return
	}
	o.w.tally.tones++
	s := m.s
	if t.Seq == 0 {
		o.aside = append(o.aside, &captured{m, station, code})
		o.w.tally.visit("a scan was set aside")
		return
	}
	life := o.learn(m)
	f := o.newest(place{s.id, life, t.Seq})
	if f == nil || f.event.Scan == nil || string(f.event.Scan.Code) != code || f.event.Scan.Station != station {
		o.w.tally.lost++
		o.w.bad("lost", "a good tone for %s at %s, and event %d of %s does not tell of it", code, s.id, t.Seq, life)
		return
	}
	if f.tones++; f.tones > 1 {
		o.w.tally.doubled++
		o.w.bad("doubled", "two good tones for event %d of %s", t.Seq, life)
	}
	o.once(s, code)
	o.brim()
}

// withdraw is told that the newest scan that a station set aside was taken back.
func (o *oracle) withdraw(m *machine, station allocation.StationID) {
	for i := len(o.aside) - 1; i >= 0; i-- {
		if c := o.aside[i]; c.m == m && c.station == station {
			o.aside = slices.Delete(o.aside, i, i+1)
			return
		}
	}
}

// takenIn looks for what was set aside: all of it is in a log by now.
func (o *oracle) takenIn() {
	for _, c := range o.aside {
		if o.codes[string(c.m.s.id)+" "+c.code] == 0 {
			o.w.tally.lost++
			o.w.bad("lost", "%s set %s aside with a good tone, and no event came of it", c.m.s.id, c.code)
		}
	}
	o.aside = nil
}

// once finds a unit that its site counts twice.
func (o *oracle) once(s *site, code string) {
	n := 0
	var receipts []*fact
	for _, f := range o.byTag[string(s.id)+" "+code] {
		if !f.gone {
			n++
			receipts = append(receipts, f)
		}
	}
	if n > 1 {
		o.w.tally.doubled++
		o.w.bad("doubled", "%s counts %s %d times, in %s %d and %s %d", s.id, code, n, receipts[0].life, receipts[0].seq, receipts[1].life, receipts[1].seq)
	}
}

func (o *oracle) newest(p place) *fact {
	all := o.facts[p]
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// learn reads what is new in a site's log, and gives the life that it leads.
func (o *oracle) learn(m *machine) (life string) {
	s, t := m.s, m.tables()
	if t == nil {
		return ""
	}
	t.each(func(row func(...any)) { row(&life) }, `SELECT incarnation FROM meta`)
	if life != m.readLife {
		m.readLife, m.readSeq = life, 0
		// What the life before logged last moved aside with it.
		t.each(func(row func(...any)) {
			f := &fact{place: place{site: s.id}}
			o.take(m, f, row, &f.life)
		}, `SELECT l.incarnation, p.seq, p.hash, p.body FROM past p JOIN life l ON l.n = p.life ORDER BY l.n, p.seq`)
	}
	t.each(func(row func(...any)) {
		f := &fact{place: place{site: s.id, life: life}}
		o.take(m, f, row)
		m.readSeq = f.seq
	}, `SELECT seq, hash, body FROM event WHERE seq > ? ORDER BY seq`, m.readSeq)
	return life
}

// take adds an event that was not known.
func (o *oracle) take(m *machine, f *fact, row func(...any), first ...any) {
	var hash, body []byte
	row(append(first, &f.seq, &hash, &body)...)
	copy(f.hash[:], hash)
	for _, known := range o.facts[f.place] {
		if known.hash == f.hash {
			known.gone = false
			if !slices.Contains(known.on, m) {
				known.on = append(known.on, m)
			}
			return
		}
	}
	var err error
	if f.event, err = wire.ParseEvent(bytes.Clone(body)); err != nil {
		o.w.bad("strange", "event %d of %s cannot be read: %v", f.seq, f.life, err)
		o.w.tally.strange++
		return
	}
	f.on = []*machine{m}
	o.facts[f.place] = append(o.facts[f.place], f)
	if len(o.facts[f.place]) > 1 {
		o.w.tally.visit("one place in a log was written twice")
	}
	o.add(f)
}

// add counts what an event gives to lines and takes from them.
func (o *oracle) add(f *fact) {
	o.eachMove(f.event, func(line allocation.LineID, n int64) {
		o.given[line] += n
		o.dirty[line] = true
	})
	if s := f.event.Scan; s != nil {
		o.codes[string(f.site)+" "+string(s.Code)]++
	}
	if s := f.event.Scan; s != nil && len(s.Receipts) > 0 && s.Receipts[0].Serial != "" {
		tag := string(f.site) + " " + string(s.Code)
		o.byTag[tag] = append(o.byTag[tag], f)
	}
	if u := f.event.Undo; u != nil {
		for _, seq := range u.Seqs {
			o.undo(f, seq)
		}
	}
}

// undo lets go of the unit of a scan that was taken back.
func (o *oracle) undo(f *fact, seq int64) {
	for _, g := range o.facts[place{f.site, f.life, seq}] {
		if g.event.Scan != nil {
			tag := string(g.site) + " " + string(g.event.Scan.Code)
			o.byTag[tag] = slices.DeleteFunc(o.byTag[tag], func(x *fact) bool { return x == g })
		}
	}
}

func (o *oracle) eachMove(e wire.Event, do func(line allocation.LineID, n int64)) {
	moves := func(all []wire.Move) {
		for _, m := range all {
			if l := m.FromLine(); l != "" {
				do(l, -m.Qty)
			}
			if l := m.ToLine(); l != "" {
				do(l, m.Qty)
			}
		}
	}
	switch {
	case e.Scan != nil:
		for _, r := range e.Scan.Receipts {
			for _, a := range r.Allocations {
				do(a.Line, a.Qty)
			}
		}
		moves(e.Scan.Moves)
	case e.Undo != nil:
		moves(e.Undo.Moves)
	case e.Applied != nil:
		moves(e.Applied.Moves)
	case e.Deed != nil:
		moves(e.Deed.Moves)
	}
}

// brim compares the lines that have grown with what they may hold.
func (o *oracle) brim() {
	for _, line := range slices.Sorted(maps.Keys(o.dirty)) {
		o.compare(line, o.effective(line))
	}
	clear(o.dirty)
}

func (o *oracle) compare(line allocation.LineID, most int64) {
	if o.given[line] > max(most, o.least[line]) {
		o.w.tally.over++
		o.w.bad("over-allocated", "line %s was given %d of %d", line, o.given[line], most)
	}
}

// effective is what a line may hold. The word of a centre that was put back to a copy
// counts only where it raises it, until all agree again.
func (o *oracle) effective(line allocation.LineID) int64 {
	o.w.centre.tables().each(func(row func(...any)) {
		var n int64
		row(&n)
		o.says(line, n)
	}, `SELECT effective FROM line WHERE id = ?`, string(line))
	return o.bound[line]
}

func (o *oracle) says(line allocation.LineID, n int64) {
	if !o.stale || n > o.bound[line] {
		o.bound[line] = n
	}
}

// look compares all: a cancel that was settled too early shows here.
func (o *oracle) look() {
	o.learnAll()
	o.w.centre.tables().each(func(row func(...any)) {
		var line allocation.LineID
		var n int64
		row(&line, &n)
		o.says(line, n)
	}, `SELECT id, effective FROM line`)
	for line := range o.given {
		if o.given[line] > o.bound[line] {
			o.dirty[line] = true
		}
	}
	o.brim()
}

func (o *oracle) learnAll() {
	for _, s := range o.w.sites {
		for _, m := range s.machines() {
			o.learn(m)
		}
	}
}

// arrived notes which facts the centre has. It must know all that can have arrived.
func (o *oracle) arrived() {
	o.learnAll()
	has := func(set func(*fact), last *int64, from string) {
		o.w.centre.tables().each(func(row func(...any)) {
			var p place
			var hash []byte
			row(last, &p.site, &p.life, &p.seq, &hash)
			for _, f := range o.facts[p] {
				if bytes.Equal(f.hash[:], hash) {
					set(f)
				}
			}
		}, `SELECT rowid, site, incarnation, seq, hash FROM `+from+` WHERE rowid > ? ORDER BY rowid`, *last)
	}
	has(func(f *fact) { f.there = true }, &o.seen, "event")
	has(func(f *fact) { f.kept = true; o.w.tally.visit("a fork was quarantined") }, &o.forks, "quarantine")
}

// forget is told that the centre was put back. What neither its copy has nor any machine is
// not missed.
func (o *oracle) forget() {
	o.seen, o.forks, o.stale = 0, 0, true
	for _, all := range o.facts {
		for _, f := range all {
			f.there, f.kept = false, false
		}
	}
	o.arrived()
	for _, all := range o.facts {
		for _, f := range all {
			f.gone = f.gone || len(f.on) == 0 && !f.there && !f.kept
		}
	}
}

// lose is told that a machine's disk is gone: what only lay there is not missed.
func (o *oracle) lose(m *machine) {
	o.learn(m)
	o.arrived()
	o.aside = slices.DeleteFunc(o.aside, func(c *captured) bool { return c.m == m })
	m.unread()
	for _, all := range o.facts {
		for _, f := range all {
			i := slices.Index(f.on, m)
			if i < 0 {
				continue
			}
			f.on = slices.Delete(f.on, i, i+1)
			f.gone = len(f.on) == 0 && !f.there && !f.kept
		}
	}
}

// settled is told that all agree: every fact is at the centre, which adds them up as the
// logs do.
func (o *oracle) settled() {
	if o.stale {
		o.concede()
	}
	o.look()
	o.arrived()
	o.takenIn()
	there := map[allocation.LineID]int64{}
	for p, all := range o.facts {
		for _, f := range all {
			if !f.there && !f.kept && !f.gone {
				o.w.tally.lost++
				o.w.bad("lost", "event %d of %s at %s is not at the centre", p.seq, p.life, p.site)
			}
			if f.there {
				o.eachMove(f.event, func(line allocation.LineID, n int64) { there[line] += n })
			}
		}
	}
	o.w.centre.tables().each(func(row func(...any)) {
		var line allocation.LineID
		var n int64
		row(&line, &n)
		if n != there[line] {
			o.w.tally.apart++
			o.w.bad("unconverged", "the centre counts %d for line %s, the logs %d", n, line, there[line])
		}
	}, `SELECT id, allocated FROM line`)
	o.w.centre.tables().each(func(row func(...any)) {
		var p place
		var why string
		row(&p.site, &p.life, &p.seq, &why)
		o.w.tally.strange++
		o.w.bad("strange", "the centre cannot apply event %d of %s: %s", p.seq, p.life, why)
	}, `SELECT site, incarnation, seq, reason FROM poison`)
	o.stale = false
	o.look()
}

// concede raises what a line may hold to what it was given by events that are gone for
// good: the centre no longer knows of them, and a cancel meanwhile met an older state. From
// there on nothing more may be given.
func (o *oracle) concede() {
	for _, all := range o.facts {
		for _, f := range all {
			if f.gone {
				o.eachMove(f.event, func(line allocation.LineID, _ int64) { o.least[line] = max(o.least[line], o.given[line]) })
			}
		}
	}
}

// apart says in what a site and the centre do not agree; "" where they do.
func (o *oracle) apart() string {
	for _, s := range o.w.sites {
		if why := o.apartAt(s); why != "" {
			return fmt.Sprintf("%s: %s", s.id, why)
		}
	}
	return ""
}

func (o *oracle) apartAt(s *site) string {
	if s.main.agent == nil {
		return "it does not run"
	}
	st, err := s.main.agent.Status(background())
	if err != nil {
		return err.Error()
	}
	switch {
	case st.State != "ACTIVE":
		return st.State + ": " + st.Reason
	case st.Stored != st.Head:
		return fmt.Sprintf("the log ends at %d, confirmed is %d", st.Head, st.Stored)
	}
	left := 0
	s.main.tables().each(func(row func(...any)) { row(&left) }, `SELECT count(*) FROM life WHERE stored_seq < head_seq`)
	if left > 0 {
		return fmt.Sprintf("%d logs of earlier lives are not confirmed", left)
	}
	var life string
	var told, applied int64
	o.w.centre.tables().each(func(row func(...any)) { row(&life, &told, &applied) }, `SELECT incarnation, commands, applied FROM site WHERE site = ?`, string(s.id))
	switch {
	case life != st.Incarnation:
		return fmt.Sprintf("it lives as %s, the centre has %s", st.Incarnation, life)
	case told != applied:
		return fmt.Sprintf("%d commands were written, %d applied", told, applied)
	}
	here := registers(s.main.tables(), `SELECT id, granted, used, undone, returned FROM line WHERE granted > 0`)
	there := registers(o.w.centre.tables(), `SELECT line, granted, used, undone, returned FROM register WHERE granted > 0 AND site = ? AND incarnation = ?`, string(s.id), life)
	if !maps.Equal(here, there) {
		return fmt.Sprintf("registers differ: %v here, %v at the centre", here, there)
	}
	return ""
}

func registers(t *tables, query string, args ...any) map[string][4]int64 {
	all := map[string][4]int64{}
	t.each(func(row func(...any)) {
		var line string
		var r [4]int64
		row(&line, &r[0], &r[1], &r[2], &r[3])
		all[line] = r
	}, query, args...)
	return all
}
