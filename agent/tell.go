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

// tell makes the feedback of a saved scan.
func (d *desk) tell(tx *store.Tx, s scan, seq int64, g goods, t took) (dock.Feedback, error) {
	f := dock.Feedback{
		Seq: seq, Station: s.station, At: s.at, Verdict: t.Verdict, Why: t.Why.Code,
		Text: reason(t.Decision), Code: dock.Visible(string(s.raw)), Complete: t.Completed,
	}
	var surplus int64
	for _, r := range t.receipts {
		f.Qty += r.Qty
		surplus += r.Surplus
	}
	why := whyEach(t.Moves)
	for _, h := range t.hands {
		switch {
		case h.qty == 0:
		case h.line == "":
			f.Blocks = append(f.Blocks, dock.Block{Destination: t.putaway(h.sku), Qty: h.qty, Text: "put away"})
		default:
			f.Blocks = append(f.Blocks, dock.Block{Qty: h.qty, Line: h.line, Text: why[h.line]})
		}
	}
	if surplus > 0 && surplus < f.Qty {
		f.Blocks = append(f.Blocks, dock.Block{Destination: dock.SetAside, Qty: surplus, Text: aboveAnnounced})
		f.Text = bothParts(f, surplus)
	}
	if len(t.units) == 1 {
		f.SKU, f.Item = string(t.units[0].SKU), t.units[0].item.Description
	}
	arrange(&f)
	f.Text += kept(s)
	return f, nameLines(tx, f.Blocks)
}

const aboveAnnounced = "more came than was announced"

// bothParts says of a scan of which a part waits to be approved where the parts go.
func bothParts(f dock.Feedback, surplus int64) string {
	aside := fmt.Sprintf("%d set aside: %s", surplus, aboveAnnounced)
	switch {
	case f.Why != allocation.WhySurplus:
		return f.Text + "; " + aside
	case len(f.Blocks) == 2 && f.Blocks[0].Destination != "":
		return fmt.Sprintf("%d to %s, %s", f.Blocks[0].Qty, f.Blocks[0].Destination, aside)
	}
	return fmt.Sprintf("%d put away, %s", f.Qty-surplus, aside)
}

// putaway is where free stock of a SKU lies.
func (t took) putaway(sku allocation.SKU) string {
	i := slices.IndexFunc(t.units, func(u unit) bool { return u.SKU == sku })
	return t.units[i].item.Putaway
}

// whyEach says of each line why it got what it got first.
func whyEach(moves []allocation.Move) map[allocation.LineID]string {
	why := map[allocation.LineID]string{}
	for i, said := range (allocation.Why{Code: allocation.WhyRanked}).Sentences(moves) {
		if line := moves[i].To.Line; said != "" && why[line] == "" {
			why[line] = said
		}
	}
	return why
}

// reason says why units of a scan went where they went: of the first that a line
// got, or of those that no line took.
func reason(d allocation.Decision) string {
	for _, m := range d.Moves {
		if m.From.Shelf == allocation.Dock && m.To.Shelf == allocation.WithLine {
			return d.Why.Sentence(m)
		}
	}
	return ownWhy(d.Why, d.Verdict).Sentence(allocation.Move{})
}

// ownWhy is the reason of a scan that gave no line anything itself, though other
// units may have moved because of it.
func ownWhy(w allocation.Why, v allocation.Verdict) allocation.Why {
	switch {
	case w.Code != allocation.WhyRanked || v == allocation.Allocated:
	case v == allocation.Held:
		w.Code = allocation.WhySurplus
	case len(w.Passed) > 0:
		w.Code = allocation.WhyPassed
	default:
		w.Code = allocation.WhyNoDemand
	}
	return w
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
	case s.batch.Of() > 0 && s.deviceTime.IsZero():
		return "; the scanner kept it and sent it late"
	case s.deviceTime.IsZero():
		return "; it came faster than a hand scans, as if the scanner had kept it"
	}
	return "; the scanner kept it since " + s.deviceTime.Format("2 Jan 15:04:05") + " and sent it late"
}
