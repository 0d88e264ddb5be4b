package agent

import (
	"cmp"
	"fmt"
	"slices"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
)

// maxBlocks is how many destinations a feedback names, the largest first; the
// text counts the rest.
const maxBlocks = 32

// verdict is what a scan came to as a whole: a line took some of it, or it is
// put away, or set aside.
func verdict(g goods, all []took) allocation.Verdict {
	v := allocation.Held
	for _, t := range all {
		switch {
		case len(t.allocations) > 0:
			return allocation.Allocated
		case t.free > 0:
			v = allocation.Stock
		}
	}
	return v
}

// reason is why: that of the receipt which gave the verdict.
func reason(g goods, all []took) allocation.Why {
	if g.kept != "" {
		return allocation.Why{Code: g.kept}
	}
	for _, t := range all {
		if len(t.allocations) > 0 {
			return t.why
		}
	}
	for _, t := range all {
		if t.free > 0 {
			return t.why
		}
	}
	if len(all) > 0 {
		return all[0].why
	}
	return allocation.Why{Code: allocation.WhyNoDemand}
}

// tell makes the feedback of a saved scan.
func (d *desk) tell(tx *store.Tx, s scan, seq int64, g goods, all []took) (dock.Feedback, error) {
	why := reason(g, all)
	f := dock.Feedback{
		Seq: seq, Station: s.station, At: s.at, Verdict: verdict(g, all), Why: why.Code,
		Text: why.Sentence(first(all)), Code: dock.Visible(string(s.raw)),
	}
	for _, t := range all {
		f.Qty += t.Qty
		f.Blocks = append(f.Blocks, blocks(t)...)
		for _, l := range t.filled {
			if err := d.complete(tx, &f, l); err != nil {
				return f, err
			}
		}
	}
	if len(all) == 1 {
		f.SKU, f.Item = string(all[0].SKU), all[0].item.Description
	}
	arrange(&f)
	f.Text += kept(s)
	return f, nil
}

// arrange puts the orders' doors before what is put away, whatever the
// quantities: the word over the first block is ALLOCATED. There are at most
// maxBlocks, and the text counts the others.
func arrange(f *dock.Feedback) {
	slices.SortStableFunc(f.Blocks, func(a, b dock.Block) int {
		if (a.Line == "") != (b.Line == "") {
			return cmp.Compare(len(b.Line), len(a.Line))
		}
		return cmp.Compare(b.Qty, a.Qty)
	})
	if more := len(f.Blocks) - maxBlocks; more > 0 {
		f.Blocks = f.Blocks[:maxBlocks]
		f.Text += fmt.Sprintf("; %d more destinations are in the log as event %d", more, f.Seq)
	}
}

// kept says that the device had the scan for a while, and since when by its own
// clock.
func kept(s scan) string {
	switch {
	case !s.late:
		return ""
	case s.deviceTime.IsZero():
		return "; the scanner kept it and sent it late"
	}
	return "; the scanner kept it since " + s.deviceTime.Format("2 Jan 15:04:05") + " and sent it late"
}

func first(all []took) allocation.Allocation {
	for _, t := range all {
		if len(t.allocations) > 0 {
			return t.allocations[0]
		}
	}
	return allocation.Allocation{}
}

func blocks(t took) []dock.Block {
	var blocks []dock.Block
	why := t.why.Sentences(t.allocations)
	for i, a := range t.allocations {
		l := t.filled[i]
		blocks = append(blocks, dock.Block{
			Destination: l.Door, Qty: a.Qty, Line: l.ID, Order: l.Order, Customer: l.CustomerName,
			Filled: l.Allocated, Wanted: l.Wanted(), Text: why[i],
		})
	}
	if t.free > 0 {
		blocks = append(blocks, dock.Block{Destination: t.item.Putaway, Qty: t.free, Text: "put away"})
	}
	return blocks
}

// complete names the line's order where this scan gave it its last unit.
func (d *desk) complete(tx *store.Tx, f *dock.Feedback, l store.Line) error {
	if l.Open() > 0 || slices.Contains(f.Complete, l.Order) {
		return nil
	}
	open, err := tx.OrderOpen(l.Order)
	if err == nil && !open {
		f.Complete = append(f.Complete, l.Order)
	}
	return err
}
