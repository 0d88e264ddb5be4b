package ingest

import (
	"fmt"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// movesOf lists what an event does to lines. Units are given before any are
// taken back: within one event neither a release nor a return frees a right
// that the same event could use.
func movesOf(e wire.Event) []move {
	switch {
	case e.Scan != nil:
		var moves []move
		for _, r := range e.Scan.Receipts {
			moves = addMoves(moves, r.Allocations, use)
		}
		return moves
	case e.Undo != nil:
		return addMoves(nil, e.Undo.Allocations, undo)
	case e.Applied != nil:
		moves := addMoves(nil, e.Applied.Allocations, use)
		moves = addMoves(moves, e.Applied.Released, burn)
		return addMoves(moves, e.Applied.Returned, giveBack)
	}
	return nil
}

func addMoves(moves []move, allocations []wire.Allocation, way way) []move {
	for _, a := range allocations {
		moves = append(moves, move{line: a.Line, qty: a.Qty, way: way})
	}
	return moves
}

// check holds an event to the rules that do not depend on what is stored.
func check(e wire.Event) error {
	switch {
	case e.Scan != nil:
		if n := e.Scan.Times; n < 0 || n > allocation.MaxQty {
			return fmt.Errorf("times is %d, which is no quantity", n)
		}
		for _, r := range e.Scan.Receipts {
			if err := checkReceipt(r); err != nil {
				return err
			}
		}
		return nil
	case e.Undo != nil:
		for _, f := range e.Undo.Free {
			if f.Qty < 0 {
				return fmt.Errorf("it takes %d free units back", f.Qty)
			}
		}
		return nil
	case e.Applied != nil:
		return nil
	}
	return errUnknownKind
}

// checkReceipt wants every good unit to be in one place: given, or free.
func checkReceipt(r wire.Receipt) error {
	if err := allocation.CheckID("SKU", string(r.SKU)); err != nil {
		return err
	}
	if err := allocation.CheckQty(r.Qty); err != nil {
		return err
	}
	placed := sum(r.Allocations) + r.Free
	good := r.Disposition == "" || r.Disposition == allocation.Good
	switch {
	case r.Free < 0:
		return fmt.Errorf("it leaves %d free", r.Free)
	case good && placed != r.Qty:
		return fmt.Errorf("it receives %d and places %d", r.Qty, placed)
	case !good && placed != 0:
		return fmt.Errorf("it places %d that are %s", placed, storable(string(r.Disposition)))
	}
	return nil
}
