package ingest

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

// palletsPerCommand keeps a list of pallets far below the size of a message.
const palletsPerCommand = 4000

// supply tells a life of a site, once, all that it must know: policy, items, what
// other codes are, what is coming, what goes elsewhere, its orders and its rights.
func supply(ctx context.Context, tx *store.Tx, h *homes, s *store.Site) error {
	if s.Supplied == s.Incarnation {
		return nil
	}
	s.Supplied = s.Incarnation
	for _, part := range []func(context.Context, *store.Tx, *homes, *store.Site) error{supplyPolicy, supplyItems, supplyAliases, supplyElsewhere, supplyInbound, supplyOrders} {
		if err := part(ctx, tx, h, s); err != nil {
			return err
		}
	}
	return nil
}

func supplyPolicy(ctx context.Context, tx *store.Tx, h *homes, s *store.Site) error {
	p, err := tx.Policy(ctx)
	if err == nil {
		h.tell(s, policyCommand(p))
	}
	return err
}

func policyCommand(p allocation.Policy) wire.Command {
	w := wire.PolicyOf(p)
	return wire.Command{Policy: &w}
}

func supplyItems(ctx context.Context, tx *store.Tx, h *homes, s *store.Site) error {
	items, err := tx.Items(ctx, nil)
	for _, sku := range slices.Sorted(maps.Keys(items)) {
		h.tell(s, itemCommand(items[sku]))
	}
	return err
}

func supplyAliases(ctx context.Context, tx *store.Tx, h *homes, s *store.Site) error {
	all, err := tx.Aliases(ctx, s.ID)
	for _, a := range all {
		h.tell(s, mapCommand(a))
	}
	return err
}

func mapCommand(a store.Alias) wire.Command {
	return wire.Command{Map: &wire.Map{Code: a.Code, SKU: a.SKU, Qty: a.Qty}}
}

func supplyElsewhere(ctx context.Context, tx *store.Tx, h *homes, s *store.Site) error {
	others, err := tx.SiteIDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range others {
		if id == s.ID {
			continue
		}
		pallets, err := tx.PalletsOf(ctx, id)
		if err != nil {
			return err
		}
		h.tell(s, elsewhereCommands(id, pallets)...)
	}
	return nil
}

func supplyInbound(ctx context.Context, tx *store.Tx, h *homes, s *store.Site) error {
	ids, err := tx.InboundIDs(ctx, s.ID)
	if err != nil {
		return err
	}
	inbound, err := tx.Inbound(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		h.tell(s, inboundCommand(inbound[id]))
	}
	return nil
}

func supplyOrders(ctx context.Context, tx *store.Tx, h *homes, s *store.Site) error {
	ids, err := tx.OrdersAt(ctx, s.ID)
	if err != nil {
		return err
	}
	orders, err := tx.Orders(ctx, ids)
	if err != nil {
		return err
	}
	lines, err := tx.LinesOf(ctx, ids)
	if err != nil {
		return err
	}
	all, err := tx.Registers(ctx, slices.Collect(maps.Keys(lines)))
	if err != nil {
		return err
	}
	of := byOrder(lines)
	slices.SortFunc(ids, func(a, b allocation.OrderID) int { // the longest waiting reaches the dock first
		return cmp.Or(orders[a].Accepted.Compare(orders[b].Accepted), cmp.Compare(a, b))
	})
	for _, id := range ids {
		h.tell(s, orderCommand(orders[id], of[id]))
		for _, line := range of[id] {
			h.tellGranted(s, line.ID, all[line.ID])
			if err := h.grant(ctx, line, all[line.ID]); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellGranted says again what the life was granted before: by a life of the centre whose
// commands may not all have come.
func (h *homes) tellGranted(s *store.Site, line allocation.LineID, all held) {
	if r := all[store.Life{Site: s.ID, Incarnation: s.Incarnation}]; r.Granted > 0 {
		h.tell(s, wire.Command{Grant: &wire.Grant{Line: line, Incarnation: s.Incarnation, Total: r.Granted}})
	}
}

func byOrder(lines map[allocation.LineID]*store.Line) map[allocation.OrderID][]*store.Line {
	of := map[allocation.OrderID][]*store.Line{}
	for _, id := range slices.Sorted(maps.Keys(lines)) {
		of[lines[id].Order] = append(of[lines[id].Order], lines[id])
	}
	return of
}

func itemCommand(i *store.Item) wire.Command {
	item := &wire.Item{SKU: i.SKU, Description: i.Description, Putaway: i.Putaway, Substitutes: i.Substitutes}
	for _, g := range i.GTINs {
		item.GTINs = append(item.GTINs, wire.ItemGTIN{GTIN: string(g.GTIN), Qty: g.Qty})
	}
	return wire.Command{Item: item}
}

func elsewhereCommands(site allocation.SiteID, pallets []allocation.SSCC) []wire.Command {
	var commands []wire.Command
	for some := range slices.Chunk(pallets, palletsPerCommand) {
		e := &wire.Elsewhere{Site: site, SSCCs: make([]string, len(some))}
		for n, sscc := range some {
			e.SSCCs[n] = string(sscc)
		}
		commands = append(commands, wire.Command{Elsewhere: e})
	}
	return commands
}

func inboundCommand(in *store.Inbound) wire.Command {
	c := &wire.Inbound{ID: in.ID, Version: in.Version, Supplier: in.Supplier, Expected: in.Expected,
		TolerancePct: in.Tolerance, Closed: in.Closed, Lines: supplyLines(in.Lines)}
	for _, p := range in.Pallets {
		c.Pallets = append(c.Pallets, wire.Pallet{SSCC: string(p.SSCC), Lines: supplyLines(p.Lines)})
	}
	return wire.Command{Inbound: c}
}

func supplyLines(lines []store.SupplyLine) []wire.InboundLine {
	var all []wire.InboundLine
	for _, l := range lines {
		all = append(all, wire.InboundLine{SKU: l.SKU, Qty: l.Qty})
	}
	return all
}

// orderCommand names the lines that are wanted; one that is not named was
// cancelled.
func orderCommand(o *store.Order, lines []*store.Line) wire.Command {
	c := &wire.Order{ID: o.ID, Version: o.Told, Customer: o.Customer, CustomerName: o.CustomerName, Segment: o.Segment,
		Override: o.Override, Class: o.Class, Contract: o.Contract, Tier: o.Tier, Accepted: o.Accepted, Promised: o.Promised,
		Requested: o.Requested, Ship: o.Ship, Door: o.Door, Lines: []wire.OrderLine{}}
	if c.Ship == allocation.ShipPartial {
		c.Ship = "" // as most orders are
	}
	for _, l := range lines {
		if l.Wanted == 0 {
			continue
		}
		w := wire.OrderLine{Line: l.Line, SKU: l.SKU, Qty: l.Wanted, Pack: l.Pack, MinLifeDays: int(l.MinLife)}
		if l.Ordered > l.Wanted {
			w.Ordered = l.Ordered
		}
		c.Lines = append(c.Lines, w)
	}
	return wire.Command{Order: c}
}
