package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// tasks are the open ones in short: kind, units, from and to.
func (h *house) tasks() (all []string) {
	h.t.Helper()
	tasks, err := h.Tasks(h.t.Context())
	require.NoError(h.t, err)
	for _, t := range tasks {
		all = append(all, t.Kind+" "+t.Text)
	}
	return all
}

func (h *house) do(w wire.Deed) dock.Done {
	h.t.Helper()
	done, err := h.Do(h.t.Context(), w)
	require.NoError(h.t, err)
	return done
}

// deeds are those of the log.
func (h *house) deeds() (all []wire.Deed) {
	for _, e := range h.events() {
		if e.Deed != nil {
			all = append(all, *e.Deed)
		}
	}
	return all
}

func TestWhatAPersonDidWithGoodsIsInTheLogAndTheBooks(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 5)
	h.scan("DF:QTY 5")
	h.scan(eachGTIN)
	h.do(wire.Deed{Kind: wire.DeedPick, Line: "A/1", Qty: 3})
	h.do(wire.Deed{Kind: wire.DeedStage, Line: "A/1", Qty: 4, Station: "1", Worker: "ann"})
	h.do(wire.Deed{Kind: wire.DeedShip, Line: "A/1", Qty: 2})
	l := h.line("A/1")
	assert.Equal(t, []int64{5, 0, 4, 2}, []int64{l.Allocated, l.Picked, l.Staged, l.Shipped})
	all := h.deeds()
	require.Len(t, all, 3)
	assert.Equal(t, wire.Deed{Kind: wire.DeedStage, Line: "A/1", Qty: 4, Station: "1", Worker: "ann", Policy: "default"}, all[1])

	before := h.head()
	var no *dock.Refused
	_, err := h.Do(t.Context(), wire.Deed{Kind: wire.DeedStage, Line: "A/1", Qty: 2})
	require.ErrorAs(t, err, &no)
	assert.Equal(t, allocation.WhyTooMany, no.Why)
	_, err = h.Do(t.Context(), wire.Deed{Kind: wire.DeedAdjust, SKU: "X", Qty: 2})
	require.ErrorContains(t, err, "needs a reason")
	_, err = h.Do(t.Context(), wire.Deed{Kind: wire.DeedAdjust, SKU: "nothing", Qty: 2, Reason: "found"})
	require.ErrorContains(t, err, "knows no item nothing")
	_, err = h.Do(t.Context(), wire.Deed{Kind: wire.DeedPick, Line: "A/1", Qty: 1, Station: "99"})
	require.ErrorIs(t, err, dock.ErrNoStation)
	assert.Equal(t, before, h.head())
}

func TestFoundAndRepairedGoodsGoToWhoWaits(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan("DF:DAMAGED")
	h.scan(eachGTIN)
	h.order("A", 1, "X", 3)
	done := h.do(wire.Deed{Kind: wire.DeedRegrade, SKU: "X", Qty: 1, From: allocation.Damaged, To: allocation.Good})
	assert.Equal(t, []wire.Move{{SKU: "X", Qty: 1, From: "damaged", To: "A/1"}}, done.Moves)
	done = h.do(wire.Deed{Kind: wire.DeedAdjust, SKU: "X", Qty: 4, Reason: "found behind the rack"})
	assert.Equal(t, []allocation.OrderID{"A"}, done.Complete)
	assert.EqualValues(t, 2, h.free("X"))
	assert.Equal(t, []string{"PICK 1 of X from the set-aside place to A/1, door 7", "PICK 2 of X from A-04 to A/1, door 7"}, h.tasks())
}

// came counts units of X that something else brought by an inbound which announces
// it no more.
func (h *house) came(by allocation.InboundID, qty int64) {
	require.NoError(h.t, h.writer.wait(h.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Write(allocation.Decision{}, []store.Arrival{{Inbound: by, SKU: "X", Qty: qty}})
		return err
	}))
}

func TestUnitsAboveWhatWasAnnouncedWaitForAnApproval(t *testing.T) {
	const pallet = "340123450000000017"
	h := newHouse(t)
	h.items()
	pct := int64(10)
	h.send(wire.Command{Inbound: &wire.Inbound{ID: "PO1", Version: 1, TolerancePct: &pct,
		Pallets: []wire.Pallet{{SSCC: pallet, Lines: []wire.InboundLine{{SKU: "X", Qty: 8}, {SKU: "X", Qty: 6}}}}}})
	h.came("PO1", 4)
	h.order("A", 1, "X", 20)
	f := h.scan("]C100" + pallet)
	require.Equal(t, allocation.Allocated, f.Verdict, f.Text)
	assert.EqualValues(t, 14, f.Qty)
	assert.Equal(t, []string{"7", dock.SetAside}, []string{f.Blocks[0].Destination, f.Blocks[1].Destination})
	r := h.events()[f.Seq-1].Scan.Receipts
	require.Len(t, r, 1, "equal goods of a pallet are one receipt")
	assert.Equal(t, []int64{14, 3}, []int64{r[0].Qty, r[0].Surplus})
	assert.Equal(t, map[allocation.WhyCode]int64{allocation.WhySurplus: 3}, h.waits())

	h.do(wire.Deed{Kind: wire.DeedApprove, Inbound: "PO1", Qty: 2})
	assert.EqualValues(t, 13, h.line("A/1").Allocated)
	h.send(wire.Command{Approve: &wire.Approve{Inbound: "PO1", Qty: 9}})
	assert.EqualValues(t, 14, h.line("A/1").Allocated)
	assert.Empty(t, h.waits())
	_, err := h.Do(t.Context(), wire.Deed{Kind: wire.DeedApprove, Inbound: "PO9", Qty: 2})
	assert.ErrorContains(t, err, "no inbound PO9 is known")
}

func TestAWorkerMayAcceptWhatCameAboveTheAnnouncementOnce(t *testing.T) {
	const pallet = "340123450000000017"
	h := newHouse(t)
	h.items()
	h.send(wire.Command{Inbound: &wire.Inbound{ID: "PO1", Version: 1, Pallets: []wire.Pallet{{SSCC: pallet, Lines: []wire.InboundLine{{SKU: "X", Qty: 6}}}}}})
	h.came("PO1", 2)
	h.order("A", 1, "X", 5)
	require.EqualValues(t, 6, h.scan("]C100"+pallet).Qty)
	require.Equal(t, allocation.Stop, h.scanAt("2", "DF:ACCEPT-OVER").Verdict, "it was scanned elsewhere")
	f := h.scan("DF:ACCEPT-OVER")
	assert.Equal(t, "2 units of surplus taken in: see the tasks for what is to be carried", f.Text)
	assert.EqualValues(t, 5, h.line("A/1").Allocated)
	assert.EqualValues(t, 1, h.free("X"))
	assert.Equal(t, wire.Deed{Kind: wire.DeedApprove, Station: "1", Inbound: "PO1", Qty: 2, Reason: "ACCEPT-OVER", Policy: "default"}, clearMoves(h.deeds()[0]))
	assert.Equal(t, allocation.Stop, h.scan("DF:ACCEPT-OVER").Verdict)
}

func clearMoves(w wire.Deed) wire.Deed {
	w.Moves = nil
	return w
}

func TestTheStageCardStagesTheLastScanWholeOrSaysWhyNot(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 2)
	h.order("B", 2, "X", 5)
	h.scan("DF:WORKER ann")
	h.scan("DF:QTY 4")
	h.scan(eachGTIN)
	h.scanAt("2", eachGTIN)
	f := h.scan("DF:STAGE")
	assert.Equal(t, allocation.Check, f.Verdict, "a card is never the good tone")
	assert.Equal(t, "4 units staged for 2 lines", f.Text)
	assert.EqualValues(t, 2, h.line("A/1").Staged)
	assert.EqualValues(t, 2, h.line("B/1").Staged)
	assert.Equal(t, wire.Deed{Kind: wire.DeedStage, Station: "1", Worker: "ann", Line: "A/1", Qty: 2, Reason: "STAGE", Policy: "default"}, h.deeds()[0])

	again := h.scan("DF:STAGE")
	assert.Equal(t, allocation.Stop, again.Verdict)
	assert.Contains(t, again.Text, "staged already")
	assert.Equal(t, allocation.WhyStaged, h.scan("DF:UNDO").Why, "what is staged stays")
	h.scan("Y")
	assert.Contains(t, h.scan("DF:STAGE").Text, "went to no order")

	// Its unit has gone to another order since.
	h.scanAt("2", eachGTIN)
	h.send(orderCommand("B", 2, 2, "X", 2))
	none := h.scanAt("2", "DF:STAGE")
	assert.Equal(t, allocation.Stop, none.Verdict)
	assert.Equal(t, "nothing is left to stage: 1 unit of B/1 went to free stock since", none.Text)
}

// What has left a pallet keeps nobody from closing it: no card and no task would
// bring the unit back.
func TestAPalletIsClosedThoughUnitsHaveLeftIt(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("W1", 1, "X", 2)
	h.order("W2", 2, "X", 3)
	h.scan("DF:QTY 3")
	h.scan(eachGTIN)
	h.send(orderCommand("W1", 2, 1, "X", 1))
	require.Equal(t, []string{"MOVE 1 of X from W1/1 to W2/1, door 7"}, h.tasks())
	f := h.scan("DF:CLOSE-PALLET")
	assert.Equal(t, allocation.Check, f.Verdict)
	assert.Equal(t, "2 units staged for 2 lines; 1 unit of W1/1 went to W2/1 since: not staged here", f.Text)
	assert.Equal(t, []int64{1, 1}, []int64{h.line("W1/1").Staged, h.line("W2/1").Staged})
	assert.Contains(t, h.scan("DF:CLOSE-PALLET").Text, "since the last pallet was closed", "it is closed")
	h.scan(eachGTIN)
	assert.Equal(t, "1 unit staged for W2/1", h.scan("DF:CLOSE-PALLET").Text)
}

func TestAnUndoElsewhereLeavesAPalletThatCanBeClosed(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("W1", 2, "X", 3)
	for range 2 {
		h.scan(eachGTIN)
	}
	h.scanAt("2", eachGTIN) // to W1, which a better line takes it from
	win := orderCommand("K1", 1, 1, "X", 1)
	win.Order.Class = "win"
	h.send(win, grantCommand("K1", 1))
	require.EqualValues(t, 2, h.line("W1/1").Allocated)
	h.scanAt("2", "DF:UNDO") // it takes another one from W1
	require.EqualValues(t, 1, h.line("W1/1").Allocated)
	assert.Equal(t, "1 unit staged for W1/1; 1 unit of W1/1 went out by an undo since: not staged here", h.scan("DF:CLOSE-PALLET").Text)
	assert.Contains(t, h.scan("DF:CLOSE-PALLET").Text, "since the last pallet was closed")
}

func TestThePalletCardStagesAllSinceTheLastPallet(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 20)
	for range 3 {
		h.scan(eachGTIN)
	}
	h.scan("DF:UNDO")
	h.scan("DF:STAGE") // the second of the two that are left
	h.scan(eachGTIN)
	h.scanAt("2", eachGTIN)
	f := h.scan("DF:CLOSE-PALLET")
	assert.Equal(t, "2 units staged for A/1", f.Text)
	assert.EqualValues(t, 3, h.line("A/1").Staged)
	assert.Equal(t, allocation.Stop, h.scan("DF:CLOSE-PALLET").Verdict)
	assert.Contains(t, h.scan("DF:STAGE").Text, "staged already")
	h.scan(eachGTIN)
	assert.Equal(t, "1 unit staged for A/1", h.scan("DF:CLOSE-PALLET").Text)
}

func TestAHouseMayStageAtTheBeepWhatIsReadyToLeave(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.send(wire.Command{Policy: &wire.Policy{Version: "2", StageAtBeep: true}})
	h.order("A", 1, "X", 1)
	whole := orderCommand("B", 1, 2, "X", 3)
	whole.Order.Ship = allocation.ShipLine
	h.send(whole, grantCommand("B", 3))
	f := h.scan(eachGTIN)
	assert.True(t, h.events()[f.Seq-1].Scan.Staged)
	assert.EqualValues(t, 1, h.line("A/1").Staged)
	h.order("C", 1, "X", 1)
	h.scan("DF:QTY 2")
	f = h.scan(eachGTIN) // one to each of C, which is ready to leave, and B, which is not whole yet
	assert.False(t, h.events()[f.Seq-1].Scan.Staged)
	assert.Equal(t, []int64{1, 0}, []int64{h.line("C/1").Staged, h.line("B/1").Staged})
	assert.Equal(t, []wire.Deed{{Kind: wire.DeedStage, Station: "1", Line: "C/1", Qty: 1, Reason: atTheBeep, Policy: "2"}}, h.deeds())
	assert.Equal(t, "1 unit staged for B/1", h.scan("DF:STAGE").Text, "the rest of that scan")
}

// Who carried a unit to its order has picked it: from then on it stays there.
func TestATaskThatIsDoneBindsItsUnits(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan(eachGTIN)
	h.order("A", 1, "X", 1)
	require.Len(t, h.tasks(), 1)
	h.scanAt("2", "DF:DONE")
	assert.EqualValues(t, 1, h.line("A/1").Picked)
	assert.Equal(t, wire.Deed{Kind: wire.DeedPick, Station: "2", Line: "A/1", Qty: 1, Policy: "default"}, h.deeds()[0])
	h.send(orderCommand("A", 2, 1, "X", 0))
	assert.Equal(t, []string{"RETURN 1 of X from A/1 to A-04"}, h.tasks(), "a person must bring it back")
	assert.Zero(t, h.free("X"))
	h.order("B", 2, "X", 1)
	h.scan("DF:DONE")
	assert.EqualValues(t, 1, h.line("B/1").Allocated, "it is free once it is back")
	assert.Equal(t, []string{"PICK 1 of X from A-04 to B/1, door 7"}, h.tasks())
	assert.Equal(t, []wire.Move{{SKU: "X", Qty: 1, From: "A/1", To: "B/1"}}, h.deeds()[1].Moves)
}

func TestAnOrderThatIsRaisedAgainKeepsWhatWasToBeBroughtBack(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 3)
	h.scan("DF:QTY 3")
	h.scan(eachGTIN)
	h.scan("DF:STAGE")
	h.send(orderCommand("A", 2, 1, "X", 1))
	require.Equal(t, []string{"RETURN 2 of X from A/1 to A-04"}, h.tasks())
	h.send(orderCommand("A", 3, 1, "X", 2))
	assert.Equal(t, []string{"RETURN 1 of X from A/1 to A-04"}, h.tasks())
	h.do(wire.Deed{Kind: wire.DeedReturn, Line: "A/1", Qty: 1})
	assert.Empty(t, h.tasks())
	assert.EqualValues(t, 1, h.free("X"))
	assert.EqualValues(t, 2, h.line("A/1").Allocated)
}

// What was only to be carried has not moved: it is redirected.
func TestNobodyCarriesAUnitTwice(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan(eachGTIN)
	h.order("A", 1, "X", 1)
	h.order("B", 2, "X", 1)
	require.Equal(t, []string{"PICK 1 of X from A-04 to A/1, door 7"}, h.tasks())
	h.send(orderCommand("A", 2, 1, "X", 0))
	assert.Equal(t, []string{"PICK 1 of X from A-04 to B/1, door 7"}, h.tasks(), "it still lies in stock")
	h.send(orderCommand("B", 2, 2, "X", 0))
	assert.Empty(t, h.tasks())

	h.order("C", 1, "X", 2) // the free unit, and one at its door
	h.scan(eachGTIN)
	h.send(orderCommand("C", 2, 1, "X", 0))
	assert.Equal(t, []string{"RETURN 1 of X from C/1 to A-04"}, h.tasks())
	h.order("D", 1, "X", 1)
	assert.Equal(t, []string{"MOVE 1 of X from C/1 to D/1, door 7"}, h.tasks(), "straight from door to door")
	h.send(orderCommand("C", 3, 1, "X", 2), grantCommand("C", 4))
	h.send(orderCommand("D", 2, 1, "X", 0))
	assert.Equal(t, []string{"PICK 1 of X from A-04 to C/1, door 7"}, h.tasks(), "one lies at its door already")
}

// A decision made while the line was cut is overtaken by a cancel: the worker is told
// once, however often the command comes.
func TestACorrectionReachesTheWorkerWhoScannedTheUnitOnce(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("P", 1, "X", 1)
	h.order("Q", 2, "X", 1)
	h.scanAt("3", eachGTIN)
	h.scanAt("2", "Y")
	told, cancel := h.Subscribe("3")
	defer cancel()
	h.send(orderCommand("P", 2, 1, "X", 0))
	for range 2 {
		h.send(orderCommand("P", 2, 1, "X", 0))
	}
	require.Len(t, told, 1)
	f := <-told
	assert.Equal(t, allocation.Check, f.Verdict)
	assert.Equal(t, "MOVE 1 of X from P/1 to Q/1, door 7", f.Text)
	recent, err := h.Recent(t.Context(), "2", 10)
	require.NoError(t, err)
	assert.Len(t, recent, 1, "the others hear nothing of it")
}

// An import cancels an order and enters the next one for the same goods: the unit was
// to go back to stock for a moment, and nobody is told to bring it there.
func TestACorrectionTellsWhatIsToBeCarriedInTheEnd(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("P", 1, "X", 2)
	told, cancel := h.Subscribe("3")
	defer cancel()
	for _, code := range []string{"DF:QTY 2", eachGTIN} {
		h.scanAt("3", code)
		<-told // screens are told after the answer
	}
	h.send(orderCommand("P", 2, 1, "X", 0), orderCommand("Q", 1, 2, "X", 2), grantCommand("Q", 2))
	require.Equal(t, []string{"MOVE 2 of X from P/1 to Q/1, door 7"}, h.tasks())
	require.Len(t, told, 1)
	assert.Equal(t, "MOVE 2 of X from P/1 to Q/1, door 7", (<-told).Text)

	h.send(orderCommand("Q", 2, 2, "X", 0), orderCommand("R", 1, 2, "X", 1), grantCommand("R", 1))
	require.Len(t, told, 1)
	assert.Equal(t, "RETURN 1 of X from P/1 to A-04; and 1 more to carry", (<-told).Text)
	h.send(orderCommand("R", 2, 2, "X", 0), orderCommand("P", 3, 1, "X", 2), grantCommand("P", 4))
	assert.Empty(t, h.tasks())
	assert.Empty(t, told, "it lies where it was scanned to")
}

// It lies set aside still: nobody is to carry it to an order, or put it away.
func TestAnUndoOfWhatWasFoundGoodEndsItsTasks(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		h := newHouse(t)
		h.items()
		if wanted {
			h.order("A", 1, "X", 1)
		}
		h.scanAt("2", "DF:DAMAGED")
		h.scanAt("2", eachGTIN)
		h.do(wire.Deed{Kind: wire.DeedRegrade, SKU: "X", Qty: 1, From: allocation.Damaged, To: allocation.Good})
		require.Len(t, h.tasks(), 1)
		if !wanted {
			h.scan(eachGTIN) // another one, in stock
		}
		assert.Equal(t, allocation.WhyUndone, h.scanAt("2", "DF:UNDO").Why)
		assert.Empty(t, h.tasks())
		if wanted {
			assert.Zero(t, h.line("A/1").Allocated)
		} else {
			assert.EqualValues(t, 1, h.free("X"))
		}
	}
}

// A page that was left open ends the task that it showed, or none.
func TestTheNumberOfATaskIsNeverUsedAgain(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan(eachGTIN)
	h.order("A", 1, "X", 1)
	first, err := h.Tasks(t.Context())
	require.NoError(t, err)
	require.Len(t, first, 1)
	err = h.Done(t.Context(), first[0].ID)
	require.NoError(t, err)
	h.scan(eachGTIN)
	h.order("B", 1, "X", 1)
	err = h.Done(t.Context(), first[0].ID)
	require.ErrorIs(t, err, dock.ErrNoTask)
	assert.Zero(t, h.line("B/1").Picked)
}

// Each of the stations that scanned them hears of its own units.
func TestACorrectionIsSharedByThoseWhoScannedTheUnits(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("P", 1, "X", 5)
	h.scanAt("1", eachGTIN)
	h.scanAt("2", "DF:QTY 3")
	h.scanAt("2", eachGTIN)
	h.send(orderCommand("P", 2, 1, "X", 0))
	assert.Equal(t, []string{"RETURN 4 of X from P/1 to A-04"}, h.tasks())
	for station, text := range map[allocation.StationID]string{"1": "RETURN 1 of X from P/1 to A-04", "2": "RETURN 3 of X from P/1 to A-04"} {
		recent, err := h.Recent(t.Context(), station, 1)
		require.NoError(t, err)
		assert.Equal(t, text, recent[0].Text)
	}
}

// The best order takes from one that may lose: the scan says its own door, and the
// task tells of the other units.
func TestAScanCanMoveUnitsBetweenOrders(t *testing.T) {
	h := newHouse(t)
	h.items()
	low := orderCommand("F", 1, 1, "X", 2)
	low.Order.Class = allocation.Fill
	h.send(low, grantCommand("F", 2))
	h.scan("DF:QTY 2")
	h.scan(eachGTIN)
	best := orderCommand("W", 1, 1, "X", 4)
	best.Order.Class = allocation.Win
	h.send(best)
	assert.Zero(t, h.line("W/1").Allocated, "this site has no right for it")
	h.send(grantCommand("W", 4))
	assert.EqualValues(t, 2, h.line("W/1").Allocated)
	assert.Equal(t, []string{"MOVE 2 of X from F/1 to W/1, door 7"}, h.tasks())
	all := h.events()
	assert.Equal(t, []wire.Move{{SKU: "X", Qty: 2, From: "F/1", To: "W/1", By: allocation.ByClass, Over: "F/1"}}, all[len(all)-1].Applied.Moves)
	f, w := h.line("F/1").Rights, h.line("W/1").Rights
	assert.Equal(t, []int64{2, 2, 2}, []int64{f.Used, f.Undone, w.Used})
}

func TestAGatedOrderIsCompletedByItsOtherGoods(t *testing.T) {
	h := newHouse(t)
	h.items()
	o := orderCommand("O", 1, 1, "X", 2)
	o.Order.Ship = allocation.ShipOrder
	o.Order.Lines = append(o.Order.Lines, wire.OrderLine{Line: "2", SKU: "Y", Qty: 1})
	h.send(o, grantCommand("O", 2), wire.Command{Grant: &wire.Grant{Line: "O/2", Incarnation: testLife, Total: 1}})
	h.scan("DF:QTY 2")
	assert.Empty(t, h.scan(eachGTIN).Complete)
	_, err := h.Do(t.Context(), wire.Deed{Kind: wire.DeedShip, Line: "O/1", Qty: 2})
	require.ErrorContains(t, err, "ships only with the rest of its order")
	assert.Equal(t, []allocation.OrderID{"O"}, h.scan("Y").Complete)
	h.do(wire.Deed{Kind: wire.DeedShip, Line: "O/1", Qty: 2})
}

// A lot below what a line demands goes past it, and the feedback names the line.
func TestTheFeedbackNamesWhoWasPassedAndWhy(t *testing.T) {
	h := newHouse(t)
	h.items()
	fresh := orderCommand("A", 1, 1, "X", 1)
	fresh.Order.Lines[0].MinLifeDays = 36500
	h.send(fresh, grantCommand("A", 1))
	h.order("B", 2, "X", 1)
	f := h.scan("]C101" + eachGTIN + "17300101")
	require.Equal(t, allocation.Allocated, f.Verdict)
	assert.EqualValues(t, "B/1", f.Blocks[0].Line)
	assert.Contains(t, f.Text, "A/1 passed for want of days that the goods last")
	assert.Equal(t, []wire.Passed{{Line: "A/1", Lacks: allocation.WhyLife}}, h.events()[f.Seq-1].Scan.Passed)
	f = h.scan("]C101" + eachGTIN + "17300101")
	assert.Equal(t, allocation.Stock, f.Verdict)
	assert.Equal(t, allocation.WhyLife, f.Why)
	require.NoError(t, h.stop())
	h.start()
	recent, err := h.Recent(t.Context(), "1", 2)
	require.NoError(t, err)
	assert.Contains(t, recent[1].Text, "A/1 passed for want of days")
}

// What a deed moves may pass the room of its event: the rest is told behind it.
func TestADeedThatMovesVeryMuchIsToldInSeveralEvents(t *testing.T) {
	h := newHouse(t)
	h.items()
	const lines = 1000
	var cmds []wire.Command
	for i := range lines {
		id := fmt.Sprintf("%s%05d", strings.Repeat("<", 20), i)
		cmds = append(cmds, orderCommand(id, 1, 1, "X", 1), grantCommand(id, 1))
	}
	h.send(cmds...)
	before := h.head().Seq
	h.do(wire.Deed{Kind: wire.DeedAdjust, SKU: "X", Qty: lines, Reason: "found"})
	var moved int64
	all := h.events()[before:]
	require.Greater(t, len(all), 2)
	for i, e := range all {
		moves := []wire.Move(nil)
		if i == 0 {
			moves = e.Deed.Moves
		} else {
			moves = e.Applied.Moves
			assert.EqualValues(t, h.sent, e.Applied.Through.N, "no command is confirmed by it")
		}
		for _, m := range moves {
			moved += m.Qty
		}
	}
	assert.EqualValues(t, lines, moved)
	assert.Zero(t, openUnits(t, h))
	require.Len(t, h.tasks(), lines)
}

// An order and its rights are one step; where one of them is not possible the others
// are done.
func TestABadRightDoesNotTakeItsOrderAlong(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.send(orderCommand("A", 1, 1, "X", 5), grantCommand("A", -1), grantCommand("A", 3))
	all := h.events()
	refused := all[len(all)-1].Applied.Refused
	require.Len(t, refused, 1)
	assert.Contains(t, refused[0].Message, "below nothing")
	assert.EqualValues(t, 3, h.line("A/1").Rights.Granted)
	assert.EqualValues(t, 5, h.line("A/1").Ordered)
}

// What was announced is put away and the rest set aside: the worker is told both.
func TestAScanOfWhichAPartIsAboveTheAnnouncementSaysWhereBothPartsGo(t *testing.T) {
	const pallet = "340123450000000017"
	h := newHouse(t)
	h.items()
	h.send(wire.Command{Inbound: &wire.Inbound{ID: "PO1", Version: 1,
		Pallets: []wire.Pallet{{SSCC: pallet, Lines: []wire.InboundLine{{SKU: "X", Qty: 5}}}}}})
	h.came("PO1", 4)
	f := h.scan("]C100" + pallet)
	assert.Equal(t, allocation.Stock, f.Verdict)
	assert.Equal(t, "1 to A-04, 4 set aside: more came than was announced", f.Text)
	assert.Equal(t, "1 put away, 4 set aside: more came than was announced", h.event(f.Seq).Text)
}
