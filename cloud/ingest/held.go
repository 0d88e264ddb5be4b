package ingest

import (
	"context"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

// holding is one change of what sites set aside, in the order of the events. Of
// the fields below seq just one is set.
type holding struct {
	seq  int64 // of the event
	add  []store.Held
	less *store.Held // units that were set aside before
	take []byte      // a code whose oldest kept scan the event takes the place of
	kept int64       // the event that kept the code which is taken in
	undo bool        // what seq did to codes is taken back
	// undone are, with less, the events whose units are meant first.
	undone []int64
}

// hold notes what an applied event sets aside, or takes out again. It follows
// what the site does.
func (l *ledger) hold(seq int64, e wire.Event) {
	h := store.Held{Life: l.life, Seq: seq, At: e.At}
	switch {
	case e.Scan != nil:
		if e.Scan.At != nil {
			h.At = *e.Scan.At
		}
		l.set(l.asideBy(h, e.Scan), h, e.Scan.Moves, nil)
		l.takeKept(seq, e.Scan)
	case e.Undo != nil:
		for _, undone := range e.Undo.Seqs {
			l.holdings = append(l.holdings, holding{undo: true, seq: undone})
		}
		l.set(nil, h, e.Undo.Moves, e.Undo.Seqs)
	case e.Applied != nil:
		l.set(nil, h, e.Applied.Moves, nil)
	case e.Deed != nil:
		l.set(nil, h, e.Deed.Moves, nil)
	}
}

// asideBy is what a scan sets aside: the code that it keeps, or units that are not
// good, or more than was announced. h says where and when.
func (l *ledger) asideBy(h store.Held, s *wire.Scan) (all []store.Held) {
	if keeps(s) {
		h.Why, h.Code, h.Qty = s.Why, s.Code, max(1, s.Times)
		l.kept[string(s.Code)] = true
		return []store.Held{h}
	}
	for _, r := range s.Receipts {
		h.SKU, h.Qty, h.Inbound = r.SKU, r.Qty, ""
		switch {
		case r.Disposition == allocation.Hold:
			h.Why = allocation.WhyOnHold
		case r.Disposition == allocation.Damaged:
			h.Why = allocation.WhyDamaged
		case r.Surplus > 0:
			h.Why, h.Qty, h.Inbound = allocation.WhySurplus, r.Surplus, r.Inbound
		default:
			continue
		}
		all = append(all, h)
	}
	return all
}

func keeps(s *wire.Scan) bool {
	return len(s.Receipts) == 0 && (s.Why == allocation.WhyUnknown || s.Why == allocation.WhyNotASN)
}

// set notes units that the event set aside, and those that its moves bring to the
// shelves of such goods and take from there.
func (l *ledger) set(add []store.Held, h store.Held, moves []wire.Move, undone []int64) {
	var less []store.Held
	for _, m := range moves {
		h.SKU, h.Qty = m.SKU, m.Qty
		if to := onShelf(h, m.To, m.Inbound); to != nil {
			add = append(add, *to)
		}
		if from := onShelf(h, m.From, m.Inbound); from != nil {
			less = append(less, *from)
		}
	}
	if len(add) > 0 {
		l.holdings = append(l.holdings, holding{seq: h.Seq, add: add})
	}
	for n := range less {
		l.holdings = append(l.holdings, holding{seq: h.Seq, less: &less[n], undone: undone})
	}
}

// onShelf gives h the reason for which units lie on a shelf; nil where they lie
// there for none.
func onShelf(h store.Held, place string, inbound allocation.InboundID) *store.Held {
	switch place {
	case inSurplus:
		h.Why, h.Inbound = allocation.WhySurplus, inbound
	case amongBad:
		h.Why = allocation.WhyDamaged
	case amongAside:
		h.Why = allocation.WhyOnHold
	default:
		return nil
	}
	return &h
}

// takeKept notes, with the last part of a scan, that it takes a kept code in: the
// one that it names, or the oldest of its own code, where goods that were set
// aside are scanned once more.
func (l *ledger) takeKept(seq int64, s *wire.Scan) {
	switch {
	case len(s.Receipts) == 0 || s.Part != s.Parts:
	case s.Kept > 0:
		l.holdings = append(l.holdings, holding{kept: s.Kept, seq: seq})
	case l.kept[string(s.Code)]:
		l.holdings = append(l.holdings, holding{take: s.Code, seq: seq})
	}
}

// loadKept reads which codes of the new events wait at the site.
func (c *commit) loadKept(ctx context.Context, l *life) error {
	var codes [][]byte
	var undone []int64
	for _, p := range l.parsed {
		switch {
		case p.event.Undo != nil:
			undone = append(undone, p.event.Undo.Seqs...)
		case p.event.Scan != nil && p.event.Scan.Kept == 0 && len(p.event.Scan.Receipts) > 0:
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
		if err := c.changeHeld(ctx, l.life, h); err != nil {
			return err
		}
	}
	return c.tx.AddHeld(ctx, add)
}

func (c *commit) changeHeld(ctx context.Context, life store.Life, h holding) error {
	switch {
	case h.undo:
		return c.tx.UndoHeld(ctx, life, h.seq)
	case h.less != nil:
		return c.tx.LessHeld(ctx, *h.less, h.undone)
	case h.kept > 0:
		return c.tx.TakeKept(ctx, life, h.seq, h.kept)
	}
	return c.tx.TakeHeld(ctx, life, h.seq, h.take)
}
