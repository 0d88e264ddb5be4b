package why

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"dockfill/sync/wire"
)

// other names another event of the same log. The site's own is a bare number.
func (t *Told) other(seq int64) string {
	if t.StoredAt.IsZero() {
		return ID{Seq: seq}.String()
	}
	return ID{Site: t.ID.Site, Life: t.ID.Life, Seq: seq}.String()
}

func eventFacts(t *Told) []Fact {
	facts := what(t)
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, Fact{Name: name, Text: text})
		}
	}
	add("When", at(t.Event.At)+", by the site's clock")
	if !t.StoredAt.IsZero() {
		add("Stored here", at(t.StoredAt))
	}
	add("Not applied", t.Poison)
	add("Policy", orUnknown(PolicyOf(t.Event)))
	facts = append(facts, Fact{Name: "Hash", Text: t.Hash.String(), Code: true})
	if t.Prev != (wire.Hash{}) {
		facts = append(facts, Fact{Name: "Hash before it", Text: t.Prev.String(), Code: true})
	}
	add("Life", t.ID.Life)
	return facts
}

func orUnknown(policy string) string {
	if policy == "" {
		return "not named by this event"
	}
	return policy
}

func at(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// what tells what an event was, and who did it where.
func what(t *Told) (facts []Fact) {
	e := t.Event
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, Fact{Name: name, Text: text})
		}
	}
	switch {
	case e.Scan != nil:
		facts = scanFacts(t)
	case e.Undo != nil:
		add("Station", string(e.Undo.Station))
		for _, seq := range e.Undo.Seqs {
			facts = append(facts, Fact{Name: "Taken back", Text: fmt.Sprintf("event %d", seq), Ask: t.other(seq)})
		}
	case e.Applied != nil:
		for _, r := range e.Applied.Refused {
			add("Refused", fmt.Sprintf("command %d: %s", r.N, r.Message))
		}
	case e.Deed != nil:
		add("Station", string(e.Deed.Station))
		add("Worker", e.Deed.Worker)
		add("Reason", e.Deed.Reason)
		if e.Deed.Line != "" {
			facts = append(facts, Fact{Name: "Line", Text: string(e.Deed.Line), Ask: ID{Line: e.Deed.Line}.String()})
		}
	}
	for _, r := range returned(e) {
		facts = append(facts, Fact{Name: "Right given back", Text: fmt.Sprintf("%d of %s", r.Qty, r.Line), Ask: ID{Line: r.Line}.String()})
	}
	return facts
}

func scanFacts(t *Told) (facts []Fact) {
	s := t.Event.Scan
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, Fact{Name: name, Text: text})
		}
	}
	facts = append(facts, Fact{Name: "Code", Text: CodeText(s.Code), Code: true})
	add("Pallet", s.SSCC)
	add("Station", string(s.Station))
	add("Worker", s.Worker)
	if s.At != nil {
		add("Scanned", at(*s.At))
	}
	if s.DeviceAt != nil {
		add("By the device's clock", at(*s.DeviceAt))
	}
	if s.Late {
		add("Late", "the device kept it and sent it later")
	}
	if s.Kept > 0 {
		facts = append(facts, Fact{Name: "Set aside by", Text: fmt.Sprintf("event %d, until its code was known", s.Kept), Ask: t.other(s.Kept)})
	}
	if s.Parts > 0 {
		add("Part", fmt.Sprintf("%d of %d: what the scan took in stands in that many events", s.Part, s.Parts))
	}
	if s.Staged {
		add("Staged", "what lines got was staged at once")
	}
	return facts
}

// CodeText is a code as it was read, or in base64 where it is no text.
func CodeText(code []byte) string {
	if utf8.Valid(code) {
		return string(code)
	}
	return "base64:" + base64.StdEncoding.EncodeToString(code)
}

func lineFacts(s *LineStory) (facts []Fact) {
	l := &s.Line
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, Fact{Name: name, Text: text})
		}
	}
	add("Customer", strings.TrimSpace(s.CustomerName+" "+string(s.Customer)))
	add("Item", string(l.SKU))
	add("Ordered", fmt.Sprintf("%d, of which %d cancelled", l.Ordered, l.Cancelled))
	add("Allocated", fmt.Sprintf("%d: %d picked, %d staged, of those %d shipped", l.Allocated, l.Picked, l.Staged, l.Shipped))
	add("Open", strconv.FormatInt(l.Open(), 10))
	for _, k := range s.Policy.Keys() {
		add(sentence(k.Name()), k.Value(l.Rank))
	}
	add("Segment", l.Segment)
	add("Door", s.Door)
	add("Home site", string(s.Site))
	for _, r := range s.Rights {
		add("Right at "+string(r.Site), rightText(r))
	}
	for _, text := range s.Lacks {
		add("Lacks", text)
	}
	add("Policy", s.Policy.Version)
	return facts
}

func rightText(r Right) string {
	text := fmt.Sprintf("%d left: %d granted, %d used, %d undone, %d returned", r.Balance(), r.Granted, r.Used, r.Undone, r.Returned)
	if !r.Present {
		text += fmt.Sprintf(" (an earlier life of the site, %s)", r.Life)
	}
	return text
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
