package agent

import (
	"slices"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// An event must not pass wire.MaxEvent, so a scan that fills very many lines is
// told in several, all in its one transaction. Sizes here are upper bounds of
// the JSON: a byte becomes six at most.

func overhead(s scan, at store.Station) int {
	return 2048 + (len(s.raw)+2)/3*4 + 6*(len(s.station)+len(at.Worker)+(1+allocation.MaxPassed)*allocation.MaxIDBytes*2)
}

func receiptSize(r wire.Receipt) int {
	return 400 + 6*(len(r.SKU)+len(r.Lot)+len(r.Serial)+len(r.Inbound))
}

func allocationSize(a wire.Allocation) int {
	return 72 + 6*(len(a.Line)+len(a.Over))
}

func moveSize(m wire.Move) int {
	return 240 + 6*(len(m.SKU)+len(m.From)+len(m.To)+len(m.Over)+len(m.Inbound)+len(m.Lot)+len(m.Trade)+len(m.Serial))
}

// split cuts receipts into runs that fit into room bytes each. A cut receipt goes
// on in the next run as a receipt of the rest of its quantity; the serial stands in
// the first piece alone, as it names one thing.
func split(all []wire.Receipt, room int) [][]wire.Receipt {
	var runs [][]wire.Receipt
	var run []wire.Receipt
	left := room
	next := func() {
		runs, run, left = append(runs, run), nil, room
	}
	for _, r := range all {
		for {
			if left < receiptSize(r)+allocationSize(widest(r)) && len(run) > 0 {
				next()
			}
			piece, rest, more := cutReceipt(r, left)
			run, left = append(run, piece), left-pieceSize(piece)
			if !more {
				break
			}
			next()
			r = rest
		}
	}
	return append(runs, run)
}

func widest(r wire.Receipt) (a wire.Allocation) {
	if len(r.Allocations) > 0 {
		a = r.Allocations[0]
	}
	return a
}

func pieceSize(r wire.Receipt) int {
	n := receiptSize(r)
	for _, a := range r.Allocations {
		n += allocationSize(a)
	}
	return n
}

func receiptsSize(all []wire.Receipt) (n int) {
	for _, r := range all {
		n += pieceSize(r)
	}
	return n
}

// cutReceipt takes from a receipt as many allocations as fit.
func cutReceipt(r wire.Receipt, room int) (piece, rest wire.Receipt, more bool) {
	size, n := receiptSize(r), 0
	var given int64
	for n < len(r.Allocations) && size+allocationSize(r.Allocations[n]) <= room {
		size += allocationSize(r.Allocations[n])
		given += r.Allocations[n].Qty
		n++
	}
	if n == len(r.Allocations) {
		return r, wire.Receipt{}, false
	}
	piece, rest = r, r
	piece.Allocations, rest.Allocations = r.Allocations[:n], r.Allocations[n:]
	piece.Qty, rest.Qty = given, r.Qty-given
	piece.Free, piece.Surplus, rest.Serial = 0, 0, ""
	return piece, rest, true
}

// fitting counts the first moves that fit into room bytes.
func fitting(moves []wire.Move, room int) int {
	for n, m := range moves {
		if room -= moveSize(m); room < 0 {
			return n
		}
	}
	return len(moves)
}

// appendRest tells of moves for which their own event had no room, and of rights
// that it cannot tell of.
func (d *desk) appendRest(tx *store.Tx, moves []wire.Move, returned []wire.Right) error {
	var all []wire.Applied
	for len(moves) > 0 {
		n := fitting(moves, wire.MaxEvent-1024)
		all, moves = append(all, wire.Applied{Moves: moves[:n]}), moves[n:]
	}
	for some := range slices.Chunk(returned, 50) {
		all = append(all, wire.Applied{Returned: some})
	}
	for _, a := range all {
		a.Through = tx.Meta().Commands
		if err := d.append(tx, wire.Event{Applied: &a}); err != nil {
			return err
		}
	}
	return nil
}

// passedSize bounds what the lines take that units went past.
func passedSize(passed []wire.Passed) (n int) {
	for _, p := range passed {
		n += 48 + 6*len(p.Line)
	}
	return n
}

func wirePassed(w allocation.Why) (passed []wire.Passed) {
	for _, p := range w.Passed {
		passed = append(passed, wire.Passed(p))
	}
	return passed
}

// append writes an event that is no scan. It names the policy in force.
func (d *desk) append(tx *store.Tx, e wire.Event) error {
	switch policy := tx.Meta().Policy.Version; {
	case e.Undo != nil:
		e.Undo.Policy = policy
	case e.Applied != nil:
		e.Applied.Policy = policy
	case e.Deed != nil:
		e.Deed.Policy = policy
	}
	e.Seq, e.Nonce, e.At = tx.Head().Seq+1, d.nonce(), d.now()
	return tx.Append(e, 0, 1)
}
