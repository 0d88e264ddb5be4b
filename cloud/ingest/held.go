package ingest

import (
	"context"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

// holding is one change of what sites set aside, in the order of the events.
type holding struct {
	add  []store.Held
	take []byte // a code whose oldest kept scan is taken the place of
	undo bool
	seq  int64 // of the event that takes, or that is undone
}

// hold notes what an applied event sets aside, or takes out again. It follows
// what the site does: agent.desk.keep and unkeep.
func (l *ledger) hold(seq int64, e wire.Event) {
	switch {
	case e.Undo != nil:
		for _, undone := range e.Undo.Seqs {
			l.holdings = append(l.holdings, holding{undo: true, seq: undone})
		}
	case e.Scan != nil:
		if all := l.heldBy(seq, e); len(all) > 0 {
			l.holdings = append(l.holdings, holding{add: all})
		}
		if len(e.Scan.Receipts) > 0 && e.Scan.Part == e.Scan.Parts && l.kept[string(e.Scan.Code)] {
			l.holdings = append(l.holdings, holding{take: e.Scan.Code, seq: seq})
		}
	}
}

// heldBy is what a scan sets aside: the code that it keeps, or units that are
// not good.
func (l *ledger) heldBy(seq int64, e wire.Event) []store.Held {
	at := e.At
	if e.Scan.At != nil {
		at = *e.Scan.At
	}
	h := store.Held{Life: l.life, Seq: seq, At: at}
	if keeps(e.Scan) {
		h.Why, h.Code, h.Qty = e.Scan.Why, e.Scan.Code, max(1, e.Scan.Times)
		l.kept[string(e.Scan.Code)] = true
		return []store.Held{h}
	}
	var all []store.Held
	for _, r := range e.Scan.Receipts {
		switch r.Disposition {
		case allocation.Hold:
			h.Why = allocation.WhyOnHold
		case allocation.Damaged:
			h.Why = allocation.WhyDamaged
		default:
			continue
		}
		h.SKU, h.Qty = r.SKU, r.Qty
		all = append(all, h)
	}
	return all
}

func keeps(s *wire.Scan) bool {
	return len(s.Receipts) == 0 && (s.Why == allocation.WhyUnknown || s.Why == allocation.WhyNotASN)
}

// loadKept reads which codes of the new events wait at the site.
func (c *commit) loadKept(ctx context.Context, l *life) error {
	var codes [][]byte
	var undone []int64
	for _, p := range l.parsed {
		switch {
		case p.event.Undo != nil:
			undone = append(undone, p.event.Undo.Seqs...)
		case p.event.Scan != nil && len(p.event.Scan.Receipts) > 0:
			codes = append(codes, p.event.Scan.Code)
		}
	}
	if len(codes)+len(undone) == 0 {
		l.kept = map[string]bool{}
		return nil
	}
	var err error
	l.kept, err = c.tx.KeptCodes(ctx, l.life, codes, undone)
	return err
}

// putHeld writes what a life set aside: what was added in a row goes together.
func (c *commit) putHeld(ctx context.Context, l *life) error {
	var add []store.Held
	for _, h := range l.holdings {
		if h.add != nil {
			add = append(add, h.add...)
			continue
		}
		if err := c.tx.AddHeld(ctx, add); err != nil {
			return err
		}
		add = nil
		if h.undo {
			if err := c.tx.UndoHeld(ctx, l.life, h.seq); err != nil {
				return err
			}
		} else if err := c.tx.TakeHeld(ctx, l.life, h.seq, h.take); err != nil {
			return err
		}
	}
	return c.tx.AddHeld(ctx, add)
}
