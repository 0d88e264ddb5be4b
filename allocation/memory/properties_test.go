package memory_test

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/allocation/memory"
	"dockfill/allocation/memory/histories"
	"dockfill/allocation/scenario"
)

// after plays a random history and gives where it led.
func (w *writer) after() (*memory.Player, []step) {
	p, h := newPlayer(), w.history()
	for _, s := range h {
		play(p, s)
	}
	return p, h
}

func goods(w *writer) allocation.Batch {
	b := allocation.Batch{SKU: w.SKU()}
	if !w.Plain {
		b.Expiry = histories.PickOne(w.Writer, allocation.Date(""), "2027-03-10", "2027-04-20")
	}
	return b
}

func receive(t *testing.T, p *memory.Player, b allocation.Batch, n int64) allocation.Decision {
	d, err := p.State.Decide(allocation.Receive{Receipts: []allocation.Receipt{{Batch: b, Qty: n}}})
	require.NoError(t, err)
	return d
}

func whole(p *memory.Player) string { return text(p.Balances()) + inHand(p) }

// same says after which history two sites differ.
func same(t *testing.T, want, got *memory.Player, i int, h []step, said string) {
	t.Helper()
	if want, got := whole(want), whole(got); want != got {
		t.Fatalf("history %d: %s:\n%swant %s\ngot  %s", i, said, show(h), want, got)
	}
}

// Wherever a history leads to, n units at once come to the same as n units one
// by one: for both shares, for guarantees and for gates that gather. Packs and
// gates in mode skip look at how many units there are, so they are left out. So
// are guarantees where the event lets lines take from lines: a new unit may free
// one that the guarantee kept, and of several new ones worse lines have theirs
// before it is asked for.
func TestUnitsAtOnceEqualUnitsOneByOneAfterAnyHistory(t *testing.T) {
	for i := range played(t) / 4 {
		w := writerOf(11, i)
		w.NoPacks = true
		h := w.history()
		for _, s := range h {
			if s.Policy != nil && s.Policy.GateMode == "skip" {
				s.Policy.GateMode = "hold"
			}
		}
		together, singles := newPlayer(), newPlayer()
		for _, s := range h {
			play(together, s)
			play(singles, s)
		}
		b, n := goods(w), 1+w.Int64N(9)
		d := receive(t, together, b, n)
		trades := traded(d)
		for range n {
			trades = traded(receive(t, singles, b, 1)) || trades
		}
		if trades && len(together.State.Policy.Rules().Guarantees) > 0 {
			continue
		}
		same(t, singles, together, i, h, fmt.Sprintf("%d of %+v", n, b))
		require.Equal(t, n, fromDock(d), "each unit went to one place")
	}
}

// traded: a line took from a line.
func traded(d allocation.Decision) bool {
	return slices.ContainsFunc(d.Moves, func(m allocation.Move) bool {
		return m.From.Shelf == allocation.WithLine && m.To.Shelf == allocation.WithLine
	})
}

func fromDock(d allocation.Decision) (n int64) {
	for _, m := range d.Moves {
		if m.From.Shelf == allocation.Dock {
			n += m.Qty
		}
	}
	return n
}

// After every event there is nothing left that another offer would give.
func TestFreeStockIsOfferedAfterEveryEvent(t *testing.T) {
	for i := range played(t) / 4 {
		p := newPlayer()
		h := writerOf(12, i).history()
		for n, s := range h {
			play(p, s)
			d, err := p.State.Decide(allocation.Offer{SKUs: []allocation.SKU{"X", "Y", "Z"}})
			require.NoError(t, err)
			if len(d.Moves) > 0 {
				t.Fatalf("history %d: after line %d %+v was still to give:\n%s", i, n+1, d.Moves, show(h[:n+1]))
			}
		}
	}
}

// What is delivered twice counts once: an order in the words that are known, and
// any command whose number was seen.
func TestWhatComesTwiceChangesNothing(t *testing.T) {
	for i := range played(t) / 4 {
		p := newPlayer()
		h := writerOf(13, i).history()
		for n, s := range h {
			number := int64(n)
			s.Line.Cmd = &number
			play(p, s)
			before := whole(p)
			if s.Kind() != "" {
				play(p, s)
			}
			if s.Order != nil {
				s.Line.Cmd = nil
				play(p, s)
			}
			if after := whole(p); before != after {
				t.Fatalf("history %d: line %d again changed %s\nto %s:\n%s", i, n+1, before, after, show(h[:n+1]))
			}
		}
	}
}

// Orders that arrive in another order get the same: neither the order of
// insertion nor a site's clock decides, also where all but the names are equal.
func TestTheOrderOfArrivalChangesNothing(t *testing.T) {
	for i := range played(t) / 4 {
		w := writerOf(14, i)
		policy := step{Line: scenario.Line{Policy: w.Policy()}}
		var orders []step
		for n := range 2 + w.IntN(4) {
			o := w.Order(fmt.Sprintf("O%d", n+1))
			if w.IntN(2) == 0 {
				o.Override, o.Tier, o.Class, o.Accepted, o.Promised = 0, 0, "", histories.Morning, ""
			}
			orders = append(orders, step{Line: scenario.Line{Order: o}})
		}
		one, other := newPlayer(), newPlayer()
		play(one, policy)
		play(other, policy)
		for _, s := range orders {
			play(one, s)
		}
		for _, n := range w.Perm(len(orders)) {
			play(other, orders[n])
		}
		for range 6 {
			s := step{Line: scenario.Line{Scan: w.Scan()}}
			play(one, s)
			play(other, s)
			same(t, one, other, i, append(append([]step{policy}, orders...), s), "in another order")
		}
	}
}

// With goods for all, every line fills that has no rule of pack, remaining life
// or gate, and a right; and in mode hold those with a gate too.
func TestNobodyStarvesWhereThereIsEnough(t *testing.T) {
	for i := range played(t) / 4 {
		w := writerOf(15, i)
		p, h := w.after()
		for _, sku := range []allocation.SKU{"X", "Y", "Z"} {
			for range 5 {
				receive(t, p, allocation.Batch{SKU: sku}, 1+w.Int64N(60))
			}
			receive(t, p, allocation.Batch{SKU: sku}, 200)
		}
		for id, l := range p.State.Lines {
			gated := l.Ship != allocation.ShipPartial && p.State.Policy.Rules().Gate == allocation.GateSkip
			if l.Pack <= 1 && l.MinLife == 0 && !gated && l.Takes() > 0 {
				t.Fatalf("history %d: %s waits for ever:\n%s", i, id, show(h))
			}
		}
	}
}

// A decision names the line that won, over whom and by which key, and what each
// better-ranked line lacked that the units went past.
func TestEveryDecisionSaysWhoWonAndWhyBetterOnesDidNot(t *testing.T) {
	for i := range played(t) / 4 {
		w := writerOf(16, i)
		p, h := w.after()
		d := receive(t, p, goods(w), 1+w.Int64N(4))
		require.Equal(t, p.State.Policy.Version, d.Why.Policy)
		for _, l := range d.Why.Passed {
			require.Positive(t, p.State.Lines[l.Line].Open(), "history %d: %s is named and waits for nothing", i, l.Line)
		}
		for _, m := range d.Moves {
			if m.To.Shelf != allocation.WithLine {
				continue
			}
			won := p.State.Lines[m.To.Line]
			require.Equal(t, m.By == "", m.Over == "", "history %d: %+v", i, m)
			require.NotEqual(t, m.To.Line, m.Over)
			if m.From.Shelf != allocation.Dock || m.SKU != won.SKU || m.By == allocation.ByGuarantee {
				continue
			}
			if id := unnamed(p, d, won); id != "" {
				t.Fatalf("history %d: %s went past %s and does not say why:\n%s", i, won.ID(), id, show(h))
			}
		}
	}
}

// unnamed finds a better-ranked line that the winner went past in silence. Under
// fair share rank decides only between equal shares.
func unnamed(p *memory.Player, d allocation.Decision, won *allocation.Line) allocation.LineID {
	passed := map[allocation.LineID]bool{}
	for _, l := range d.Why.Passed {
		passed[l.Line] = true
	}
	for id, l := range p.State.Lines {
		_, better := p.State.Policy.Better(l.Rank, won.Rank)
		fair := p.State.Policy.Rules().Share == allocation.Fair
		if better && l.SKU == won.SKU && l.Open() > 0 && !fair && !touched(d, id) && !passed[id] && !d.Why.More {
			return id
		}
	}
	return ""
}

// touched: a line that got or lost units itself is told of in its own moves.
func touched(d allocation.Decision, id allocation.LineID) bool {
	for _, m := range d.Moves {
		if m.To.Line == id || m.From.Line == id {
			return true
		}
	}
	return false
}

// broken is a view one of whose reads fails.
type broken struct {
	*memory.State
	left int
}

var errDisk = errors.New("the disk is gone")

func (b *broken) read() error {
	if b.left--; b.left == -1 {
		return errDisk
	}
	return nil
}

func failing[T any](b *broken, all iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range all {
			if e := b.read(); e != nil {
				err = e
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := b.read(); err != nil {
			var none T
			yield(none, err)
		}
	}
}

func (b *broken) Waiting(q allocation.Search) allocation.Cursor {
	return &brokenCursor{b, b.State.Waiting(q)}
}

func (b *broken) Holders(sku allocation.SKU, kinds allocation.Holding) iter.Seq2[allocation.Line, error] {
	return failing(b, b.State.Holders(sku, kinds))
}

func (b *broken) Line(id allocation.LineID) (allocation.Line, bool, error) {
	l, found, _ := b.State.Line(id)
	return l, found, b.read()
}

func (b *broken) OrderLines(id allocation.OrderID) ([]allocation.Line, error) {
	all, _ := b.State.OrderLines(id)
	return all, b.read()
}

type brokenCursor struct {
	b *broken
	allocation.Cursor
}

func (c *brokenCursor) Next() (allocation.Line, bool, error) {
	if err := c.b.read(); err != nil {
		return allocation.Line{}, false, err
	}
	return c.Cursor.Next()
}

func (b *broken) Held(id allocation.LineID) ([]allocation.Parcel, error) {
	all, _ := b.State.Held(id)
	return all, b.read()
}

func (b *broken) Stock(sku allocation.SKU, shelf allocation.Shelf) iter.Seq2[allocation.Parcel, error] {
	return failing(b, b.State.Stock(sku, shelf))
}

func (b *broken) Surplus(id allocation.InboundID) iter.Seq2[allocation.Parcel, error] {
	return failing(b, b.State.Surplus(id))
}

func (b *broken) Awaited(sku allocation.SKU) ([]allocation.Awaited, error) {
	all, _ := b.State.Awaited(sku)
	return all, b.read()
}

func (b *broken) Inbound(id allocation.InboundID, sku allocation.SKU) (allocation.Inbound, bool, error) {
	in, found, _ := b.State.Inbound(id, sku)
	return in, found, b.read()
}

func (b *broken) Appetites(sku allocation.SKU) iter.Seq2[allocation.Appetite, error] {
	return failing(b, b.State.Appetites(sku))
}

func (b *broken) Beside(sku allocation.SKU) ([]allocation.SKU, error) {
	all, _ := b.State.Beside(sku)
	return all, b.read()
}

func (b *broken) Together(sku, beside allocation.SKU) iter.Seq2[allocation.Line, error] {
	return failing(b, b.State.Together(sku, beside))
}

func (b *broken) Lacking(id allocation.OrderID) ([]allocation.SKU, error) {
	all, _ := b.State.Lacking(id)
	return all, b.read()
}

func (b *broken) Guaranteed(segment string, sku allocation.SKU) (int64, error) {
	n, _ := b.State.Guaranteed(segment, sku)
	return n, b.read()
}

func (b *broken) About(sku allocation.SKU) (allocation.About, error) {
	about, _ := b.State.About(sku)
	return about, b.read()
}

func (b *broken) Serial(trade, serial string) (bool, error) {
	here, _ := b.State.Serial(trade, serial)
	return here, b.read()
}

// Whichever read fails, the decision ends with that error: nothing is decided
// from half of the facts.
func TestAReadThatFailsEndsTheDecision(t *testing.T) {
	for i := range 1 + played(t)/20 {
		w := writerOf(17, i)
		p, h := w.after()
		for n, e := range someEvents(w) {
			for left := 0; ; left++ {
				v := &broken{p.State, left}
				d, err := allocation.Decide(p.State.Policy, v, p.State.Today, e)
				if v.left >= 0 {
					break
				}
				if !errors.Is(err, errDisk) {
					t.Fatalf("history %d, event %d, read %d: %+v came to %+v, %v:\n%s", i, n, left, e, d, err, show(h))
				}
			}
		}
	}
}

// someEvents draws one of each kind.
func someEvents(w *writer) []allocation.Event {
	b, n := goods(w), 1+w.Int64N(3)
	taken := allocation.Taken{Receipt: allocation.Receipt{Batch: b, Qty: n}, Lines: []allocation.Given{{Line: w.LineID(), Qty: 1}}}
	return []allocation.Event{
		unload(w.pallet()),
		allocation.Demand{Wants: []allocation.Want{{Line: w.LineID(), Qty: n}}, Changed: []allocation.OrderID{allocation.OrderID(w.OrderID())}},
		allocation.Demand{Wants: []allocation.Want{{Line: w.LineID(), Qty: 0}}},
		allocation.Offer{SKUs: []allocation.SKU{"X", "Y", "Z"}},
		allocation.Approve{Inbound: "PO1", Qty: n},
		allocation.Undo{Receipts: []allocation.Taken{taken}},
		allocation.Regrade{SKU: w.SKU(), Qty: n, From: allocation.Good, To: allocation.Damaged},
		allocation.Regrade{SKU: w.SKU(), Qty: n, From: allocation.Damaged, To: allocation.Good},
		allocation.Adjust{SKU: w.SKU(), Qty: -n},
		allocation.Pick{Line: w.LineID(), Qty: n},
		allocation.Stage{Line: w.LineID(), Qty: n},
		allocation.Dispatch{Line: w.LineID(), Qty: n},
		allocation.Return{Line: w.LineID(), Qty: n},
	}
}

// suspicious tells of a SKU all that a store may say that is not sure.
type suspicious struct{ *memory.State }

func (s suspicious) Beside(allocation.SKU) ([]allocation.SKU, error) {
	return []allocation.SKU{"X", "Y", "Z", "none"}, nil
}

func (s suspicious) About(sku allocation.SKU) (allocation.About, error) {
	about, err := s.State.About(sku)
	about.Free, about.Low, about.Gathered, about.Win = true, true, true, true
	return about, err
}

func TestWhatAStoreOnlySuspectsChangesNoDecision(t *testing.T) {
	for i := range 1 + played(t)/4 {
		w := writerOf(18, i)
		p, h := w.after()
		for _, e := range someEvents(w) {
			sure, err := allocation.Decide(p.State.Policy, p.State, p.State.Today, e)
			unsure, err2 := allocation.Decide(p.State.Policy, suspicious{p.State}, p.State.Today, e)
			if !reflect.DeepEqual(sure, unsure) || !reflect.DeepEqual(err, err2) {
				t.Fatalf("history %d: %+v came to %+v, %v, and to %+v, %v:\n%s", i, e, sure, err, unsure, err2, show(h))
			}
		}
	}
}
