package agent

import (
	"maps"
	"slices"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// policy takes effect by the event of this run: decisions after it name it. What it
// lets lines take, from free stock or from each other, they take at once.
func (r *run) policy(p *wire.Policy) error {
	policy, err := p.Check()
	if err != nil {
		return err
	}
	if r.d.onePolicy {
		return nil
	}
	if err := r.tellSoFar(); err != nil { // what was decided before names the policy before
		return err
	}
	if err := r.tx.SetPolicy(policy); err != nil {
		return err
	}
	skus, err := stirred(r.tx, policy)
	if err != nil {
		return err
	}
	over, err := r.tx.WithSurplus()
	if err != nil {
		return err
	}
	for { // what the policy tolerates now comes first
		n := min(len(skus), offerChunk)
		if err := r.decide(allocation.Offer{SKUs: skus[:n], Inbounds: over}); err != nil {
			return err
		}
		if skus, over = skus[n:], nil; len(skus) == 0 {
			return nil
		}
	}
}

// offerChunk bounds the memory that a decision over many SKUs takes.
const offerChunk = 500

// stirred gives the SKUs of which a new policy may move units: those of which some
// are free, and those with a line that may take and one that may lose. It walks over
// all lines, as the ranking does, and keeps a word for each SKU.
func stirred(tx *store.Tx, p allocation.Policy) ([]allocation.SKU, error) {
	free := map[allocation.SKU]bool{}
	err := tx.EachStock(func(sku allocation.SKU, shelf allocation.Shelf, qty int64) error {
		if shelf == allocation.Free && qty > 0 {
			free[sku] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := map[allocation.SKU]*parties{}
	err = tx.EachLine(func(l store.Line) error {
		if l.Takes() == 0 && l.Movable() <= 0 {
			return nil
		}
		if all[l.SKU] == nil {
			all[l.SKU] = &parties{}
		}
		all[l.SKU].add(&l.Line)
		return nil
	})
	gathers := p.Rules().Gate == allocation.GateHold
	for sku, x := range all {
		if x.trade(gathers) {
			free[sku] = true
		}
	}
	return slices.Sorted(maps.Keys(free)), err
}

// parties are who could take and who could lose units of a SKU.
type parties struct {
	takes, takesMore, wins  bool // any class; all but fill and lose; win
	low, redistribute, gate bool // holders that may lose, and those with a gate
}

func (x *parties) add(l *allocation.Line) {
	c := l.Rank.Class
	low := c == allocation.Fill || c == allocation.Lose
	if l.Takes() > 0 {
		x.takes, x.takesMore, x.wins = true, x.takesMore || !low, x.wins || c == allocation.Win
	}
	if l.Movable() > 0 {
		x.low, x.redistribute = x.low || low, x.redistribute || c == allocation.Redistribute
		x.gate = x.gate || l.Ship == allocation.ShipLine || l.Ship == allocation.ShipOrder
	}
}

func (x *parties) trade(gathers bool) bool {
	return x.takes && gathers && x.gate || x.takesMore && x.low || x.wins && x.redistribute
}
