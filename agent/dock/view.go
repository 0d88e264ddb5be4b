package dock

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dockfill/allocation"
)

// maxHeads is how many destinations stand on the screen; what is left over
// shares the last of them.
const maxHeads = 4

// view is a Feedback as the dock display shows it. Every string in it is
// visible text, still to be escaped by a template.
type view struct {
	Key      string // names the feedback to the page
	Verdict  string // the word
	Title    string // the word, or the reason in short where the word stands largest
	Short    string // the reason in short, or in full where there is no short one
	Look     string // allocated, stock, hold, check, stop: the CSS class and the shape
	Tone     string // what is heard: the look, or complete
	Stands   bool   // it stays until somebody clears it
	Time     string
	Heads    []head
	Split    bool
	Item     string
	SKU      string
	Qty      string
	Order    string
	Customer string
	Filled   int64
	Wanted   int64
	Why      string
	Code     string // as people name it
	Raw      string // what was read
	Chip     string // among the last scans
	Complete string // that the scan completed an order, or how many
	At       time.Time
}

// head is one destination, written as large as its share of the units allows.
type head struct {
	Place string
	Door  string // its number alone, where Place is a numbered door
	Away  bool   // Place is where the rest is put away, beside the orders' doors
	Qty   string
	Note  string // the order, where several destinations share the screen
	Share int    // 1 to 12: twelfths of the width
	Rest  bool   // no place, but the count of those for which there is no room
}

func newView(f Feedback) view {
	v := view{
		Key: key(f), Verdict: string(f.Verdict), Look: look(f.Verdict), At: f.At,
		Time: f.At.Local().Format("15:04:05"), Stands: f.Verdict == allocation.Stop,
		Item: Visible(f.Item), SKU: Visible(f.SKU), Code: label(f.Code), Raw: Visible(f.Code), Chip: chip(f),
		Why: sentence(Visible(f.Text)), Complete: complete(f.Complete),
	}
	v.Tone = v.Look
	if len(f.Complete) > 0 {
		v.Tone = "complete"
	}
	if f.Qty > 0 && f.Verdict.Saved() {
		v.Qty = Number(f.Qty)
	}
	v.Heads = heads(f)
	v.Split = len(v.Heads) > 1
	if len(f.Blocks) > 0 {
		v.order(explained(f))
	}
	v.Title, v.Short = string(f.Verdict), v.Why
	if t := title(f); t != "" {
		v.Title, v.Short = t, t
	}
	return v
}

// explained is the block that the feedback's reason is about: not always the
// first, the largest share.
func explained(f Feedback) Block {
	about := func(b Block) bool { return b.Text != "" && strings.HasPrefix(f.Text, b.Text) }
	return f.Blocks[max(0, slices.IndexFunc(f.Blocks, about))]
}

// order tells whose units a block holds.
func (v *view) order(b Block) {
	v.Order, v.Customer = Visible(string(b.Order)), Visible(b.Customer)
	v.Filled, v.Wanted = b.Filled, b.Wanted
}

// key tells feedbacks apart: the station's clock alone could repeat itself.
func key(f Feedback) string { return fmt.Sprintf("%d.%d", f.At.UnixNano(), f.Seq) }

func look(v allocation.Verdict) string {
	switch v {
	case allocation.Allocated:
		return "allocated"
	case allocation.Stock:
		return "stock"
	case allocation.Held:
		return "hold"
	case allocation.Check:
		return "check"
	}
	return "stop"
}

// heads places the blocks, or the verdict's own word where there is none.
func heads(f Feedback) []head {
	if len(f.Blocks) == 0 {
		return []head{{Place: word(f), Share: 12}}
	}
	named := f.Blocks
	if len(named) > maxHeads {
		named = named[:maxHeads-1]
	}
	var total int64
	for _, b := range f.Blocks {
		total += b.Qty
	}
	hs := make([]head, 0, maxHeads)
	for _, b := range named {
		h := head{Place: place(f, b), Qty: Number(b.Qty), Note: Visible(string(b.Order)), Share: share(b.Qty, total)}
		h.Door, _ = strings.CutPrefix(h.Place, doorPrefix)
		if h.Door == h.Place {
			h.Door = ""
		}
		if b.Line == "" && f.Verdict == allocation.Allocated {
			h.Share, h.Away = leastShare, b.Destination != "" // a worker goes to a door first
		}
		hs = append(hs, h)
	}
	if more := f.Blocks[len(named):]; len(more) > 0 {
		hs = append(hs, rest(more))
	}
	return hs
}

// rest counts the destinations for which there is no room. However many units
// they hold together, it gets the least share: a worker goes to a door first.
func rest(blocks []Block) head {
	var qty int64
	for _, b := range blocks {
		qty += b.Qty
	}
	return head{Place: fmt.Sprintf("+%d more", len(blocks)), Qty: Number(qty), Share: leastShare, Rest: true}
}

// doorPrefix makes a place of a bare door number.
const doorPrefix = "DOOR "

// place is what stands largest: the door, the put-away location, or, where the
// house gave neither, the best word that leads the worker on.
func place(f Feedback, b Block) string {
	d := strings.TrimSpace(Visible(b.Destination))
	switch {
	case d != "" && isNumber(d) && b.Line != "":
		return doorPrefix + d
	case d != "":
		return d
	case b.Order != "":
		return Visible(string(b.Order))
	case b.Line == "" && f.Verdict.Saved() && f.Verdict != allocation.Held:
		return "PUT AWAY"
	}
	return word(f)
}

// titles are the reasons in short. They stand beside the shape where no place
// but a word is the largest thing on the screen.
var titles = map[allocation.WhyCode]string{
	allocation.WhyDuplicate: "RECEIVED BEFORE",
	allocation.WhyRepeat:    "SAME CODE AGAIN",
	allocation.WhyAmbiguous: "TWO READINGS",
	allocation.WhyUnread:    "NOT READABLE",
	allocation.WhyQuantity:  "WRONG QUANTITY",
	allocation.WhyWrongSite: "WRONG SITE",
	allocation.WhyNotReady:  "NOT READY",
	allocation.WhyUnsaved:   "NOT SAVED",
	allocation.WhyNothing:   "NOTHING TO UNDO",
	allocation.WhyStaged:    "ALREADY STAGED",
	allocation.WhyTooMany:   "TOO FEW THERE",
	allocation.WhyUndone:    "TAKEN BACK",
	allocation.WhyCard:      "CARD READ",
}

// title is the reason in short; "" where there is none. A wrong check digit has
// no code of its own: its sentence tells it from a code that is no text at all.
func title(f Feedback) string {
	switch {
	case len(f.Blocks) > 0:
		return ""
	case f.Why == allocation.WhyUnread && strings.Contains(f.Text, "check digit"):
		return "WRONG CHECK DIGIT"
	case f.Why == allocation.WhyCard && f.Verdict == allocation.Stop:
		return "CARD REFUSED"
	case f.Why == allocation.WhyRanked && f.Verdict == allocation.Check:
		return "CARRY IT ON"
	case f.Why == allocation.WhyNotReady && f.Verdict == allocation.Held:
		return "" // the word says it
	case f.Why == allocation.WhyNotReady && f.Verdict == allocation.Check:
		return "TAKEN IN"
	}
	return titles[f.Why]
}

// word is what stands largest where no place does.
func word(f Feedback) string {
	if f.Why == allocation.WhyUndone {
		return "UNDO"
	}
	if f.Why == allocation.WhyCard && f.Verdict == allocation.Check {
		return card(f)
	}
	switch f.Verdict {
	case allocation.Allocated:
		return "ALLOCATED"
	case allocation.Stock:
		return "PUT AWAY"
	case allocation.Held:
		return SetAside
	case allocation.Check:
		return "CHECK"
	}
	return "STOP"
}

// card is what a control card says, without the mark of all cards.
func card(f Feedback) string {
	_, says, ok := strings.Cut(f.Code, cardPrefix)
	if !ok || says == "" {
		return "CARD"
	}
	return Visible(says)
}

// chip is the scan in one short word: how much, or what it was.
func chip(f Feedback) string {
	switch {
	case f.Verdict.Saved() && f.Qty > 0:
		return "\u00d7" + Number(f.Qty)
	case f.Why == allocation.WhyUndone:
		return "UNDO"
	case f.Why == allocation.WhyCard && f.Verdict == allocation.Check:
		return "CARD"
	}
	return string(f.Verdict)
}

// SetAside is where units go that wait for a decision of people.
const SetAside = "SET ASIDE"

// leastShare is enough for the number of a door.
const leastShare = 3

// share is a block's part of the width in twelfths; even a single unit of a
// thousand keeps room for its door.
func share(qty, total int64) int {
	if total <= 0 {
		return 12
	}
	return int(max(leastShare, min(12, (qty*12+total/2)/total)))
}

func isNumber(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// sentence begins with a capital letter, as on a sign.
func sentence(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// complete says which order was filled to the last unit, or how many were.
func complete(ids []allocation.OrderID) string {
	switch len(ids) {
	case 0:
		return ""
	case 1:
		return "Order complete: " + Visible(string(ids[0]))
	}
	return Plural(int64(len(ids)), "order", "orders") + " complete"
}

// say is the view in one sentence, for a screen reader.
func (v view) say() string {
	var b strings.Builder
	b.WriteString(v.Verdict)
	for _, h := range v.Heads {
		b.WriteString(". " + h.Place)
		if h.Qty != "" {
			b.WriteString(", " + h.Qty)
		}
	}
	for _, s := range []string{v.Item, v.Why, v.Complete} {
		if s != "" {
			b.WriteString(". " + s)
		}
	}
	return b.String()
}
