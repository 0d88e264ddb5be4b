package agent

import (
	"slices"

	"dockfill/agent/store"
	"dockfill/allocation"
)

// add has n units carried.
func (c *carrier) add(kind string, sku allocation.SKU, n int64, from, to allocation.LineID) {
	key := errand{kind, sku, from, to}
	if t := c.same[key]; t != nil {
		t.Qty += n
		return
	}
	t := &store.Task{Kind: kind, SKU: sku, Qty: n, From: from, To: to, Since: c.now}
	if c.same == nil {
		c.same = map[errand]*store.Task{}
	}
	c.same[key] = t
	c.made = append(c.made, t)
	if all, read := c.open[sku]; read {
		c.open[sku] = append(all, t)
	}
}

// tasks are those of a SKU that are open now, oldest first.
func (c *carrier) tasks(sku allocation.SKU) ([]*store.Task, error) {
	if all, read := c.open[sku]; read {
		return all, nil
	}
	stored, err := c.tx.Tasks(sku)
	if err != nil {
		return nil, err
	}
	all := []*store.Task{}
	for _, t := range stored {
		all = append(all, &t)
	}
	for _, t := range c.made {
		if t.SKU == sku {
			all = append(all, t)
		}
	}
	if c.open == nil {
		c.open = map[allocation.SKU][]*store.Task{}
	}
	c.open[sku] = all
	return all, nil
}

// take takes up to n units off the tasks of a SKU, the newest first, and of each as
// many as may allows. It says where those units lie.
func (c *carrier) take(sku allocation.SKU, n int64, may func(*store.Task) int64) (lots []lot, err error) {
	if n == 0 {
		return nil, nil
	}
	tasks, err := c.tasks(sku)
	if err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(tasks) {
		if n == 0 {
			break
		}
		if t.Qty == 0 {
			continue
		}
		k := min(n, may(t))
		if k <= 0 {
			continue
		}
		if t.ID != 0 {
			if err := c.tx.ShrinkTask(*t, k); err != nil {
				return nil, err
			}
		}
		t.Qty -= k
		n -= k
		lots = append(lots, lot{line: t.From, to: t.To, qty: k})
	}
	return lots, nil
}

func bringsBackFrom(line allocation.LineID) func(*store.Task) int64 {
	return func(t *store.Task) int64 {
		if t.Kind == store.Return && t.From == line {
			return t.Qty
		}
		return 0
	}
}
