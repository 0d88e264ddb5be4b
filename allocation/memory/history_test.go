package memory_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/allocation/memory"
	"dockfill/allocation/memory/histories"
	"dockfill/allocation/scenario"
)

// played is how many random histories are played: DOCKFILL_HISTORIES, or a few.
func played(t testing.TB) int {
	if s := os.Getenv("DOCKFILL_HISTORIES"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	return 3000
}

// writer draws histories of what the replay format says, and of what it has no
// word for. Some have little but orders that ship whole, and pallets of several
// goods.
type writer struct {
	*histories.Writer
	blocks bool
}

// writerOf draws the same each time, and others where DOCKFILL_SEED is set.
func writerOf(seed uint64, history int) *writer {
	other, _ := strconv.ParseUint(os.Getenv("DOCKFILL_SEED"), 10, 64)
	return &writer{histories.New(seed+other<<8, history), history%10 == 3 || history%10 == 7}
}

// step is a line of a history: of the replay format, or what that has no word for.
type step struct {
	scenario.Line
	Pick   *scenario.OnLine `json:",omitempty"`
	Ship   *scenario.OnLine `json:",omitempty"`
	Return *scenario.OnLine `json:",omitempty"`
	Rights *rights          `json:",omitempty"`
	Pallet []*scenario.Scan `json:",omitempty"` // received at once
}

// rights says how many units of a line the site may still give, and how many that
// the line loses free no right.
type rights struct {
	Line        allocation.LineID
	Right, Sunk int64
}

// step draws the next step of a history.
func (w *writer) step(had map[string]*scenario.Order) step {
	on := func() *scenario.OnLine { return &scenario.OnLine{Line: w.LineID(), Qty: 1 + w.Int64N(3)} }
	n := 40
	if w.Hands {
		n = 16
	}
	switch w.IntN(n) {
	case 0, 1:
		return step{Pick: on()}
	case 2, 3:
		return step{Ship: on()}
	case 4, 5:
		return step{Return: on()}
	case 6:
		if !w.Plain {
			return step{Rights: &rights{w.LineID(), w.Int64N(4), w.Int64N(2)}}
		}
	case 7, 8:
		return step{Pallet: w.pallet()}
	}
	if w.blocks && w.IntN(3) == 0 {
		return step{Pallet: w.pallet()}
	}
	s := step{Line: w.Line(had)}
	if w.blocks && s.Order != nil && w.IntN(4) > 0 {
		w.plainBlock(s.Order)
	}
	return s
}

// plainBlock leaves an order little but its gate, over several goods.
func (w *writer) plainBlock(o *scenario.Order) {
	o.Ship, o.Class, o.Override = string(allocation.ShipOrder), "", 0
	for i := range o.Lines {
		o.Lines[i].Pack, o.Lines[i].MinLifeDays = 0, 0
	}
}

func (w *writer) pallet() (all []*scenario.Scan) {
	for range 2 + w.IntN(2) {
		s := w.Scan()
		if s.Code != "" {
			s.Code, s.SKU = "", w.SKU()
		}
		if one := int64(1); s.Serial != "" {
			s.Qty = &one
		}
		if w.blocks {
			s.SKU = histories.PickOne(w.Writer, allocation.SKU("X"), "Y", "Z")
		}
		all = append(all, s)
	}
	return all
}

func (w *writer) history() []step {
	all := []step{{Line: scenario.Line{Policy: w.Policy()}}}
	if w.blocks {
		all[0].Policy.GateMode = string(allocation.GateSkip)
	}
	had := map[string]*scenario.Order{}
	for range 6 + w.IntN(14) {
		all = append(all, w.step(had))
	}
	return all
}

// newPlayer knows all goods, so that balances name them.
func newPlayer() *memory.Player {
	p := memory.NewPlayer()
	for _, sku := range []allocation.SKU{"X", "Y", "Z"} {
		p.Line(scenario.Line{Item: &scenario.Item{SKU: sku}})
	}
	return p
}

// play does a step in the engine.
func play(p *memory.Player, s step) scenario.Result {
	var e allocation.Event
	switch {
	case s.Pick != nil:
		e = allocation.Pick(*s.Pick)
	case s.Ship != nil:
		e = allocation.Dispatch(*s.Ship)
	case s.Return != nil:
		e = allocation.Return(*s.Return)
	case s.Rights != nil:
		l := p.State.Lines[s.Rights.Line]
		if l == nil {
			return scenario.Result{Error: &scenario.Error{Code: scenario.Invalid}}
		}
		l.Right, l.Sunk = min(s.Rights.Right, l.Open()), s.Rights.Sunk
		e = allocation.Offer{SKUs: []allocation.SKU{l.SKU}}
	case s.Pallet != nil:
		e = unload(s.Pallet)
	default:
		return p.Line(s.Line)
	}
	if _, err := p.State.Decide(e); err != nil {
		return scenario.Result{Error: &scenario.Error{Code: err.Error()}}
	}
	return scenario.Result{}
}

func unload(pallet []*scenario.Scan) (e allocation.Receive) {
	for _, s := range pallet {
		b := allocation.Batch{SKU: s.SKU, Lot: s.Lot, Expiry: s.Expiry, Serial: s.Serial}
		if s.Serial != "" {
			b.Trade = string(s.SKU)
		}
		e.Receipts = append(e.Receipts, allocation.Receipt{Batch: b, Qty: *s.Qty, Disposition: s.Disposition, Inbound: s.Inbound})
	}
	return e
}

func TestTheEngineAgreesWithTheSlowModelOnEveryHistory(t *testing.T) {
	for i := range played(t) {
		if h := writerOf(1, i).history(); !agree(h) {
			t.Fatalf("history %d:\n%s", i, show(shrink(h)))
		}
	}
}

// agree plays a history in both and compares after every line.
func agree(h []step) bool {
	said, _ := differ(h)
	return said == ""
}

func differ(h []step) (said string, at int) {
	defer func() {
		if p := recover(); p != nil {
			said = fmt.Sprint("panic: ", p)
		}
	}()
	p, s := newPlayer(), newSlow()
	for i, l := range h {
		r := play(p, l)
		if ok := s.step(l); ok != (r.Error == nil) {
			return fmt.Sprintf("line %d: engine %+v, slow model accepts: %v", i+1, r.Error, ok), i
		}
		got, want := text(p.Balances())+inHand(p), text(s.balances())+s.inHand()
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

// inHand tells of each line what the balances leave out.
func inHand(p *memory.Player) (s string) {
	for _, id := range slices.Sorted(maps.Keys(p.State.Lines)) {
		l := p.State.Lines[id]
		s += fmt.Sprintf(" %s%v", id, [...]int64{l.Picked, l.Shipped, l.Guaranteed, l.Excess, l.Right, l.Sunk})
		held, _ := p.State.Held(id)
		for _, h := range held {
			s += fmt.Sprintf(" %d(%d) %s %s %s %s", h.Qty, h.Bound, h.SKU, h.Expiry, h.Lot, h.Serial)
		}
	}
	return s
}

// shrink leaves out what is not needed for the disagreement.
func shrink(h []step) []step {
	for again := true; again; {
		again = false
		for i := range h {
			less := append(append([]step{}, h[:i]...), h[i+1:]...)
			if !agree(less) {
				h, again = less, true
				break
			}
		}
	}
	return h
}

func show(h []step) (s string) {
	for _, l := range h {
		j, _ := json.Marshal(l)
		s += string(j) + "\n"
	}
	said, _ := differ(h)
	return s + said
}

// Nothing of a decision may hang on the order in which a map is walked.
func TestAHistoryPlayedAgainComesOutTheSame(t *testing.T) {
	for i := range played(t) / 4 {
		h := writerOf(7, i).history()
		once, again := newPlayer(), newPlayer()
		for n, l := range h {
			if a, b := play(once, l), play(again, l); !reflect.DeepEqual(a, b) {
				t.Fatalf("history %d, line %d: once %+v, again %+v:\n%s", i, n+1, a, b, show(h))
			}
		}
	}
}

// The invariants of the design, checked beside the slow model as that could share
// a mistake: nobody holds more than is wanted or was received, no unit appears or
// disappears but by what was said, and what is bound stays where it is.
func TestTheInvariantsHoldInEveryHistory(t *testing.T) {
	for i := range played(t) / 4 {
		w := writerOf(8, i)
		p := newPlayer()
		bound := map[allocation.LineID]int64{}
		for range 3 {
			for n, s := range w.history() {
				before := inHouse(t, p)
				r := play(p, s)
				bad := wrongTotal(s, r, before, inHouse(t, p))
				for id, l := range p.State.Lines {
					switch {
					case min(l.Right, l.Open(), l.Movable()+l.Guaranteed, l.Shipped, l.Picked, l.Staged-l.Shipped, l.Excess) < 0:
						bad = fmt.Sprintf("something of %+v is below nothing", *l)
					case s.Return == nil && l.Bound() < bound[id]:
						bad = fmt.Sprintf("%s lost a bound unit", id)
					}
					bound[id] = l.Bound()
				}
				if bad != "" {
					t.Fatalf("history %d, line %d: %+v came to %+v: %s", i, n+1, s, r, bad)
				}
			}
		}
	}
}

// inHouse counts what is in the house, and that each line's total is what it
// holds and has shipped.
func inHouse(t *testing.T, p *memory.Player) (n int64) {
	for id, l := range p.State.Lines {
		parcels, err := p.State.Held(id)
		require.NoError(t, err)
		held := int64(0)
		for _, p := range parcels {
			held += p.Qty
			if p.Qty <= 0 || p.Bound < 0 || p.Bound > p.Qty {
				t.Fatalf("%s holds %+v", id, p)
			}
		}
		if l.Allocated-l.Shipped != held {
			t.Fatalf("%s has %d units by its totals and %d by its parcels", id, l.Allocated-l.Shipped, held)
		}
		n += held
	}
	b := p.Balances()
	for _, shelf := range []map[allocation.SKU]int64{b.Free, b.Damaged, b.Hold} {
		for sku, q := range shelf {
			if q < 0 {
				t.Fatalf("%s: a shelf holds %d", sku, q)
			}
			n += q
		}
	}
	return n
}

// wrongTotal tells of units that came or went otherwise than a step says.
func wrongTotal(s step, r scenario.Result, before, after int64) string {
	want := before
	switch {
	case r.Error != nil:
	case s.Scan != nil && s.Scan.SKU != "":
		want += *s.Scan.Qty
	case s.Adjust != nil:
		want += s.Adjust.Qty
	case s.Pallet != nil:
		for _, r := range s.Pallet {
			want += *r.Qty
		}
	case s.Ship != nil:
		want -= s.Ship.Qty
	case s.Undo != nil && after <= before, s.Scan != nil, s.Map != nil:
		return ""
	}
	if want == after {
		return ""
	}
	return fmt.Sprintf("%d units in the house, not %d", after, want)
}
