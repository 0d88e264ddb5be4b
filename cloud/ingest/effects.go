package ingest

import (
	"fmt"
	"strings"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// movesOf lists what an event does to lines. Only what a line comes to by all of
// them counts: a right that one move frees, another of the same event may use.
func movesOf(e wire.Event) (moves []move) {
	switch {
	case e.Scan != nil:
		for _, r := range e.Scan.Receipts {
			for _, a := range r.Allocations {
				moves = append(moves, move{a.Line, a.Qty, use})
				if e.Scan.Staged {
					moves = append(moves, move{a.Line, a.Qty, stageNew})
				}
			}
		}
		return addMoves(moves, e.Scan.Moves)
	case e.Undo != nil:
		return addMoves(nil, e.Undo.Moves)
	case e.Applied != nil:
		return giveBack(addMoves(nil, e.Applied.Moves), e.Applied.Returned)
	case e.Deed != nil:
		return giveBack(addMoves(deedMoves(e.Deed), e.Deed.Moves), e.Deed.Returned)
	}
	return nil
}

func addMoves(moves []move, all []wire.Move) []move {
	for _, m := range all {
		if id := m.FromLine(); id != "" {
			moves = append(moves, move{id, m.Qty, undo})
		}
		if id := m.ToLine(); id != "" {
			moves = append(moves, move{id, m.Qty, use})
		}
	}
	return moves
}

func giveBack(moves []move, rights []wire.Right) []move {
	for _, r := range rights {
		moves = append(moves, move{r.Line, r.Qty, burn})
	}
	return moves
}

// deedMoves are what a deed binds or unbinds; where units went stands beside.
func deedMoves(d *wire.Deed) []move {
	if way, ok := map[wire.DeedKind]way{wire.DeedPick: pick, wire.DeedStage: stage, wire.DeedShip: ship, wire.DeedReturn: unbind}[d.Kind]; ok {
		return []move{{d.Line, d.Qty, way}}
	}
	return nil
}

// check holds an event to the rules that do not depend on what is stored.
func check(e wire.Event) error {
	switch {
	case e.Scan != nil:
		return checkScan(e)
	case e.Undo != nil:
		return checkMoves(e.Undo.Moves, nil)
	case e.Applied != nil:
		return checkMoves(e.Applied.Moves, e.Applied.Returned)
	case e.Deed != nil:
		if err := checkDeed(e.Deed); err != nil {
			return err
		}
		return checkMoves(e.Deed.Moves, e.Deed.Returned)
	}
	return errUnknownKind
}

func checkScan(e wire.Event) error {
	s := e.Scan
	switch {
	case s.Times < 0 || s.Times > allocation.MaxQty:
		return fmt.Errorf("times is %d, which is no quantity", s.Times)
	case s.Kept < 0 || s.Kept >= e.Seq:
		return fmt.Errorf("it takes in the code of event %d, which is not before it", s.Kept)
	case s.Kept > 0 && len(s.Receipts) == 0:
		return fmt.Errorf("it takes in the code of event %d and receives nothing", s.Kept)
	}
	for _, r := range s.Receipts {
		if err := checkReceipt(r); err != nil {
			return err
		}
	}
	return checkMoves(s.Moves, nil)
}

// checkReceipt wants every good unit to be in one place: given, free, or set
// aside as surplus.
func checkReceipt(r wire.Receipt) error {
	if err := allocation.CheckID("SKU", string(r.SKU)); err != nil {
		return err
	}
	if err := allocation.CheckQty(r.Qty); err != nil {
		return err
	}
	placed, err := placedBy(r)
	good := r.Disposition == "" || r.Disposition == allocation.Good
	switch {
	case err != nil:
		return err
	case good && placed != r.Qty:
		return fmt.Errorf("it receives %d and places %d", r.Qty, placed)
	case !good && placed != 0:
		return fmt.Errorf("it places %d that are %s", placed, storable(string(r.Disposition)))
	case r.Surplus > 0:
		return allocation.CheckID("inbound", string(r.Inbound))
	}
	return nil
}

// placedBy sums where the units of a receipt went.
func placedBy(r wire.Receipt) (int64, error) {
	if r.Free < 0 || r.Surplus < 0 {
		return 0, fmt.Errorf("it leaves %d free and sets %d aside", r.Free, r.Surplus)
	}
	placed := r.Free + r.Surplus
	for _, a := range r.Allocations {
		if err := allocation.CheckQty(a.Qty); err != nil {
			return 0, fmt.Errorf("line %s: %w", a.Line, err)
		}
		placed += a.Qty
	}
	return placed, nil
}

// maxMoved bounds what one move may say: more is no number of units of a house.
const maxMoved = 1 << 40

func checkMoves(moves []wire.Move, returned []wire.Right) error {
	for _, m := range moves {
		if err := checkMove(m); err != nil {
			return err
		}
	}
	for _, r := range returned {
		if r.Qty < 1 || r.Qty > maxMoved {
			return fmt.Errorf("it gives rights to %d of line %s back", r.Qty, r.Line)
		}
	}
	return nil
}

// checkMove wants a move to lead from one known place to another.
func checkMove(m wire.Move) error {
	switch {
	case m.Qty < 1 || m.Qty > maxMoved:
		return fmt.Errorf("it moves %d from %q to %q", m.Qty, m.From, m.To)
	case m.From == m.To:
		return fmt.Errorf("it moves %d from %q to the same place", m.Qty, m.From)
	case !isPlace(m.From) || !isPlace(m.To):
		return fmt.Errorf("it moves %d from %q to %q, which are not both places that this program knows", m.Qty, m.From, m.To)
	case m.From == inSurplus || m.To == inSurplus:
		if err := allocation.CheckID("inbound", string(m.Inbound)); err != nil {
			return err
		}
	}
	return allocation.CheckID("SKU", string(m.SKU))
}

// The shelves of a house, as moves name them.
const (
	outside    = string(allocation.Outside)
	inFree     = string(allocation.Free)
	inSurplus  = string(allocation.Surplus)
	amongBad   = string(allocation.Broken)
	amongAside = string(allocation.Aside)
)

func isPlace(place string) bool {
	switch place {
	case outside, inFree, inSurplus, amongBad, amongAside:
		return true
	}
	return strings.Contains(place, "/")
}

// isGood reports whether units there are good ones in the house.
func isGood(place string) bool {
	return place == inFree || place == inSurplus || strings.Contains(place, "/")
}

func checkDeed(d *wire.Deed) error {
	switch d.Kind {
	case wire.DeedPick, wire.DeedStage, wire.DeedShip, wire.DeedReturn, wire.DeedRegrade, wire.DeedApprove:
		if err := allocation.CheckQty(d.Qty); err != nil {
			return fmt.Errorf("%s: %w", d.Kind, err)
		}
		return nil
	case wire.DeedAdjust:
		if err := allocation.CheckQty(max(d.Qty, -d.Qty)); err != nil {
			return fmt.Errorf("adjust by %d: %w", d.Qty, err)
		}
		return nil
	}
	return errUnknownKind
}
