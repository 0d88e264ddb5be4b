package allocation

import "container/heap"

// serveOwn gives what is free of a SKU to its own lines, guarantees before rank.
func (d *draft) serveOwn(sku SKU) error {
	for _, guaranteed := range []bool{true, false} {
		d.woke = false
		if _, err := d.serveGroup(sku, []SKU{sku}, guaranteed, false); err != nil || d.woke {
			return err
		}
	}
	delete(d.fresh, sku)
	d.change()
	return d.wakeGates(sku)
}

// serveOthers gives what is left of a SKU to one line of the goods that it may
// stand in for.
func (d *draft) serveOthers(sku SKU) (gave bool, err error) {
	kin, err := d.about(sku)
	if len(kin.ServesAlso) == 0 || err != nil {
		return false, err
	}
	gave, err = d.serveGroup(sku, kin.ServesAlso, true, true)
	if gave || err != nil {
		return gave, err
	}
	return d.serveGroup(sku, kin.ServesAlso, false, true)
}

func (d *draft) serveGroup(sku SKU, group []SKU, guaranteed, once bool) (gave bool, err error) {
	if about, err := d.about(sku); err != nil || !about.Free && !d.inAir(sku) {
		return false, err // nothing to give: who waits need not be asked
	}
	q := &queue{d: d, sku: sku, guaranteed: guaranteed, left: map[share]int64{}, back: waiters{p: d.p}}
	defer q.stop()
	for _, want := range group {
		if !guaranteed {
			q.open(Search{SKU: want})
			continue
		}
		for _, g := range d.p.rules.Guarantees {
			left, err := d.guaranteeLeft(g, want)
			if err != nil {
				return false, err
			}
			if left > 0 {
				q.left[share{g.Segment, want}] = left
				q.open(Search{SKU: want, Segment: g.Segment})
			}
		}
	}
	return q.run(once)
}

func (d *draft) guaranteeLeft(g Guarantee, sku SKU) (int64, error) {
	used, err := d.v.Guaranteed(g.Segment, sku)
	for id, l := range d.lines {
		if l.Segment == g.Segment && l.SKU == sku {
			used += l.Guaranteed - d.before[id].Guaranteed
		}
	}
	return g.Qty - used, err
}

// run serves line after line until nothing is free or nobody waits, or once.
func (q *queue) run(once bool) (gave bool, err error) {
	d := q.d
	for {
		l, err := q.next()
		if l == nil || err != nil {
			return gave, err
		}
		if some, err := d.some(q.sku); !some || err != nil {
			return gave, err
		}
		n, parts, lacks, err := q.canTake(l)
		if err != nil {
			return gave, err
		}
		if n == 0 {
			if !q.guaranteed {
				d.out.Why.pass(l.ID(), lacks)
			}
			continue
		}
		if err := q.give(l, n); err != nil {
			return gave, err
		}
		if gave = true; d.p.skips(l) {
			return gave, d.fill(l, parts[1:])
		}
		if once {
			return gave, nil
		}
	}
}

// canTake gives how many of the free units the line takes now, or what it lacks.
// Parts are set for a gate in mode skip, see canBeWhole.
func (q *queue) canTake(l *Line) (n int64, parts []part, lacks WhyCode, err error) {
	d := q.d
	n = l.Takes()
	if n == 0 {
		return 0, nil, WhyNoRight, nil
	}
	fit, err := d.free(q.sku, l.MinLife)
	if err != nil {
		return 0, nil, "", err
	}
	if fit == 0 {
		lacks, err = q.tooOld()
		return 0, nil, lacks, err
	}
	n = min(n, fit)
	if q.guaranteed {
		n = min(n, q.left[share{l.Segment, l.SKU}])
	}
	n -= n % l.Least()
	if n == 0 {
		return 0, nil, WhyPack, nil
	}
	// A gate in mode skip fills as a block, under fair share too.
	if d.p.rules.Share == Fair && !d.p.skips(l) {
		n = l.Least()
	}
	// All at once, or else so far that the rest of the shipment stays possible.
	for _, n := range []int64{n, l.Least()} {
		if whole, parts, err := d.canBeWhole(l, n, q.sku, q.guaranteed); whole || err != nil {
			return n, parts, "", err
		}
	}
	return 0, nil, WhyGate, nil
}

// tooOld says what a line lacks that can use nothing of what is free.
func (q *queue) tooOld() (WhyCode, error) {
	good, err := q.d.free(q.sku, 0)
	if good == 0 {
		return WhyExpired, err
	}
	return WhyLife, err
}

// give hands a line n free units and says over whom.
func (q *queue) give(l *Line, n int64) error {
	d := q.d
	l = d.touch(*l)
	over := Move{To: At(l.ID())}
	// The next one is looked for with the line as it was: it decided so.
	rival, err := q.rival(l)
	if err != nil {
		return err
	}
	if rival != nil {
		by, before := d.p.Before(l, rival)
		if !before {
			by = ByGuarantee
		}
		over.By, over.Over = by, rival.ID()
	}
	if err := d.give(q.sku, l, n, over); err != nil {
		return err
	}
	if q.guaranteed {
		q.left[share{l.Segment, l.SKU}] -= n
		l.Guaranteed += n
	}
	if l.Takes() > 0 {
		heap.Push(&q.back, l)
	}
	return nil
}

// rival is who waits next; against a guarantee that is the best-ranked other line.
func (q *queue) rival(l *Line) (*Line, error) {
	if !q.guaranteed {
		return q.peek()
	}
	for other, err := range Each(q.d.v.Waiting(Search{SKU: l.SKU})) {
		if err != nil {
			return nil, err
		}
		if now := q.d.now(other); now.ID() != l.ID() && now.Open() > 0 {
			return now, nil
		}
	}
	return nil, nil
}

// give moves n units that the line can use from what is free to the line.
func (d *draft) give(sku SKU, l *Line, n int64, m Move) error {
	pool, err := d.pool(sku)
	if err != nil {
		return err
	}
	for _, p := range pool {
		if !p.lasts(d.today, l.MinLife) {
			continue
		}
		k := min(n, p.Qty)
		if k == 0 {
			continue
		}
		d.draw(p, k)
		m.Batch, m.Qty, m.From = p.Batch, k, p.from
		d.gained(l, m)
		if n -= k; n == 0 {
			break
		}
	}
	if l.SKU != sku { // others may take from it now
		d.todo[l.SKU] = stageOwn
	}
	return nil
}

// gained writes a move to a line down.
func (d *draft) gained(l *Line, m Move) {
	l.gain(m.Qty)
	d.change()
	if held, read := d.held[l.ID()]; read {
		d.held[l.ID()] = add(held, m.Batch, m.Qty)
	} else {
		put(&d.got, l.ID(), append(d.got[l.ID()], Parcel{Batch: m.Batch, Qty: m.Qty}))
	}
	d.move(m)
}
