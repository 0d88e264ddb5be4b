// Package histories draws random scenarios, for tests that hold two things that
// play them against each other.
package histories

import (
	"fmt"
	"math/rand/v2"
	"time"

	"dockfill/allocation"
	"dockfill/allocation/scenario"
)

// Morning is when the first day begins.
var Morning = time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)

// Writer draws the lines of a history. Its numbers are small, so that ties,
// shortage and surplus are common.
type Writer struct {
	*rand.Rand
	Plain   bool // no packs, days, gates, guarantees, substitutes
	NoPacks bool
	Hands   bool // two lines of one SKU, for much picking, staging, shipping and bringing back
	n       int
}

// New draws a history of a seed by its number; it is the same each time.
func New(seed uint64, history int) *Writer {
	return &Writer{Rand: rand.New(rand.NewPCG(seed, uint64(history))), Plain: history%2 == 0, Hands: history%5 == 0}
}

// SKU draws one of few.
func (w *Writer) SKU() allocation.SKU {
	if w.Hands {
		return "X"
	}
	return []allocation.SKU{"X", "X", "X", "Y", "Z"}[w.IntN(5)]
}

// PickOne draws one of all.
func PickOne[T any](w *Writer, all ...T) T { return all[w.IntN(len(all))] }

// Policy draws rules.
func (w *Writer) Policy() *scenario.Policy {
	p := &scenario.Policy{Share: PickOne(w, "", "sequence", "fair")}
	if w.IntN(4) == 0 {
		p.Rank = PickOne(w, []allocation.Key{"tier"}, []allocation.Key{"accepted", "tier", "class"}, []allocation.Key{"override", "tier", "promised"}, []allocation.Key{"line", "tier"})
	}
	if w.Plain {
		return p
	}
	p.GateMode, p.OverPct = PickOne(w, "", "hold", "skip", "skip"), PickOne(w, int64(0), 0, 50)
	if w.IntN(2) == 0 {
		p.Guarantees = []scenario.Guarantee{{Segment: "B", Qty: 1 + w.Int64N(3)}}
		if w.IntN(2) == 0 {
			p.Guarantees = append(p.Guarantees, scenario.Guarantee{Segment: "C", Qty: 1 + w.Int64N(2)})
		}
	}
	return p
}

// Order draws an order of the name.
func (w *Writer) Order(id string) *scenario.Order {
	o := &scenario.Order{
		ID: allocation.OrderID(id), Tier: w.IntN(3), Class: PickOne(w, allocation.Class(""), "", "redistribute", "win", "gain", "fill", "lose"),
		Accepted: Morning.Add(time.Duration(w.IntN(3)) * time.Hour), Promised: PickOne(w, allocation.Date(""), "", "2027-03-04"),
	}
	if w.IntN(8) == 0 {
		o.Accepted = time.Time{} // nobody said when
	}
	if w.IntN(8) == 0 {
		o.Override = 1 + w.IntN(2)
	}
	if !w.Plain {
		o.Ship, o.Segment = PickOne(w, "", "partial", "line", "order", "order"), PickOne(w, "", "B", "C")
	}
	for i := range 1 + w.IntN(2) {
		l := scenario.OrderLine{ID: lines[i], SKU: w.SKU(), Qty: 1 + w.Int64N(4)}
		if !w.Plain {
			l.Pack, l.MinLifeDays = PickOne(w, int64(0), 0, 0, 2), PickOne(w, 0, 0, 0, 10)
		}
		if w.NoPacks {
			l.Pack = 0
		}
		o.Lines = append(o.Lines, l)
	}
	return o
}

// OrderID draws the name of an order.
func (w *Writer) OrderID() string {
	if w.Hands {
		return fmt.Sprintf("O%d", 1+w.IntN(2))
	}
	return fmt.Sprintf("O%d", 1+w.IntN(5))
}

// lines are the names of an order's lines.
var lines = []string{"2", "10"}

// LineID draws the name of a line.
func (w *Writer) LineID() allocation.LineID {
	if w.Hands {
		return allocation.LineID(w.OrderID() + "/2")
	}
	return allocation.LineID(w.OrderID() + "/" + PickOne(w, lines...))
}

// Scan draws a scan, by SKU or by a code that names nothing at first.
func (w *Writer) Scan() *scenario.Scan {
	qty := 1 + w.Int64N(4)
	s := &scenario.Scan{
		SKU: w.SKU(), Qty: &qty, Station: allocation.StationID(PickOne(w, "1", "1", "2")), At: Morning.AddDate(0, 0, w.n/3),
		Disposition: PickOne(w, allocation.Disposition(""), "", "", "", "", "good", "damaged", "hold"),
		Inbound:     PickOne(w, allocation.InboundID(""), "", "PO1", "PO2"),
	}
	if w.IntN(6) == 0 {
		s.Serial = PickOne(w, "S1", "S2")
		if one := int64(1); w.IntN(5) > 0 {
			s.Qty = &one
		}
	}
	if w.IntN(8) == 0 {
		s.SKU, s.Code, s.Serial = "", PickOne(w, "c1", "c2"), ""
	}
	if !w.Plain {
		s.Expiry = PickOne(w, allocation.Date(""), "2027-03-02", "2027-03-10", "2027-03-14", "2027-04-20")
		s.Lot = PickOne(w, "", "", "L1")
	}
	return s
}

// Inbound draws announced supply.
func (w *Writer) Inbound() *scenario.Inbound {
	in := &scenario.Inbound{ID: PickOne(w, allocation.InboundID("PO1"), "PO2"), Lines: []scenario.Supply{{SKU: w.SKU(), Qty: 1 + w.Int64N(8)}}}
	in.Expected = PickOne(w, allocation.Date(""), "2027-03-05", "2027-03-06")
	if w.IntN(2) == 0 {
		in.Lines = append(in.Lines, scenario.Supply{SKU: w.SKU(), Qty: 1 + w.Int64N(5)})
	}
	switch w.IntN(4) {
	case 0:
		in.Pallets = []scenario.Pallet{w.pallet()}
	case 1:
		in.Lines, in.Pallets = nil, []scenario.Pallet{w.pallet()}
	}
	if w.IntN(3) == 0 {
		pct := int64(50)
		in.TolerancePct = &pct
	}
	return in
}

func (w *Writer) pallet() scenario.Pallet {
	return scenario.Pallet{SSCC: PickOne(w, "106141412345678908", "106141411234567897"), Lines: []scenario.Supply{{SKU: w.SKU(), Qty: 1 + w.Int64N(4)}}}
}

// Line draws the next line of a history; had holds the orders that it drew before.
func (w *Writer) Line(had map[string]*scenario.Order) scenario.Line {
	w.n++
	switch k := w.IntN(30); {
	case k < 6:
		id := w.OrderID()
		o := w.Order(id)
		if old := had[id]; old != nil { // a line keeps its SKU
			for i := range o.Lines {
				if i < len(old.Lines) {
					o.Lines[i].SKU = old.Lines[i].SKU
				}
			}
			for i := len(o.Lines); i < len(old.Lines); i++ {
				l := old.Lines[i]
				l.Qty = 0
				o.Lines = append(o.Lines, l)
			}
		}
		had[id] = o
		return scenario.Line{Order: o}
	case k < 16:
		return scenario.Line{Scan: w.Scan()}
	case k < 18:
		return scenario.Line{Cancel: &scenario.Cancel{Line: w.LineID(), Qty: 1 + w.Int64N(3)}}
	case k < 20:
		c := &scenario.Change{Order: allocation.OrderID(w.OrderID()), Class: PickOne(w, allocation.Class(""), "win", "fill", "redistribute")}
		if tier := w.IntN(3); w.IntN(2) == 0 {
			c.Tier = &tier
		}
		if over := w.IntN(3); w.IntN(4) == 0 {
			c.Override = &over
		}
		return scenario.Line{Change: c}
	case k < 22:
		return scenario.Line{Stage: &scenario.OnLine{Line: w.LineID(), Qty: 1 + w.Int64N(2)}}
	case k < 24:
		return scenario.Line{Undo: &scenario.Undo{Station: allocation.StationID(PickOne(w, "1", "2"))}}
	case k < 26:
		return scenario.Line{Regrade: &scenario.Regrade{
			SKU: w.SKU(), Qty: 1 + w.Int64N(2), From: PickOne(w, allocation.Good, allocation.Good, allocation.Damaged, allocation.Hold),
			To: PickOne(w, allocation.Good, allocation.Damaged),
		}}
	case k == 26:
		m := &scenario.Map{Code: PickOne(w, "c1", "c2"), SKU: w.SKU()}
		if qty := PickOne(w, int64(1), 2, 2, 2, 0, -7); w.IntN(3) > 0 {
			m.Qty = &qty
		}
		return scenario.Line{Map: m}
	case k == 27:
		return scenario.Line{Adjust: &scenario.Adjust{SKU: w.SKU(), Qty: PickOne(w, int64(-2), -1, 1, 2), Reason: "count"}}
	case k == 28 && !w.Plain:
		return scenario.Line{Policy: w.Policy()}
	}
	switch w.IntN(4) {
	case 0:
		return scenario.Line{Approve: &scenario.Approve{Inbound: PickOne(w, allocation.InboundID("PO1"), "PO2"), Qty: 1 + w.Int64N(3)}}
	case 1:
		return scenario.Line{Close: &scenario.Close{Inbound: PickOne(w, allocation.InboundID("PO1"), "PO2")}}
	case 2:
		if !w.Plain {
			return scenario.Line{Item: &scenario.Item{SKU: "X", Substitutes: PickOne(w, nil, []allocation.SKU{"Y"}, []allocation.SKU{"Y", "Z"})}}
		}
	}
	return scenario.Line{Inbound: w.Inbound()}
}

// History draws a history: a policy, and some lines behind it.
func (w *Writer) History() []scenario.Line {
	all := []scenario.Line{{Policy: w.Policy()}}
	had := map[string]*scenario.Order{}
	for range 6 + w.IntN(14) {
		all = append(all, w.Line(had))
	}
	return all
}
