package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

// ChangeOrder ranks an order anew by a person's wish and tells its home, where its
// lines take and lose by their new rank. It gives the order as it stands then, and
// reports false where that is as it was. What the order system says again later
// does not undo the change; another value of it does. The error is
// store.ErrNotFound where the order is not known, or a *store.ActError.
func (i *Ingest) ChangeOrder(ctx context.Context, id allocation.OrderID, change store.Change) (o store.Order, changed bool, err error) {
	err = i.act(ctx, func(tx *store.Tx, h *homes) error {
		known, err := tx.Orders(ctx, []allocation.OrderID{id})
		if err != nil {
			return err
		}
		if known[id] == nil {
			return store.ErrNotFound
		}
		o = *known[id]
		before := o.Ranking
		o.Ranking = change.On(before)
		if changed = o.Ranking != before; !changed {
			return nil
		}
		o.Told++
		return changeOrder(ctx, tx, h, &o, before)
	})
	return o, changed, err
}

func changeOrder(ctx context.Context, tx *store.Tx, h *homes, o *store.Order, before store.Ranking) error {
	ids := []allocation.OrderID{o.ID}
	lines, err := tx.LinesOf(ctx, ids)
	if err != nil {
		return err
	}
	command := orderCommand(o, byOrder(lines)[o.ID])
	command.Order.Changed = true
	if reason := tooLarge(command); reason != "" {
		return &store.ActError{Reason: reason}
	}
	home, err := h.site(ctx, o.Site)
	if err != nil {
		return err
	}
	h.tell(home, command)
	said, err := tx.Said(ctx, ids)
	if err != nil {
		return err
	}
	if _, again := said[o.ID]; !again {
		if err := tx.PutSaid(ctx, map[allocation.OrderID]store.Ranking{o.ID: before}); err != nil {
			return err
		}
	}
	return tx.PutOrders(ctx, []*store.Order{o})
}

// MapCode says at a site what a code is that names nothing known there. What the
// site kept of it is taken in, with the times of its scans. The error is
// store.ErrNotFound where the site is not known, or a *store.ActError.
func (i *Ingest) MapCode(ctx context.Context, site allocation.SiteID, a store.Alias) error {
	return i.act(ctx, func(tx *store.Tx, h *homes) error {
		s, err := knownSite(ctx, tx, h, site)
		if err != nil {
			return err
		}
		items, err := tx.Items(ctx, []allocation.SKU{a.SKU})
		if err != nil {
			return err
		}
		if items[a.SKU] == nil {
			return &store.ActError{Reason: fmt.Sprintf("no item describes SKU %s: import the item first", a.SKU)}
		}
		h.tell(s, mapCommand(a))
		return tx.PutAlias(ctx, site, a)
	})
}

// Approve lets a site treat as usual what came there above what an inbound had
// announced, at most qty base units more. The error is store.ErrNotFound where the
// site is not known, or a *store.ActError.
func (i *Ingest) Approve(ctx context.Context, site allocation.SiteID, id allocation.InboundID, qty int64) error {
	return i.act(ctx, func(tx *store.Tx, h *homes) error {
		s, err := knownSite(ctx, tx, h, site)
		if err != nil {
			return err
		}
		known, err := tx.Inbound(ctx, []allocation.InboundID{id})
		if err != nil {
			return err
		}
		switch in := known[id]; {
		case in == nil:
			return &store.ActError{Reason: fmt.Sprintf("inbound %s is not known", id)}
		case in.Site != site:
			return &store.ActError{Reason: fmt.Sprintf("inbound %s goes to site %s", id, in.Site)}
		case !s.Open():
			return &store.ActError{Reason: fmt.Sprintf("site %s has received nothing by inbound %s: its database is new", site, id)}
		}
		h.tell(s, wire.Command{Approve: &wire.Approve{Inbound: id, Qty: qty}})
		return nil
	})
}

// SetPolicy puts a policy in force at every site; it reports false where it is in
// force already. The error is a *store.OtherRulesError where its version stands
// for other rules, or a *store.ActError.
func (i *Ingest) SetPolicy(ctx context.Context, p allocation.Policy) (changed bool, err error) {
	err = i.act(ctx, func(tx *store.Tx, h *homes) error {
		if reason := tooLarge(policyCommand(p)); reason != "" {
			return &store.ActError{Reason: reason}
		}
		if changed, err = tx.SetPolicy(ctx, time.Now(), p); err != nil || !changed {
			return err
		}
		sites, err := h.all(ctx)
		for _, s := range sites {
			h.tell(s, policyCommand(p))
		}
		return err
	})
	return changed, err
}

// Admit lets a process that was fenced as a clone take the place of the one that is
// there: it gets a new life when it says hello, and what the present one holds stays
// committed. The error is store.ErrNotFound where the site is not known, or a
// *store.ActError.
func (i *Ingest) Admit(ctx context.Context, site allocation.SiteID, nonce string, by store.Person) error {
	var clone *store.Clone
	err := i.act(ctx, func(tx *store.Tx, h *homes) error {
		if _, err := knownSite(ctx, tx, h, site); err != nil {
			return err
		}
		admitted, err := tx.AdmitClone(ctx, site, nonce)
		if err != nil {
			return err
		}
		if clone, err = tx.Clone(ctx, site, nonce); err != nil {
			return err
		}
		if !admitted {
			return &store.ActError{Reason: fmt.Sprintf("no process %s of site %s waits for a decision: dockfill-cloud site list names those that do", nonce, site)}
		}
		i.log.Warn("a person admitted a process that was kept out as a clone", "site", site, "nonce", nonce, "by", by.Name, "reason", by.Reason)
		return tx.AddAudit(ctx, store.Audit{Site: site, At: time.Now(), Act: "admit", About: nonce, Person: by})
	})
	if err == nil { // it says hello at once, and not within a minute
		i.mouth.say(&wire.Probe{Head: wire.Head{Site: site, Nonce: nonce, Incarnation: clone.Incarnation}})
	}
	return err
}

// act does what a person wants in one transaction, with the commands that tell the
// sites.
func (i *Ingest) act(ctx context.Context, do func(*store.Tx, *homes) error) error {
	var h *homes
	err := i.update(ctx, func(tx *store.Tx) error {
		h = newHomes(tx)
		if err := do(tx, h); err != nil {
			return err
		}
		return h.write(ctx)
	})
	if err == nil {
		i.dispatch.stored(h)
	}
	return err
}

func knownSite(ctx context.Context, tx *store.Tx, h *homes, id allocation.SiteID) (*store.Site, error) {
	ids, err := tx.SiteIDs(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(ids, id) {
		return nil, store.ErrNotFound
	}
	return h.site(ctx, id)
}
