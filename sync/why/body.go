package why

import (
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Body is an answer in the form of the API.
func Body(id ID, a Answer) wire.Asked {
	b := wire.Asked{ID: id.String()}
	switch {
	case a.Event != nil:
		b.Event = eventBody(a.Event)
	case a.Line != nil:
		b.Line = lineBody(a.Line)
	case a.Unit != nil:
		b.Serial = unitBody(a.Unit)
	}
	return b
}

func eventBody(t *Told) *wire.AskedEvent {
	e := &wire.AskedEvent{
		Site: string(t.ID.Site), Incarnation: t.ID.Life, Seq: t.ID.Seq, At: t.Event.At, Hash: t.Hash.String(), Body: t.Body,
		Policy: PolicyOf(t.Event), Text: t.headline(), Poison: t.Poison, Decisions: []wire.AskedDecision{},
	}
	if !t.StoredAt.IsZero() {
		e.StoredAt = &t.StoredAt
	}
	if t.Prev != (wire.Hash{}) {
		prev := t.Prev.String()
		e.Prev = &prev
	}
	switch {
	case t.Event.Scan != nil:
		s := t.Event.Scan
		e.Verdict, e.Why, e.Station, e.Worker, e.Code = string(s.Verdict), string(s.Why), string(s.Station), s.Worker, Visible(string(s.Code))
	case t.Event.Undo != nil:
		e.Station = string(t.Event.Undo.Station)
	case t.Event.Deed != nil:
		e.Station, e.Worker = string(t.Event.Deed.Station), t.Event.Deed.Worker
	}
	for _, d := range Explain(t.Event, t.Known) {
		e.Decisions = append(e.Decisions, decisionBody(d))
	}
	return e
}

func decisionBody(d Decision) wire.AskedDecision {
	b := wire.AskedDecision{SKU: string(d.SKU), More: d.More, Candidates: []wire.AskedCandidate{}, Rest: []wire.AskedPut{}}
	if d.Receipt != nil {
		b.Received = d.Receipt.Qty
	}
	for _, c := range d.Candidates {
		k := wire.AskedCandidate{Line: string(c.Line), Part: string(c.Part), Qty: c.Qty, From: c.From, Lacks: string(c.Lacks), By: string(c.By),
			Over: string(c.Over), Text: c.Text, Changed: c.Changed}
		if c.Weight > 0 {
			k.Weight = c.Weight
			if c.Given >= 0 {
				k.Given = &c.Given
			}
		}
		if c.Now != nil {
			rank := rankBody(c.Now.Rank)
			k.Rank = &rank
		}
		b.Candidates = append(b.Candidates, k)
	}
	for _, p := range d.Rest {
		b.Rest = append(b.Rest, wire.AskedPut(p))
	}
	return b
}

func rankBody(r allocation.Rank) wire.AskedRank {
	return wire.AskedRank{Override: r.Override, Class: string(r.Class), Contract: r.Contract, Tier: r.Tier, Promised: string(r.Due),
		Accepted: r.Accepted.UTC(), Order: string(r.Order), Line: string(r.Line)}
}

func lineBody(s *LineStory) *wire.AskedLine {
	l := &s.Line
	b := &wire.AskedLine{
		Line: string(l.ID()), SKU: string(l.SKU), Customer: string(s.Customer), CustomerName: s.CustomerName, Door: s.Door, Site: string(s.Site),
		Ordered: l.Ordered, Cancelled: l.Cancelled, Allocated: l.Allocated, Picked: l.Picked, Staged: l.Staged, Shipped: l.Shipped, Open: l.Open(),
		Rights: []wire.AskedRight{}, Rank: rankBody(l.Rank), Policy: s.Policy.Version, Lacks: append([]string{}, s.Lacks...), History: historyBody(s.History),
	}
	for _, r := range s.Rights {
		b.Rights = append(b.Rights, wire.AskedRight{Site: string(r.Site), Incarnation: r.Life, Present: r.Present, Balance: r.Balance(),
			Granted: r.Granted, Used: r.Used, Undone: r.Undone, Returned: r.Returned})
	}
	if s.Standing != nil {
		b.Standing = standingBody(s)
	}
	return b
}

func standingBody(s *LineStory) *wire.AskedStanding {
	b := &wire.AskedStanding{Before: s.Standing.Before, Partial: s.Standing.Partial, First: []wire.AskedWaiting{}}
	for i := range s.Standing.First {
		b.First = append(b.First, waitingBody(&s.Standing.First[i], Ahead(s.Policy, &s.Standing.First[i], &s.Line)))
	}
	if behind := s.Standing.Behind; behind != nil {
		w := waitingBody(behind, Ahead(s.Policy, &s.Line, behind))
		b.Behind = &w
	}
	return b
}

func waitingBody(l *allocation.Line, text string) wire.AskedWaiting {
	return wire.AskedWaiting{Line: string(l.ID()), Open: l.Open(), Text: text, Rank: rankBody(l.Rank)}
}

func historyBody(h History) wire.AskedHistory {
	b := wire.AskedHistory{Events: []wire.AskedTouch{}, Searched: h.Searched, Oldest: h.Oldest}
	for _, r := range h.Rows {
		t := wire.AskedTouch{Event: r.Event.String(), At: r.At, Entries: []wire.AskedEntry{}}
		for _, e := range r.Entries {
			t.Entries = append(t.Entries, wire.AskedEntry{Kind: string(e.Kind), Qty: e.Qty, Text: e.Text})
		}
		b.Events = append(b.Events, t)
	}
	if h.Next.Seq > 0 {
		b.Next = h.Next.String()
	}
	return b
}

func unitBody(u *UnitStory) *wire.AskedSerial {
	b := &wire.AskedSerial{Serial: u.Serial, Text: u.Where, Places: []wire.AskedPlace{}, History: historyBody(u.History)}
	for _, p := range u.Places {
		b.Places = append(b.Places, wire.AskedPlace{Trade: p.Trade, SKU: string(p.SKU), At: p.At, Qty: p.Qty, Bound: p.Bound, Event: p.Event.String()})
	}
	return b
}
