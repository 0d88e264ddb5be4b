package agent

import (
	"fmt"
	"slices"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// remembered is how many of the newest events are turned into feedbacks at the
// start, so that a page shows what happened before.
const remembered = 200

// remember makes feedbacks of the newest events, oldest first.
func remember(tx *store.Tx) ([]dock.Feedback, error) {
	events, err := tx.Newest(remembered)
	if err != nil {
		return nil, err
	}
	var all []dock.Feedback
	for _, stored := range slices.Backward(events) {
		e, err := wire.ParseEvent(stored.Body)
		if err != nil {
			return nil, err
		}
		switch {
		case e.Scan != nil:
			f, err := rememberScan(tx, e)
			if err != nil {
				return nil, err
			}
			all = append(all, f)
		case e.Undo != nil:
			all = append(all, dock.Feedback{
				Seq: e.Seq, Station: e.Undo.Station, At: e.At, Verdict: allocation.Check, Why: allocation.WhyUndone,
				Text: fmt.Sprintf("event %d was taken back", e.Undo.Seqs[0]),
			})
		}
	}
	return all, nil
}

func rememberScan(tx *store.Tx, e wire.Event) (dock.Feedback, error) {
	s := e.Scan
	f := dock.Feedback{
		Seq: e.Seq, Station: s.Station, At: e.At, Verdict: s.Verdict, Why: s.Why, Code: dock.Visible(string(s.Code)),
	}
	var first allocation.Move
	for i, r := range s.Receipts {
		f.Qty += r.Qty
		item, _, err := tx.ItemBySKU(r.SKU)
		if err != nil {
			return f, err
		}
		if i == 0 && len(s.Receipts) == 1 {
			f.SKU, f.Item = string(r.SKU), item.Description
		}
		for _, a := range r.Allocations {
			if first.Qty == 0 {
				first = allocation.Move{To: allocation.At(a.Line), Qty: a.Qty, By: a.By, Over: a.Over}
			}
			f.Blocks = append(f.Blocks, dock.Block{Line: a.Line, Qty: a.Qty})
		}
		if r.Surplus > 0 && r.Surplus < r.Qty {
			f.Blocks = append(f.Blocks, dock.Block{Destination: dock.SetAside, Qty: r.Surplus, Text: "more came than was announced"})
		}
		if r.Free > 0 {
			f.Blocks = append(f.Blocks, dock.Block{Destination: item.Putaway, Qty: r.Free, Text: "put away"})
		}
	}
	why := allocation.Why{Code: s.Why, More: s.More}
	for _, p := range s.Passed {
		why.Passed = append(why.Passed, allocation.Passed(p))
	}
	f.Text = ownWhy(why, s.Verdict).Sentence(first)
	arrange(&f)
	return f, nameLines(tx, f.Blocks)
}

// nameLines fills in what is known of the lines now.
func nameLines(tx *store.Tx, blocks []dock.Block) error {
	for i := range blocks {
		b := &blocks[i]
		if b.Line == "" {
			continue
		}
		l, _, err := tx.Shown(b.Line)
		if err != nil {
			return err
		}
		b.Destination, b.Order, b.Customer, b.Filled, b.Wanted = l.Door, l.Rank.Order, l.CustomerName, l.Allocated, l.Wanted()
	}
	return nil
}
