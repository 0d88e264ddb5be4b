package agent

import (
	"cmp"
	"fmt"
	"math/bits"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
	"dockfill/sync/wire"
)

// goods are what a code stands for: units of one SKU, the announced contents of
// a pallet, or something that nobody here knows.
type goods struct {
	sscc  allocation.SSCC
	units []unit
	kept  allocation.WhyCode // WhyUnknown or WhyNotASN: nothing is taken in
	times int64              // of the quantity card, for a kept code
}

// unit is a quantity of one SKU.
type unit struct {
	allocation.Receipt
	item store.Item
	gtin allocation.GTIN
}

func (u unit) serial() store.Serial {
	return store.Serial{SKU: u.SKU, GTIN: u.gtin, Serial: u.Serial}
}

func serialOf(r wire.Receipt) store.Serial {
	return store.Serial{SKU: r.SKU, GTIN: allocation.GTIN(r.GTIN), Serial: r.Serial}
}

// receipt is the unit as an event tells of it, without where it went.
func (u unit) receipt() wire.Receipt {
	r := wire.Receipt{SKU: u.SKU, Qty: u.Qty, Lot: u.Lot, Expiry: u.Expiry, Serial: u.Serial, GTIN: string(u.gtin), Inbound: u.Inbound}
	if u.Disposition != allocation.Good {
		r.Disposition = u.Disposition
	}
	return r
}

// batchOf is the batch of a receipt as an event tells of it.
func batchOf(r wire.Receipt) allocation.Batch {
	b := allocation.Batch{SKU: r.SKU, Lot: r.Lot, Expiry: r.Expiry, Serial: r.Serial}
	if r.Serial != "" {
		b.Trade = cmp.Or(r.GTIN, string(r.SKU))
	}
	return b
}

// identify says what a readable code stands for here and now.
func (d *desk) identify(tx *store.Tx, at store.Station, s scan) (goods, error) {
	g, err := d.lookUp(tx, at, s)
	if err != nil {
		return goods{}, err
	}
	g.units = joined(g.units)
	for i := range g.units {
		u := &g.units[i]
		if u.Disposition == "" {
			u.Disposition = allocation.Good
		}
		if at.NextDisposition != "" {
			u.Disposition = at.NextDisposition
		}
		if u.Serial != "" {
			u.Trade = cmp.Or(string(u.gtin), string(u.SKU))
		}
		if err := allocation.CheckQty(u.Qty); err != nil {
			return goods{}, stop(allocation.WhyQuantity, "%v: nothing was counted", err)
		}
	}
	return g, d.seenBefore(tx, s, g)
}

// joined makes one unit of those of a pallet whose batches are equal.
func joined(units []unit) []unit {
	var all []unit
next:
	for _, u := range units {
		for i := range all {
			if all[i].Batch == u.Batch {
				all[i].Qty += u.Qty
				continue next
			}
		}
		all = append(all, u)
	}
	return all
}

func (d *desk) lookUp(tx *store.Tx, at store.Station, s scan) (goods, error) {
	times := max(at.NextQty, 1)
	c := s.code
	if c.Err != nil { // its text names an item, and nothing else that it says may be used
		c = barcode.Code{Symbology: c.Symbology, Text: c.Text, Err: c.Err}
	}
	if err := oneSerial(s, c, times); err != nil {
		return goods{}, err
	}
	switch {
	case s.named != nil:
		return *s.named, nil
	case c.SSCC != "":
		return d.pallet(tx, s, times)
	}
	u, pack, found, err := d.item(tx, c)
	if err == nil && !found {
		u, pack, found, err = d.mapped(tx, s)
	}
	if err != nil {
		return goods{}, err
	}
	switch {
	case !found && noGoods(c):
		return goods{}, notGoods(c)
	case !found:
		return goods{kept: allocation.WhyUnknown, times: times}, nil
	}
	u.Qty = product(pack, max(c.Quantity, 1), times)
	u.Lot, u.Expiry, u.Serial, u.Inbound = c.Lot, c.Expiry, c.Serial, s.inbound
	return goods{units: []unit{u}}, nil
}

// oneSerial refuses a serial that would stand on several units: a quantity card
// counts its label several times, or the label counts the contents of a pallet. A
// case of twelve may bear one, as it is one trade item.
func oneSerial(s scan, c barcode.Code, times int64) error {
	serial := c.Serial
	switch {
	case s.named != nil:
		serial, times = s.named.units[0].Serial, s.named.units[0].Qty
	case c.GTIN == "" && c.Contents != "":
		times = product(times, max(c.Quantity, 1))
	}
	if serial == "" || times == 1 {
		return nil
	}
	return &refusal{verdict: allocation.Stop, why: allocation.WhyQuantity, rule: allocation.OneSerial(serial, times),
		text: fmt.Sprintf("serial %s names one thing and does not count %d times: scan the card DF:QTY 1, then each label", serial, times)}
}

// noGoods reports a house code of a shelf or an order: nothing was received by it.
func noGoods(c barcode.Code) bool {
	return c.Format == barcode.House && (c.Kind == barcode.Location || c.Kind == barcode.Order)
}

func notGoods(c barcode.Code) error {
	return &refusal{verdict: allocation.Check, why: allocation.WhyUnknown, text: fmt.Sprintf(
		"%s is a code for a place or an order, not for goods: scan the unit's own label", c.Text)}
}

// product multiplies quantities; what does not fit becomes a number that no
// quantity may be.
func product(factors ...int64) int64 {
	n := uint64(1)
	for _, f := range factors {
		high, low := bits.Mul64(n, uint64(f))
		if high != 0 || low > allocation.MaxQty {
			return allocation.MaxQty + 1
		}
		n = low
	}
	return int64(n)
}

// mapped finds what a person said that a code is which names nothing. A piece of an
// item is no unit, whatever was said of it.
func (d *desk) mapped(tx *store.Tx, s scan) (u unit, pack int64, found bool, err error) {
	if s.code.Piece.Of > 0 {
		return u, 0, false, nil
	}
	sku, pack, found, err := tx.Alias(nameIn(s.raw, s.code))
	if err != nil || !found {
		return u, 0, false, err
	}
	u.item, _, err = tx.ItemBySKU(sku)
	u.SKU, u.gtin = sku, s.code.GTIN
	return u, pack, true, err
}

// item finds the item and the base units in its pack. A label that states only
// the contents of a pallet, without its SSCC, names the contents' GTIN.
func (d *desk) item(tx *store.Tx, c barcode.Code) (u unit, pack int64, found bool, err error) {
	gtin := c.GTIN
	if gtin == "" {
		gtin = c.Contents
	}
	if gtin == "" || c.Err != nil {
		u.item, found, err = d.namesSKU(tx, c)
		u.SKU = u.item.SKU
		return u, 1, found, err
	}
	u.gtin = gtin
	u.item, pack, found, err = tx.ItemByGTIN(gtin)
	u.SKU = u.item.SKU
	return u, pack, found, err
}

// namesSKU finds the item that a house code names, or whose own name is the code's
// text. A scanner that says by a symbology identifier that it read a GS1 code has
// not read a house's name.
func (d *desk) namesSKU(tx *store.Tx, c barcode.Code) (store.Item, bool, error) {
	name := cmp.Or(c.SKU, allocation.SKU(c.Text))
	if name == "" || len(name) > allocation.MaxIDBytes || c.Format == barcode.Control {
		return store.Item{}, false, nil
	}
	if c.Err != nil && c.Symbology != "" {
		return store.Item{}, false, nil
	}
	return tx.ItemBySKU(name)
}

// pallet gives the announced contents of an SSCC.
func (d *desk) pallet(tx *store.Tx, s scan, times int64) (goods, error) {
	sscc := s.code.SSCC
	p, announced, err := tx.Pallet(sscc)
	if err != nil {
		return goods{}, err
	}
	if !announced {
		return d.stranger(tx, s, times)
	}
	if p.Received != 0 {
		return goods{}, stop(allocation.WhyDuplicate, "pallet %s was received before%s: it is not counted again", sscc, asEvent(p.Received))
	}
	if times > 1 {
		return goods{}, onePallet(sscc, times)
	}
	g := goods{sscc: sscc}
	for _, l := range p.Lines {
		u := unit{Receipt: allocation.Receipt{Batch: allocation.Batch{SKU: l.SKU}, Qty: l.Qty, Inbound: p.Inbound}}
		if u.item, _, err = tx.ItemBySKU(l.SKU); err != nil {
			return goods{}, err
		}
		g.units = append(g.units, u)
	}
	return g, nil
}

// stranger is a pallet that was not announced for here.
func (d *desk) stranger(tx *store.Tx, s scan, times int64) (goods, error) {
	sscc := s.code.SSCC
	if u, pack, found, err := d.mapped(tx, s); found || err != nil {
		u.Qty = product(pack, times)
		return goods{units: []unit{u}}, err
	}
	site, err := tx.Elsewhere(sscc)
	if err != nil {
		return goods{}, err
	}
	if site != "" {
		return goods{}, stop(allocation.WhyWrongSite, "pallet %s was announced for site %s: do not unload it", sscc, site)
	}
	if times > 1 {
		return goods{}, onePallet(sscc, times)
	}
	return goods{kept: allocation.WhyNotASN, times: times}, nil
}

// onePallet refuses a quantity card before a pallet, which is one thing in the
// world: its contents are announced.
func onePallet(sscc allocation.SSCC, times int64) error {
	return stop(allocation.WhyQuantity, "pallet %s is one pallet and does not count %d times: scan the card DF:QTY 1, then the pallet again", sscc, times)
}

// seenBefore refuses what names one thing in the world and was taken in already.
func (d *desk) seenBefore(tx *store.Tx, s scan, g goods) error {
	if g.kept != "" && (s.code.SSCC != "" || s.code.Serial != "") {
		before, err := tx.KeptScans(s.raw)
		if err == nil && len(before) > 0 {
			err = stop(allocation.WhyDuplicate, "this was set aside before%s: it is not counted again", asEvent(before[0].Seq))
		}
		return err
	}
	for _, u := range g.units {
		if u.Serial == "" {
			continue
		}
		seq, err := tx.BySerial(u.serial())
		if err != nil {
			return err
		}
		if seq != 0 {
			return d.duplicate(tx, u, seq)
		}
	}
	return nil
}

// asEvent names an event of the present log; the numbers of earlier ones tell nobody
// anything.
func asEvent(seq int64) string {
	if seq < 0 {
		return ""
	}
	return fmt.Sprintf(", as event %d", seq)
}

// duplicate tells what became of the serial: after a crash the worker may not
// have heard it.
func (d *desk) duplicate(tx *store.Tx, u unit, seq int64) error {
	e, found, err := tx.EventAt(seq)
	if err != nil {
		return err
	}
	text := ""
	if found {
		text = ", " + outcome(e)
	}
	said := fmt.Sprintf("serial %s of %s was received before", u.Serial, u.SKU)
	return &refusal{
		verdict: allocation.Stop, why: allocation.WhyDuplicate,
		text: said + text + ": it is not counted again", rule: said + ": it is not counted again",
	}
}
