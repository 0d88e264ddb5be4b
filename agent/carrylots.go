package agent

import (
	"dockfill/agent/store"
	"dockfill/allocation"
)

// lot is units that lie at one place: at a line's door, in stock where line is "",
// set aside where it is store.SetAside, or in the worker's hand.
type lot struct {
	line allocation.LineID
	to   allocation.LineID // where a task was to bring them
	hand bool
	qty  int64
}

// lots says where the units of a move lie. Units that a person brought back from
// a line are in stock.
func (c *carrier) lots(m allocation.Move) (lots []lot, err error) {
	switch m.From.Shelf {
	case allocation.Dock:
		if c.atHand {
			return []lot{{hand: true, qty: m.Qty}}, nil
		}
		return []lot{{line: store.SetAside, qty: m.Qty}}, nil
	case allocation.Surplus, allocation.Aside, allocation.Broken:
		return []lot{{line: store.SetAside, qty: m.Qty}}, nil
	case allocation.WithLine:
		lots = c.letGo(lineSKU{m.From.Line, m.SKU}, m.Qty)
		onTheWay, err := c.take(m.SKU, m.Qty-sum(lots), func(t *store.Task) int64 {
			if t.To == m.From.Line {
				return t.Qty
			}
			return 0
		})
		if err != nil {
			return nil, err
		}
		lots = append(lots, onTheWay...)
	case allocation.Free:
		if m.To.Shelf == allocation.Free {
			break
		}
		free, err := c.freeAt(m.SKU)
		if err != nil {
			return nil, err
		}
		if free == nil {
			break
		}
		lots, err = c.take(m.SKU, m.Qty, func(t *store.Task) int64 {
			if t.To != "" {
				return 0
			}
			n := min(t.Qty, free[t.From])
			free[t.From] -= n
			return n
		})
		if err != nil {
			return nil, err
		}
	}
	if left := m.Qty - sum(lots); left > 0 {
		rest := lot{qty: left}
		if m.From.Shelf == allocation.WithLine {
			rest.line = m.From.Line
		}
		lots = append(lots, rest)
	}
	return lots, nil
}

func sum(lots []lot) (n int64) {
	for _, l := range lots {
		n += l.qty
	}
	return n
}

// freeAt counts, by line, the units at its door that are free stock and are to be
// brought back; nil where there are none.
func (c *carrier) freeAt(sku allocation.SKU) (free map[allocation.LineID]int64, err error) {
	tasks, err := c.tasks(sku)
	if err != nil {
		return nil, err
	}
	for _, t := range tasks {
		if t.To != "" || t.Qty == 0 {
			continue
		}
		if free == nil {
			free = map[allocation.LineID]int64{}
		}
		free[t.From] += t.Qty
	}
	for line := range free {
		l, _, err := c.tx.Line(line)
		if err != nil {
			return nil, err
		}
		free[line] -= l.Excess
	}
	return free, nil
}
