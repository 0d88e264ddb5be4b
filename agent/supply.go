package agent

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// item replaces what is known of a SKU; it may name codes that were kept.
func (r *run) item(i *wire.Item) error {
	if err := checkItem(i); err != nil {
		return err
	}
	if err := r.tx.PutItem(i); err != nil {
		return err
	}
	if err := r.decide(allocation.Offer{SKUs: []allocation.SKU{i.SKU}}); err != nil {
		return err
	}
	return r.receiveKnown(namedBy(i))
}

func checkItem(i *wire.Item) error {
	if err := allocation.CheckID("sku", string(i.SKU)); err != nil {
		return err
	}
	for _, g := range i.GTINs {
		key, err := allocation.ParseGTIN(g.GTIN)
		if err != nil {
			return err
		}
		if string(key) != g.GTIN {
			return fmt.Errorf("GTIN %s must stand in its 14-digit form %s", g.GTIN, key)
		}
		if err := allocation.CheckQty(g.Qty); err != nil {
			return fmt.Errorf("GTIN %s: %w", g.GTIN, err)
		}
	}
	for n, sku := range i.Substitutes {
		err := allocation.CheckID("substitute", string(sku))
		switch {
		case err != nil:
		case sku == i.SKU:
			err = errors.New("an item is no substitute of itself")
		case slices.Contains(i.Substitutes[:n], sku):
			err = fmt.Errorf("substitute %s stands twice", sku)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", i.SKU, err)
		}
	}
	return nil
}

func (r *run) inbound(in *wire.Inbound) error {
	if err := checkInbound(in); err != nil {
		return err
	}
	had, err := r.tx.InboundVersion(in.ID)
	if err != nil || in.Version <= had {
		return err // an older version, or the same one again, says nothing new
	}
	if err := r.tx.PutInbound(in); err != nil {
		return err
	}
	// More or less is announced than before: that makes shipments possible, or leaves
	// to others what was counted on. What came above it may have room now.
	skus, err := r.tx.AnnouncedBy(in.ID)
	if err != nil {
		return err
	}
	if err := r.decide(allocation.Offer{SKUs: skus, Inbounds: []allocation.InboundID{in.ID}}); err != nil {
		return err
	}
	return r.receiveKnown(announcedBy(in))
}

func checkInbound(in *wire.Inbound) error {
	if err := allocation.CheckID("inbound", string(in.ID)); err != nil {
		return err
	}
	if in.Version < 1 {
		return fmt.Errorf("inbound %s has version %d; versions begin at 1", in.ID, in.Version)
	}
	if in.TolerancePct != nil {
		if err := allocation.CheckOverPct(*in.TolerancePct); err != nil {
			return fmt.Errorf("inbound %s: %w", in.ID, err)
		}
	}
	if err := checkSupply(in.Lines); err != nil {
		return fmt.Errorf("inbound %s: %w", in.ID, err)
	}
	for _, p := range in.Pallets {
		if _, err := allocation.ParseSSCC(p.SSCC); err != nil {
			return fmt.Errorf("inbound %s: %w", in.ID, err)
		}
		if len(p.Lines) == 0 {
			return fmt.Errorf("inbound %s: pallet %s has no contents", in.ID, p.SSCC)
		}
		if err := checkSupply(p.Lines); err != nil {
			return fmt.Errorf("inbound %s: pallet %s: %w", in.ID, p.SSCC, err)
		}
	}
	return nil
}

func checkSupply(lines []wire.InboundLine) error {
	for _, l := range lines {
		if err := allocation.CheckID("sku", string(l.SKU)); err != nil {
			return err
		}
		if err := allocation.CheckQty(l.Qty); err != nil {
			return fmt.Errorf("%s: %w", l.SKU, err)
		}
	}
	return nil
}

func (r *run) elsewhere(e *wire.Elsewhere) error {
	if err := allocation.CheckSite(string(e.Site)); err != nil {
		return err
	}
	for _, s := range e.SSCCs {
		if _, err := allocation.ParseSSCC(s); err != nil {
			return err
		}
	}
	return r.tx.PutElsewhere(e)
}

// approve frees units that came above what was announced.
func (r *run) approve(a *wire.Approve) error {
	if err := checkApprove(r.tx, a.Inbound, a.Qty); err != nil {
		return err
	}
	return r.decide(allocation.Approve{Inbound: a.Inbound, Qty: a.Qty})
}

func noInbound(id allocation.InboundID) error {
	return cmp.Or(allocation.CheckID("inbound", string(id)), fmt.Errorf("no inbound %s is known", id))
}

func checkApprove(tx *store.Tx, id allocation.InboundID, qty int64) error {
	_, known, err := tx.Inbound(id, "")
	if err != nil {
		return err
	}
	if !known {
		return noInbound(id)
	}
	return allocation.CheckQty(qty)
}
