package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/sync/wire"
)

func TestACaseFillsTheLongestWaitingLinesAndTheRestIsPutAway(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 7)
	h.order("B", 2, "X", 4)
	f := h.scan(caseGTIN)
	assert.Equal(t, allocation.Allocated, f.Verdict)
	assert.EqualValues(t, 12, f.Qty)
	require.Len(t, f.Blocks, 3)
	assert.Equal(t, dock.Block{
		Destination: "7", Qty: 7, Line: "A/1", Order: "A", Customer: "Smith & Sons", Filled: 7, Wanted: 7,
		Text: "A/1 came before B/1 by its customer's tier",
	}, f.Blocks[0])
	assert.Equal(t, "A-04", f.Blocks[2].Destination)
	assert.Equal(t, f.Blocks[0].Text, f.Text)
	assert.Equal(t, "B/1 was the last line of its SKU that could take it, after A/1", f.Blocks[1].Text)
	assert.Equal(t, []allocation.OrderID{"A", "B"}, f.Complete)
	assert.EqualValues(t, 1, h.free("X"))
	e := h.events()[f.Seq-1]
	assert.Equal(t, caseGTIN, string(e.Scan.Code))
	assert.EqualValues(t, 1, e.Scan.Receipts[0].Free)
}

func TestWithoutARightAUnitIsPutAwayAndPickedWhenTheRightArrives(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.send(orderCommand("A", 1, 1, "X", 5))
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Stock, f.Verdict)
	assert.Equal(t, allocation.WhyNoRight, f.Why)
	h.send(grantCommand("A", 5))
	assert.EqualValues(t, 1, h.line("A/1").Allocated)
	assert.Zero(t, h.free("X"))
	tasks, err := h.Tasks(t.Context())
	require.NoError(t, err)
	require.Len(t, tasks, 1)
	assert.Equal(t, "PICK", tasks[0].Kind)
	assert.Equal(t, "A-04", tasks[0].From)
	assert.Equal(t, "A/1", tasks[0].To)
	require.NoError(t, h.Done(t.Context(), tasks[0].ID))
	require.ErrorIs(t, h.Done(t.Context(), tasks[0].ID), dock.ErrNoTask)
}

func TestAGrantForAnotherLifeGivesNoRight(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.send(orderCommand("A", 1, 1, "X", 5), wire.Command{Grant: &wire.Grant{Line: "A/1", Incarnation: "another", Total: 5}})
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict)
}

func TestWhatCannotBeReceivedIsStoppedAndLeavesNothing(t *testing.T) {
	h := newHouse(t)
	h.items()
	const here, there = "340123450000000017", "340123450000000024"
	h.send(
		wire.Command{Elsewhere: &wire.Elsewhere{Site: "york", SSCCs: []string{there}}},
		wire.Command{Inbound: &wire.Inbound{ID: "PO1", Version: 1, Pallets: []wire.Pallet{{SSCC: here, Lines: []wire.InboundLine{{SKU: "X", Qty: 3}, {SKU: "Y", Qty: 2}}}}}},
	)
	require.Equal(t, allocation.Stock, h.scan("]C100"+here).Verdict)
	require.Equal(t, allocation.Stock, h.scan("]C101"+eachGTIN+"21S1").Verdict)
	before := h.head()
	for code, want := range map[string]allocation.WhyCode{
		"15400141288764":               allocation.WhyUnread,
		"]C100" + there:                allocation.WhyWrongSite,
		"]C100" + here:                 allocation.WhyDuplicate,
		"]C101" + eachGTIN + "21S1":    allocation.WhyDuplicate,
		"]C101" + caseGTIN + "3099999": allocation.WhyQuantity,
		"DF:QTY 0":                     allocation.WhyQuantity,
		"DF:QTY 1000001":               allocation.WhyQuantity,
		"DF:FLY":                       allocation.WhyCard,
		"DF:SAME-AGAIN":                allocation.WhyCard,
		strings.Repeat("A", 5000):      allocation.WhyUnread,
	} {
		f := h.scan(code)
		assert.Equal(t, allocation.Stop, f.Verdict, code)
		assert.Equal(t, want, f.Why, "%s: %s", code, f.Text)
		assert.NotEmpty(t, f.Text)
		assert.Zero(t, f.Seq)
	}
	assert.Equal(t, before, h.head())
	assert.EqualValues(t, 4, h.free("X"))
	assert.EqualValues(t, 2, h.free("Y"))
}

func TestTwoReadingsAskAPerson(t *testing.T) {
	h := newHouse(t)
	f := h.scan("12345678")
	assert.Equal(t, allocation.Check, f.Verdict)
	assert.Equal(t, allocation.WhyAmbiguous, f.Why)
}

func TestAHouseCodeThatNamesASKUIsThatSKU(t *testing.T) {
	h := newHouse(t)
	h.send(wire.Command{Item: &wire.Item{SKU: "12345678"}}, wire.Command{Item: &wire.Item{SKU: "85123A"}})
	assert.Equal(t, "85123A", h.scan("85123A").SKU)
	assert.Equal(t, "12345678", h.scan("12345678").SKU)
}

func TestUnknownCodesAreKeptOnceForEachThingInTheWorld(t *testing.T) {
	h := newHouse(t)
	const sscc = "]C100340123450000000017"
	assert.Equal(t, allocation.WhyNotASN, h.scan(sscc).Why)
	assert.Equal(t, allocation.WhyDuplicate, h.scan(sscc).Why)
	first, second := h.scan("what is this"), h.scan("what is this")
	assert.Equal(t, allocation.Held, first.Verdict)
	assert.Equal(t, allocation.WhyUnknown, second.Why)
	assert.Equal(t, first.Seq+1, second.Seq)
	// Announced late, the pallet is received then.
	h.send(wire.Command{Inbound: &wire.Inbound{ID: "PO1", Version: 1, Pallets: []wire.Pallet{{SSCC: sscc[5:], Lines: []wire.InboundLine{{SKU: "X", Qty: 3}}}}}})
	assert.EqualValues(t, 3, h.free("X"))
	assert.Equal(t, allocation.WhyDuplicate, h.scan(sscc).Why)
}

func TestControlCardsMeanTheNextScanAlone(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan("DF:QTY 5")
	h.crash() // what a card said survives
	assert.EqualValues(t, 5, h.scan(eachGTIN).Qty)
	assert.EqualValues(t, 1, h.scan(eachGTIN).Qty)
	h.scan("DF:DAMAGED")
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Held, f.Verdict)
	assert.Equal(t, allocation.WhyDamaged, f.Why)
	h.scan("DF:WORKER ann")
	f = h.scan(eachGTIN)
	assert.Equal(t, "ann", h.events()[f.Seq-1].Scan.Worker)
	b, err := h.Balances(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 7, b.Free["X"])
	assert.EqualValues(t, 1, b.Damaged["X"])
}

func TestUndoTakesTheStationsLastScanBack(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 2)
	serial := "]C101" + eachGTIN + "21S1"
	h.scan(serial)
	h.scanAt("2", eachGTIN)
	f := h.scan("DF:UNDO")
	assert.Equal(t, allocation.WhyUndone, f.Why)
	assert.EqualValues(t, 1, f.Qty)
	assert.EqualValues(t, 1, h.line("A/1").Allocated)
	assert.Equal(t, allocation.Allocated, h.scan(serial).Verdict, "its serial may come again")
	h.scan("DF:UNDO")
	assert.Equal(t, allocation.WhyNothing, h.scan("DF:UNDO").Why)
	assert.Equal(t, allocation.WhyUndone, h.scanAt("2", "DF:UNDO").Why)
	l := h.line("A/1")
	assert.Zero(t, l.Allocated)
	assert.EqualValues(t, 2, l.Rights.Balance())
}

// Each maker numbers its own trade item, and so may the house: equal numbers are
// different things, and within each range a number counts once.
func TestASerialIsUniqueWithinItsTradeItem(t *testing.T) {
	const other = "09506000134352"
	h := newHouse(t)
	h.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: eachGTIN, Qty: 1}, {GTIN: other, Qty: 1}, {GTIN: caseGTIN, Qty: 12}}}})
	for _, gtin := range []string{eachGTIN, other, caseGTIN} {
		assert.Equal(t, allocation.Stock, h.scan("]C101"+gtin+"21S1").Verdict, gtin)
	}
	assert.EqualValues(t, 14, h.free("X"))
	for _, gtin := range []string{eachGTIN, other, caseGTIN} {
		assert.Equal(t, allocation.WhyDuplicate, h.scan("]C101"+gtin+"21S1").Why, gtin)
	}
	assert.EqualValues(t, 14, h.free("X"))
}

func TestUndoOpensALineForFreeStock(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 1)
	h.scanAt("1", eachGTIN) // to A
	h.scanAt("2", eachGTIN) // free
	h.scanAt("1", "DF:UNDO")
	assert.EqualValues(t, 1, h.line("A/1").Allocated)
	assert.Zero(t, h.free("X"))
	all := h.events()
	require.NotNil(t, all[len(all)-1].Undo)
	assert.Contains(t, all[len(all)-1].Undo.Moves, wire.Move{SKU: "X", Qty: 1, From: "free", To: "A/1"})
}

// Its unit was put away, and then promised to a line: as long as nobody has
// carried it there the undo takes it from that line, afterwards it cannot.
func TestUndoOfAUnitThatWasGivenOn(t *testing.T) {
	for _, carried := range []bool{false, true} {
		h := newHouse(t)
		h.items()
		h.scan(eachGTIN)
		h.order("A", 1, "X", 1)
		if carried {
			h.scanAt("2", "DF:DONE")
		}
		f := h.scan("DF:UNDO")
		if carried {
			assert.Equal(t, allocation.WhyStaged, f.Why)
			assert.EqualValues(t, 1, h.line("A/1").Allocated)
			continue
		}
		assert.Equal(t, allocation.WhyUndone, f.Why)
		assert.Zero(t, h.line("A/1").Allocated)
		tasks, err := h.Tasks(t.Context())
		require.NoError(t, err)
		assert.Empty(t, tasks)
	}
}

func TestACancelMovesUnitsToTheNextLineAndReturnsRights(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("P", 1, "X", 5)
	h.order("Q", 2, "X", 2)
	h.scan("DF:QTY 3")
	h.scan(eachGTIN)
	h.send(orderCommand("P", 2, 1, "X", 1))
	p, q := h.line("P/1"), h.line("Q/1")
	assert.EqualValues(t, 1, p.Allocated)
	assert.EqualValues(t, 4, p.Cancelled)
	assert.Zero(t, p.Rights.Balance())
	assert.EqualValues(t, 4, p.Rights.Returned)
	assert.EqualValues(t, 2, q.Allocated)
	tasks, err := h.Tasks(t.Context())
	require.NoError(t, err)
	require.Len(t, tasks, 1, "one correction to the worker")
	assert.Equal(t, "MOVE", tasks[0].Kind)
	before := h.head()
	h.send(orderCommand("P", 2, 1, "X", 5), orderCommand("P", 1, 1, "X", 5)) // repeats say nothing new
	assert.EqualValues(t, 4, h.line("P/1").Cancelled)
	assert.Equal(t, before.Seq+1, h.head().Seq)
	all := h.events()
	assert.Empty(t, all[len(all)-1].Applied.Refused)
}

func TestALineThatIsMissingIsCancelledAndItsUnitsGoBackToStock(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("P", 1, "X", 5)
	h.scan(eachGTIN)
	o := orderCommand("P", 2, 1, "X", 5)
	o.Order.Lines = nil
	h.send(o)
	assert.EqualValues(t, 5, h.line("P/1").Cancelled)
	assert.EqualValues(t, 1, h.free("X"))
	tasks, err := h.Tasks(t.Context())
	require.NoError(t, err)
	require.Len(t, tasks, 1)
	assert.Equal(t, "RETURN", tasks[0].Kind)
}

func TestABadCommandIsRefusedByNumberAndTheRestApplies(t *testing.T) {
	h := newHouse(t)
	h.items()
	bad := orderCommand("B/1", 1, 1, "X", 5)
	bad.Order.Lines = append(bad.Order.Lines, wire.OrderLine{Line: "a/b", SKU: "X", Qty: 1})
	first := h.sent + 1
	h.send(orderCommand("A", 1, 1, "X", 5), bad, wire.Command{}, grantCommand("nobody", 3), grantCommand("A", 5))
	all := h.events()
	refused := all[len(all)-1].Applied.Refused
	require.Len(t, refused, 3)
	assert.Equal(t, first+1, refused[0].N)
	assert.Contains(t, refused[0].Message, "slash")
	assert.EqualValues(t, 5, h.line("A/1").Rights.Granted)
	assert.Zero(t, h.line("B/1/1").Ordered)
}

func TestANewPolicyRanksTheOpenLinesAnew(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("B", 1, "X", 1)
	h.order("A", 2, "X", 1)
	h.send(wire.Command{Policy: &wire.Policy{Version: "2", Rank: []allocation.Key{allocation.ByOrder}}})
	f := h.scan(eachGTIN)
	assert.EqualValues(t, "A/1", f.Blocks[0].Line)
	assert.Equal(t, "2", h.events()[f.Seq-1].Scan.Policy)
}

// A hundred thousand lines in one scan: each event stays within its limit, the
// parts say which they are, and an undo takes all of them back.
func TestAScanTooLargeForOneEventIsToldInParts(t *testing.T) {
	h := newHouse(t)
	h.items()
	const lines = 3000
	var cmds []wire.Command
	for i := range lines {
		id := fmt.Sprintf("%s%05d", strings.Repeat("<", 20), i)
		cmds = append(cmds, orderCommand(id, 1, 1, "X", 1), grantCommand(id, 1))
	}
	h.send(cmds...)
	h.send(wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: caseGTIN, Qty: lines + 5}}}})
	before := h.head().Seq
	f := h.scan("]C101" + caseGTIN + "21S1")
	require.Equal(t, allocation.Allocated, f.Verdict, f.Text)
	var units, free int64
	parts := h.events()[before:]
	require.Greater(t, len(parts), 1)
	for i, e := range parts {
		assert.Equal(t, i+1, e.Scan.Part)
		assert.Equal(t, len(parts), e.Scan.Parts)
		for _, r := range e.Scan.Receipts {
			units += r.Qty
			free += r.Free
		}
	}
	assert.EqualValues(t, lines+5, units)
	assert.EqualValues(t, 5, free)
	assert.Equal(t, allocation.WhyDuplicate, h.scan("]C101"+caseGTIN+"21S1").Why)
	assert.EqualValues(t, lines+5, h.scan("DF:UNDO").Qty)
	assert.Zero(t, h.free("X"))
	assert.EqualValues(t, lines, openUnits(t, h))
}

// The retention may end in the middle of a scan's parts: what half of it did is
// known no longer, so nothing is taken back.
func TestAScanOfWhichThePartsAreForgottenStays(t *testing.T) {
	h := newHouse(t)
	h.items()
	var cmds []wire.Command
	for i := range 3000 {
		id := fmt.Sprintf("%s%05d", strings.Repeat("<", 20), i)
		cmds = append(cmds, orderCommand(id, 1, 1, "X", 1), grantCommand(id, 1))
	}
	h.send(cmds...)
	h.scan("DF:QTY 3000")
	before := h.head().Seq
	h.scan(eachGTIN)
	require.Greater(t, h.head().Seq, before+1)
	hash, err := h.store.HashAt(t.Context(), before+2)
	require.NoError(t, err)
	require.NoError(t, h.store.Update(t.Context(), func(tx *store.Tx) error {
		mark := wire.Cursor{Seq: before + 2, Hash: hash}
		if err := tx.Acknowledge(mark, mark); err != nil {
			return err
		}
		n, err := tx.Forget(time.Now().AddDate(1, 0, 0), 1<<20, 1<<20)
		assert.Equal(t, before+1, n)
		return err
	}))
	f := h.scan("DF:UNDO")
	assert.Equal(t, allocation.Stop, f.Verdict)
	assert.Contains(t, f.Text, "too old")
	assert.Zero(t, openUnits(t, h))
}

// Every page that a scan touches is written and flushed before its tone.
func TestAScanTouchesFewPages(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 1000)
	h.scan("]C101" + eachGTIN + "21S0")
	const scans, frame = 200, 24 + 4096
	before := h.logBytes()
	for i := range scans {
		h.scan(fmt.Sprintf("]C101%s21T%d", eachGTIN, i))
	}
	pages := float64(h.logBytes()-before) / frame / scans
	assert.Less(t, pages, 5.5, "event, serial, line and station, and now and then a new page")
}

// logBytes is the length of the write-ahead log, which grows until it is first
// written back.
func (h *house) logBytes() int64 {
	log, err := os.Stat(filepath.Join(h.config.Data, "agent.db-wal"))
	require.NoError(h.t, err)
	return log.Size()
}

func openUnits(t *testing.T, h *house) (open int64) {
	b, err := h.Balances(t.Context())
	require.NoError(t, err)
	for _, l := range b.Lines {
		open += l.Open
	}
	return open
}

func TestTheSameCodeAfterACrashIsAQuestion(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 10)
	h.scan(eachGTIN)
	h.crash()
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Check, f.Verdict)
	assert.Equal(t, allocation.WhyRepeat, f.Why)
	assert.Contains(t, f.Text, "1 to A/1")
	assert.EqualValues(t, 1, h.line("A/1").Allocated)
	assert.Equal(t, allocation.Allocated, h.scan("DF:SAME-AGAIN").Verdict)
	assert.EqualValues(t, 2, h.line("A/1").Allocated)
	assert.Equal(t, allocation.Allocated, h.scan(eachGTIN).Verdict, "the question is answered")

	h.crash()
	assert.Equal(t, allocation.Allocated, h.scan(caseGTIN).Verdict, "another code: the worker has gone on")
	assert.NotEqual(t, allocation.Check, h.scan(eachGTIN).Verdict)
}

func TestAfterAnOrderlyStopNothingIsAsked(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan(eachGTIN)
	require.NoError(t, h.stop())
	h.start()
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict)
	var recent []dock.Feedback
	require.Eventually(t, func() bool { // the tone comes before the screen
		var err error
		recent, err = h.Recent(t.Context(), "1", 2)
		require.NoError(t, err)
		return len(recent) == 2
	}, waitLong, waitStep, "the page remembers")
	assert.Equal(t, "X", recent[1].SKU)
}

func TestScansThatWaitTogetherShareOneFlush(t *testing.T) {
	var commits atomic.Int64
	gate := make(chan struct{})
	h := newHouse(t, func(_ *config.Config, d *Deps) {
		d.Commit = func(commit func() error) error {
			if commits.Add(1) == 4 { // the first scan's: the others gather behind it
				<-gate
			}
			return commit()
		}
	})
	h.items() // commits: the run, the life, the items
	require.EqualValues(t, 3, commits.Load())
	const n = 50
	var tones sync.WaitGroup
	tones.Add(n + 1)
	take := func(i int) {
		code := fmt.Appendf(nil, "]C101%s21S%d", eachGTIN, i)
		s := scan{station: "1", raw: code, code: h.desk.rules.Parse("", code, 2027)}
		h.take(t.Context(), s, func(f dock.Feedback) {
			assert.Equal(t, allocation.Stock, f.Verdict, f.Text)
			tones.Done()
		})
	}
	take(0)
	require.Eventually(t, func() bool { return commits.Load() == 4 }, waitLong, waitStep)
	for i := range n {
		take(i + 1)
	}
	close(gate)
	tones.Wait()
	assert.EqualValues(t, 5, commits.Load())
	assert.EqualValues(t, n+1, h.free("X"))
}

func TestAFailedCommitGivesNoGoodToneAndEndsTheAgent(t *testing.T) {
	var fail atomic.Bool
	h := newHouse(t, func(_ *config.Config, d *Deps) {
		d.Commit = func(commit func() error) error {
			if fail.Load() {
				return fmt.Errorf("%w: flush", store.ErrDisk)
			}
			return commit()
		}
	})
	h.items()
	before := h.head()
	fail.Store(true)
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Stop, f.Verdict)
	assert.Equal(t, allocation.WhyUnsaved, f.Why)
	require.ErrorIs(t, h.stop(), ErrUnsaved)
	fail.Store(false)
	h.start()
	assert.Equal(t, before, h.head())
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict)
}

// The flush failed, but the rows had reached the disk after all: at the next
// start the scan is there, and its code again is a question.
func TestACommitThatFailedButIsThereAsksForARepeat(t *testing.T) {
	var fail atomic.Bool
	h := newHouse(t, func(_ *config.Config, d *Deps) {
		d.Commit = func(commit func() error) error {
			err := commit()
			if fail.Load() {
				return errors.Join(err, store.ErrDisk)
			}
			return err
		}
	})
	h.items()
	fail.Store(true)
	require.Equal(t, allocation.Stop, h.scan(eachGTIN).Verdict)
	require.ErrorIs(t, h.stop(), ErrUnsaved)
	fail.Store(false)
	h.start()
	assert.Equal(t, allocation.WhyRepeat, h.scan(eachGTIN).Why)
}

func TestAFullDiskStopsScansUntilThereIsRoom(t *testing.T) {
	var full atomic.Bool
	h := newHouse(t, func(_ *config.Config, d *Deps) {
		d.Commit = func(commit func() error) error {
			if full.Load() {
				return store.ErrFull
			}
			return commit()
		}
	})
	h.items()
	full.Store(true)
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Stop, f.Verdict)
	assert.Contains(t, f.Text, "the disk is full")
	full.Store(false)
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict)
	assert.EqualValues(t, 1, h.free("X"))
	require.NoError(t, h.stop())
}

func TestOneBadScanInABatchRollsBackAlone(t *testing.T) {
	h := newHouse(t)
	h.items()
	errs := make([]error, 3)
	boom := errors.New("boom")
	require.NoError(t, h.store.Update(t.Context(), func(tx *store.Tx) error {
		good := func(tx *store.Tx) error {
			_, err := h.desk.decide(tx, input{Event: allocation.Adjust{SKU: "X", Qty: 1}})
			return err
		}
		return perform(tx, []job{
			{do: good},
			{do: func(tx *store.Tx) error { return errors.Join(good(tx), boom) }},
			{do: good},
		}, errs)
	}))
	assert.NoError(t, errs[0])
	assert.ErrorIs(t, errs[1], boom)
	assert.EqualValues(t, 2, h.free("X"))
}

func TestASiteThatWasNeverAdmittedSetsEveryScanAside(t *testing.T) {
	h := &house{t: t, config: config.Config{Site: "leeds", Data: t.TempDir(), Stations: []scanner.Config{{Station: "1"}}}}
	h.start()
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Held, f.Verdict)
	assert.Equal(t, allocation.WhyNotReady, f.Why)
	st, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "UNVERIFIED", st.State)
	assert.EqualValues(t, 1, st.Captured.Scans)
	_, err = h.Scan(t.Context(), "9", []byte("x"))
	require.ErrorIs(t, err, dock.ErrNoStation)
}

func TestADamagedDatabaseKeepsTheAgentUpAndSetsScansAside(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan(eachGTIN)
	require.NoError(t, h.stop())
	path := filepath.Join(h.config.Data, "agent.db")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()/2))
	h.start()
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Held, f.Verdict)
	assert.Equal(t, allocation.WhyNotReady, f.Why)
	st, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "CAPTURE-ONLY", st.State)
	assert.Contains(t, st.Reason, "call central operations")
	assert.EqualValues(t, 1, st.Captured.Scans)
	assert.True(t, st.Unread, "its figures are not known")
	require.NoError(t, h.stop())
}

// A unit that was only to be carried to the line has not moved: nobody has to
// bring it back.
func TestACancelBeforeThePickLeavesNothingToCarry(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan(eachGTIN)
	h.order("A", 1, "X", 1)
	h.send(orderCommand("A", 2, 1, "X", 0))
	tasks, err := h.Tasks(t.Context())
	require.NoError(t, err)
	assert.Empty(t, tasks)
	assert.EqualValues(t, 1, h.free("X"))
}

// The line lost its unit and got it again from stock; when the scan is undone
// there is nothing left to pick.
func TestUndoEndsAPickThatHasLostItsUnit(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 1)
	h.scan(eachGTIN)
	h.send(orderCommand("A", 2, 1, "X", 0))
	h.send(orderCommand("A", 3, 1, "X", 1), grantCommand("A", 2))
	require.EqualValues(t, 1, h.line("A/1").Allocated)
	require.Equal(t, allocation.WhyUndone, h.scan("DF:UNDO").Why)
	assert.Zero(t, h.line("A/1").Allocated)
	tasks, err := h.Tasks(t.Context())
	require.NoError(t, err)
	for _, task := range tasks {
		assert.NotEqual(t, "PICK", task.Kind)
	}
}

// A card that does nothing must not be answered as one that did its work.
func TestCardsThatCannotBeDoneAreStopped(t *testing.T) {
	h := newHouse(t)
	h.items()
	before := h.head()
	for _, card := range []string{"DF:STAGE", "DF:ACCEPT-OVER", "DF:CLOSE-PALLET", "DF:LANG de", "DF:EXPLODE", "DF:DONE", "DF:SAME-AGAIN", "DF:UNDO 2"} {
		f := h.scan(card)
		assert.Equal(t, allocation.Stop, f.Verdict, card)
		assert.Equal(t, allocation.WhyCard, f.Why, card)
		assert.NotEmpty(t, f.Text, card)
	}
	assert.Equal(t, before, h.head())
}

// The list is what works, and all of it.
func TestHelpListsTheCardsThatWork(t *testing.T) {
	h := newHouse(t)
	h.items()
	f := h.scan("DF:HELP")
	assert.Equal(t, allocation.Check, f.Verdict)
	for _, c := range cards {
		assert.Contains(t, f.Text, string(c.verb))
		code := "DF:" + string(c.verb)
		switch c.verb {
		case barcode.Qty:
			code += " 2"
		case barcode.Worker:
			code += " 7"
		}
		assert.NotContains(t, h.scan(code).Text, "no control card", code)
	}
	assert.LessOrEqual(t, len(f.Text), 300, "it must fit the display")
}
