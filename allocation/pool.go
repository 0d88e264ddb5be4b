package allocation

import (
	"math"
	"slices"
)

// pool gives what is free of a SKU in the order of use. Free stock is read only
// here, once there is somebody who may take it.
func (d *draft) pool(sku SKU) ([]parcelAt, error) {
	if _, read := d.shelf[sku]; !read {
		d.shelf[sku] = []Parcel{}
		if about, err := d.about(sku); !about.Free || err != nil {
			return d.inAir(sku), err
		}
		for p, err := range d.v.Stock(sku, Free) {
			if err != nil {
				return nil, err
			}
			d.shelf[sku] = append(d.shelf[sku], p)
		}
	}
	pool := d.inAir(sku)
	for _, p := range d.shelf[sku] {
		if p.Qty > 0 {
			pool = append(pool, parcelAt{p, Place{Shelf: Free}})
		}
	}
	slices.SortFunc(pool, inOrderOfUse)
	return pool, nil
}

// inAir gives what was received or lost of a SKU, in the order of use.
func (d *draft) inAir(sku SKU) (pool []parcelAt) {
	for _, p := range d.loose {
		if p.SKU == sku && p.Qty > 0 {
			pool = append(pool, p)
		}
	}
	slices.SortFunc(pool, inOrderOfUse)
	return pool
}

// free counts what is free of a SKU and lasts minLife days from today.
func (d *draft) free(sku SKU, today Date, minLife int) (n int64, err error) {
	pool, err := d.pool(sku)
	for _, p := range pool {
		if p.lasts(today, minLife) {
			n += p.Qty
		}
	}
	return n, err
}

// draw takes units of the pool away.
func (d *draft) draw(p parcelAt, n int64) {
	if p.from.Shelf == Free {
		all := d.shelf[p.SKU]
		i := slices.IndexFunc(all, func(q Parcel) bool { return q.Batch == p.Batch })
		all[i].Qty -= n
		return
	}
	i := slices.IndexFunc(d.loose, func(q parcelAt) bool { return q.Batch == p.Batch && q.from == p.from && q.Qty > 0 })
	d.loose[i].Qty -= n
}

// lasting gives the most days that anything free of a SKU lasts.
func (d *draft) lasting(sku SKU) (days int, err error) {
	pool, err := d.pool(sku)
	for _, p := range pool {
		if p.Expiry == "" {
			return math.MaxInt, err
		}
		days = max(days, d.today.until(p.Expiry))
	}
	return days, err
}
