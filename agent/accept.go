package agent

import (
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
	"dockfill/sync/wire"
)

// acceptOver takes in what the station's last scan brought above what was announced,
// once.
func (d *desk) acceptOver(tx *store.Tx, at store.Station, s scan) (reply, error) {
	surplus, err := lastSurplus(tx, at)
	if err != nil {
		return reply{}, err
	}
	if len(surplus) == 0 {
		return reply{}, stop(allocation.WhyCard, "the last scan here brought nothing above what was announced that still waits")
	}
	var out reply
	var units int64
	for _, a := range surplus {
		w := wire.Deed{Kind: wire.DeedApprove, Station: at.ID, Worker: at.Worker, Inbound: a.Inbound, Qty: a.Qty, Reason: string(barcode.AcceptOver)}
		done, err := d.perform(tx, w)
		if err != nil {
			return reply{}, err
		}
		for _, m := range done.Moves {
			if m.From.Shelf == allocation.Surplus {
				units += m.Qty
			}
		}
		out.errands = append(out.errands, done.errands...)
	}
	out.Feedback = cardRead(s, "%s of surplus taken in: see the tasks for what is to be carried", dock.Plural(units, "unit", "units"))
	out.Seq = tx.Head().Seq
	return out, nil
}

// lastSurplus is what the station's last scan put aside as surplus, by inbound;
// nothing where the card has taken it in.
func lastSurplus(tx *store.Tx, at store.Station) (all []store.Arrival, err error) {
	first, _, found, err := tx.Before(at.Last)
	if err != nil || !found {
		return nil, err
	}
	for seq := first; seq <= tx.Head().Seq && seq < first+maxLookBack; seq++ {
		e, found, err := tx.EventAt(seq)
		if err != nil || !found {
			return nil, err
		}
		if w := e.Deed; w != nil && w.Station == at.ID && w.Reason == string(barcode.AcceptOver) {
			return nil, nil
		}
		if e.Scan == nil || seq > at.Last {
			continue
		}
		for _, r := range e.Scan.Receipts {
			if r.Surplus > 0 {
				all = append(all, store.Arrival{Inbound: r.Inbound, SKU: r.SKU, Qty: r.Surplus})
			}
		}
	}
	return all, nil
}
