package agent

import (
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// errTooOld refuses where the log no longer tells what the scan did.
var errTooOld = stop(allocation.WhyNothing, "the last scan here is too old to be taken back")

// undo takes the station's latest scan back, whole or not at all; a compensating
// event tells of it. Of a code that was kept and has become known since, what was
// received then goes back too.
func (d *desk) undo(tx *store.Tx, at store.Station, s scan) (reply, error) {
	if at.Last == 0 {
		return reply{}, &refusal{verdict: allocation.Stop, why: allocation.WhyNothing}
	}
	u := &undoing{d: d, tx: tx, back: wire.Undo{Station: at.ID}}
	prev, err := u.read(at.Last)
	if err != nil {
		return reply{}, err
	}
	done, err := d.decide(tx, input{Event: allocation.Undo{Receipts: u.taken}, received: u.received, undone: &u.lies})
	if err != nil {
		return reply{}, err
	}
	if err := u.record(done); err != nil {
		return reply{}, err
	}
	at.Last, at.Asked, at.Units = prev, nil, at.Units-u.good
	f := dock.Feedback{Station: s.station, At: s.at, Verdict: allocation.Check, Why: allocation.WhyUndone, Code: dock.Visible(string(s.raw)), Qty: u.qty, Seq: u.seq}
	if len(u.taken) == 1 {
		f.SKU = string(u.taken[0].SKU)
	}
	if f.Text = "the last scan was taken back"; f.Qty > 0 {
		f.Text += ": " + dock.Plural(f.Qty, "unit", "units")
	}
	return reply{f, done}, tx.PutStation(at)
}

// undoing is a scan that is taken back.
type undoing struct {
	d         *desk
	tx        *store.Tx
	back      wire.Undo
	taken     []allocation.Taken
	lies      undone
	received  []store.Arrival // of inbounds, below 0
	pallets   []wire.Event    // that took one in
	qty, good int64
	seq       int64
}

// read collects what the scan of the event last did, and gives the station's scan
// before it.
func (u *undoing) read(last int64) (prev int64, err error) {
	if prev, err = u.readScan(last); err != nil {
		return 0, err
	}
	captured, err := u.tx.WasCaptured(last)
	if err != nil {
		return 0, err
	}
	u.lies.aside = u.lies.aside || captured
	mapped, err := u.tx.MappedBy(last)
	if err != nil || mapped == 0 {
		return prev, err
	}
	u.lies.aside = true
	_, err = u.readScan(mapped)
	return prev, err
}

// readScan reads the events that a scan was told in, last being the last of them.
func (u *undoing) readScan(last int64) (prev int64, err error) {
	first, prev, found, err := u.tx.Before(last)
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, errTooOld
	}
	serial := ""
	for seq := first; seq <= last; seq++ {
		e, found, err := u.tx.EventAt(seq)
		if err != nil {
			return 0, err
		}
		if !found { // the retention may have gone through the middle of a scan
			return 0, errTooOld
		}
		u.back.Seqs = append(u.back.Seqs, seq)
		for _, r := range e.Scan.Receipts {
			// What has a serial is all that its scan took in; it stands in the first part.
			if serial == "" {
				serial = r.Serial
			}
			r.Serial = serial
			u.receipt(r)
		}
		if e.Scan.SSCC != "" && seq == last {
			u.pallets = append(u.pallets, e)
		}
	}
	return prev, nil
}

// receipt adds a receipt, or a piece of one, to what is taken back.
func (u *undoing) receipt(r wire.Receipt) {
	u.qty += r.Qty
	if r.Disposition == "" {
		u.good += r.Qty
	}
	u.received = append(u.received, store.Arrival{Inbound: r.Inbound, SKU: r.SKU, Qty: -r.Qty})
	t := u.takenOf(r)
	t.Qty += r.Qty
	t.Surplus += r.Surplus
	for _, a := range r.Allocations {
		t.Lines = append(t.Lines, allocation.Given{Line: a.Line, Qty: a.Qty})
		u.lies.add(lineSKU{a.Line, r.SKU}, a.Qty)
	}
	u.lies.add(lineSKU{"", r.SKU}, r.Free)
	if r.Disposition != "" { // of what is good by now, some may not have been carried yet
		u.lies.aside = true
		u.lies.add(lineSKU{"", r.SKU}, r.Qty)
	}
}

func (u *undoing) takenOf(r wire.Receipt) *allocation.Taken {
	b := batchOf(r)
	for i := range u.taken {
		if u.taken[i].Batch == b && u.taken[i].Disposition == r.Disposition {
			return &u.taken[i]
		}
	}
	u.taken = append(u.taken, allocation.Taken{Receipt: allocation.Receipt{Batch: b, Disposition: r.Disposition, Inbound: r.Inbound}})
	return &u.taken[len(u.taken)-1]
}

// record takes back what the scan did beside its goods, and appends the event.
func (u *undoing) record(done decided) error {
	for _, e := range u.pallets {
		if err := u.tx.UnreceivePallet(allocation.SSCC(e.Scan.SSCC), e.Seq); err != nil {
			return err
		}
	}
	for _, seq := range u.back.Seqs {
		if err := u.tx.UndoKept(seq); err != nil {
			return err
		}
	}
	moves := wireMoves(done.Moves)
	if len(moves) > 0 {
		u.back.Passed, u.back.More = wirePassed(done.Why), done.Why.More
	}
	fit := fitting(moves, wire.MaxEvent-1024-12*len(u.back.Seqs)-passedSize(u.back.Passed))
	u.back.Moves, u.seq = moves[:fit], u.tx.Head().Seq+1
	if err := u.d.append(u.tx, wire.Event{Undo: &u.back}); err != nil {
		return err
	}
	return u.d.appendRest(u.tx, moves[fit:], done.returned)
}
