package promise

import (
	"slices"

	"dockfill/allocation"
)

// Joins gives the orders whose lines get their goods together, so that the goods
// of one cannot be told apart from those of the others: under mode skip all that
// ship whole. Under mode hold each line takes its goods by rank as they come, and
// what a better line takes from one that gathers it could have had before; only a
// line of whole packs can be given by a later arrival what others had taken.
func Joins(p allocation.Policy, lines []allocation.Line) map[allocation.OrderID]bool {
	packs := map[allocation.SKU]bool{}
	for _, l := range lines {
		packs[l.SKU] = packs[l.SKU] || l.Pack > 1
	}
	all := map[allocation.OrderID]bool{}
	for _, l := range lines {
		if l.Ship == allocation.ShipOrder && (p.Rules().Gate == allocation.GateSkip || packs[l.SKU]) {
			all[l.Rank.Order] = true
		}
	}
	return all
}

// loosen gives the policy under mode hold, where orders do not tie their goods.
func loosen(p allocation.Policy) (allocation.Policy, error) {
	r := p.Rules()
	r.Gate = allocation.GateHold
	return allocation.NewPolicy(p.Version, r)
}

// split parts the goods into those that hang together by substitutes and orders.
// A decision costs the less, the fewer SKUs lie beside its own.
func split(p allocation.Policy, g Goods) []Goods {
	kin := union{}
	joins := map[allocation.OrderID]bool{}
	if !g.Loose {
		joins = Joins(p, g.Lines)
	}
	first := map[allocation.OrderID]allocation.SKU{}
	for _, l := range g.Lines {
		if !joins[l.Rank.Order] {
			continue
		}
		if sku, begun := first[l.Rank.Order]; begun {
			kin.join(sku, l.SKU)
		}
		first[l.Rank.Order] = l.SKU
	}
	for sku, by := range g.Substitutes {
		for _, other := range by {
			kin.join(sku, other)
		}
	}
	parts := map[allocation.SKU]*Goods{}
	var order []allocation.SKU
	of := func(sku allocation.SKU) *Goods {
		sku = kin.of(sku)
		if parts[sku] == nil {
			parts[sku] = &Goods{Today: g.Today, Guaranteed: g.Guaranteed, Substitutes: map[allocation.SKU][]allocation.SKU{}}
			order = append(order, sku)
		}
		return parts[sku]
	}
	for _, l := range g.Lines {
		part := of(l.SKU)
		part.Lines = append(part.Lines, l)
	}
	for _, s := range g.Stock {
		part := of(s.SKU)
		part.Stock = append(part.Stock, s)
	}
	for _, s := range g.Supply {
		part := of(s.SKU)
		part.Supply = append(part.Supply, s)
	}
	for sku, by := range g.Substitutes {
		of(sku).Substitutes[sku] = by
	}
	slices.Sort(order)
	all := make([]Goods, len(order))
	for i, sku := range order {
		all[i] = *parts[sku]
	}
	return all
}

// union joins SKUs; each set is named by one of them.
type union map[allocation.SKU]allocation.SKU

func (u union) of(sku allocation.SKU) allocation.SKU {
	root := sku
	for u[root] != "" {
		root = u[root]
	}
	for sku != root {
		sku, u[sku] = u[sku], root
	}
	return root
}

func (u union) join(a, b allocation.SKU) {
	if a, b = u.of(a), u.of(b); a != b {
		u[a] = b
	}
}
