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
// before changes nothing; an older one is refused and counted as stale. Where a
// record is refused and the batch does not skip bad ones, nothing is applied
// and the error is a *store.RefusedError.
func (i *Ingest) Import(ctx context.Context, b store.Batch) (store.ImportResult, error) {
	var im *importing
	err := i.store.Update(ctx, func(tx *store.Tx) error {
		im = &importing{tx: tx, homes: newHomes(tx)}
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

// newer counts a record by its version, and reports whether there is work: not
// for a version seen before, nor for an older one.
func (im *importing) newer(known bool, knownVersion, version int64) bool {
	switch {
	case !known:
		im.result.New++
	case version < knownVersion:
		im.result.Stale++
		return false
	case version == knownVersion:
		im.result.Same++
		return false
	default:
		im.result.Changed++
	}
	return true
}

// tooLarge says why a command cannot be sent.
func tooLarge(c wire.Command) string {
	size, err := c.Size()
	if err == nil && size <= wire.MaxMessage-wire.CommandsOverhead {
		return ""
	}
	return fmt.Sprintf("it takes %d bytes as a message to its site, at most %d are allowed: divide it", size, wire.MaxMessage-wire.CommandsOverhead)
}
