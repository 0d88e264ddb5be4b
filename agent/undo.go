package agent

import (
	"slices"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// errTooOld refuses where the log no longer tells what the scan did.
var errTooOld = stop(allocation.WhyNothing, "the last scan here is too old to be taken back")

// undo takes the station's latest scan back, whole or not at all. A
// compensating event tells of each event that the scan was told in.
//
// Units are looked for where the scan put them: with its lines, and in free
// stock. What free stock has given on since is taken from its newest tasks that
// are still open, as those units still lie there; units that somebody has
// carried on cannot come back this way.
func (d *desk) undo(tx *store.Tx, at store.Station, s scan) (dock.Feedback, error) {
	if at.Last == 0 {
		return dock.Feedback{}, &refusal{verdict: allocation.Stop, why: allocation.WhyNothing}
	}
	firstSeq, prev, found, err := tx.Before(at.Last)
	if err != nil {
		return dock.Feedback{}, err
	}
	if !found {
		return dock.Feedback{}, errTooOld
	}
	f := dock.Feedback{Station: s.station, At: s.at, Verdict: allocation.Check, Why: allocation.WhyUndone, Code: dock.Visible(string(s.raw))}
	touched := map[allocation.SKU]bool{}
	for seq := firstSeq; seq <= at.Last; seq++ {
		if err := d.undoPart(tx, &at, seq, &f, touched); err != nil {
			return dock.Feedback{}, err
		}
	}
	at.Last, at.Asked = prev, nil
	if err := tx.PutStation(at); err != nil {
		return dock.Feedback{}, err
	}
	f.Seq = tx.Head().Seq
	if f.Text = "the last scan was taken back"; f.Qty > 0 {
		f.Text += ": " + dock.Plural(f.Qty, "unit", "units")
	}
	return f, d.offerAfter(tx, touched)
}

// undoPart takes one event of a scan back.
func (d *desk) undoPart(tx *store.Tx, at *store.Station, seq int64, f *dock.Feedback, touched map[allocation.SKU]bool) error {
	e, found, err := tx.EventAt(seq)
	if err != nil {
		return err
	}
	if !found { // the retention may have gone through the middle of a scan
		return errTooOld
	}
	back := &wire.Undo{Station: at.ID, Seqs: []int64{seq}}
	for _, r := range e.Scan.Receipts {
		touched[r.SKU] = true
		f.Qty += r.Qty
		if f.SKU = string(r.SKU); len(touched) > 1 {
			f.SKU = ""
		}
		if err := d.undoReceipt(tx, at, back, r); err != nil {
			return err
		}
	}
	if err := d.unkeep(tx, e); err != nil {
		return err
	}
	return tx.Append(wire.Event{Seq: tx.Head().Seq + 1, Nonce: d.nonce(), At: d.now(), Undo: back}, 0, 1)
}

func (d *desk) undoReceipt(tx *store.Tx, at *store.Station, back *wire.Undo, r wire.Receipt) error {
	if r.Serial != "" {
		err := tx.FreeSerial(store.Serial{SKU: r.SKU, GTIN: allocation.GTIN(r.GTIN), Serial: r.Serial})
		if err != nil {
			return err
		}
	}
	if r.Disposition != "" { // damaged, or on hold
		return tx.AddStock(r.SKU, r.Disposition, -r.Qty)
	}
	at.Units -= r.Qty
	return d.unreceive(tx, back, r)
}

// unkeep takes back what a scan did beside its receipts.
func (d *desk) unkeep(tx *store.Tx, e wire.Event) error {
	if e.Scan.SSCC != "" {
		if err := tx.UnreceivePallet(allocation.SSCC(e.Scan.SSCC), e.Seq); err != nil {
			return err
		}
	}
	return tx.UndoKept(e.Seq)
}

// unreceive takes good units out of the site again.
func (d *desk) unreceive(tx *store.Tx, back *wire.Undo, r wire.Receipt) error {
	free := r.Free
	for _, a := range r.Allocations {
		l, _, err := tx.Line(a.Line) // lines are never deleted
		if err != nil {
			return err
		}
		n := min(a.Qty, l.Allocated-l.Staged)
		if n < a.Qty && l.Staged > 0 {
			return &refusal{verdict: allocation.Stop, why: allocation.WhyStaged}
		}
		if n > 0 {
			if err := takeBack(tx, back, l.ID, n); err != nil {
				return err
			}
		}
		free += a.Qty - n
	}
	return d.unstock(tx, back, r.SKU, free)
}

// unstock takes units out of free stock, and what that lacks from open tasks.
func (d *desk) unstock(tx *store.Tx, back *wire.Undo, sku allocation.SKU, n int64) error {
	if n == 0 {
		return nil
	}
	have, err := tx.Stock(sku, allocation.Good)
	if err != nil {
		return err
	}
	if took := min(n, have); took > 0 {
		if err := tx.AddStock(sku, allocation.Good, -took); err != nil {
			return err
		}
		back.Free = append(back.Free, wire.Free{SKU: sku, Qty: took})
		n -= took
	}
	if n == 0 {
		return nil
	}
	return d.untask(tx, back, sku, n)
}

func (d *desk) untask(tx *store.Tx, back *wire.Undo, sku allocation.SKU, n int64) error {
	tasks, err := tx.Tasks(sku)
	if err != nil {
		return err
	}
	for _, t := range slices.Backward(tasks) {
		if n == 0 || t.To == "" {
			continue
		}
		took := min(n, t.Qty)
		if err := tx.ShrinkTask(t, took); err != nil {
			return err
		}
		if err := takeBack(tx, back, t.To, took); err != nil {
			return err
		}
		n -= took
	}
	if n > 0 {
		return stop(allocation.WhyStaged, "%s of %s from this scan went to other orders and were carried there: they cannot be taken back here",
			dock.Plural(n, "unit", "units"), sku)
	}
	return nil
}

// takeBack takes units from a line and tells of them once a line. Nothing more is
// to be carried to a line than it holds.
func takeBack(tx *store.Tx, back *wire.Undo, line allocation.LineID, n int64) error {
	l, err := tx.TakeBack(line, n)
	if err != nil {
		return err
	}
	if err := trimTasks(tx, l); err != nil {
		return err
	}
	for i := range back.Allocations {
		if back.Allocations[i].Line == line {
			back.Allocations[i].Qty += n
			return nil
		}
	}
	back.Allocations = append(back.Allocations, wire.Allocation{Line: line, Qty: n})
	return nil
}

func trimTasks(tx *store.Tx, l store.Line) error {
	tasks, err := tx.Tasks(l.SKU)
	if err != nil {
		return err
	}
	left := l.Allocated
	for _, t := range tasks {
		if t.To != l.ID {
			continue
		}
		if over := t.Qty - left; over > 0 {
			if err := tx.ShrinkTask(t, over); err != nil {
				return err
			}
		}
		left = max(0, left-t.Qty)
	}
	return nil
}
