package allocation

import (
	"fmt"
	"strings"
)

// WhyCode says in one word why a decision came out as it did.
type WhyCode string

// The codes of a decision, and of what was never decided.
const (
	WhyRanked    WhyCode = "ranked"     // the best-ranked lines took the units
	WhyNoDemand  WhyCode = "no-demand"  // no line of the SKU is open
	WhyNoRight   WhyCode = "no-right"   // lines are open, but this site has no right for them
	WhyDamaged   WhyCode = "damaged"    // only good units are allocated
	WhyOnHold    WhyCode = "on-hold"    // the worker set the units aside
	WhyUnknown   WhyCode = "unknown"    // the code names no item; it is kept until it is mapped
	WhyNotASN    WhyCode = "no-asn"     // the pallet was not announced
	WhyDuplicate WhyCode = "duplicate"  // this serial or pallet was received before
	WhyRepeat    WhyCode = "repeat"     // the same code again after a crash: one unit or two?
	WhyBounce    WhyCode = "bounce"     // the same reading once more: a trigger that bounced, or a second channel
	WhyAmbiguous WhyCode = "ambiguous"  // the code can be read in two ways
	WhyUnread    WhyCode = "unreadable" // the frame or its check digit is wrong
	WhyQuantity  WhyCode = "quantity"   // the quantity is out of range
	WhyWrongSite WhyCode = "wrong-site" // the pallet was announced for another site
	WhyNotReady  WhyCode = "not-ready"  // the agent may not receive now
	WhyUnsaved   WhyCode = "unsaved"    // the disk did not take the scan
	WhyUndone    WhyCode = "undone"     // the station's last scan was taken back
	WhyNothing   WhyCode = "nothing"    // there is nothing to take back
	WhyStaged    WhyCode = "staged"     // the unit has left the dock: it cannot be taken back
	WhyCard      WhyCode = "card"       // a control card was read
)

// MaxPassed is how many passed lines a Why names; PassedCount counts them all.
const MaxPassed = 8

// Why is the reason of a decision as codes. Sentence says it in English.
type Why struct {
	Code        WhyCode
	Policy      string   // version of the policy in force
	Passed      []LineID // better-ranked open lines that could take nothing: no right here
	PassedCount int

	last Rank // of the line served last, while the decision is being made
}

func (w *Why) pass(line LineID) {
	w.PassedCount++
	if len(w.Passed) < MaxPassed {
		w.Passed = append(w.Passed, line)
	}
}

// Sentence says why in English, for one allocation of the decision or, with a
// zero Allocation, for a decision that allocated nothing.
func (w Why) Sentence(a Allocation) string {
	s := w.base(a)
	if w.PassedCount > 0 {
		s += fmt.Sprintf("; %s passed for want of a right at this site", passed(w.Passed, w.PassedCount))
	}
	return s
}

// Sentences says why for each allocation of one decision, in their order. A line
// that nothing stood behind, after others were served, was not the only one.
func (w Why) Sentences(all []Allocation) []string {
	said := make([]string, len(all))
	for i, a := range all {
		said[i] = w.Sentence(a)
		if i > 0 && a.Over == "" {
			said[i] = fmt.Sprintf("%s got what was left after %s", a.Line, all[i-1].Line)
		}
	}
	return said
}

func (w Why) base(a Allocation) string {
	if w.Code != WhyRanked {
		return sentences[w.Code]
	}
	if a.Over == "" {
		return fmt.Sprintf("%s was the only line waiting for it", a.Line)
	}
	return fmt.Sprintf("%s came before %s by %s", a.Line, a.Over, keyWords[a.By])
}

func passed(lines []LineID, count int) string {
	s := make([]string, len(lines))
	for i, l := range lines {
		s[i] = string(l)
	}
	text := strings.Join(s, ", ")
	if more := count - len(lines); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

var keyWords = map[Key]string{
	ByOverride: "a person's override",
	ByClass:    "its class",
	ByContract: "its contract",
	ByTier:     "its customer's tier",
	ByPromised: "its promised date",
	ByAccepted: "the time its order was accepted",
	ByOrder:    "its order number",
	ByLine:     "its line number",
}

var sentences = map[WhyCode]string{
	WhyNoDemand:  "no order waits for it: put it away",
	WhyNoRight:   "orders wait for it, but this site has no right to fill them yet: put it away",
	WhyDamaged:   "damaged units are not given to orders: set it aside",
	WhyOnHold:    "on hold: set it aside",
	WhyUnknown:   "the code names no item: set it aside until somebody says what it is",
	WhyNotASN:    "the pallet was not announced: set it aside until its contents are known",
	WhyDuplicate: "this was received before and is not counted again",
	WhyRepeat:    "the same code was the last one before a restart: is this another unit?",
	WhyBounce:    "the same reading once more is not counted",
	WhyAmbiguous: "the code can be read in two ways: a person must say which",
	WhyUnread:    "the code could not be read: scan it again",
	WhyQuantity:  "the quantity is not between 1 and 1000000: nothing was counted",
	WhyWrongSite: "the pallet was announced for another site: do not unload it",
	WhyNotReady:  "this station cannot receive now: nothing was saved",
	WhyUnsaved:   "the disk did not take the scan: nothing was saved",
	WhyUndone:    "the last scan was taken back",
	WhyNothing:   "there is no scan to take back at this station",
	WhyStaged:    "the unit was staged already and cannot be taken back here",
	WhyCard:      "card read",
}
