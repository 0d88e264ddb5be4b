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
	WhyPassed    WhyCode = "passed"     // lines are open, but none can take the units
	WhyNoRight   WhyCode = "no-right"   // lines are open, but this site has no right for them
	WhyPack      WhyCode = "pack"       // the line takes whole packs only
	WhyLife      WhyCode = "life"       // the goods do not last as long as the line demands
	WhyExpired   WhyCode = "expired"    // the goods are past their expiry date: no line gets them
	WhyGate      WhyCode = "gate"       // what is here and announced does not make the shipment whole
	WhySurplus   WhyCode = "surplus"    // more came than was announced
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
	WhyTooMany   WhyCode = "too-many"   // fewer units are there than were named
	WhyNoLine    WhyCode = "no-line"    // the site knows no such line
)

// MaxPassed is how many passed lines a Why names.
const MaxPassed = 8

// Passed is an open line that a unit went past, and what it lacked.
type Passed struct {
	Line  LineID
	Lacks WhyCode // WhyNoRight, WhyPack, WhyLife, WhyExpired or WhyGate
}

// Why is the reason of a decision as codes. Sentence says it in English.
type Why struct {
	Code   WhyCode
	Policy string   // version of the policy in force
	Passed []Passed // better-ranked open lines that could take nothing
	// More reports that further lines were not looked at one by one, as none of
	// them could take anything.
	More bool
}

func (w *Why) pass(line LineID, lacks WhyCode) {
	for _, p := range w.Passed {
		if p.Line == line {
			return
		}
	}
	if len(w.Passed) == MaxPassed {
		w.More = true
		return
	}
	w.Passed = append(w.Passed, Passed{line, lacks})
}

// Sentence says why in English, for one move to a line or, with a zero Move, for
// a decision that gave no line anything.
func (w Why) Sentence(m Move) string {
	s := w.base(m)
	for _, code := range []WhyCode{WhyNoRight, WhyPack, WhyLife, WhyExpired, WhyGate} {
		if lines := w.lacking(code); lines != "" {
			s += fmt.Sprintf("; %s passed %s", lines, lackWords[code])
		}
	}
	if w.More {
		s += "; more lines could not take it"
	}
	return s
}

// Sentences says why for each move of one decision to a line, in their order; ""
// for other moves. What was passed is told with the first. A line that nothing
// stood behind, after others were served, was not the only one.
func (w Why) Sentences(moves []Move) []string {
	said, served := make([]string, len(moves)), map[SKU]LineID{}
	for i, m := range moves {
		if m.To.Shelf != WithLine {
			continue
		}
		said[i] = w.Sentence(m)
		if before := served[m.SKU]; m.Over == "" && before != "" && before != m.To.Line {
			said[i] = fmt.Sprintf("%s was the last line of its SKU that could take it, after %s", m.To.Line, before)
		}
		served[m.SKU] = m.To.Line
		w.Passed, w.More = nil, false
	}
	return said
}

func (w Why) base(m Move) string {
	switch {
	case w.Code != WhyRanked:
		return sentences[w.Code]
	case m.Over == "":
		// Others may wait, and lack a right, a pack or days; and lines of other goods
		// that these stand in for.
		return fmt.Sprintf("%s was the only line of its SKU that could take it", m.To.Line)
	}
	return fmt.Sprintf("%s came before %s by %s", m.To.Line, m.Over, keyWords[m.By])
}

func (w Why) lacking(code WhyCode) string {
	var s []string
	for _, p := range w.Passed {
		if p.Lacks == code {
			s = append(s, string(p.Line))
		}
	}
	return strings.Join(s, ", ")
}

var lackWords = map[WhyCode]string{
	WhyNoRight: "for want of a right at this site",
	WhyPack:    "for want of a whole pack",
	WhyLife:    "for want of days that the goods last",
	WhyExpired: "as the goods have expired",
	WhyGate:    "for want of the rest of its shipment",
}

var keyWords = map[Key]string{
	ByOverride:  "a person's override",
	ByClass:     "its class",
	ByContract:  "its contract",
	ByTier:      "its customer's tier",
	ByPromised:  "its promised date",
	ByAccepted:  "the time its order was accepted",
	ByOrder:     "its order number",
	ByLine:      "its line number",
	ByGuarantee: "its segment's guarantee",
	ByShare:     "what each had got of its share",
}

var sentences = map[WhyCode]string{
	WhyNoDemand:  "no order waits for it: put it away",
	WhyPassed:    "orders wait for it, but none can take it: put it away",
	WhyNoRight:   "orders wait for it, but this site has no right to fill them yet: put it away",
	WhyPack:      "orders wait for whole packs of it: put it away",
	WhyExpired:   "it is past its expiry date and goes to no order: put it away by itself",
	WhyLife:      "orders wait for goods that last longer: put it away",
	WhyGate:      "orders wait for it, but not enough is here to make their shipments whole: put it away",
	WhySurplus:   "more came than was announced: set it aside until somebody approves it",
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
	WhyTooMany:   "fewer units are there than were named: nothing was changed",
	WhyNoLine:    "this site knows no such line: nothing was changed",
}
