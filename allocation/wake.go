package allocation

// A gate in mode skip that can be whole now has its other goods offered, after units
// were given to it, and after each turn of goods that it waits for.

// fill gives a gate that began to fill the other units that it counts on.
func (d *draft) fill(l *Line, parts []part) error {
	if !d.p.skips(l) {
		return nil
	}
	d.woke = true
	d.todo[l.SKU] = stageOwn
	for _, p := range parts {
		to := d.touch(*p.Line)
		n := min(p.n, to.Takes()) // taken from another line meanwhile
		n -= n % to.Least()
		if n == 0 {
			continue
		}
		next, err := d.behind(to)
		if err != nil {
			return err
		}
		m := Move{To: At(to.ID())}
		if next != nil {
			m.By, _ = d.p.Before(to, next)
			m.Over = next.ID()
		}
		if err := d.give(p.sku, to, n, m); err != nil {
			return err
		}
		d.todo[p.sku], d.todo[to.SKU] = stageOwn, stageOwn
	}
	return nil
}

// behind gives the first line that waits for the same goods behind a line.
func (d *draft) behind(l *Line) (*Line, error) {
	for other, err := range Each(d.v.Waiting(Search{SKU: l.SKU, After: l})) {
		if err != nil {
			return nil, err
		}
		if now := d.now(other); now.Open() > 0 && d.p.serves(l, now) {
			return now, nil
		}
	}
	return nil, nil
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
	return nil
}

// turn is goods that had their turn, and whose gates are asked then.
type turn struct{ goods, of SKU }

// wakeGatesOf asks the gates that wait for a SKU, and only those that something
// may follow from. Asked again when nothing has changed they would say the same.
func (d *draft) wakeGatesOf(sku, goods SKU) error {
	t := turn{goods, sku}
	if at, asked := d.asked[t]; asked && at == d.changes {
		return nil
	}
	stirs, err := d.stirs(sku)
	switch {
	case err != nil:
		return err
	case stirs:
		err = d.wakeEach(sku, goods)
	default:
		err = d.wakeTogether(sku, goods)
	}
	put(&d.asked, t, d.changes)
	return err
}

func (d *draft) wakeEach(sku, goods SKU) error {
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
		if err := d.wakeIfWhole(l, goods); err != nil {
			return err
		}
	}
}

// wakeTogether asks the gates of whole orders whose other goods may be given, where
// those of the SKU itself cannot.
func (d *draft) wakeTogether(sku, goods SKU) error {
	within, err := d.within(sku)
	if err != nil {
		return err
	}
	var mine []*Line
	for _, l := range d.lines {
		if l.SKU == sku && l.Ship == ShipOrder {
			mine = append(mine, l)
		}
	}
	ask := func(l *Line) error {
		if l.Takes() < l.Least() || l.Open() > within {
			return nil
		}
		return d.wakeIfWhole(l, goods)
	}
	for _, l := range mine {
		stirs, err := d.otherStirs(l)
		if err == nil && stirs {
			err = ask(l)
		}
		if err != nil {
			return err
		}
	}
	return d.eachTogether(sku, ask)
}

// eachTogether gives the lines that the draft has not touched.
func (d *draft) eachTogether(sku SKU, ask func(*Line) error) error {
	beside, err := d.v.Beside(sku)
	if err != nil {
		return err
	}
	for _, other := range beside {
		stirs, err := d.stirs(other)
		if err != nil {
			return err
		}
		if !stirs {
			continue
		}
		for l, err := range d.v.Together(sku, other) {
			if err == nil && d.lines[l.ID()] == nil {
				err = ask(&l)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *draft) otherStirs(l *Line) (bool, error) {
	all, err := d.orderLines(l.Rank.Order)
	for _, other := range all {
		if other.SKU == l.SKU || err != nil {
			continue
		}
		var stirs bool
		if stirs, err = d.stirs(other.SKU); stirs {
			return true, err
		}
	}
	return false, err
}

// stirs reports whether anything may follow when a SKU, and what stands in for it,
// is offered: something of it is free, or lines may take from lines. What was at
// rest before the event stays so.
func (d *draft) stirs(sku SKU) (bool, error) {
	if s, asked := d.stir[sku]; asked && s.as == d.changes {
		return s.yes, nil
	}
	yes, err := d.anyStirs(sku)
	if err == nil {
		put(&d.stir, sku, stirred{d.changes, yes})
	}
	return yes, err
}

// stirred is what stirs found, as of a change.
type stirred struct {
	as  int
	yes bool
}

func (d *draft) anyStirs(sku SKU) (bool, error) {
	kin, err := d.about(sku)
	if err != nil {
		return false, err
	}
	for _, of := range append([]SKU{sku}, kin.Substitutes...) {
		some, err := d.some(of)
		if some || err != nil {
			return some, err
		}
		_, takes, err := d.whoTakes(of)
		if takes || err != nil {
			return takes, err
		}
	}
	return false, nil
}

// wakeIfWhole has the other goods of a gate offered where it can be whole.
func (d *draft) wakeIfWhole(l *Line, goods SKU) error {
	if d.woken[gateKey(l, goods)] {
		return nil
	}
	whole, _, err := d.canBeWhole(l, 0, "", false)
	if err == nil && whole {
		err = d.wakeGated(l, goods)
	}
	return err
}

// wakeGated has the goods offered that a gate lacks and that can be whole: once for
// each SKU that had its turn.
func (d *draft) wakeGated(l *Line, turn SKU) error {
	put(&d.woken, gateKey(l, turn), true)
	if l.Ship != ShipOrder {
		return d.wakeSKU(l.SKU)
	}
	all, err := d.orderLines(l.Rank.Order)
	for _, other := range all {
		if err == nil && other.Open() > 0 {
			err = d.wakeSKU(other.SKU)
		}
	}
	return err
}

func gateKey(l *Line, turn SKU) string {
	if l.Ship == ShipOrder {
		return string(turn) + "\x00" + string(l.Rank.Order)
	}
	return string(turn) + "\x00" + string(l.ID())
}
