package store

import (
	"cmp"
	"maps"
	"slices"

	"dockfill/allocation"
)

// SameItem reports whether two items say the same, their GTINs in any order; that
// of substitutes counts.
func SameItem(a, b *Item) bool {
	byGTIN := func(x, y PackGTIN) int { return cmp.Compare(x.GTIN, y.GTIN) }
	return a.Description == b.Description && a.Putaway == b.Putaway && slices.Equal(a.Substitutes, b.Substitutes) &&
		slices.Equal(slices.SortedFunc(slices.Values(a.GTINs), byGTIN), slices.SortedFunc(slices.Values(b.GTINs), byGTIN))
}

// SameOrder reports whether an order says what is stored as before and its
// lines. A line that wants nothing is as good as none.
func SameOrder(o, before *Order, lines []*Line) bool {
	type want struct {
		sku                allocation.SKU
		qty, pack, minLife int64
	}
	wants, stored := map[string]want{}, map[string]want{}
	for _, l := range o.Lines {
		if l.Qty > 0 {
			wants[l.Line] = want{l.SKU, l.Qty, l.Pack, l.MinLife}
		}
	}
	for _, l := range lines {
		if l.Wanted > 0 {
			stored[l.Line] = want{l.SKU, l.Wanted, l.Pack, l.MinLife}
		}
	}
	return o.Site == before.Site && o.Customer == before.Customer && o.CustomerName == before.CustomerName &&
		o.Segment == before.Segment && o.Ranking == before.Ranking && o.Accepted.Equal(before.Accepted) &&
		o.Requested == before.Requested && o.Ship == before.Ship && o.Door == before.Door && maps.Equal(wants, stored)
}

// SameInbound reports whether two inbound say the same, their lines and pallets
// in any order.
func SameInbound(a, b *Inbound) bool {
	return a.Site == b.Site && a.Supplier == b.Supplier && a.Expected == b.Expected && a.Closed == b.Closed &&
		tolerance(a) == tolerance(b) && slices.Equal(supply(a), supply(b))
}

func tolerance(in *Inbound) int64 {
	if in.Tolerance == nil {
		return asPolicy
	}
	return *in.Tolerance
}

// placed is a quantity on a pallet, or on none.
type placed struct {
	sscc allocation.SSCC
	SupplyLine
}

// supply lists what an inbound announces, sorted.
func supply(in *Inbound) []placed {
	var all []placed
	for _, l := range in.Lines {
		all = append(all, placed{"", l})
	}
	for _, p := range in.Pallets {
		for _, l := range p.Lines {
			all = append(all, placed{p.SSCC, l})
		}
	}
	slices.SortFunc(all, func(x, y placed) int {
		return cmp.Or(cmp.Compare(x.sscc, y.sscc), cmp.Compare(x.SKU, y.SKU), cmp.Compare(x.Qty, y.Qty))
	})
	return all
}
