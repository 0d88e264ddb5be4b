package ingest

import (
	"context"
	"fmt"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

func (im *importing) items(ctx context.Context, items []store.Item) error {
	var skus []allocation.SKU
	var gtins []allocation.GTIN
	for _, it := range items {
		skus = append(skus, it.SKU)
		for _, g := range it.GTINs {
			gtins = append(gtins, g.GTIN)
		}
	}
	if len(skus) == 0 {
		return nil
	}
	known, err := im.tx.Items(ctx, skus)
	if err != nil {
		return err
	}
	owners, err := im.tx.OwnersOf(ctx, gtins)
	if err != nil {
		return err
	}
	changed := im.changedItems(items, known, owners)
	rows := 0
	for _, it := range changed {
		rows += 1 + len(it.GTINs)
		for _, s := range im.sites {
			im.homes.tell(s, itemCommand(it))
		}
	}
	im.progress.expect(rows + im.homes.pending())
	return im.tx.PutItems(ctx, changed)
}

func (im *importing) changedItems(items []store.Item, known map[allocation.SKU]*store.Item, owners map[allocation.GTIN]allocation.SKU) []*store.Item {
	var changed []*store.Item
	seen := map[allocation.SKU]bool{}
	for n := range items {
		it := &items[n]
		reason := tooLarge(itemCommand(it))
		if seen[it.SKU] {
			reason = "it stands twice in the import"
		}
		seen[it.SKU] = true
		if reason == "" {
			reason = claim(owners, it)
		}
		switch before := known[it.SKU]; {
		case reason != "":
			im.refuse("item", string(it.SKU), reason)
			continue
		case before == nil:
			im.result.New++
		case store.SameItem(before, it):
			im.result.Same++
			continue
		default:
			im.result.Changed++
		}
		changed = append(changed, it)
	}
	return changed
}

// claim takes the item's GTINs, or says why it cannot: a barcode names one SKU.
func claim(owners map[allocation.GTIN]allocation.SKU, it *store.Item) string {
	own := map[allocation.GTIN]bool{}
	for _, g := range it.GTINs {
		if owner, taken := owners[g.GTIN]; taken && owner != it.SKU {
			return fmt.Sprintf("GTIN %s belongs to item %s already: take it from that one first", g.GTIN, owner)
		}
		if own[g.GTIN] {
			return fmt.Sprintf("GTIN %s stands twice in it", g.GTIN)
		}
		own[g.GTIN] = true
	}
	for g := range own {
		owners[g] = it.SKU
	}
	return ""
}
