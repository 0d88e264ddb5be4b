package check

import "dockfill/sync/session"

// Rare is a set of states that a search met: one that never gets there proves nothing
// of them.
type Rare uint32

// What is worth meeting.
const (
	rareGap Rare = 1 << iota
	rareFork
	rareForeignFact
	rareLateLife
	rareAgain
	rareClone
	rareDoubtful
	rareDiverged
	rareDead
	rareFacts
	rareIgnored
	rareMore
	rareFollow
	rareDiffers
	rareOldCommand
	rareOldAck
	rareBurnedLater
	rareStale
	rareFrozen
	rareThawed
	rarePending
	rareNoRight
	rareUnknownLife
	rareBlock
)

// RareNames says them, in their order.
var RareNames = []string{
	"a batch met a gap", "a fork was quarantined", "an event of a dead life was taken as a fact", "a site told of the log of an earlier life",
	"a new life was told twice", "a clone was fenced", "a site doubted its own database", "histories differed", "a dead life said hello",
	"a site was asked for its events before it got a new life", "a welcome that answers a hello from before was ignored",
	"a new life came while more was logged", "a site followed a new life of the centre", "a site found that the centre's history is not its own",
	"a command of a centre that was left was refused", "an acknowledgement of a centre that was left was refused",
	"a reclaim waited until a right was unspent", "an older target or grant changed nothing", "a restored centre froze its grants", "all had reported, and it granted again",
	"a cancel was pending", "a unit of an earlier life was taken back and freed no right", "a restored centre learned of a life that it never knew",
	"a block of sequence numbers was begun and not used",
}

// Count is how many were met.
func (r Rare) Count() (n int) {
	for ; r != 0; r &= r - 1 {
		n++
	}
	return n
}

// Missed names what was not met.
func (r Rare) Missed() (names []string) {
	for i, name := range RareNames {
		if r&(1<<i) == 0 {
			names = append(names, name)
		}
	}
	return names
}

func (m *model) met(when bool, r Rare) {
	if when {
		m.rare |= r
	}
}

func (m *model) metAnswer(a session.Answer) {
	m.met(a.Verdict == session.Late, rareLateLife)
	m.met(a.Again, rareAgain)
	m.met(a.Fence, rareClone)
	m.met(a.Verdict == session.Doubtful, rareDoubtful)
	m.met(a.Verdict == session.Diverged, rareDiverged)
	m.met(a.Verdict == session.DeadLife, rareDead)
	m.met(a.Facts && a.Verdict != session.Late, rareFacts)
}
