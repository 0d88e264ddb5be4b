package allocation

import (
	"iter"
	"slices"
)

// What a decision has read of the view stays as it was: none of it is read twice.

// viewed reads the lines of an order as the view has them.
func (d *draft) viewed(id OrderID) ([]Line, error) {
	if all, read := d.orders[id]; read {
		return all, nil
	}
	all, err := d.v.OrderLines(id)
	if err == nil {
		put(&d.orders, id, all)
	}
	return all, err
}

func (d *draft) about(sku SKU) (About, error) {
	if about, read := d.abouts[sku]; read {
		return about, nil
	}
	about, err := d.v.About(sku)
	d.abouts[sku] = about
	return about, err
}

// announced is what the open inbounds still have, less what just came by them.
func (d *draft) announced(sku SKU) (int64, error) {
	if n, read := d.awaited[sku]; read {
		return n, nil
	}
	n, err := d.v.Announced(sku)
	for at, more := range d.arrived {
		if at.sku != sku || err != nil {
			continue
		}
		in, found, e := d.v.Inbound(at.id, sku)
		if err = e; !found || in.Closed {
			continue
		}
		n += max(0, in.Announced-in.Received-more) - max(0, in.Announced-in.Received)
	}
	if err == nil {
		put(&d.awaited, sku, n)
	}
	return n, err
}

// crowd is what the waiting lines of a SKU can take, by rank, as far as somebody
// asked. It is read once for all gates of a SKU, and no further than to where the
// goods are used up.
type crowd struct {
	next  func() (Appetite, error, bool)
	stop  func()
	key   []string // of the lines read so far
	sum   []int64  // what they and those before them take, as the view has them
	ended bool

	// moved are the lines whose appetite the draft has changed, as of a change.
	moved []Appetite
	as    int
}

func (d *draft) crowd(sku SKU) *crowd {
	c := d.crowds[sku]
	if c == nil {
		c = &crowd{as: -1}
		c.next, c.stop = iter.Pull2(d.v.Appetites(sku))
		put(&d.crowds, sku, c)
	}
	if c.as != d.changes {
		c.as, c.moved = d.changes, c.moved[:0]
		for id, l := range d.lines {
			had := d.before[id]
			if n := l.Takes() - had.Takes(); n != 0 && l.SKU == sku {
				c.moved = append(c.moved, Appetite{d.p.PlaceKey(l.Rank), n})
			}
		}
	}
	return c
}

// ahead sums what the lines that rank before l can take. It stops at most: there
// may be more.
func (d *draft) ahead(l *Line, most int64) (int64, error) {
	c, key := d.crowd(l.SKU), d.p.PlaceKey(l.Rank)
	moved := int64(0)
	for _, m := range c.moved {
		if m.Key < key {
			moved += m.Takes
		}
	}
	err := c.read(key, most-moved)
	i, _ := slices.BinarySearch(c.key, key)
	if i == 0 {
		return moved, err
	}
	return c.sum[i-1] + moved, err
}

// read goes on up to a key, or to where the lines take so much in all.
func (c *crowd) read(key string, most int64) error {
	for !c.ended {
		if n := len(c.key); n > 0 && (c.key[n-1] >= key || c.sum[n-1] >= most) {
			return nil
		}
		a, err, more := c.next()
		if err != nil {
			return err
		}
		if !more {
			c.ended = true
			return nil
		}
		if n := len(c.sum); n > 0 {
			a.Takes += c.sum[n-1]
		}
		c.key, c.sum = append(c.key, a.Key), append(c.sum, a.Takes)
	}
	return nil
}

// close lets go of what is still being read.
func (d *draft) close() {
	for _, c := range d.crowds {
		c.stop()
	}
}
