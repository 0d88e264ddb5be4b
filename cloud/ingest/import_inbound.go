package ingest

import (
	"context"
	"fmt"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

func (im *importing) inbound(ctx context.Context, all []store.Inbound) error {
	var ids []allocation.InboundID
	var ssccs []allocation.SSCC
	for _, in := range all {
		ids = append(ids, in.ID)
		ssccs = append(ssccs, palletsOf(&in)...)
	}
	if len(ids) == 0 {
		return nil
	}
	known, err := im.tx.Inbound(ctx, ids)
	if err != nil {
		return err
	}
	by, err := im.tx.AnnouncedBy(ctx, ssccs)
	if err != nil {
		return err
	}
	var changed []*store.Inbound
	seen := map[allocation.InboundID]bool{}
	for n := range all {
		in := &all[n]
		if reason := checkInbound(in, by, seen); reason != "" {
			im.refuse("inbound", string(in.ID), reason)
			continue
		}
		if before := known[in.ID]; im.newer(in, before) {
			changed = append(changed, in)
			im.tellInbound(in, before)
		}
	}
	im.progress.expect(supplyRows(changed) + im.homes.pending())
	return im.tx.PutInbound(ctx, changed)
}

// supplyRows counts the rows that announcements take.
func supplyRows(all []*store.Inbound) (rows int) {
	for _, in := range all {
		rows += 1 + len(in.Lines)
		for _, p := range in.Pallets {
			rows += len(p.Lines)
		}
	}
	return rows
}

// newer counts an inbound by its version, and reports whether there is work: not
// for a version seen before, nor for an older one.
func (im *importing) newer(in, before *store.Inbound) bool {
	switch {
	case before == nil:
		im.result.New++
	case in.Version < before.Version:
		im.result.Stale++
		return false
	case in.Version == before.Version:
		im.again(string(in.ID), store.SameInbound(in, before))
		return false
	default:
		im.result.Changed++
	}
	return true
}

func palletsOf(in *store.Inbound) []allocation.SSCC {
	all := make([]allocation.SSCC, len(in.Pallets))
	for n, p := range in.Pallets {
		all[n] = p.SSCC
	}
	return all
}

// checkInbound says why an inbound cannot be taken. A pallet is announced once.
func checkInbound(in *store.Inbound, by map[allocation.SSCC]allocation.InboundID, seen map[allocation.InboundID]bool) string {
	if seen[in.ID] {
		return "it stands twice in the import"
	}
	seen[in.ID] = true
	if reason := tooLarge(inboundCommand(in)); reason != "" {
		return reason
	}
	own := map[allocation.SSCC]bool{}
	for _, p := range in.Pallets {
		if other, taken := by[p.SSCC]; taken && other != in.ID {
			return fmt.Sprintf("pallet %s is announced by inbound %s already", p.SSCC, other)
		}
		if own[p.SSCC] {
			return fmt.Sprintf("pallet %s stands twice in it", p.SSCC)
		}
		own[p.SSCC] = true
	}
	for sscc := range own {
		by[sscc] = in.ID
	}
	return ""
}

// tellInbound tells the site of it, and all others where its pallets go. A site
// that it was announced for before learns that nothing of it comes.
func (im *importing) tellInbound(in, before *store.Inbound) {
	for _, s := range im.sites {
		if s.ID == in.Site {
			im.homes.tell(s, inboundCommand(in))
			continue
		}
		if before != nil && before.Site == s.ID {
			im.homes.tell(s, inboundCommand(&store.Inbound{ID: in.ID, Version: in.Version}))
		}
		im.homes.tell(s, elsewhereCommands(in.Site, palletsOf(in))...)
	}
}
