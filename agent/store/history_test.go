package store

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/allocation/memory"
	"dockfill/sync/wire"
)

// histories is how many random histories are played: DOCKFILL_HISTORIES, or defaultHistories.
func histories(t testing.TB) int {
	if s := os.Getenv("DOCKFILL_HISTORIES"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	return defaultHistories
}

// twins are the same site twice: in memory, which reads everything and sorts it,
// and in the database, which reads what its indexes lead to. What happens is drawn
// at random; the numbers are small, so that ties, shortage and surplus are common.
type twins struct {
	*rand.Rand
	t     *testing.T
	state *memory.State
	tx    *Tx
	rich  bool // lines have the right to all that they want
	day   int
	said  []string

	orders map[allocation.OrderID]*wire.Order
	scans  [][]allocation.Taken
}

var (
	errBack   = errors.New("taken back")
	someSKUs  = []allocation.SKU{"X", "Y", "Z"}
	someShips = []allocation.Ship{"", "partial", "line", "order", "order"}
)

// The strongest proof of the indexes: every decision over the database is the one
// over the memory, to the last move, reason and line, and afterwards both hold the
// same.
func TestTheDatabaseDecidesAsTheMemoryDoes(t *testing.T) {
	s := unflushed(t)
	for i := range histories(t) {
		err := s.Update(t.Context(), func(tx *Tx) error {
			newTwins(t, tx, i).play()
			return errBack
		})
		require.ErrorIs(t, err, errBack)
	}
}

// The same over a database that keeps what was committed, and what the process
// knows of it.
func TestTheDatabaseDecidesAsTheMemoryDoesAcrossCommits(t *testing.T) {
	s := unflushed(t)
	w := newTwins(t, nil, 1)
	for i := range histories(t) / 8 {
		back := i > 0 && w.IntN(4) == 0
		err := s.Update(t.Context(), func(tx *Tx) error {
			w.tx = tx
			if i == 0 {
				w.setPolicy()
			}
			if back {
				return w.tryOut(w.draw())
			}
			for range 3 {
				w.step()
			}
			return nil
		})
		require.Equal(t, back, errors.Is(err, errBack), err)
	}
	require.NoError(t, s.View(t.Context(), func(tx *Tx) error {
		w.tx = tx
		w.compare()
		counts, err := tx.AddUp()
		require.NoError(t, err)
		_, _, now := s.Now()
		require.Equal(t, counts, now)
		return nil
	}))
}

func unflushed(t testing.TB) *Store {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "agent.db"), Site: "leeds", Unflushed: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func newTwins(t *testing.T, tx *Tx, i int) *twins {
	return &twins{
		Rand: rand.New(rand.NewPCG(9, uint64(i))), t: t, tx: tx, state: memory.New(allocation.DefaultPolicy()), rich: i%2 == 0,
		said: []string{fmt.Sprint("history ", i)}, orders: map[allocation.OrderID]*wire.Order{},
	}
}

func (w *twins) play() {
	w.setPolicy()
	for range 6 + w.IntN(12) {
		w.step()
	}
	w.compare()
	counts, err := w.tx.AddUp()
	w.no(err)
	require.Equal(w.t, counts, w.tx.counts, w.said)
}

func (w *twins) no(err error) {
	require.NoError(w.t, err, "%q", w.said)
}

func oneOf[T any](w *twins, all ...T) T { return all[w.IntN(len(all))] }

// step lets one thing happen. Now and then it happens in the database first and is
// taken back, of which nothing may stay.
func (w *twins) step() {
	w.day++
	w.state.Today = allocation.Date(day(1).AddDate(0, 0, w.day/3%40).Format(time.DateOnly))
	do := w.draw()
	if w.IntN(6) == 0 {
		require.ErrorIs(w.t, w.tx.Savepoint(func() error { return w.tryOut(do) }), errBack)
	}
	do(w, false)
	w.look()
}

// tryOut does something in the database alone, for which it is to be taken back.
func (w *twins) tryOut(do act) error {
	w.said = append(w.said, "(taken back)")
	alone := *w
	alone.state = memory.New(allocation.DefaultPolicy())
	do(&alone, true)
	return errBack
}

// An act changes the twins; trial means that only the database counts.
type act func(w *twins, trial bool)

func (w *twins) draw() act {
	switch k := w.IntN(30); {
	case k < 7:
		return w.order()
	case k < 14:
		return w.receive()
	case k < 16:
		return w.grant()
	case k < 18:
		return w.undo()
	case k < 24:
		return w.event(w.deed())
	case k == 24:
		return w.substitutes()
	case k == 25:
		return w.policy()
	case k < 28:
		return w.inbound()
	}
	return w.event(w.correction())
}

func (w *twins) setPolicy() { w.policy()(w, false) }

func (w *twins) policy() act {
	r := allocation.Rules{Share: oneOf(w, allocation.Sequence, allocation.Fair), Gate: oneOf(w, allocation.GateHold, allocation.GateSkip)}
	if w.IntN(3) == 0 {
		r.Rank = oneOf(w, []allocation.Key{"tier"}, []allocation.Key{"accepted", "tier", "class"}, []allocation.Key{"override", "tier", "promised"})
	}
	if w.IntN(2) == 0 {
		r.Guarantees = []allocation.Guarantee{{Segment: "B", Qty: 1 + w.Int64N(3)}, {Segment: "C", Qty: 1 + w.Int64N(2)}}
	}
	r.OverPct, r.StageAtBeep = oneOf(w, int64(0), 50), w.IntN(4) == 0
	p, err := allocation.NewPolicy(fmt.Sprint("v", w.IntN(1000)), r)
	w.no(err)
	return func(w *twins, trial bool) {
		w.no(w.tx.SetPolicy(p))
		w.state.SetPolicy(p)
		w.decide(trial, allocation.Offer{SKUs: someSKUs}, nil)
	}
}

func (w *twins) orderID() allocation.OrderID {
	return allocation.OrderID(fmt.Sprint("O", 1+w.IntN(6)))
}

func (w *twins) lineID() allocation.LineID {
	return allocation.MakeLineID(w.orderID(), fmt.Sprint(1+w.IntN(2)))
}

// order draws an order, or a new version of one.
func (w *twins) order() act {
	o := &wire.Order{
		ID: w.orderID(), Segment: oneOf(w, "", "", "B", "C"), Tier: w.IntN(3), Override: oneOf(w, 0, 0, 0, 0, 1, 2), Ship: oneOf(w, someShips...),
		Class:    oneOf(w, allocation.Redistribute, allocation.Redistribute, "", allocation.Win, allocation.Gain, allocation.Fill, allocation.Lose),
		Accepted: day(1 + w.Int64N(3)).Add(time.Duration(w.IntN(2)) * time.Nanosecond), Promised: oneOf(w, allocation.Date(""), "", "2027-03-04"),
		Requested: oneOf(w, allocation.Date(""), "2027-03-03"), Changed: w.IntN(3) == 0,
	}
	had := w.orders[o.ID]
	for i := range 2 {
		l := wire.OrderLine{Line: fmt.Sprint(i + 1), SKU: oneOf(w, allocation.SKU("X"), "X", "X", "Y", "Z"), Qty: w.Int64N(5), Pack: oneOf(w, int64(0), 0, 0, 1, 2), MinLifeDays: oneOf(w, 0, 0, 0, 10)}
		if had != nil && w.state.Lines[allocation.MakeLineID(o.ID, l.Line)].Allocated > 0 {
			l.SKU = had.Lines[i].SKU
		}
		o.Lines = append(o.Lines, l)
	}
	return func(w *twins, trial bool) {
		if !trial {
			w.orders[o.ID] = o
		}
		w.no(w.tx.PutOrder(o))
		e := allocation.Demand{}
		if o.Changed {
			e.Changed = []allocation.OrderID{o.ID}
		}
		for _, l := range o.Lines {
			id := allocation.MakeLineID(o.ID, l.Line)
			e.Wants = append(e.Wants, allocation.Want{Line: id, Qty: l.Qty})
			w.putLine(o, id, l, had == nil)
		}
		w.decide(trial, e, nil)
	}
}

func (w *twins) putLine(o *wire.Order, id allocation.LineID, l wire.OrderLine, isNew bool) {
	if isNew {
		w.no(w.tx.AddLine(id, o.ID, l))
	} else {
		w.no(w.tx.SetLine(id, l))
	}
	ship, err := allocation.ParseShip(string(o.Ship))
	w.no(err)
	class, err := allocation.ParseClass(string(o.Class))
	w.no(err)
	w.state.Put(allocation.Line{
		Rank: allocation.Rank{
			Override: o.Override, Class: class, Contract: o.Contract, Tier: o.Tier, Due: allocation.Due(o.Promised, o.Requested),
			Accepted: o.Accepted, Order: o.ID, Line: id,
		},
		SKU: l.SKU, Segment: o.Segment, Ship: ship, Pack: l.Pack, MinLife: l.MinLifeDays,
	})
	if w.rich {
		w.raise(id, max(0, l.Qty-w.state.Lines[id].Allocated-w.state.Lines[id].Right))
	}
}

// raise grants n more.
func (w *twins) raise(id allocation.LineID, n int64) {
	l, found, err := w.tx.Shown(id)
	w.no(err)
	require.True(w.t, found)
	_, _, err = w.tx.Grant(id, l.Rights.Granted+n)
	w.no(err)
	w.state.Lines[id].Right += n
}

func (w *twins) grant() act {
	id, n := w.lineID(), w.Int64N(4)
	return func(w *twins, trial bool) {
		if l := w.state.Lines[id]; l != nil && !trial {
			w.raise(id, n)
			w.decide(trial, allocation.Offer{SKUs: []allocation.SKU{l.SKU}}, nil)
		}
	}
}

func (w *twins) receive() act {
	var receipts []allocation.Receipt
	for range oneOf(w, 1, 1, 1, 2) {
		r := allocation.Receipt{
			Batch: allocation.Batch{SKU: oneOf(w, allocation.SKU("X"), "X", "X", "Y", "Z"), Expiry: oneOf(w, allocation.Date(""), "", "2027-01-20", "2027-03-14"), Lot: oneOf(w, "", "", "L1")},
			Qty:   1 + w.Int64N(4), Disposition: oneOf(w, allocation.Disposition(""), "", "", "", allocation.Good, allocation.Damaged, allocation.Hold),
			Inbound: oneOf(w, allocation.InboundID(""), "", "PO1", "PO2"),
		}
		if w.IntN(5) == 0 {
			r.Trade, r.Serial = "T", oneOf(w, "S1", "S2")
		}
		if len(receipts) == 0 || receipts[0].Batch != r.Batch { // else nobody could tell whose units went where
			receipts = append(receipts, r)
		}
	}
	return func(w *twins, trial bool) {
		d, done := w.decide(trial, allocation.Receive{Receipts: receipts}, arrivals(receipts, 1))
		if done && !trial {
			w.scans = append(w.scans, memory.Taken(receipts, d))
		}
	}
}

func arrivals(receipts []allocation.Receipt, sign int64) (all []Arrival) {
	for _, r := range receipts {
		all = append(all, Arrival{r.Inbound, r.SKU, sign * r.Qty})
	}
	return all
}

func (w *twins) undo() act {
	if len(w.scans) == 0 {
		return func(*twins, bool) {}
	}
	last := w.scans[len(w.scans)-1]
	var receipts []allocation.Receipt
	for _, r := range last {
		receipts = append(receipts, r.Receipt)
	}
	return func(w *twins, trial bool) {
		if _, done := w.decide(trial, allocation.Undo{Receipts: last}, arrivals(receipts, -1)); done && !trial {
			w.scans = w.scans[:len(w.scans)-1]
		}
	}
}

// event is an act of one event without new facts.
func (w *twins) event(e allocation.Event) act {
	return func(w *twins, trial bool) { w.decide(trial, e, nil) }
}

func (w *twins) deed() allocation.Event {
	id, n := w.lineID(), 1+w.Int64N(2)
	return oneOf[allocation.Event](w, allocation.Pick{Line: id, Qty: n}, allocation.Stage{Line: id, Qty: n}, allocation.Stage{Line: id, Qty: n},
		allocation.Dispatch{Line: id, Qty: n}, allocation.Return{Line: id, Qty: n})
}

func (w *twins) correction() allocation.Event {
	sku := oneOf(w, someSKUs...)
	return oneOf[allocation.Event](w,
		allocation.Regrade{SKU: sku, Qty: 1 + w.Int64N(2), From: oneOf(w, allocation.Good, allocation.Damaged, allocation.Hold), To: oneOf(w, allocation.Good, allocation.Damaged)},
		allocation.Adjust{SKU: sku, Qty: oneOf(w, int64(-2), -1, 1, 2)},
		allocation.Approve{Inbound: oneOf(w, allocation.InboundID("PO1"), "PO2"), Qty: 1 + w.Int64N(3)})
}

func (w *twins) substitutes() act {
	i := &wire.Item{SKU: oneOf(w, allocation.SKU("X"), "Z"), Substitutes: oneOf(w, nil, []allocation.SKU{"Y"}, []allocation.SKU{"Y", "Z"})}
	return func(w *twins, trial bool) {
		w.no(w.tx.PutItem(i))
		w.state.SetSubstitutes(i.SKU, i.Substitutes)
		w.decide(trial, allocation.Offer{SKUs: []allocation.SKU{i.SKU}}, nil)
	}
}

func (w *twins) inbound() act {
	in := &wire.Inbound{ID: oneOf(w, allocation.InboundID("PO1"), "PO2"), Version: 1, Closed: w.IntN(4) == 0}
	for range 1 + w.IntN(2) {
		in.Lines = append(in.Lines, wire.InboundLine{SKU: oneOf(w, someSKUs...), Qty: 1 + w.Int64N(8)})
	}
	if pct := int64(50); w.IntN(3) == 0 {
		in.TolerancePct = &pct
	}
	in.Expected = oneOf(w, allocation.Date(""), "2027-03-05", "2027-03-06")
	return func(w *twins, trial bool) {
		w.no(w.tx.PutInbound(in))
		now := &memory.Inbound{Announced: map[allocation.SKU]int64{}, Received: map[allocation.SKU]int64{}, Tolerance: in.TolerancePct, Closed: in.Closed, Expected: in.Expected}
		if had := w.state.Inbounds[in.ID]; had != nil {
			now.Received, now.Loose = had.Received, had.Loose
		}
		for _, l := range in.Lines {
			now.Announced[l.SKU] += l.Qty
		}
		w.state.Inbounds[in.ID] = now
		w.decide(trial, allocation.Offer{SKUs: someSKUs}, nil)
	}
}

// decide decides in both, compares, and writes down.
func (w *twins) decide(trial bool, e allocation.Event, received []Arrival) (allocation.Decision, bool) {
	w.said = append(w.said, fmt.Sprintf("%T%+v", e, e))
	if trial {
		d, err := allocation.Decide(w.tx.Meta().Policy, w.tx, w.state.Today, e)
		if err == nil {
			_, err = w.tx.Write(d, received)
			w.no(err)
		}
		return d, err == nil
	}
	before := map[allocation.LineID]int64{}
	for id := range w.state.Lines {
		before[id] = w.returned(id)
	}
	want, refused := w.state.Decide(e)
	got, err := allocation.Decide(w.tx.Meta().Policy, w.tx, w.state.Today, e)
	require.Equal(w.t, refused, err, "%q", w.said)
	require.Equal(w.t, want, got, "%q", w.said)
	if err != nil {
		return got, false
	}
	returned, err := w.tx.Write(got, received)
	w.no(err)
	for _, g := range returned {
		require.Equal(w.t, before[g.Line]+g.Qty, w.returned(g.Line), "%q", w.said)
		before[g.Line] += g.Qty
	}
	for id := range before {
		require.Equal(w.t, before[id], w.returned(id), "%q", w.said)
	}
	return got, true
}

func (w *twins) returned(id allocation.LineID) int64 {
	l, _, err := w.tx.Shown(id)
	w.no(err)
	return l.Rights.Returned
}

// look asks both a question that a decision may ask, drawn at random.
func (w *twins) look() {
	sku := oneOf(w, someSKUs...)
	s := allocation.Search{
		SKU: sku, Segment: oneOf(w, "", "", "B"), Gated: w.IntN(4) == 0, Classes: oneOf(w, allocation.AnyClass, allocation.NoFillers, allocation.OnlyWin),
		Limited: w.IntN(3) > 0, Units: 1 + w.Int64N(4), Whole: w.Int64N(5), Life: oneOf(w, 0, 10, 1000),
	}
	if l := w.state.Lines[w.lineID()]; l != nil && w.IntN(3) == 0 {
		s.After = l
	}
	require.Equal(w.t, all(w, allocation.Each(w.state.Waiting(s))), all(w, allocation.Each(w.tx.Waiting(s))), "%+v %q", s, w.said)
	kinds := allocation.Holding(1 + w.IntN(15))
	require.Equal(w.t, all(w, w.state.Holders(sku, kinds)), all(w, w.tx.Holders(sku, kinds)), "kinds %d %q", kinds, w.said)
	w.lookAbout(sku)
}

func all[T any](w *twins, in iter.Seq2[T, error]) (out []T) {
	for x, err := range in {
		w.no(err)
		out = append(out, x)
	}
	return out
}

// What is known at large may be too much, never too little.
func (w *twins) lookAbout(sku allocation.SKU) {
	want, err := w.state.About(sku)
	w.no(err)
	got, err := w.tx.About(sku)
	w.no(err)
	require.Equal(w.t, [2][]allocation.SKU{want.Substitutes, want.ServesAlso}, [2][]allocation.SKU{got.Substitutes, got.ServesAlso}, "%q", w.said)
	has := func(kinds allocation.Holding) bool { return len(all(w, w.state.Holders(sku, kinds))) > 0 }
	can := slices.ContainsFunc(all(w, allocation.Each(w.state.Waiting(allocation.Search{SKU: sku, Classes: allocation.OnlyWin}))), func(l allocation.Line) bool {
		return l.Takes() >= l.Least()
	})
	for what, pair := range map[string][2]bool{
		"free": {want.Free, got.Free}, "low": {has(allocation.HoldLow), got.Low},
		"gathered": {has(allocation.HoldGathered), got.Gathered}, "win": {can, got.Win},
	} {
		require.True(w.t, !pair[0] || pair[1], "%s is missed: %q", what, w.said)
	}
}

// compare holds everything against everything.
func (w *twins) compare() {
	lines := 0
	w.no(w.tx.EachLine(func(l Line) error {
		lines++
		want := *w.state.Lines[l.ID()]
		require.Equal(w.t, want, l.Line, "%q", w.said)
		require.Equal(w.t, l.Allocated, l.Rights.Used-l.Rights.Undone, "%q", w.said)
		held, err := w.state.Held(l.ID())
		w.no(err)
		got, err := w.tx.Held(l.ID())
		w.no(err)
		require.Equal(w.t, held, got, "%s %q", l.ID(), w.said)
		return nil
	}))
	require.Len(w.t, w.state.Lines, lines)
	for _, sku := range someSKUs {
		w.compareSKU(sku)
	}
	for _, id := range []allocation.InboundID{"PO1", "PO2"} {
		require.Equal(w.t, all(w, w.state.Surplus(id)), all(w, w.tx.Surplus(id)), "%q", w.said)
	}
	for _, serial := range []string{"S1", "S2"} {
		want, _ := w.state.Serial("T", serial)
		got, err := w.tx.Serial("T", serial)
		w.no(err)
		require.Equal(w.t, want, got, "%q", w.said)
	}
}

// compareTogether: what is kept of goods beside others may be too much, never too
// little.
func (w *twins) compareTogether(sku allocation.SKU) {
	want, _ := w.state.Beside(sku)
	got, err := w.tx.Beside(sku)
	w.no(err)
	require.Subset(w.t, got, want, "%s %q", sku, w.said)
	for _, beside := range someSKUs {
		if beside != sku {
			require.ElementsMatch(w.t, all(w, w.state.Together(sku, beside)), all(w, w.tx.Together(sku, beside)), "%s %s %q", sku, beside, w.said)
		}
	}
	for id := range w.orders {
		want, _ := w.state.Lacking(id)
		got, err := w.tx.Lacking(id)
		w.no(err)
		require.Equal(w.t, want, got, "%s %q", id, w.said)
	}
}

func (w *twins) compareSKU(sku allocation.SKU) {
	for _, shelf := range []allocation.Shelf{allocation.Free, allocation.Broken, allocation.Aside, allocation.Surplus} {
		require.Equal(w.t, all(w, w.state.Stock(sku, shelf)), all(w, w.tx.Stock(sku, shelf)), "%s %q", shelf, w.said)
		n, err := w.tx.On(sku, shelf)
		w.no(err)
		require.Equal(w.t, w.state.On(sku, shelf), n, "%q", w.said)
	}
	want, _ := w.state.Awaited(sku)
	got, err := w.tx.Awaited(sku)
	w.no(err)
	require.Equal(w.t, want, got, "%q", w.said)
	require.Equal(w.t, all(w, w.state.Appetites(sku)), all(w, w.tx.Appetites(sku)), "%q", w.said)
	w.compareTogether(sku)
	for _, segment := range []string{"B", "C"} {
		want, _ := w.state.Guaranteed(segment, sku)
		got, err := w.tx.Guaranteed(segment, sku)
		w.no(err)
		require.Equal(w.t, want, got, "%q", w.said)
	}
	for _, id := range []allocation.InboundID{"PO1", "PO2"} {
		want, known, _ := w.state.Inbound(id, sku)
		got, found, err := w.tx.Inbound(id, sku)
		w.no(err)
		require.Equal(w.t, known, found)
		require.Equal(w.t, want, got, "%q", w.said)
	}
}
