package check

import (
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// Row is one rule, a fault, and what is broken without the rule.
type Row struct {
	Rule    string
	Fault   string
	Promise string
	Steps   int    // of the shortest way
	Known   string // steps that were known before, of another size; "" where nobody had looked
	Costs   int    // thousands of states until it is found, where they are many
	scope   Scope
	off     func(*rules)
}

const (
	over = "over-allocation"
	lost = "lost scan"
)

// Rows is why each rule stands.
func Rows() []Row {
	rights := func(f ...int) Scope { return small(Scope{Faults: once(f...)}) }
	logs := func(f int) Scope { return Scope{Faults: once(f), Budget: Budget{Stock: 2, Backups: 1}} }
	unnoticed := Scope{Faults: once(SiteRestore), Budget: Budget{Stock: 2}, Unnoticed: true}
	return []Row{
		{Rule: "what the anchors do not vouch for waits for the centre", Fault: "site restore", Promise: over, Steps: 7, Known: "8", scope: rights(SiteRestore), off: trustAll},
		{Rule: "what the anchors do not vouch for waits for the centre", Fault: "clone", Promise: over, Steps: 6, Known: "7", scope: rights(CloneSite), off: trustAll},
		{Rule: "what a dead life held stays committed", Fault: "disk", Promise: over, Steps: 11, Known: "9", scope: rights(Disk), off: func(r *rules) { r.leavesDead = true }},
		{Rule: "a grant names its life, and its message the process", Fault: "disk", Promise: over, Steps: 11, Known: "10", scope: resending(rights(Disk)), off: anyLife},
		{Rule: "only the site frees a right", Fault: "reclaim", Promise: over, Steps: 10, Known: "9", scope: rights(Reclaim), off: func(r *rules) { r.freesByTime = true }},
		{Rule: "totals with a number, not deltas", Fault: "repeat", Promise: over, Steps: 6, Known: "7", scope: rights(Repeat), off: deltas},
		{Rule: "the hash, not the number alone", Fault: "site restore, unnoticed", Promise: lost, Steps: 12, Known: "7", scope: unnoticed, off: numbersAlone},
		{Rule: "delete only below safe", Fault: "centre restore", Promise: lost, Steps: 8, Known: "7", scope: logs(CentreRestore), off: func(r *rules) { r.forgetsStored = true }},
		{Rule: "what a lost site held stays committed", Fault: "lost", Promise: over, Steps: 9, Known: "9", scope: rights(Lost), off: func(r *rules) { r.freesLost = true }},
		{Rule: "a person attests what was counted", Fault: "disk", Promise: over, Steps: 12, scope: rights(Disk), off: func(r *rules) { r.counted = func(int64) int64 { return 0 } }},
		{Rule: "a life is granted nothing before a hello under it", Fault: "lost, twice", Promise: over, Steps: 14, scope: rights(Lost, Lost), off: func(r *rules) { r.opensEarly = true }},
		{Rule: "a cancel settles when the rights are back", Fault: "cancel", Promise: over, Steps: 5, Known: "6", scope: rights(Cancel), off: settlesAtOnce},
		{Rule: "a cancel does not settle while a centre waits for reports", Fault: "centre restore + cancel", Promise: over, Steps: 6, scope: rights(CentreBare, Cancel), off: func(r *rules) { r.settlesFrozen = true }},
		{Rule: "a new life begins without rights", Fault: "clone, at work", Promise: over, Steps: 6, scope: atWork(rights(CloneSite)), off: func(r *rules) { r.keepsRights = true }},
		{Rule: "a unit that an earlier life gave frees no right", Fault: "clone, at work", Promise: over, Steps: 11, scope: undoing(atWork(rights(CloneSite))), off: freesAnyUnit},
		{Rule: "a welcome to a new life names the one it replaces", Fault: "lost + repeat", Promise: over, Steps: 18, Costs: 435, scope: resending(rights(Lost, Lost, Repeat)), off: anyWelcome},
		{Rule: "the witness is flushed before a grant is sent", Fault: "centre restore, witness", Promise: over, Steps: 12, scope: rights(CentreRestore), off: func(r *rules) { r.flushesLate = true }},
		{Rule: "the witness has the lives", Fault: "centre restore, witness + disk", Promise: over, Steps: 18, Costs: 265, scope: rights(CentreRestore, Disk), off: func(r *rules) { r.forgetsLives = true }},
		{Rule: "the witness has the effective quantities", Fault: "centre restore, witness + cancel", Promise: over, Steps: 9, scope: rights(CentreRestore, Cancel), off: func(r *rules) { r.forgetsBounds = true }},
		{Rule: "a restored centre without the witness freezes", Fault: "centre restore", Promise: over, Steps: 12, Known: "10", scope: rights(CentreBare), off: thawed},
		{Rule: "commands of a centre that was left are refused", Fault: "centre restore", Promise: over, Steps: 19, Known: "12", scope: rights(CentreBare), off: func(r *rules) { r.takes = anyCentre }},
		{Rule: "the witness, or a report by the very life", Fault: "centre restore + disk", Promise: over, Steps: 20, Known: "15-16", Costs: 222, scope: rights(CentreBare, Disk), off: anyReport},
		{Rule: "the witness, or a report by the very life", Fault: "centre restore + site restore", Promise: over, Steps: 21, Known: "15-16", Costs: 305, scope: rights(CentreBare, SiteRestore), off: anyReport},
		{Rule: "the witness, or a report by the very life", Fault: "centre restore + clone", Promise: over, Steps: 20, Known: "15-16", Costs: 2361, scope: rights(CentreBare, CloneSite), off: anyReport},
		{Rule: "a database in doubt is never gone on with", Fault: "site restore", Promise: over, Steps: 10, scope: rights(SiteRestore), off: ignoreDoubt},
		{Rule: "a database in doubt is never gone on with", Fault: "clone", Promise: over, Steps: 9, scope: rights(CloneSite), off: ignoreDoubt},
		{Rule: "an acknowledgement names the centre's life", Fault: "centre restore", Promise: lost, Steps: 9, scope: logs(CentreRestore), off: anyAck},
		{Rule: "a welcome names the centre that the hello followed", Fault: "centre restore + crash", Promise: over, Steps: 23, Costs: 407, scope: rights(CentreBare, Crash), off: goesBack},
	}
}

// Limit is what no rule prevents.
type Limit struct {
	Rule  string
	Steps int
	class int
	scope Scope
}

// Limits are the copies that nothing can notice before they meet the centre.
func Limits() []Limit {
	limit := func(rule string, steps, class int) Limit {
		return Limit{rule, steps, class, small(Scope{Faults: once(class), Unnoticed: true})}
	}
	return []Limit{
		limit("a site's database is put back into its place, within a block of sequence numbers after a crash", 7, SiteRestore),
		limit("a site's machine is cloned with all that tells it apart", 6, CloneSite),
		limit("the centre is put back by hand, and its witness with it", 9, CentreBare),
	}
}

// small is one line of one unit, and what is needed to give it twice. Without backups
// of the sites' logs in view, what they tell the centre is left out.
func small(s Scope) Scope {
	s.Wanted = [lines]uint8{1, 0}
	s.Budget = Budget{Grants: 2, Scans: 2}
	s.BackedUp = s.Faults[CentreRestore]+s.Faults[CentreBare] > 0
	s.Mute = true
	return s
}

func resending(s Scope) Scope {
	s.Budget.Resends = 1
	return s
}

func once(classes ...int) (f Faults) {
	for _, c := range classes {
		f[c]++
	}
	return f
}

func trustAll(r *rules) { r.agrees = func(session.Anchor, session.Database) error { return nil } }

// atWork begins where the unit is granted and the grant was heard of.
func atWork(s Scope) Scope {
	s.Working = true
	return s
}

func undoing(s Scope) Scope {
	s.Budget.Undos, s.Budget.Scans, s.Mute = 2, 3, false
	return s
}

// freesAnyUnit counts a unit that leaves a line as one of this life's.
func freesAnyUnit(r *rules) {
	r.undo = func(h *rights.Held) (rights.Change, error) {
		h.Undone++
		return rights.Change{Undone: 1}, nil
	}
}

func anyWelcome(r *rules) {
	r.meant = func(s session.Site, m wire.Message) bool {
		if w, ok := m.(*wire.Welcome); ok && w.Minted {
			return w.Nonce == s.Nonce && w.Incarnation != s.Incarnation
		}
		return session.Site.Meant(s, m)
	}
	r.welcomed = func(s *session.Site, w *wire.Welcome, mine wire.Hash, head wire.Cursor) (session.Turn, error) {
		if w.Minted {
			return session.Adopt, nil
		}
		return s.Welcomed(w, mine, head)
	}
}

func anyLife(r *rules) {
	r.anyProcess = true
	r.names = func(string, string) bool { return true }
	r.meant = func(s session.Site, m wire.Message) bool {
		if _, ok := m.(*wire.Commands); ok {
			return true
		}
		return session.Site.Meant(s, m)
	}
}

func deltas(r *rules) {
	r.grant = func(h *rights.Held, _ int64) rights.Change { h.Granted++; return rights.Change{} }
	r.fresh = func(_ wire.CommandCursor, m *wire.Commands) (int64, []wire.Command) { return m.First, m.Commands }
}

func numbersAlone(r *rules) {
	r.believes = func(_ wire.Cursor, mine wire.Hash) bool { return mine != wire.Hash{} }
	r.place = func(stored wire.Cursor, m *wire.Events, hashes []wire.Hash, _ func(int64) wire.Hash) (session.Place, int) {
		switch last := m.First + int64(len(hashes)) - 1; {
		case m.First > stored.Seq+1:
			return session.Gap, 0
		case last <= stored.Seq:
			return session.Seen, 0
		}
		return session.Next, int(stored.Seq + 1 - m.First)
	}
}

func anyCentre(s session.Site, _ *wire.Commands) bool { return s.State == session.Active }

func settlesAtOnce(r *rules) {
	r.settled = func(wanted int64, _ []rights.Registers) int64 { return wanted }
}

func thawed(r *rules) { r.mayGrant = func(session.Recovery) bool { return true } }

func anyAck(r *rules) { r.confirms = func(session.Site, *wire.Ack) bool { return true } }

func goesBack(r *rules) {
	r.welcomed = func(s *session.Site, w *wire.Welcome, mine wire.Hash, head wire.Cursor) (session.Turn, error) {
		late := *w
		late.Followed = s.Centre
		return s.Welcomed(&late, mine, head)
	}
}

// anyReport is the rule as it is told in short: all sites have reported.
func anyReport(r *rules) {
	r.reports = func(r *session.Recovery, centre string, h *wire.Hello) {
		if h.Commands.Centre == centre {
			r.Attest(h.Site)
		}
	}
}

func ignoreDoubt(r *rules) {
	r.judge = func(k session.Known, h *wire.Hello) session.Answer {
		sure := *h
		sure.Doubt, sure.Run = "", k.Run+1
		return session.Judge(k, &sure)
	}
	r.welcomed = func(s *session.Site, w *wire.Welcome, mine wire.Hash, head wire.Cursor) (session.Turn, error) {
		turn, err := s.Welcomed(w, mine, head)
		if s.State == session.Unverified && !w.Facts && turn == session.GoOn {
			s.State = session.Active
		}
		return turn, err
	}
}
