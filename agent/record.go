package agent

import (
	"errors"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// record writes the scan down: its events with the receipts that each tells of,
// and the station's place in the log. The control cards that waited were used up.
func (d *desk) record(tx *store.Tx, at store.Station, s scan, g goods, t took) (seq int64, err error) {
	if seq, err = d.recordEvents(tx, at, s, g, t); err != nil {
		return 0, err
	}
	at.Units += t.good()
	if s.kept != 0 { // the station's place in the log is where it was read
		return seq, errors.Join(tx.MapKept(s.kept, seq), receivePallet(tx, g, seq), tx.PutStation(at))
	}
	if g.kept != "" {
		err = tx.KeepUnknown(seq, s.station, g.kept, s.raw, g.times, s.at)
	}
	if err := errors.Join(err, receivePallet(tx, g, seq), noteRecord(tx, s, seq)); err != nil {
		return 0, err
	}
	at.Last, at.Run, at.Scans = seq, tx.Meta().Run, at.Scans+1
	at.NextQty, at.NextDisposition, at.Asked = 0, "", nil
	at.Hear(readingOf(s), s.remembered())
	return seq, tx.PutStation(at)
}

func receivePallet(tx *store.Tx, g goods, seq int64) error {
	if g.sscc == "" {
		return nil
	}
	return tx.ReceivePallet(g.sscc, seq)
}

// good counts the good units that came in.
func (t took) good() (n int64) {
	for _, r := range t.receipts {
		if r.Disposition == "" {
			n += r.Qty
		}
	}
	return n
}

// recordEvents appends the scan's events and gives the last one of the scan itself.
func (d *desk) recordEvents(tx *store.Tx, at store.Station, s scan, g goods, t took) (seq int64, err error) {
	prev := at.Last
	if s.kept != 0 {
		prev = 0
	}
	room := wire.MaxEvent - overhead(s, at)
	parts := split(t.receipts, room)
	fit := fitting(t.moves, room-receiptsSize(parts[len(parts)-1]))
	said := scanEvent(tx, at, s, g, t)
	for i, part := range parts {
		one := *said
		e := wire.Event{Seq: tx.Head().Seq + 1, Nonce: d.nonce(), At: d.now(), Scan: &one}
		e.Scan.Receipts = part
		if len(parts) > 1 {
			e.Scan.Part, e.Scan.Parts = i+1, len(parts)
		}
		if seq = e.Seq; i == len(parts)-1 {
			e.Scan.Moves = t.moves[:fit]
		}
		if err := tx.Append(e, prev, i+1); err != nil {
			return 0, err
		}
		for _, r := range part {
			if r.Serial == "" {
				continue
			}
			if err := tx.TakeSerial(serialOf(r), e.Seq); err != nil {
				return 0, err
			}
		}
	}
	if err := d.appendRest(tx, t.moves[fit:], t.returned); err != nil {
		return 0, err
	}
	return seq, d.appendStaged(tx, at, t)
}

// appendStaged tells what was staged at the beep, where that is not all that the
// lines got: the gates of the others are closed.
func (d *desk) appendStaged(tx *store.Tx, at store.Station, t took) error {
	if t.allStaged() {
		return nil
	}
	for _, g := range t.staged {
		e := wire.Deed{Kind: wire.DeedStage, Station: at.ID, Worker: at.Worker, Line: g.Line, Qty: g.Qty, Reason: atTheBeep}
		if err := d.appendDeed(tx, e); err != nil {
			return err
		}
	}
	return nil
}

// atTheBeep is why units were staged that nobody named.
const atTheBeep = "stage_at_beep"

func (t took) allStaged() bool {
	if len(t.staged) == 0 {
		return false
	}
	left := map[allocation.LineID]int64{}
	for _, r := range t.receipts {
		for _, a := range r.Allocations {
			left[a.Line] += a.Qty
		}
	}
	for _, g := range t.staged {
		left[g.Line] -= g.Qty
	}
	for _, n := range left {
		if n != 0 {
			return false
		}
	}
	return true
}

// scanEvent tells of a scan, its receipts and moves left out.
func scanEvent(tx *store.Tx, at store.Station, s scan, g goods, t took) *wire.Scan {
	e := &wire.Scan{
		Station: s.station, Code: s.raw, SSCC: string(g.sscc), Worker: at.Worker, Kept: max(0, s.kept), // an earlier life kept it under another number

		Verdict: t.Verdict, Why: t.Why.Code, Policy: tx.Meta().Policy.Version, More: t.Why.More, Staged: t.allStaged(),
	}
	if !s.at.IsZero() {
		e.At = &s.at
	}
	if e.Late = s.late; !s.deviceTime.IsZero() {
		e.DeviceAt = &s.deviceTime
	}
	if s.kept != 0 {
		e.Worker = s.worker
	}
	if g.kept != "" {
		e.Disposition = at.NextDisposition
		if g.times > 1 {
			e.Times = g.times
		}
	}
	if s.code.SSCC != "" {
		e.SSCC = string(s.code.SSCC)
	}
	e.Passed = wirePassed(t.Why)
	return e
}
