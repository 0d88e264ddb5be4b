package agent

import (
	"slices"

	"dockfill/agent/store"
	"dockfill/allocation"
)

// mayTrim remembers a line, or the free stock where line is "", that has lost units
// which people hold.
func (c *carrier) mayTrim(x lineSKU) {
	if !slices.Contains(c.lost, x) {
		c.lost = append(c.lost, x)
	}
}

// trim takes off the tasks what there is no unit for any more.
func (c *carrier) trim(x lineSKU) error {
	if x.line == "" {
		return c.trimStock(x.sku)
	}
	tasks, err := c.tasks(x.sku)
	if err != nil {
		return err
	}
	brings := func(t *store.Task) int64 {
		if t.To == x.line {
			return t.Qty
		}
		return 0
	}
	var carried int64
	for _, t := range tasks {
		carried += brings(t)
	}
	if carried == 0 {
		return nil
	}
	held, err := looseOf(c.tx, x)
	if err != nil {
		return err
	}
	_, err = c.take(x.sku, max(0, carried-held), brings)
	return err
}

// looseOf counts the loose units of a SKU that a line holds.
func looseOf(tx *store.Tx, x lineSKU) (n int64, err error) {
	held, err := tx.Held(x.line)
	for _, p := range held {
		if p.SKU == x.sku {
			n += p.Qty - p.Bound
		}
	}
	return n, err
}

// trimStock ends what brings units back that are no stock any more.
func (c *carrier) trimStock(sku allocation.SKU) error {
	at, err := c.freeAt(sku)
	if err != nil || len(at) == 0 {
		return err
	}
	var coming, free int64
	for _, n := range at {
		coming += n
	}
	for p, err := range c.tx.Stock(sku, allocation.Free) {
		if err != nil {
			return err
		}
		free += p.Qty
	}
	_, err = c.take(sku, max(0, coming-free), func(t *store.Task) int64 {
		if t.To != "" {
			return 0
		}
		n := min(t.Qty, at[t.From])
		at[t.From] -= n
		return n
	})
	return err
}
