package memory_test

import (
	"fmt"
	"testing"

	"dockfill/allocation"
	"dockfill/allocation/memory"
	"dockfill/allocation/memory/histories"
	"dockfill/allocation/scenario"
)

// Where nothing is announced, a gate in mode skip that began to fill is whole when the
// event is over: no two gates count on the same units, whatever comes at once.
func TestAGateInModeSkipFillsWholeOrNotAtAll(t *testing.T) {
	for i := range played(t) {
		w := writerOf(19, i)
		p := newPlayer()
		h := []step{{Line: scenario.Line{Policy: w.skipping()}}, {Line: scenario.Line{Item: &scenario.Item{SKU: "X", Substitutes: histories.PickOne(w.Writer, nil, nil, []allocation.SKU{"Y"})}}}}
		play(p, h[0])
		play(p, h[1])
		for n := range 12 {
			s := step{Pallet: w.pallet()}
			if w.IntN(2) == 0 {
				s = step{Line: scenario.Line{Order: w.gated(fmt.Sprintf("O%d", n))}}
			}
			h = append(h, s)
			play(p, s)
			if id := begun(p); id != "" {
				t.Fatalf("history %d: %s began to fill and is not whole:\n%s", i, id, show(h))
			}
		}
	}
}

func (w *writer) skipping() *scenario.Policy {
	p := w.Policy()
	p.GateMode = string(allocation.GateSkip)
	return p
}

// gated draws an order of which no line takes from lines: of up to three goods, that
// mostly ships whole.
func (w *writer) gated(id string) *scenario.Order {
	o := w.Order(id)
	o.Class, o.Ship = "", histories.PickOne(w.Writer, "order", "order", "line", "partial")
	o.Lines = nil
	for n := range 1 + w.IntN(3) {
		l := scenario.OrderLine{ID: fmt.Sprint(n), SKU: histories.PickOne(w.Writer, allocation.SKU("X"), "Y", "Z"), Qty: 1 + w.Int64N(3)}
		l.Pack, l.MinLifeDays = histories.PickOne(w.Writer, int64(0), 0, 0, 2), histories.PickOne(w.Writer, 0, 0, 0, 10)
		o.Lines = append(o.Lines, l)
	}
	return o
}

// begun finds a line of a gate that has some units and not all of them.
func begun(p *memory.Player) allocation.LineID {
	lacks := map[allocation.OrderID]bool{}
	for _, l := range p.State.Lines {
		lacks[l.Rank.Order] = lacks[l.Rank.Order] || l.Open() > 0
	}
	for id, l := range p.State.Lines {
		if l.Allocated > 0 && (l.Ship == allocation.ShipLine && l.Open() > 0 || l.Ship == allocation.ShipOrder && lacks[l.Rank.Order]) {
			return id
		}
	}
	return ""
}
