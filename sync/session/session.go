// Package session holds the two pure halves of the talk between a site and the
// centre: what the centre answers to a hello and does with a batch, and what a site
// may do in which state. There is no clock, no network and no store in it.
//
// site.go and anchor.go are the site's half; judge.go, ingest.go and recovery.go are
// the centre's. The agent, the centre and the checker call the same functions.
package session

// State is what a site may do.
type State string

// The states. Only Active allocates.
const (
	Unverified  State = "UNVERIFIED"   // it has no life, or its anchors do not vouch for its database: it waits for the centre
	Active      State = "ACTIVE"       // it receives and allocates, with or without a network
	CaptureOnly State = "CAPTURE-ONLY" // it was fenced or found damage: it allocates nothing
)

// Verdict is the centre's answer to a hello.
type Verdict string

// The verdicts.
const (
	Continue     Verdict = "continue"
	Late         Verdict = "late"          // the site tells of an earlier life that it left: its events are taken, no more
	Mint         Verdict = "mint"          // it has no database: a new incarnation
	MintedBefore Verdict = "minted-before" // this very process asked already: give the same answer
	DeadLife     Verdict = "dead-life"     // it speaks from an incarnation that was replaced
	CentreBehind Verdict = "centre-behind" // it has seen more than the centre holds
	Probe        Verdict = "probe"         // it would take another process's place: ask that one first
	Clone        Verdict = "clone"         // it would, and that one answers
	Stranger     Verdict = "stranger"      // it belongs to the centre of another house
	Diverged     Verdict = "diverged"      // its log is shorter than what the centre stored, or another, or two processes began from it
	Doubtful     Verdict = "doubtful"      // its own anchors do not vouch for its database
)

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
	case Doubtful:
		return "This database may be an older copy: the agent's own records do not fit it. Receiving stops until operations decide. Nothing here is lost."
	}
	return ""
}
