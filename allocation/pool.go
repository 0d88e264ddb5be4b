package allocation

import (
	"math"
	"slices"
)

// pool gives what is free of a SKU in the order of use; some of it may be used up.
// Free stock is read only here, once there is somebody who may take it.
func (d *draft) pool(sku SKU) ([]parcelAt, error) {
	if d.stood[sku] {
		return d.pools[sku], nil
	}
	put(&d.stood, sku, true)
	if about, err := d.about(sku); !about.Free || err != nil {
		return d.pools[sku], err
	}
	for p, err := range d.v.Stock(sku, Free) {
		if err != nil {
			return nil, err
		}
		d.pour(parcelAt{p, Place{Shelf: Free}})
	}
	return d.pools[sku], nil
}

// pour adds units to a pool, and reports whether they are of a new kind there.
func (d *draft) pour(p parcelAt) (kind bool) {
	all := d.pools[p.SKU]
	i, found := locate(all, p)
	if found {
		all[i].Qty += p.Qty
		return false
	}
	d.pools[p.SKU] = slices.Insert(all, i, p)
	return true
}

// locate finds units of a batch by where they come from: an event puts units in the
// air from one shelf, from its dock, or from lines, which tell apart.
func locate(all []parcelAt, p parcelAt) (i int, found bool) {
	return slices.BinarySearchFunc(all, p, inOrderOfUse)
}

// draw takes units of the pool away.
func (d *draft) draw(p parcelAt, n int64) {
	all := d.pools[p.SKU]
	i, _ := locate(all, p)
	all[i].Qty -= n
}

// inAir reports whether something of a SKU was received, or lost, and not given.
func (d *draft) inAir(sku SKU) bool {
	return slices.ContainsFunc(d.pools[sku], func(p parcelAt) bool { return p.Qty > 0 && p.from.Shelf != Free })
}

// some reports whether anything is free of a SKU. What is in the air tells without
// the stock being read.
func (d *draft) some(sku SKU) (bool, error) {
	if d.inAir(sku) {
		return true, nil
	}
	pool, err := d.pool(sku)
	return slices.ContainsFunc(pool, func(p parcelAt) bool { return p.Qty > 0 }), err
}

// free counts what is free of a SKU and lasts minLife days from today.
func (d *draft) free(sku SKU, minLife int) (n int64, err error) {
	pool, err := d.pool(sku)
	for _, p := range pool {
		if p.lasts(d.today, minLife) {
			n += p.Qty
		}
	}
	return n, err
}

// lasting gives the most days that anything free of a SKU lasts.
func (d *draft) lasting(sku SKU) (days int, err error) {
	pool, err := d.pool(sku)
	for _, p := range pool {
		switch {
		case p.Qty == 0:
		case p.Expiry == "":
			return math.MaxInt, err
		default:
			days = max(days, d.today.until(p.Expiry))
		}
	}
	return days, err
}
