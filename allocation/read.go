package allocation

import (
	"iter"
	"slices"
	"strings"
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
	all, err := d.v.Awaited(sku)
	all = slices.Clone(all)
	for at, more := range d.arrived {
		i := slices.IndexFunc(all, func(a Awaited) bool { return a.Inbound == at.id })
		switch {
		case at.sku != sku || at.id == "" || err != nil:
		case i >= 0:
			all[i].Received += more
		default: // it had brought all, until this undo
			var in Inbound
			var found bool
			if in, found, err = d.v.Inbound(at.id, sku); found && !in.Closed {
				all = append(all, Awaited{Inbound: at.id, Announced: in.Announced, Received: in.Received + more, Loose: in.Loose})
			}
		}
	}
	if err != nil {
		return 0, err
	}
	Spread(all, d.arrived[inboundSKU{"", sku}])
	n := int64(0)
	for _, a := range all {
		n += a.Left()
	}
	put(&d.awaited, sku, n)
	return n, nil
}

// crowd is what the waiting lines of a SKU can take, by rank, as far as somebody
// asked. It is read once for all gates of a SKU, and no further than to where the
// goods are used up.
type crowd struct {
	next  func() (Appetite, error, bool)
	stop  func()
	read  []Appetite // as the view has them
	ended bool

	// As of a change: what is here and announced, what those that the draft touched can
	// take, by rank, and what each of all and those before it will take.
	as   int
	here int64
	mine []Appetite
	key  []string
	sum  []int64
	from [2]int // of read and mine, what the sums hold
}

func (d *draft) crowd(sku SKU) (*crowd, error) {
	c := d.crowds[sku]
	if c == nil {
		c = &crowd{as: d.changes - 1}
		c.next, c.stop = iter.Pull2(d.v.Appetites(sku))
		put(&d.crowds, sku, c)
	}
	if c.as == d.changes {
		return c, nil
	}
	here, err := d.within(sku)
	if err != nil {
		return nil, err
	}
	c.as, c.here, c.mine, c.key, c.sum, c.from = d.changes, here, c.mine[:0], c.key[:0], c.sum[:0], [2]int{}
	for _, l := range d.lines {
		if l.SKU == sku {
			c.mine = append(c.mine, d.p.AppetiteOf(l))
		}
	}
	slices.SortFunc(c.mine, func(a, b Appetite) int { return strings.Compare(a.Key, b.Key) })
	return c, nil
}

// ahead sums what the lines will take that rank before l, one after the other: those
// with a gate in mode skip all that they lack, or nothing where what is here and
// announced, less what lines before them take, is not enough for it. It stops at
// most: there may be more.
func (d *draft) ahead(l *Line, most int64) (int64, error) {
	c, err := d.crowd(l.SKU)
	if err != nil {
		return 0, err
	}
	key := d.p.PlaceKey(l.Rank)
	for n := len(c.sum); n == 0 || c.key[n-1] < key && c.sum[n-1] < most; n++ {
		if more, err := c.another(); !more || err != nil {
			if err != nil {
				return 0, err
			}
			break
		}
	}
	i, _ := slices.BinarySearch(c.key, key)
	if i == 0 {
		return 0, nil
	}
	return c.sum[i-1], nil
}

// another adds what the next line will take.
func (c *crowd) another() (bool, error) {
	view, mine := c.from[0], c.from[1]
	if view == len(c.read) && !c.ended {
		a, err, more := c.next()
		if err != nil {
			return false, err
		}
		if c.ended = !more; more {
			c.read = append(c.read, a)
		}
	}
	var a Appetite
	switch {
	case view == len(c.read) && mine == len(c.mine):
		return false, nil
	case mine == len(c.mine) || view < len(c.read) && c.read[view].Key < c.mine[mine].Key:
		a = c.read[view]
		c.from[0]++
	default:
		if a = c.mine[mine]; view < len(c.read) && c.read[view].Key == a.Key {
			c.from[0]++ // the same line, as it was
		}
		c.from[1]++
	}
	sum := int64(0)
	if n := len(c.sum); n > 0 {
		sum = c.sum[n-1]
	}
	if !a.Whole || a.Takes <= c.here-sum {
		sum += a.Takes
	}
	c.key, c.sum = append(c.key, a.Key), append(c.sum, sum)
	return true, nil
}

// close lets go of what is still being read.
func (d *draft) close() {
	for _, c := range d.crowds {
		c.stop()
	}
}
