package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

var _ store.Importer = (*Ingest)(nil)

// Import applies a batch in one transaction, together with the rights that it
// brings and the commands that tell the sites. A record in a version seen
// before changes nothing, and is named where its content is another one; an
// older one is refused and counted as stale. Where a
// record is refused and the batch does not skip bad ones, nothing is applied
// and the error is a *store.RefusedError.
func (i *Ingest) Import(ctx context.Context, b store.Batch) (store.ImportResult, error) {
	var im *importing
	err := i.update(ctx, func(tx *store.Tx) error {
		im = &importing{tx: tx, homes: newHomes(tx), progress: progress{tell: b.Progress}}
		tx.Watch(im.progress.wrote)
		return im.run(ctx, b)
	})
	if err != nil {
		return store.ImportResult{}, err
	}
	i.dispatch.stored(im.homes)
	if im.result.New+im.result.Changed > 0 {
		if err := i.retryPoison(ctx); err != nil {
			i.log.Error("events that could not be applied were not tried again", "problem", err)
		}
	}
	return im.result, nil
}

// importing is one import under way.
type importing struct {
	tx     *store.Tx
	homes  *homes
	sites  []*store.Site // all of them, those included that this import names first
	result store.ImportResult

	progress progress
}

func (im *importing) run(ctx context.Context, b store.Batch) error {
	if err := im.addSites(ctx, b); err != nil {
		return err
	}
	if err := im.items(ctx, b.Items); err != nil {
		return err
	}
	if err := im.inbound(ctx, b.Inbound); err != nil {
		return err
	}
	if err := im.orders(ctx, b.Orders); err != nil {
		return err
	}
	if err := im.countNoItem(ctx, b); err != nil {
		return err
	}
	if len(im.result.Refused) > 0 && !b.SkipBad {
		return &store.RefusedError{Refused: im.result.Refused}
	}
	return im.homes.write(ctx)
}

func (im *importing) addSites(ctx context.Context, b store.Batch) error {
	named := map[allocation.SiteID]bool{}
	for _, o := range b.Orders {
		named[o.Site] = true
	}
	for _, in := range b.Inbound {
		named[in.Site] = true
	}
	for _, id := range slices.Sorted(maps.Keys(named)) {
		isNew, err := im.tx.AddSite(ctx, id)
		if err != nil {
			return err
		}
		if isNew {
			im.result.Sites = append(im.result.Sites, id)
		}
	}
	var err error
	im.sites, err = im.homes.all(ctx)
	return err
}

func (im *importing) refuse(kind, id, reason string) {
	im.result.Refused = append(im.result.Refused, store.Refusal{Kind: kind, ID: id, Reason: reason})
}

// again counts a record in a version seen before.
func (im *importing) again(id string, same bool) {
	if same {
		im.result.Same++
		return
	}
	im.result.Other = append(im.result.Other, id)
}

// countNoItem counts the lines whose SKU is not known. They are taken all the
// same, for orders and supply may come before the items.
func (im *importing) countNoItem(ctx context.Context, b store.Batch) error {
	lines := linesBySKU(b)
	if len(lines) == 0 {
		return nil
	}
	known, err := im.tx.Items(ctx, slices.Collect(maps.Keys(lines)))
	for sku := range known {
		delete(lines, sku)
	}
	im.result.NoItem = lines
	return err
}

// linesBySKU counts the lines of a batch that want or announce something.
func linesBySKU(b store.Batch) map[allocation.SKU]int {
	lines := map[allocation.SKU]int{}
	for _, o := range b.Orders {
		for _, l := range o.Lines {
			if l.Qty > 0 {
				lines[l.SKU]++
			}
		}
	}
	for _, in := range b.Inbound {
		for _, l := range in.Lines {
			lines[l.SKU]++
		}
		for _, p := range in.Pallets {
			for _, l := range p.Lines {
				lines[l.SKU]++
			}
		}
	}
	return lines
}

// tooLarge says why a command cannot be sent.
func tooLarge(c wire.Command) string {
	size, err := c.Size()
	if err == nil && size <= wire.MaxMessage-wire.CommandsOverhead {
		return ""
	}
	return fmt.Sprintf("it takes %d bytes as a message to its site, at most %d are allowed: divide it", size, wire.MaxMessage-wire.CommandsOverhead)
}
