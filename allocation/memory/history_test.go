package memory_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/allocation/memory"
	"dockfill/allocation/scenario"
)

// histories is how many random histories are played: DOCKFILL_HISTORIES, or a few.
func histories(t testing.TB) int {
	if s := os.Getenv("DOCKFILL_HISTORIES"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	return 3000
}

var morning = time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)

// writer draws the lines of a history. Its numbers are small, so that ties,
// shortage and surplus are common.
type writer struct {
	*rand.Rand
	plain bool // no packs, days, gates, guarantees, substitutes
	n     int
}

func (w *writer) sku() allocation.SKU {
	return []allocation.SKU{"X", "X", "X", "Y", "Z"}[w.IntN(5)]
}

func pickOne[T any](w *writer, all ...T) T { return all[w.IntN(len(all))] }

func (w *writer) policy() *scenario.Policy {
	p := &scenario.Policy{Share: pickOne(w, "", "sequence", "fair")}
	if w.IntN(4) == 0 {
		p.Rank = pickOne(w, []allocation.Key{"tier"}, []allocation.Key{"accepted", "tier", "class"}, []allocation.Key{"override", "tier", "promised"})
	}
	if w.plain {
		return p
	}
	p.GateMode, p.OverPct = pickOne(w, "", "hold", "skip", "skip"), pickOne(w, int64(0), 0, 50)
	if w.IntN(2) == 0 {
		p.Guarantees = []scenario.Guarantee{{Segment: "B", Qty: 1 + w.Int64N(3)}}
		if w.IntN(2) == 0 {
			p.Guarantees = append(p.Guarantees, scenario.Guarantee{Segment: "C", Qty: 1 + w.Int64N(2)})
		}
	}
	return p
}

func (w *writer) order(id string) *scenario.Order {
	o := &scenario.Order{
		ID: allocation.OrderID(id), Tier: w.IntN(3), Class: pickOne(w, allocation.Class(""), "", "redistribute", "win", "gain", "fill", "lose"),
		Accepted: morning.Add(time.Duration(w.IntN(3)) * time.Hour), Promised: pickOne(w, allocation.Date(""), "", "2027-03-04"),
	}
	if w.IntN(8) == 0 {
		o.Override = 1 + w.IntN(2)
	}
	if !w.plain {
		o.Ship, o.Segment = pickOne(w, "", "partial", "line", "order", "order"), pickOne(w, "", "B", "C")
	}
	for i := range 1 + w.IntN(2) {
		l := scenario.OrderLine{ID: fmt.Sprint(i + 1), SKU: w.sku(), Qty: 1 + w.Int64N(4)}
		if !w.plain {
			l.Pack, l.MinLifeDays = pickOne(w, int64(0), 0, 0, 2), pickOne(w, 0, 0, 0, 10)
		}
		o.Lines = append(o.Lines, l)
	}
	return o
}

func (w *writer) orderID() string { return fmt.Sprintf("O%d", 1+w.IntN(5)) }

func (w *writer) lineID() allocation.LineID {
	return allocation.LineID(fmt.Sprintf("%s/%d", w.orderID(), 1+w.IntN(2)))
}

func (w *writer) scan() *scenario.Scan {
	qty := 1 + w.Int64N(4)
	s := &scenario.Scan{
		SKU: w.sku(), Qty: &qty, Station: allocation.StationID(pickOne(w, "1", "1", "2")), At: morning.AddDate(0, 0, w.n/3),
		Disposition: pickOne(w, allocation.Disposition(""), "", "", "", "", "good", "damaged", "hold"),
		Inbound:     pickOne(w, allocation.InboundID(""), "", "PO1", "PO2"),
	}
	if w.IntN(6) == 0 {
		one := int64(1)
		s.Serial, s.Qty = pickOne(w, "S1", "S2"), &one
	}
	if w.IntN(8) == 0 {
		s.SKU, s.Code, s.Serial = "", pickOne(w, "c1", "c2"), ""
	}
	if !w.plain {
		s.Expiry = pickOne(w, allocation.Date(""), "2027-03-10", "2027-03-14", "2027-04-20")
		s.Lot = pickOne(w, "", "", "L1")
	}
	return s
}

func (w *writer) inbound() *scenario.Inbound {
	in := &scenario.Inbound{ID: pickOne(w, allocation.InboundID("PO1"), "PO2"), Lines: []scenario.Supply{{SKU: w.sku(), Qty: 1 + w.Int64N(8)}}}
	if w.IntN(2) == 0 {
		in.Lines = append(in.Lines, scenario.Supply{SKU: w.sku(), Qty: 1 + w.Int64N(5)})
	}
	if w.IntN(3) == 0 {
		pct := int64(50)
		in.TolerancePct = &pct
	}
	return in
}

// line draws the next line of a history.
func (w *writer) line(had map[string]*scenario.Order) scenario.Line {
	w.n++
	switch k := w.IntN(30); {
	case k < 6:
		id := w.orderID()
		o := w.order(id)
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
		return scenario.Line{Scan: w.scan()}
	case k < 18:
		return scenario.Line{Cancel: &scenario.Cancel{Line: w.lineID(), Qty: 1 + w.Int64N(3)}}
	case k < 20:
		c := &scenario.Change{Order: allocation.OrderID(w.orderID()), Class: pickOne(w, allocation.Class(""), "win", "fill", "redistribute")}
		if tier := w.IntN(3); w.IntN(2) == 0 {
			c.Tier = &tier
		}
		if over := w.IntN(3); w.IntN(4) == 0 {
			c.Override = &over
		}
		return scenario.Line{Change: c}
	case k < 22:
		return scenario.Line{Stage: &scenario.OnLine{Line: w.lineID(), Qty: 1 + w.Int64N(2)}}
	case k < 24:
		return scenario.Line{Undo: &scenario.Undo{Station: allocation.StationID(pickOne(w, "1", "2"))}}
	case k < 26:
		return scenario.Line{Regrade: &scenario.Regrade{
			SKU: w.sku(), Qty: 1 + w.Int64N(2), From: pickOne(w, allocation.Good, allocation.Good, allocation.Damaged, allocation.Hold),
			To: pickOne(w, allocation.Good, allocation.Damaged),
		}}
	case k == 26:
		return scenario.Line{Map: &scenario.Map{Code: pickOne(w, "c1", "c2"), SKU: w.sku(), Qty: 1 + w.Int64N(2)}}
	case k == 27:
		return scenario.Line{Adjust: &scenario.Adjust{SKU: w.sku(), Qty: pickOne(w, int64(-2), -1, 1, 2), Reason: "count"}}
	case k == 28 && !w.plain:
		return scenario.Line{Policy: w.policy()}
	}
	switch w.IntN(4) {
	case 0:
		return scenario.Line{Approve: &scenario.Approve{Inbound: pickOne(w, allocation.InboundID("PO1"), "PO2"), Qty: 1 + w.Int64N(3)}}
	case 1:
		return scenario.Line{Close: &scenario.Close{Inbound: pickOne(w, allocation.InboundID("PO1"), "PO2")}}
	case 2:
		if !w.plain {
			return scenario.Line{Item: &scenario.Item{SKU: "X", Substitutes: pickOne(w, nil, []allocation.SKU{"Y"}, []allocation.SKU{"Y", "Z"})}}
		}
	}
	return scenario.Line{Inbound: w.inbound()}
}

func (w *writer) history() []scenario.Line {
	all := []scenario.Line{{Policy: w.policy()}}
	had := map[string]*scenario.Order{}
	for range 6 + w.IntN(14) {
		all = append(all, w.line(had))
	}
	return all
}

func TestTheEngineAgreesWithTheSlowModelOnEveryHistory(t *testing.T) {
	n := histories(t)
	seed := uint64(1)
	if s := os.Getenv("DOCKFILL_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	for i := range n {
		w := &writer{Rand: rand.New(rand.NewPCG(seed, uint64(i))), plain: i%2 == 0}
		if h := w.history(); !agree(h) {
			t.Fatalf("history %d of seed %d:\n%s", i, seed, show(shrink(h)))
		}
	}
}

// agree plays a history in both and compares after every line.
func agree(h []scenario.Line) bool {
	said, _ := differ(h)
	return said == ""
}

func differ(h []scenario.Line) (said string, at int) {
	defer func() {
		if p := recover(); p != nil {
			said = fmt.Sprint("panic: ", p)
		}
	}()
	p, s := memory.NewPlayer(), newSlow()
	for i, l := range h {
		r := p.Line(l)
		if ok := s.play(l); ok != (r.Error == nil) {
			return fmt.Sprintf("line %d: engine %+v, slow model accepts: %v", i+1, r.Error, ok), i
		}
		got, want := text(p.Balances()), text(s.balances())
		if got != want {
			return fmt.Sprintf("line %d:\nengine %s\nslow   %s", i+1, got, want), i
		}
	}
	return "", 0
}

// text leaves out what is nothing, as the two name different SKUs.
func text(b scenario.Balances) string {
	for _, m := range []map[allocation.SKU]int64{b.Free, b.Damaged, b.Hold} {
		for sku, n := range m {
			if n == 0 {
				delete(m, sku)
			}
		}
	}
	j, _ := json.Marshal(b)
	return string(j)
}

// shrink leaves out what is not needed for the disagreement.
func shrink(h []scenario.Line) []scenario.Line {
	for again := true; again; {
		again = false
		for i := range h {
			less := append(append([]scenario.Line{}, h[:i]...), h[i+1:]...)
			if !agree(less) {
				h, again = less, true
				break
			}
		}
	}
	return h
}

func show(h []scenario.Line) (s string) {
	for _, l := range h {
		j, _ := json.Marshal(l)
		s += string(j) + "\n"
	}
	said, _ := differ(h)
	return s + said
}

// Nothing of a decision may hang on the order in which a map is walked.
func TestAHistoryPlayedAgainComesOutTheSame(t *testing.T) {
	for i := range histories(t) / 20 {
		h := (&writer{Rand: rand.New(rand.NewPCG(7, uint64(i)))}).history()
		once, again := memory.NewPlayer(), memory.NewPlayer()
		for n, l := range h {
			require.Equal(t, once.Line(l), again.Line(l), "history %d, line %d:\n%s", i, n+1, show(h))
		}
	}
}

// The invariants of the design, checked beside the slow model as that could share
// a mistake: nobody holds more than is wanted or was received, and what is bound
// stays where it is.
func TestTheInvariantsHoldInEveryHistory(t *testing.T) {
	for i := range histories(t) / 4 {
		w := &writer{Rand: rand.New(rand.NewPCG(8, uint64(i)))}
		p := memory.NewPlayer()
		bound := map[allocation.LineID]int64{}
		for range 3 {
			for _, l := range w.history() {
				p.Line(l)
				var held, right int64
				for id, l := range p.State.Lines {
					held += l.Allocated
					right = min(right, l.Right, l.Open(), l.Movable()+l.Guaranteed)
					require.GreaterOrEqual(t, l.Bound(), bound[id], "history %d: %s lost a bound unit", i, id)
					bound[id] = l.Bound()
					parcels, err := p.State.Held(id)
					require.NoError(t, err)
					for _, p := range parcels {
						held -= p.Qty
						require.True(t, p.Qty > 0 && p.Bound >= 0 && p.Bound <= p.Qty)
					}
				}
				require.Zero(t, held, "history %d: totals and parcels differ", i)
				require.Zero(t, right, "history %d: something fell below nothing", i)
			}
		}
	}
}
