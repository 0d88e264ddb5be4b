package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// past is a site whose days go by as a test says, and which keeps checkpoints.
type past struct {
	t      *testing.T
	data   string
	store  *store.Store
	desk   *desk
	clock  time.Time
	sent   int64
	n      int
	centre string // whose commands it applies
}

func newPast(t *testing.T) *past {
	p := &past{t: t, centre: testCentre, data: t.TempDir(), clock: time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)}
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(p.data, "agent.db"), Site: "leeds", Unflushed: true})
	require.NoError(t, err)
	p.store = s
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	p.desk = &desk{now: func() time.Time { p.clock = p.clock.Add(time.Second); return p.clock }, nonce: eventNonce}
	p.update(func(tx *store.Tx) error { return tx.Adopt(testLife, testCentre) })
	require.NoError(t, os.Mkdir(checkpointDir(p.data), 0o750))
	return p
}

func (p *past) update(do func(*store.Tx) error) {
	p.t.Helper()
	require.NoError(p.t, p.store.Update(p.t.Context(), do))
}

// day begins the next one and makes its checkpoint.
func (p *past) day() {
	p.t.Helper()
	p.clock = p.clock.AddDate(0, 0, 1)
	_, err := p.store.CopyTo(p.t.Context(), filepath.Join(checkpointDir(p.data), p.clock.Format(time.DateOnly)+".db"), p.clock)
	require.NoError(p.t, err)
}

func (p *past) send(cmds ...wire.Command) {
	p.t.Helper()
	kept, err := store.Pack(cmds)
	require.NoError(p.t, err)
	p.update(func(tx *store.Tx) error {
		_, err := p.desk.applyKept(tx, p.centre, p.sent+1, packed{cmds, kept})
		return err
	})
	p.sent += int64(len(cmds))
}

// order sends an order of one line, accepted so many days ago, with the right to all.
func (p *past) order(id string, tier, days int, sku string, qty int64) {
	p.t.Helper()
	c := orderCommand(id, 1, tier, sku, qty)
	c.Order.Accepted = p.clock.AddDate(0, 0, -days)
	p.send(c, grantCommand(id, qty))
}

func (p *past) scan(code string) {
	p.t.Helper()
	s := scan{station: "1", raw: []byte(code), at: p.desk.now()}
	s.code = p.desk.rules.Parse("", s.raw, 2027)
	p.update(func(tx *store.Tx) error {
		_, err := p.desk.receive(tx, s)
		return err
	})
}

func (p *past) do(w wire.Deed) {
	p.t.Helper()
	p.update(func(tx *store.Tx) error {
		_, err := p.desk.perform(tx, w)
		return err
	})
}

// replay plays from the checkpoint of a day on.
func (p *past) replay(day string, under *allocation.Policy) *ShadowReport {
	p.t.Helper()
	r, err := p.shadow(day, under).Run(p.t.Context())
	require.NoError(p.t, err)
	return r
}

func (p *past) shadow(day string, under *allocation.Policy) Shadow {
	at, err := time.Parse(time.DateOnly, day)
	require.NoError(p.t, err)
	return Shadow{
		Data: p.data, Site: "leeds", Since: at.AddDate(0, 0, 1), Under: under,
		Copy: func(ctx context.Context) (string, error) {
			p.n++
			path := filepath.Join(p.data, fmt.Sprintf("now-%d.db", p.n))
			_, err := p.store.CopyTo(ctx, path, p.clock)
			return path, err
		},
	}
}

func policyOf(t *testing.T, version string, r allocation.Rules) *allocation.Policy {
	p, err := allocation.NewPolicy(version, r)
	require.NoError(t, err)
	return &p
}

const palletCode = "00340123450000000017"

// threeDays has all that can happen at a site in its log.
func threeDays(t *testing.T) *past {
	p := newPast(t)
	item := func(sku string, gtins ...wire.ItemGTIN) wire.Command {
		return wire.Command{Item: &wire.Item{SKU: allocation.SKU(sku), GTINs: gtins}}
	}
	p.send(item("X", wire.ItemGTIN{GTIN: caseGTIN, Qty: 12}, wire.ItemGTIN{GTIN: eachGTIN, Qty: 1}), item("Y"), item("Z"))
	p.order("A", 2, 9, "X", 20)
	p.order("B", 1, 4, "X", 10)
	p.order("C", 2, 7, "X", 30)
	p.scan(caseGTIN)
	p.scan("who knows")
	p.day() // 2 March
	p.scan("DF:QTY 5")
	p.scan(eachGTIN)
	p.scan("DF:UNDO") // of this day
	p.scan("DF:UNDO") // of the code that was kept the day before
	p.scan("DF:UNDO") // of the case
	p.scan("DF:WORKER 7")
	p.scan(caseGTIN)
	p.scan("DF:STAGE")
	p.scan("who else")
	p.scan("DF:HOLD")
	p.scan("who else")
	p.scan("DF:DAMAGED")
	p.scan(eachGTIN)
	p.send(wire.Command{Inbound: &wire.Inbound{ID: "PO1", Version: 1, Pallets: []wire.Pallet{
		{SSCC: palletCode[2:], Lines: []wire.InboundLine{{SKU: "X", Qty: 7}, {SKU: "Y", Qty: 4}, {SKU: "X", Qty: 2}}},
	}}})
	p.scan("]C1" + palletCode)
	p.scan("]C101" + eachGTIN + "21S1")
	p.scan("]C101" + eachGTIN + "17270601" + "10L1")
	p.day() // 3 March
	p.send(wire.Command{Map: &wire.Map{Code: []byte("who else"), SKU: "X", Qty: 3}})
	p.order("D", 1, 1, "Y", 9)
	p.do(wire.Deed{Kind: wire.DeedPick, Line: "D/1", Qty: 1})
	p.do(wire.Deed{Kind: wire.DeedStage, Line: "A/1", Qty: 2})
	p.do(wire.Deed{Kind: wire.DeedShip, Line: "A/1", Qty: 1})
	p.do(wire.Deed{Kind: wire.DeedRegrade, SKU: "X", Qty: 1, From: allocation.Damaged, To: allocation.Good})
	p.do(wire.Deed{Kind: wire.DeedAdjust, SKU: "Z", Qty: 6, Reason: "found"})
	p.scan("DF:CLOSE-PALLET")
	p.day() // 4 March
	p.order("E", 0, 3, "Z", 4)
	changed := orderCommand("C", 2, 1, "X", 30)
	changed.Order.Changed, changed.Order.Class = true, allocation.Win
	p.send(changed)
	p.send(wire.Command{Policy: &wire.Policy{Version: "second", Share: allocation.Fair}})
	p.scan(caseGTIN)
	p.send(orderCommand("A", 2, 2, "X", 8)) // a cancel
	p.send(wire.Command{Policy: &wire.Policy{Version: "at the beep", StageAtBeep: true}})
	p.scan(caseGTIN)
	p.send(wire.Command{Order: &wire.Order{ID: "bad/id", Version: 1}}) // refused
	p.scan(caseGTIN)
	return p
}

func TestALogOfAllThatHappensIsReproducedToItsHash(t *testing.T) {
	p := threeDays(t)
	for _, day := range []string{"2027-03-02", "2027-03-03", "2027-03-04"} {
		r := p.replay(day, nil)
		require.Nil(t, r.First, "%+v", r.First)
		assert.Equal(t, r.Happenings, r.Reproduced)
		assert.True(t, r.Exact, day)
		assert.Nil(t, r.Shadow)
		assert.Equal(t, []string{"default", "second", "at the beep"}, r.Control.Policies)
		assert.Empty(t, r.Control.Missed)
	}
	r := p.replay("2027-03-02", nil)
	_, _, c := p.store.Now()
	assert.Equal(t, c.Free, r.Control.Free)
	assert.Equal(t, c.OwedUnits, r.Control.Open)
	_, head, err := p.store.State(t.Context())
	require.NoError(t, err)
	assert.Equal(t, head.Seq-r.Checkpoint.Head.Seq, r.Events)
	left, err := filepath.Glob(filepath.Join(p.data, "now-*"))
	require.NoError(t, err)
	assert.Empty(t, left, "the copy is removed")
}

// Whatever happens at a site, its log alone brings it about again; and where the
// policy that is tried was in force all the time, it changes nothing.
func TestALogUnderTwoLivesOfTheCentreIsReproduced(t *testing.T) {
	p := newPast(t)
	p.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: eachGTIN, Qty: 1}}}})
	p.day()
	p.order("A", 1, 0, "X", 2)
	p.scan(eachGTIN)
	p.update(func(tx *store.Tx) error { return tx.Follow("centre-2", wire.Cursor{}, wire.Cursor{}) })
	p.centre, p.sent = "centre-2", 0
	p.order("B", 1, 0, "X", 2)
	p.scan(eachGTIN)
	r := p.replay("2027-03-02", nil)
	assert.True(t, r.Exact, "%+v", r.First)
}

func TestEveryHistoryIsReproducedFromACheckpoint(t *testing.T) {
	data := t.TempDir()
	path := filepath.Join(data, "agent.db")
	options := store.Options{Path: path, Site: "leeds", Unflushed: true}
	s, err := store.Open(t.Context(), options)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	empty, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(checkpointDir(data), 0o750))
	checkpoint := filepath.Join(checkpointDir(data), "2027-03-01.db")
	rapid.Check(t, func(t *rapid.T) {
		require.NoError(t, os.WriteFile(path, empty, 0o600))
		s, err := store.Open(t.Context(), options)
		require.NoError(t, err)
		defer s.Close()
		h := &history{t: t, store: s, order: map[string]int64{}}
		now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
		h.desk = &desk{
			now:   func() time.Time { now = now.Add(time.Minute); return now },
			nonce: func() string { h.n++; return fmt.Sprintf("%016x", h.n) },
		}
		h.update(func(tx *store.Tx) error { return tx.Adopt(testLife, testCentre) })
		h.send(wire.Command{Item: &wire.Item{SKU: "X"}}, wire.Command{Item: &wire.Item{SKU: "Y"}})
		copied := func() {
			_, err := s.CopyTo(t.Context(), checkpoint, now)
			require.NoError(t, err)
		}
		copied()
		same := rapid.Bool().Draw(t, "under its own policy")
		steps, after := 0, rapid.IntRange(0, 20).Draw(t, "steps before the checkpoint")
		may := h.steps(func(*rapid.T) {
			if steps++; steps == after {
				copied()
			}
		})
		if same {
			delete(may, "policy")
		}
		t.Repeat(may)
		o := Shadow{Data: data, Site: "leeds", Since: now, Copy: func(ctx context.Context) (string, error) {
			end := filepath.Join(data, "now.db")
			_, err := s.CopyTo(ctx, end, now)
			return end, err
		}}
		policy, err := allocation.NewPolicy("other", allocation.Rules{
			Rank: []allocation.Key{allocation.ByAccepted}, Share: rapid.SampledFrom([]allocation.Share{"sequence", "fair"}).Draw(t, "share"),
		})
		require.NoError(t, err)
		if same {
			policy = allocation.DefaultPolicy()
		}
		o.Under = &policy
		r, err := o.Run(t.Context())
		require.NoError(t, err)
		require.Nil(t, r.First)
		require.True(t, r.Exact)
		_, _, c := s.Now()
		require.Equal(t, c.Free, r.Control.Free)
		if after == 0 { // what the events tell line by line is what the site has
			require.Equal(t, c.Allocated, unitsOf(r.Control.Waits))
			require.Equal(t, r.Shadow.Allocated, unitsOf(r.Shadow.Waits))
		}
		require.Equal(t, []string{policy.Version}, r.Shadow.Policies)
		if same {
			require.Equal(t, r.Control.Figures, r.Shadow.Figures)
			require.Empty(t, r.Shadow.Missed)
			require.Empty(t, r.Lines)
		}
	})
}

func unitsOf(all []Wait) (n int64) {
	for _, w := range all {
		n += w.Units
	}
	return n
}

func TestWhatWouldHaveChangedIsToldLineByLine(t *testing.T) {
	p := newPast(t)
	p.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: eachGTIN, Qty: 1}}}})
	p.day() // 2 March
	p.order("old", 2, 10, "X", 4)
	p.order("new", 1, 2, "X", 4)
	p.scan("DF:QTY 5")
	p.scan(eachGTIN)
	p.clock = p.clock.AddDate(0, 0, 2)
	p.scan("DF:QTY 2")
	p.scan(eachGTIN)
	r := p.replay("2027-03-02", policyOf(t, "oldest first", allocation.Rules{Rank: []allocation.Key{allocation.ByAccepted}}))
	require.True(t, r.Exact)
	assert.EqualValues(t, 7, r.Control.Received)
	assert.EqualValues(t, 7, r.Shadow.Allocated)
	assert.EqualValues(t, 1, r.Control.Orders)
	assert.EqualValues(t, 1, r.Shadow.Orders)
	assert.EqualValues(t, 3, r.Control.Inversions, "new got 4 while old could take 3 more")
	assert.Zero(t, r.Shadow.Inversions)
	assert.Equal(t, []LineChange{
		{Line: "new/1", SKU: "X", Tier: 1, Wanted: 4, Control: 4, Shadow: 3},
		{Line: "old/1", SKU: "X", Tier: 2, Wanted: 4, Control: 3, Shadow: 4},
	}, r.Lines)
	require.Len(t, r.Control.Waits, 2)
	days := func(d time.Duration) float64 { return float64(d.Round(time.Hour)/time.Hour) / 24 }
	first := r.Control.Waits[0]
	assert.Equal(t, 1, first.Tier)
	assert.Equal(t, []float64{2, 2, 2, 2}, []float64{days(first.Mean), days(first.P50), days(first.P95), days(first.Max)})
	second := r.Control.Waits[1]
	assert.EqualValues(t, 3, second.Units)
	assert.Equal(t, []float64{12, 12, 12}, []float64{days(second.P50), days(second.P95), days(second.Max)})
	assert.EqualValues(t, 1, second.Open)
	assert.InDelta(t, 12, days(second.OpenMean), 0.1)
	assert.InDelta(t, (1*10.0+2*12)/3, days(second.Mean), 0.1)
}

// What a person did with units that another line has under other rules is done as far
// as it can be, and said.
func TestDeedsThatCannotBeDoneAreNamed(t *testing.T) {
	p := newPast(t)
	p.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: eachGTIN, Qty: 1}}}})
	p.day() // 2 March
	p.order("old", 2, 10, "X", 4)
	p.order("new", 1, 2, "X", 4)
	p.order("last", 1, 1, "X", 4)
	p.scan("DF:QTY 6")
	p.scan(eachGTIN)
	p.do(wire.Deed{Kind: wire.DeedStage, Line: "new/1", Qty: 4})
	p.do(wire.Deed{Kind: wire.DeedShip, Line: "last/1", Qty: 2})
	p.scan("DF:QTY 9")
	p.scan(eachGTIN)
	r := p.replay("2027-03-02", policyOf(t, "oldest first", allocation.Rules{Rank: []allocation.Key{allocation.ByAccepted}}))
	require.True(t, r.Exact)
	require.Len(t, r.Shadow.Missed, 2)
	assert.Equal(t, "stage 4 of line new/1", r.Shadow.Missed[0].What)
	assert.Contains(t, r.Shadow.Missed[0].Why, "only 2")
	assert.Equal(t, "ship 2 of line last/1", r.Shadow.Missed[1].What)
	assert.Empty(t, r.Control.Missed)
}

// Under another policy the commands of the centre that bring policies are passed over,
// and the cards of the dock are about what scans came to there.
func TestTheTriedPolicyStaysInForce(t *testing.T) {
	p := threeDays(t)
	r := p.replay("2027-03-02", policyOf(t, "mine", allocation.Rules{Rank: []allocation.Key{allocation.ByAccepted}, OverPct: 10}))
	assert.True(t, r.Exact)
	assert.Equal(t, []string{"mine"}, r.Shadow.Policies)
	require.NotEmpty(t, r.Lines)
	for _, l := range r.Lines {
		assert.LessOrEqual(t, l.Shadow, l.Wanted)
	}
}

// Trying a policy on the past gives what a site gets that lived under it.
func TestAShadowIsWhatASiteUnderThatPolicyGets(t *testing.T) {
	fair := allocation.Rules{Share: allocation.Fair}
	live := func(begin *wire.Policy) *past {
		p := newPast(t)
		p.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: caseGTIN, Qty: 12}, {GTIN: eachGTIN, Qty: 1}}}})
		if begin != nil {
			p.send(wire.Command{Policy: begin})
		}
		p.day()
		for i := range 12 {
			p.order(fmt.Sprint("O", i), 1, 20-i, "X", int64(20+i))
			p.scan(caseGTIN)
			if i%4 == 3 {
				p.scan("DF:UNDO")
			}
			p.scan(eachGTIN)
		}
		return p
	}
	r := live(nil).replay("2027-03-02", policyOf(t, "fair", fair))
	want := map[allocation.LineID]int64{}
	as := live(&wire.Policy{Version: "fair", Share: allocation.Fair})
	require.NoError(t, as.store.View(t.Context(), func(tx *store.Tx) error {
		return tx.EachLine(func(l store.Line) error {
			want[l.ID()] = l.Allocated
			return nil
		})
	}))
	require.NotEmpty(t, r.Lines)
	for _, l := range r.Lines {
		assert.Equal(t, want[l.Line], l.Shadow, l.Line)
	}
	_, _, c := as.store.Now()
	assert.Equal(t, c.Free, r.Shadow.Free)
	assert.Equal(t, c.OwedUnits, r.Shadow.Open)
}

func TestALogThatDoesNotComeOutIsSaid(t *testing.T) {
	p := newPast(t)
	p.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: eachGTIN, Qty: 1}}}})
	p.day()
	p.order("A", 1, 1, "X", 1)
	// A program that decides otherwise: it gives the unit to nobody.
	p.update(func(tx *store.Tx) error {
		at := p.desk.now()
		_, err := tx.Write(allocation.Decision{Moves: []allocation.Move{{Batch: allocation.Batch{SKU: "X"}, Qty: 1, To: allocation.Place{Shelf: allocation.Free}}}}, nil)
		if err != nil {
			return err
		}
		return tx.Append(wire.Event{Seq: tx.Head().Seq + 1, Nonce: eventNonce(), At: at, Scan: &wire.Scan{
			Station: "1", Code: []byte(eachGTIN), At: &at, Verdict: allocation.Stock, Why: allocation.WhyNoDemand, Policy: "default",
			Receipts: []wire.Receipt{{SKU: "X", GTIN: eachGTIN, Qty: 1, Free: 1}},
		}}, 0, 1)
	})
	r := p.replay("2027-03-02", nil)
	assert.False(t, r.Exact)
	assert.Equal(t, r.Happenings-1, r.Reproduced)
	require.NotNil(t, r.First)
	assert.Equal(t, "no line got or lost units", r.First.Log)
	assert.Equal(t, "+1 for A/1", r.First.Here)
}

func TestAReplayNeedsItsCheckpointAndItsCommands(t *testing.T) {
	p := newPast(t)
	_, err := p.shadow("2027-03-02", nil).Run(t.Context())
	require.ErrorIs(t, err, ErrNoCheckpoint)
	assert.ErrorContains(t, err, "the first when it is started")
	p.day() // 2 March
	p.order("A", 1, 1, "X", 1)
	p.day() // 3 March
	p.update(func(tx *store.Tx) error {
		_, err := tx.ForgetCommands(tx.Head().Seq, 100)
		return err
	})
	_, err = p.shadow("2027-03-02", nil).Run(t.Context())
	require.ErrorContains(t, err, "begin at a later checkpoint")
	r := p.replay("2027-03-03", nil)
	assert.Zero(t, r.Happenings)
	assert.True(t, r.Exact)
	_, err = Shadow{Data: t.TempDir(), Site: "leeds"}.Run(t.Context())
	require.ErrorContains(t, err, "there is no database in")
}

// "Since 7d" is asked of every site; one that is younger has no more to play than it
// lived.
func TestASiteThatIsYoungerIsPlayedFromItsBeginning(t *testing.T) {
	p := newPast(t)
	p.day() // 2 March
	assert.True(t, p.replay("2027-02-20", nil).Younger, "nothing has happened yet")
	p.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: eachGTIN, Qty: 1}}}})
	p.order("A", 1, 1, "X", 1)
	p.day() // 3 March
	p.scan(eachGTIN)
	r := p.replay("2027-02-20", nil)
	assert.True(t, r.Younger)
	assert.True(t, r.Exact)
	assert.Zero(t, r.Checkpoint.Head.Seq)
	assert.EqualValues(t, 3, r.Events)
	assert.EqualValues(t, 3, r.End.Seq)
	assert.False(t, p.replay("2027-03-02", nil).Younger)

	require.NoError(t, os.Remove(filepath.Join(checkpointDir(p.data), "2027-03-02.db")))
	_, err := p.shadow("2027-03-02", nil).Run(t.Context())
	require.ErrorIs(t, err, ErrNoCheckpoint, "it lived then, and that is not kept")
	assert.ErrorContains(t, err, "the oldest is of 2027-03-03T")
}

func TestAWaitBelongsToTheUnitsThatALineKept(t *testing.T) {
	tl := newTally()
	tl.given["A/1"] = []stint{{2, time.Hour}, {3, 5 * time.Hour}}
	tl.lose("A/1", 4)
	assert.Equal(t, []stint{{1, time.Hour}}, tl.given["A/1"])
	tl.lose("A/1", 9)
	assert.Empty(t, tl.given["A/1"])
}

func TestInversionsCountWhatTheOlderLineCouldTake(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2027, 3, n, 0, 0, 0, 0, time.UTC) }
	line := func(id string, accepted, open, right, pack int, life int) store.Line {
		var l store.Line
		l.Rank.Line, l.Rank.Accepted = allocation.LineID(id+"/1"), day(accepted)
		l.Ordered, l.Right, l.Pack, l.MinLife = int64(open), int64(right), int64(pack), life
		return l
	}
	gain := func(accepted int, qty int64, expiry allocation.Date) gainer {
		return gainer{line("G", accepted, 0, 0, 0, 0), []shift{{"G/1", qty, expiry}}}
	}
	for name, c := range map[string]struct {
		got     gainer
		waiting store.Line
		want    int64
	}{
		"as many as it lacks":             {gain(9, 5, ""), line("A", 1, 3, 9, 0, 0), 3},
		"as many as it has rights to":     {gain(9, 5, ""), line("A", 1, 3, 2, 0, 0), 2},
		"no more than were given":         {gain(9, 1, ""), line("A", 1, 3, 9, 0, 0), 1},
		"whole packs":                     {gain(9, 5, ""), line("A", 1, 9, 9, 4, 0), 4},
		"not of one accepted later":       {gain(1, 5, ""), line("A", 2, 3, 9, 0, 0), 0},
		"nor at the same instant":         {gain(2, 5, ""), line("A", 2, 3, 9, 0, 0), 0},
		"nor what does not last":          {gain(9, 5, "2027-03-20"), line("A", 1, 3, 9, 0, 30), 0},
		"what lasts until the day itself": {gain(9, 5, "2027-04-09"), line("A", 1, 3, 9, 0, 30), 3},
	} {
		assert.Equal(t, c.want, inverted([]gainer{c.got}, []store.Line{c.waiting}, "2027-03-10"), name)
	}
	two := []gainer{gain(5, 2, ""), gain(9, 2, "")}
	assert.EqualValues(t, 3, inverted(two, []store.Line{line("A", 1, 3, 9, 0, 0)}, "2027-03-10"), "no wait counts for two units")
}

// A scan that fills very many lines is told in parts; they are one scan again.
func TestAScanInPartsIsPlayedAsOne(t *testing.T) {
	p := newPast(t)
	p.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: eachGTIN, Qty: 1}}}})
	var cmds []wire.Command
	for i := range 1500 {
		id := fmt.Sprintf("%s%05d", strings.Repeat("<", 20), i)
		cmds = append(cmds, orderCommand(id, 1, 1, "X", 1), grantCommand(id, 1))
	}
	p.send(cmds...)
	p.day()
	p.scan("DF:QTY 1500")
	p.scan(eachGTIN)
	p.scan("DF:CLOSE-PALLET")
	r := p.replay("2027-03-02", nil)
	require.Nil(t, r.First, "%+v", r.First)
	assert.EqualValues(t, 2, r.Happenings)
	assert.Greater(t, r.Events, int64(1502))
	assert.True(t, r.Exact)
}
