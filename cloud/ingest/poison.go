package ingest

import (
	"context"
	"time"

	"dockfill/cloud/store"
)

// retryPoison applies again what could not be applied: the program may be newer
// now, or the line that was missing imported. What still cannot stays.
func (i *Ingest) retryPoison(ctx context.Context) error {
	var c *commit
	err := i.update(ctx, func(tx *store.Tx) error {
		c = newCommit(tx, time.Now())
		events, err := tx.TakePoison(ctx)
		if err != nil || len(events) == 0 {
			return err
		}
		return c.again(ctx, events)
	})
	if err == nil && len(c.lives) > 0 {
		i.tell(c)
	}
	return err
}

// again applies events that are stored already, in their order.
func (c *commit) again(ctx context.Context, events []store.Event) error {
	for _, e := range events {
		l, err := c.life(ctx, e.Site, e.Incarnation)
		if err != nil || l == nil {
			return err
		}
		l.fresh, l.parsed = append(l.fresh, e), append(l.parsed, parse(e.Body, e.Seq))
	}
	if err := c.load(ctx); err != nil {
		return err
	}
	for _, l := range c.lives {
		l.takeAll()
	}
	return c.settle(ctx)
}
