package ingest

import (
	"context"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

// arrivals are what the events of a life changed of what lies free at its site,
// and of what came.
type arrivals struct {
	free   map[freeOf]int64
	came   map[cameBy]int64
	undone []int64 // events whose receipts were taken back
}

type freeOf struct {
	sku    allocation.SKU
	expiry allocation.Date
}

type cameBy struct {
	inbound allocation.InboundID // "" where the scan did not say
	sku     allocation.SKU
}

// arrive notes an applied event.
func (a *arrivals) arrive(e wire.Event) {
	switch {
	case e.Scan != nil:
		a.receive(e.Scan, 1)
		for _, r := range e.Scan.Receipts {
			a.put(r.SKU, r.Expiry, r.Free)
		}
		a.move(e.Scan.Moves)
	case e.Undo != nil:
		a.undone = append(a.undone, e.Undo.Seqs...)
		a.move(e.Undo.Moves)
	case e.Applied != nil:
		a.move(e.Applied.Moves)
	case e.Deed != nil:
		a.move(e.Deed.Moves)
	}
}

// receive counts the receipts of a scan, of whatever state: once, or back.
func (a *arrivals) receive(s *wire.Scan, sign int64) {
	if a.came == nil {
		a.came = map[cameBy]int64{}
	}
	for _, r := range s.Receipts {
		a.came[cameBy{r.Inbound, r.SKU}] += sign * r.Qty
	}
}

func (a *arrivals) move(moves []wire.Move) {
	for _, m := range moves {
		a.put(m.SKU, m.Expiry, m.Qty*(one(m.To == inFree)-one(m.From == inFree)))
	}
}

func (a *arrivals) put(sku allocation.SKU, expiry allocation.Date, qty int64) {
	if qty == 0 {
		return
	}
	if a.free == nil {
		a.free = map[freeOf]int64{}
	}
	a.free[freeOf{sku, expiry}] += qty
}

// putArrivals writes what the events of a life changed.
func (c *commit) putArrivals(ctx context.Context, l *life) error {
	var free []store.FreeChange
	for of, qty := range l.free {
		if qty != 0 {
			free = append(free, store.FreeChange{SKU: of.sku, Expiry: of.expiry, Qty: qty})
		}
	}
	if err := c.tx.AddFree(ctx, l.life, free); err != nil {
		return err
	}
	bodies, err := c.tx.EventsAt(ctx, l.life, l.undone)
	if err != nil {
		return err
	}
	for _, body := range bodies {
		if e, err := wire.ParseEvent(body); err == nil && e.Scan != nil {
			l.receive(e.Scan, -1)
		}
	}
	var named []store.Arrival
	loose := map[allocation.SKU]int64{}
	for by, qty := range l.came {
		switch {
		case qty == 0:
		case by.inbound == "":
			loose[by.sku] = qty
		default:
			named = append(named, store.Arrival{Inbound: by.inbound, SKU: by.sku, Named: qty})
		}
	}
	if err := c.tx.AddArrivals(ctx, named); err != nil {
		return err
	}
	return c.putLoose(ctx, l.life.Site, loose)
}

// putLoose counts units that were scanned one by one, without a word by what they
// came, as coming by what is expected first; undone ones the other way round.
// Otherwise an announcement whose goods bear no pallet label would seem to be still
// on its way when all of it is here.
func (c *commit) putLoose(ctx context.Context, site allocation.SiteID, loose map[allocation.SKU]int64) error {
	if len(loose) == 0 {
		return nil
	}
	if any, err := c.tx.Awaits(ctx, site); err != nil || !any {
		return err
	}
	awaited, err := c.tx.Awaited(ctx, site, slices.Sorted(maps.Keys(loose)))
	if err != nil {
		return err
	}
	return c.tx.AddArrivals(ctx, spread(awaited, loose))
}

// spread gives loose units to what is awaited, in its order.
func spread(awaited []store.Awaited, loose map[allocation.SKU]int64) (all []store.Arrival) {
	add := func(a store.Awaited, n int64) {
		if n != 0 {
			loose[a.SKU] -= n
			all = append(all, store.Arrival{Inbound: a.Inbound, SKU: a.SKU, Loose: n})
		}
	}
	for _, a := range awaited {
		add(a, max(0, min(a.Left(), loose[a.SKU])))
	}
	for _, a := range slices.Backward(awaited) {
		add(a, min(0, max(-a.Loose, loose[a.SKU])))
	}
	return all
}
