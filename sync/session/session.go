// Package session holds the two pure halves of the talk between a site and the
// centre: what the centre answers to a hello, and what a site may do in which
// state. There is no clock, no network and no store in it.
package session

import (
	"fmt"

	"dockfill/sync/wire"
)

// State is what a site may do.
type State string

// The states. Only Active allocates.
const (
	Unverified  State = "UNVERIFIED"   // no life of its own yet: it waits for the centre
	Active      State = "ACTIVE"       // it receives and allocates, with or without a network
	CaptureOnly State = "CAPTURE-ONLY" // it was fenced or found damage: it allocates nothing
)

// Verdict is the centre's answer to a hello.
type Verdict string

// The verdicts.
const (
	Continue     Verdict = "continue"
	Mint         Verdict = "mint"          // give the site a new incarnation and an empty log
	MintedBefore Verdict = "minted-before" // this very process asked already: give the same answer
	DeadLife     Verdict = "dead-life"     // the site speaks from an incarnation that was replaced
	CentreBehind Verdict = "centre-behind" // the site has seen more than the centre holds
	Clone        Verdict = "clone"         // another process lives under the same run of this database
	Diverged     Verdict = "diverged"      // the site's log is shorter than what the centre stored, or another
)

// Known is what the centre holds about a site.
type Known struct {
	Incarnation string // "" where none was minted
	Run         int64  // of the process that was welcomed last
	Nonce       string
	Stored      wire.Cursor
	Commands    wire.CommandCursor // the last command written for the site
	// HashAt is the centre's hash at a sequence number up to Stored.Seq; the
	// zero hash where it holds none.
	HashAt func(seq int64) wire.Hash
}

// Judge gives the first verdict that fits the hello.
func Judge(k Known, h *wire.Hello) Verdict {
	switch {
	case h.Incarnation == "" && h.Nonce == k.Nonce && k.Incarnation != "":
		return MintedBefore
	case h.Incarnation == "":
		return Mint
	case h.Incarnation != k.Incarnation:
		return judgeStranger(k)
	case centreBehind(k, h):
		return CentreBehind
	case h.Run <= k.Run && h.Nonce != k.Nonce:
		return Clone
	case diverged(k, h):
		return Diverged
	}
	return Continue
}

// judgeStranger meets an incarnation that is not the present one: one that the
// centre replaced, or one that it never heard of because it is itself restored
// from before.
func judgeStranger(k Known) Verdict {
	if k.Incarnation == "" {
		return CentreBehind
	}
	return DeadLife
}

func centreBehind(k Known, h *wire.Hello) bool {
	if h.Stored.Seq > k.Stored.Seq {
		return true
	}
	return h.Commands.Centre == k.Commands.Centre && h.Commands.N > k.Commands.N
}

// diverged compares histories. A head behind what is stored is a shorter log,
// except from the process that was welcomed: there it is a hello that the
// carrier delivered late.
func diverged(k Known, h *wire.Hello) bool {
	if h.HeadAt.Seq < k.Stored.Seq && h.Nonce != k.Nonce {
		return true
	}
	for _, c := range []wire.Cursor{h.HeadAt, h.Stored} {
		if c.Seq > 0 && c.Seq <= k.Stored.Seq && k.HashAt(c.Seq) != c.Hash {
			return true
		}
	}
	return false
}

// Explain says a verdict that fences to the person at the site, with what to do.
func Explain(v Verdict) string {
	switch v {
	case DeadLife:
		return "This database was replaced by a newer one of the same site. Its scans are kept; do not receive with it. Call central operations."
	case CentreBehind:
		return "The centre holds less than this site has seen confirmed: it was restored from an older copy. Receiving stops until operations have recovered it. Nothing here is lost."
	case Clone:
		return "Another agent with this site's database was welcomed already. Stop the copy, or call central operations to say which one is genuine."
	case Diverged:
		return "This database holds another history than the centre stored: it was restored from a copy. Receiving stops until operations decide. Nothing here is lost."
	}
	return ""
}

// Site is the site's half. It is fed what happens and says what the site may do.
type Site struct {
	State  State
	Nonce  string // of this process; never used twice
	Reason string // code of why State is CaptureOnly
	Text   string // the sentence to it
}

// Start is the state of a process that found a life of its own in its database,
// or none.
func Start(nonce, incarnation string) Site {
	s := Site{State: Active, Nonce: nonce}
	if incarnation == "" {
		s.State = Unverified
	}
	return s
}

// Meant reports whether a message down is for this process in this life. A
// welcome may name a new life, and only to a site without one.
func (s Site) Meant(m wire.Message, incarnation string) bool {
	h := m.Header()
	if h.Nonce != s.Nonce {
		return false
	}
	if w, ok := m.(*wire.Welcome); ok && w.Minted {
		return incarnation == ""
	}
	return h.Incarnation == incarnation
}

// Welcomed moves the site on a welcome. mine is the site's own hash at the
// welcome's stored cursor, the zero hash where the log does not reach it.
func (s *Site) Welcomed(w *wire.Welcome, mine wire.Hash) error {
	if !w.Minted && mine != w.Stored.Hash {
		s.Fenced(string(Diverged), Explain(Diverged))
		return fmt.Errorf("the centre's hash at event %d is not this site's", w.Stored.Seq)
	}
	if s.State == Unverified {
		s.State = Active
	}
	return nil
}

// Fenced stops the site from allocating until a person has decided.
func (s *Site) Fenced(reason, text string) {
	s.State, s.Reason, s.Text = CaptureOnly, reason, text
}
