package session

import (
	"fmt"
	"slices"

	"dockfill/sync/wire"
)

// Site is the site's half of one process. It is fed what happens and says what the
// site may do.
type Site struct {
	State       State
	Nonce       string   // of this process; never used twice
	Incarnation string   // the life of the database; "" where it has none
	Earlier     []string // lives that the database left and still holds events of
	Centre      string   // the life of the centre that is followed; "" before the first welcome
	Doubt       string   // why the anchors, or the centre's history, do not vouch for the database
	Reason      string   // code of why State is CaptureOnly
	Text        string   // the sentence to it
}

// Start is the state of a process that found this life, and this life of the centre,
// in its database. doubt is why its anchors do not agree with it, "" where they do.
func Start(nonce, incarnation, centre, doubt string) Site {
	s := Site{State: Active, Nonce: nonce, Incarnation: incarnation, Centre: centre, Doubt: doubt}
	if incarnation == "" || doubt != "" {
		s.State = Unverified
	}
	return s
}

// Meant reports whether a message down is for this process in this life, or is about
// the log of an earlier one. A welcome to a new life names the one that it replaces,
// so that none is taken twice or late.
func (s Site) Meant(m wire.Message) bool {
	h := m.Header()
	if h.Nonce != s.Nonce {
		return false
	}
	switch m := m.(type) {
	case *wire.Welcome:
		if m.Minted {
			return m.Instead == s.Incarnation && h.Incarnation != s.Incarnation
		}
	case *wire.Commands, *wire.Fence:
		return h.Incarnation == s.Incarnation
	}
	return h.Incarnation == s.Incarnation || slices.Contains(s.Earlier, h.Incarnation)
}

// Turn is what a site does next, after a welcome.
type Turn int

// The turns.
const (
	Ignore Turn = iota // it answers a hello from before the site followed this life of the centre
	GoOn               // send what follows the welcome's cursor
	Follow             // note that commands come from this life of the centre, from 1; then say hello again
	Adopt              // take the snapshot and begin the new life, then call Begun
	Ask                // say hello again: more was logged meanwhile, or the histories differ
)

// Welcomed says what a welcome leads to, and moves the site. mine is the site's own
// hash at the welcome's cursor, the zero hash where that log does not reach it; head
// is the end of the log. The error says that the histories differ.
func (s *Site) Welcomed(w *wire.Welcome, mine wire.Hash, head wire.Cursor) (Turn, error) {
	switch {
	case w.Followed != s.Centre:
		return Ignore, nil
	case w.Minted && s.Incarnation != "" && w.Kept != head:
		return Ask, nil
	case w.Minted:
		return Adopt, nil
	case !Believes(w.Stored, mine):
		return Ask, s.Differs(w.Stored.Seq)
	}
	if w.Facts && w.Incarnation == s.Incarnation && s.State == Active {
		s.Fenced(string(DeadLife), Explain(DeadLife))
	}
	if w.Centre == s.Centre {
		return GoOn, nil
	}
	s.Centre = w.Centre
	return Follow, nil
}

// Differs stops the site where the centre holds another history of its life. It says
// so in its next hello, and its events then go out from further back, as facts.
func (s *Site) Differs(seq int64) error {
	s.Doubt = fmt.Sprintf("the centre's event %d is not this site's", seq)
	s.Fenced(string(Diverged), Explain(Diverged))
	return fmt.Errorf("the centre's hash at event %d is not this site's", seq)
}

// Begun is told that the life of a welcome is stored, with its snapshot and a flushed
// anchor. It is the only way to Active over the line: what the anchors do not vouch
// for is never simply gone on with.
func (s *Site) Begun(w *wire.Welcome) {
	if s.Incarnation != "" {
		s.Earlier = append(slices.Clip(s.Earlier), s.Incarnation)
	}
	s.State, s.Incarnation, s.Centre = Active, w.Incarnation, w.Centre
	s.Doubt, s.Reason, s.Text = "", "", ""
}

// Fenced stops the site from allocating until it is given a new life, which it asks for
// by the doubt in its hello; whoever is fenced as a clone waits for a person first.
func (s *Site) Fenced(reason, text string) {
	s.State, s.Reason, s.Text = CaptureOnly, reason, text
	if s.Doubt == "" {
		s.Doubt = reason
	}
}

// Takes reports whether commands that are meant for this process may be applied: a
// life of the centre that was left may have granted what the new one does not know of.
func (s Site) Takes(m *wire.Commands) bool {
	return s.State == Active && m.Centre == s.Centre
}

// Confirms reports whether an acknowledgement that is meant for this process counts: it
// tells of what the centre that is followed now has, and not of what one had before it
// was put back to an older copy.
func (s Site) Confirms(a *wire.Ack) bool { return a.Centre == s.Centre }

// Fresh gives the commands of a message that follow the cursor, and the number
// of the first of them; none where all were applied before or where there is a
// gap. A new life of the centre counts from 1.
func Fresh(at wire.CommandCursor, m *wire.Commands) (first int64, cmds []wire.Command) {
	next := int64(1)
	if m.Centre == at.Centre {
		next = at.N + 1
	}
	skip := next - m.First
	if skip < 0 || skip >= int64(len(m.Commands)) {
		return 0, nil
	}
	return next, m.Commands[skip:]
}

// Believes reports whether a cursor of the centre is a place in this very log; mine is
// the log's own hash there. Only then are events up to it confirmed, or, by the safe
// one, forgotten.
func Believes(c wire.Cursor, mine wire.Hash) bool {
	return mine == c.Hash && mine != wire.Hash{}
}
