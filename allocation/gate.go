package allocation

import (
	"cmp"
	"slices"
)

// part is units that lie free and that a gate counts on.
type part struct {
	*Line
	sku SKU
	n   int64
}

// canBeWhole reports whether a line may get units as far as its gate goes. In
// mode skip all that its gate still lacks must be here, free, or be left of what
// is announced once every better-ranked line has had what it can take of that;
// and it must still be so after the line got n free units of a SKU. In the turn of
// guarantees no more of that SKU counts: those of others and better lines come next.
// The gate takes at once what lies free of it: the parts, the line's own n first.
func (d *draft) canBeWhole(l *Line, n int64, of SKU, guaranteed bool) (bool, []part, error) {
	if !d.p.skips(l) {
		return true, nil, nil
	}
	together := []*Line{d.now(*l)}
	if l.Ship == ShipOrder {
		hopeless, err := d.hopeless(l.Rank.Order)
		if hopeless || err != nil {
			return false, nil, err
		}
		if together, err = d.orderLines(l.Rank.Order); err != nil {
			return false, nil, err
		}
	}
	var wants []want
	for _, other := range together {
		switch open := other.Open(); {
		case open <= 0:
		case other.Takes() < open || open%other.Least() != 0:
			return false, nil, nil
		case other.ID() == l.ID():
			wants = append(wants, want{other, open - n})
		default:
			wants = append(wants, want{other, open})
		}
	}
	c := &counted{d: d, serving: of, gate: wants, pools: map[SKU][]parcelAt{}}
	if err := c.off(&want{l, n}, of); err != nil {
		return false, nil, err
	}
	if guaranteed {
		c.pools[of] = nil
	}
	whole, err := c.cover(wants)
	return whole, c.parts, err
}

// hopeless reports, without reading the lines of an order, that nothing is here or
// announced of goods that it lacks.
func (d *draft) hopeless(id OrderID) (bool, error) {
	if _, read := d.orders[id]; read {
		return false, nil
	}
	lacks, read := d.lacks[id]
	if !read {
		var err error
		if lacks, err = d.v.Lacking(id); err != nil {
			return false, err
		}
		put(&d.lacks, id, lacks)
	}
	for _, sku := range lacks {
		if n, err := d.within(sku); n == 0 || err != nil {
			return n == 0, err
		}
	}
	return false, nil
}

// want is what a line of a gate lacks, and has not been found yet.
type want struct {
	*Line
	lacks int64
}

// cover counts units off for the lines of a gate: first free ones of their own
// goods, then announced ones, then free ones of what stands in for them. Lines
// that demand more days come first, as they can use fewer units.
func (c *counted) cover(wants []want) (bool, error) {
	d := c.d
	slices.SortFunc(wants, func(a, b want) int {
		return cmp.Or(cmp.Compare(b.MinLife, a.MinLife), cmp.Compare(a.ID(), b.ID()))
	})
	for i := range wants {
		if err := c.off(&wants[i], wants[i].SKU); err != nil {
			return false, err
		}
	}
	if err := d.coverAnnounced(wants); err != nil {
		return false, err
	}
	for i := range wants {
		wants[i].packed()
		kin, err := d.about(wants[i].SKU)
		for _, other := range kin.Substitutes {
			if err == nil {
				err = c.off(&wants[i], other)
			}
			wants[i].packed()
		}
		if err != nil || wants[i].lacks > 0 {
			return false, err
		}
	}
	return true, nil
}

// counted is free units, less those that were counted off.
type counted struct {
	d       *draft
	serving SKU // whose lines get their turn now: nobody before them wants more
	gate    []want
	pools   map[SKU][]parcelAt
	parts   []part
}

func (c *counted) off(w *want, sku SKU) error {
	if w.lacks == 0 {
		return nil
	}
	pool, err := c.pool(sku)
	had := w.lacks
	for i, p := range pool {
		if p.lasts(c.d.today, w.MinLife) {
			n := min(w.lacks, p.Qty)
			pool[i].Qty -= n
			w.lacks -= n
		}
	}
	if n := had - w.lacks; n >= w.Least() {
		c.parts = append(c.parts, part{w.Line, sku, n - n%w.Least()})
	}
	return err
}

// packed leaves out what makes no whole pack: one has units of one SKU.
func (w *want) packed() {
	if odd := w.lacks % w.Least(); odd > 0 {
		w.lacks += w.Least() - odd
	}
}

func (c *counted) pool(sku SKU) ([]parcelAt, error) {
	if pool, read := c.pools[sku]; read {
		return pool, nil
	}
	pool, err := c.d.pool(sku)
	if err != nil {
		return nil, err
	}
	pool = slices.Clone(pool)
	if c.d.fresh[sku] && sku != c.serving {
		if pool, err = c.less(pool, sku); err != nil {
			return nil, err
		}
	}
	c.pools[sku] = pool
	return pool, nil
}

// less leaves out of goods whose lines have not had their turn yet what guarantees
// and better-ranked lines may take, and of that the units that last longest, as any
// of them can use these; all of them where they only stand in for the gate's own, and
// under fair share, where the turns of worse-ranked lines come between.
func (c *counted) less(pool []parcelAt, sku SKU) ([]parcelAt, error) {
	first := c.d.firstOf(sku, c.gate)
	if first == nil || c.d.p.rules.Share == Fair {
		return nil, nil
	}
	var here int64
	for _, p := range pool {
		here += p.Qty
	}
	others, err := c.d.ahead(first, here)
	for _, g := range c.d.p.rules.Guarantees {
		if err == nil {
			var left int64
			left, err = c.d.guaranteeLeft(g, sku)
			others += max(0, left)
		}
	}
	for i := len(pool) - 1; i >= 0; i-- {
		n := min(others, pool[i].Qty)
		pool[i].Qty -= n
		others -= n
	}
	return pool, err
}

func (d *draft) firstOf(sku SKU, gate []want) (first *Line) {
	for _, w := range gate {
		if w.SKU == sku && (first == nil || d.p.Worse(first, w.Line)) {
			first = w.Line
		}
	}
	return first
}

func (d *draft) coverAnnounced(wants []want) error {
	left := map[SKU]int64{}
	for i, w := range wants {
		if w.lacks == 0 {
			continue
		}
		if _, read := left[w.SKU]; !read {
			var err error
			if left[w.SKU], err = d.announcedFor(w.SKU, wants); err != nil {
				return err
			}
		}
		n := min(w.lacks, left[w.SKU])
		left[w.SKU] -= n
		wants[i].lacks -= n
	}
	return nil
}

// announcedFor is what is announced of a SKU, less what the lines can take of it
// that rank before the first of the gate's.
func (d *draft) announcedFor(sku SKU, gate []want) (int64, error) {
	announced, err := d.announced(sku)
	if announced == 0 || err != nil {
		return 0, err
	}
	ahead, err := d.ahead(d.firstOf(sku, gate), announced)
	return max(0, announced-ahead), err
}

// within bounds what a gate can count on of a SKU.
func (d *draft) within(sku SKU) (int64, error) {
	announced, err := d.announced(sku)
	if err != nil {
		return 0, err
	}
	kin, err := d.about(sku)
	for _, of := range append([]SKU{sku}, kin.Substitutes...) {
		if err != nil {
			break
		}
		var free int64
		free, err = d.free(of, 0)
		announced += free
	}
	return announced, err
}
