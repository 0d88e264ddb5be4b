package allocation

import (
	"cmp"
	"maps"
	"slices"
)

// canBeWhole reports whether a line may get units as far as its gate goes. In
// mode skip all that its gate still lacks must be here, free, or be left of what
// is announced once every better-ranked line has had what it can take of that;
// and it must still be so after the line got n free units of a SKU.
func (d *draft) canBeWhole(l *Line, n int64, of SKU) (bool, error) {
	if !d.p.skips(l) {
		return true, nil
	}
	together := []*Line{d.now(*l)}
	if l.Ship == ShipOrder {
		var err error
		if together, err = d.orderLines(l.Rank.Order); err != nil {
			return false, err
		}
	}
	var wants []want
	for _, other := range together {
		switch open := other.Open(); {
		case open <= 0:
		case other.Takes() < open || open%other.Least() != 0:
			return false, nil
		case other.ID() == l.ID():
			wants = append(wants, want{other, open - n})
		default:
			wants = append(wants, want{other, open})
		}
	}
	c := &counted{d: d, serving: of, gate: wants, pools: map[SKU][]parcelAt{}}
	if err := c.off(&want{l, n}, of); err != nil {
		return false, err
	}
	return c.cover(wants)
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
		kin, err := d.about(wants[i].SKU)
		for _, other := range kin.Substitutes {
			if err == nil {
				err = c.off(&wants[i], other)
			}
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
}

func (c *counted) off(w *want, sku SKU) error {
	if w.lacks == 0 {
		return nil
	}
	pool, err := c.pool(sku)
	for i, p := range pool {
		if p.lasts(c.d.today, w.MinLife) {
			n := min(w.lacks, p.Qty)
			pool[i].Qty -= n
			w.lacks -= n
		}
	}
	return err
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

// less leaves out of goods that just came, and whose lines have not had their
// turn yet, what guarantees and better-ranked lines may take; all of them where
// they only stand in for the gate's own, and under fair share, where the turns
// of worse-ranked lines come between.
func (c *counted) less(pool []parcelAt, sku SKU) ([]parcelAt, error) {
	first := c.d.firstOf(sku, c.gate)
	if first == nil || c.d.p.rules.Share == Fair {
		return nil, nil
	}
	others, err := c.d.ahead(first)
	for _, g := range c.d.p.rules.Guarantees {
		if err == nil {
			var left int64
			left, err = c.d.guaranteeLeft(g, sku)
			others += max(0, left)
		}
	}
	for i := range pool {
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
	ahead, err := d.ahead(d.firstOf(sku, gate))
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
		free, err = d.free(of, "", 0)
		announced += free
	}
	return announced, err
}

// announced is what the open inbounds still have, less what just came by them.
func (d *draft) announced(sku SKU) (int64, error) {
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
	return n, err
}

// ahead sums what the lines that rank before l can take.
func (d *draft) ahead(l *Line) (int64, error) {
	n, err := d.v.Ahead(*l)
	for id, other := range d.lines {
		if other.SKU == l.SKU && d.p.Worse(l, other) {
			had := d.before[id]
			n += other.Takes() - had.Takes()
		}
	}
	return n, err
}

// wakeGates has the other goods offered of gates that wait for the SKU, or for
// what it stands in for, and can be whole now.
func (d *draft) wakeGates(sku SKU) error {
	if d.p.rules.Gate != GateSkip {
		return nil
	}
	kin, err := d.about(sku)
	if err != nil {
		return err
	}
	for _, of := range append([]SKU{sku}, kin.ServesAlso...) {
		if err := d.wakeGatesOf(of, sku); err != nil {
			return err
		}
	}
	return d.wakeRest(sku)
}

// wakeRest has the other goods offered of orders whose line of the SKU was filled
// just now: what came of the SKU is counted on only after its turn.
func (d *draft) wakeRest(sku SKU) error {
	for _, id := range slices.Sorted(maps.Keys(d.lines)) {
		l := d.lines[id]
		if l.SKU != sku || l.Ship != ShipOrder || l.Open() > 0 {
			continue
		}
		all, err := d.orderLines(l.Rank.Order)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(o *Line) bool { return o.Open() > 0 })
		if i < 0 {
			continue
		}
		whole, err := d.canBeWhole(all[i], 0, "")
		if err != nil {
			return err
		}
		if whole {
			if err := d.wakeGated(all[i], sku); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *draft) wakeGatesOf(sku, turn SKU) error {
	q, err := d.takers(sku, AnyClass, true)
	if err != nil {
		return err
	}
	defer q.stop()
	for {
		l, err := q.next()
		if l == nil || err != nil {
			return err
		}
		whole, err := d.canBeWhole(l, 0, "")
		if err != nil {
			return err
		}
		if whole {
			if err := d.wakeGated(l, turn); err != nil {
				return err
			}
		}
	}
}
