package agent

import (
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// An event must not pass wire.MaxEvent, so a scan that fills very many lines is
// told in several, all in its one transaction. Sizes here are upper bounds of
// the JSON: a byte becomes six at most.

func overhead(s scan, at store.Station) int {
	return 1024 + (len(s.raw)+2)/3*4 + 6*(len(s.station)+len(at.Worker)+allocation.MaxIDBytes)
}

func receiptSize(t took) int {
	return 400 + 6*(len(t.SKU)+len(t.Lot)+len(t.Serial)+len(t.Inbound))
}

func allocationSize(a allocation.Allocation) int {
	return 72 + 6*(len(a.Line)+len(a.Over))
}

// split cuts what a scan took into runs that fit into room bytes each. A cut
// receipt goes on in the next run as a receipt of the rest of its quantity; the
// serial stands in the first piece alone, as it names one thing.
func split(all []took, room int) [][]took {
	var runs [][]took
	var run []took
	left := room
	next := func() {
		runs, run, left = append(runs, run), nil, room
	}
	for _, t := range all {
		for {
			if left < receiptSize(t)+allocationSize(widest(t)) && len(run) > 0 {
				next()
			}
			piece, rest, more := cutReceipt(t, left)
			run, left = append(run, piece), left-pieceSize(piece)
			if !more {
				break
			}
			next()
			t = rest
		}
	}
	return append(runs, run)
}

func widest(t took) (a allocation.Allocation) {
	if len(t.allocations) > 0 {
		a = t.allocations[0]
	}
	return a
}

func pieceSize(t took) int {
	n := receiptSize(t)
	for _, a := range t.allocations {
		n += allocationSize(a)
	}
	return n
}

// cutReceipt takes from a receipt as many allocations as fit.
func cutReceipt(t took, room int) (piece, rest took, more bool) {
	size, n := receiptSize(t), 0
	var given int64
	for n < len(t.allocations) && size+allocationSize(t.allocations[n]) <= room {
		size += allocationSize(t.allocations[n])
		given += t.allocations[n].Qty
		n++
	}
	if n == len(t.allocations) {
		return t, took{}, false
	}
	piece, rest = t, t
	piece.allocations, rest.allocations = t.allocations[:n], t.allocations[n:]
	piece.Qty, rest.Qty = given, t.Qty-given
	piece.free, rest.Serial = 0, ""
	return piece, rest, true
}

// scanEvent tells of one run of what the scan took.
func (d *desk) scanEvent(tx *store.Tx, at store.Station, s scan, g goods, all, run []took) *wire.Scan {
	e := &wire.Scan{
		Station: s.station, Code: s.raw, SSCC: string(g.sscc), Worker: at.Worker,
		Verdict: verdict(g, all), Why: reason(g, all).Code, Policy: tx.Meta().Policy.Version,
	}
	if !s.at.IsZero() {
		e.At = &s.at
	}
	if e.Late = s.late; !s.deviceTime.IsZero() {
		e.DeviceAt = &s.deviceTime
	}
	if g.kept != "" && g.times > 1 {
		e.Times = g.times
	}
	if s.code.SSCC != "" {
		e.SSCC = string(s.code.SSCC)
	}
	for _, t := range run {
		e.Receipts = append(e.Receipts, wireReceipt(t))
	}
	return e
}

func wireReceipt(t took) wire.Receipt {
	r := wire.Receipt{
		SKU: t.SKU, Qty: t.Qty, Lot: t.Lot, Expiry: t.Expiry, Serial: t.Serial,
		GTIN: string(t.gtin), Inbound: t.Inbound, Free: t.free, Passed: t.why.PassedCount,
	}
	if t.Disposition != allocation.Good {
		r.Disposition = t.Disposition
	}
	for _, a := range t.allocations {
		r.Allocations = append(r.Allocations, wire.Allocation{Line: a.Line, Qty: a.Qty, By: a.By, Over: a.Over})
	}
	return r
}
