package shape

import (
	"fmt"
	"slices"
	"strings"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

// Fault is one thing that is wrong in a record.
type Fault struct {
	Field  string // such as "lines[2].qty"
	Reason string // a sentence that says what was expected
}

// faults gathers what is wrong, so that a sender learns all of it at once.
type faults []Fault

func (f *faults) add(field string, err error) {
	if err != nil {
		*f = append(*f, Fault{Field: field, Reason: err.Error()})
	}
}

// number reports a value below what is allowed.
func (f *faults) number(field string, n, least int64) {
	if n < least {
		*f = append(*f, Fault{Field: field, Reason: fmt.Sprintf("%s is %d, it must be at least %d", field, n, least)})
	}
}

// maxLife is the most days that a line can ask goods to last: a hundred years.
const maxLife = 36500

// between reports a value that is not between 0 and most.
func (f *faults) between(field string, n, most int64) {
	if n < 0 || n > most {
		*f = append(*f, Fault{Field: field, Reason: fmt.Sprintf("it is %d, which is not between 0 and %d", n, most)})
	}
}

func (f *faults) date(field, s string) {
	_, err := allocation.ParseDate(s)
	f.add(field, err)
}

// maxText is the longest text that is kept for people to read, in bytes.
const maxText = 200

func (f *faults) text(field, s string) {
	if len(s) > maxText {
		f.add(field, fmt.Errorf("%s is %d bytes long, at most %d are allowed", field, len(s), maxText))
	}
	if strings.ToValidUTF8(s, "") != s || strings.ContainsRune(s, 0) {
		f.add(field, fmt.Errorf("%s is not UTF-8 text", field))
	}
}

// Domain gives the order as the store takes it, or everything wrong with it.
func (o Order) Domain() (store.Order, []Fault) {
	var f faults
	f.add("id", allocation.CheckID("id", o.ID))
	f.number("version", o.Version, 1)
	f.add("site", allocation.CheckSite(o.Site))
	f.add("customer", allocation.CheckID("customer", o.Customer))
	f.text("customer_name", o.CustomerName)
	f.text("door", o.Door)
	f.number("override", int64(o.Override), 0)
	f.number("contract", int64(o.Contract), 0)
	f.number("tier", int64(o.Tier), 0)
	if o.Segment != "" {
		f.add("segment", allocation.CheckID("segment", o.Segment))
	}
	class, err := allocation.ParseClass(o.Class)
	f.add("class", err)
	ship, err := allocation.ParseShip(o.Ship)
	f.add("ship", err)
	f.date("promised", o.Promised)
	f.date("requested", o.Requested)
	if o.Accepted.IsZero() {
		f.add("accepted", fmt.Errorf("accepted is missing: the instant from which waiting is counted, such as 2027-01-31T08:30:00Z"))
	}
	lines := o.lines(&f)
	return store.Order{ID: allocation.OrderID(o.ID), Version: o.Version, Site: allocation.SiteID(o.Site),
		Customer: allocation.CustomerID(o.Customer), CustomerName: o.CustomerName, Segment: o.Segment,
		Ranking:  store.Ranking{Override: o.Override, Class: class, Contract: o.Contract, Tier: o.Tier, Promised: allocation.Date(o.Promised)},
		Accepted: o.Accepted.UTC(), Requested: allocation.Date(o.Requested), Ship: ship, Door: o.Door, Lines: lines}, f
}

func (o Order) lines(f *faults) []store.OrderLine {
	if len(o.Lines) == 0 {
		f.add("lines", fmt.Errorf("lines is empty: an order has at least one"))
	}
	seen := map[string]bool{}
	var lines []store.OrderLine
	for i, l := range o.Lines {
		at := fmt.Sprintf("lines[%d].", i)
		f.add(at+"line", allocation.CheckLine(l.Line))
		f.add(at+"sku", allocation.CheckID("sku", l.SKU))
		if l.Qty != 0 {
			f.add(at+"qty", allocation.CheckQty(l.Qty))
		}
		f.between(at+"pack", l.Pack, allocation.MaxQty)
		f.between(at+"min_life_days", l.Life, maxLife)
		if seen[l.Line] {
			f.add(at+"line", fmt.Errorf("line %q stands twice in the order", l.Line))
		}
		seen[l.Line] = true
		lines = append(lines, store.OrderLine{Line: l.Line, SKU: allocation.SKU(l.SKU), Qty: l.Qty, Pack: l.Pack, MinLife: l.Life})
	}
	return lines
}

// Domain gives the item as the store takes it, or everything wrong with it.
func (it Item) Domain() (store.Item, []Fault) {
	var f faults
	f.add("sku", allocation.CheckID("sku", it.SKU))
	f.text("description", it.Description)
	f.text("putaway", it.Putaway)
	d := store.Item{SKU: allocation.SKU(it.SKU), Description: it.Description, Putaway: it.Putaway}
	for i, g := range it.GTINs {
		at := fmt.Sprintf("gtins[%d].", i)
		gtin, err := allocation.ParseGTIN(g.GTIN)
		f.add(at+"gtin", err)
		qty := g.Qty
		if qty == 0 {
			qty = 1
		}
		f.add(at+"qty", allocation.CheckQty(qty))
		d.GTINs = append(d.GTINs, store.PackGTIN{GTIN: gtin, Qty: qty})
	}
	for i, stands := range it.Substitutes {
		at := fmt.Sprintf("substitutes[%d]", i)
		f.add(at, allocation.CheckID("substitute", stands))
		switch {
		case stands == it.SKU:
			f.add(at, fmt.Errorf("an item is no substitute of itself"))
		case slices.Contains(it.Substitutes[:i], stands):
			f.add(at, fmt.Errorf("substitute %q stands twice in it", stands))
		}
		d.Substitutes = append(d.Substitutes, allocation.SKU(stands))
	}
	return d, f
}

// Domain gives the inbound as the store takes it, or everything wrong with it.
func (in Inbound) Domain() (store.Inbound, []Fault) {
	var f faults
	f.add("id", allocation.CheckID("id", in.ID))
	f.number("version", in.Version, 1)
	f.add("site", allocation.CheckSite(in.Site))
	f.text("supplier", in.Supplier)
	f.date("expected", in.Expected)
	f.supply("lines", in.Lines)
	d := store.Inbound{ID: allocation.InboundID(in.ID), Version: in.Version, Site: allocation.SiteID(in.Site),
		Supplier: in.Supplier, Expected: allocation.Date(in.Expected), Tolerance: in.Tolerance, Closed: in.Closed, Lines: toSupply(in.Lines)}
	if in.Tolerance != nil {
		f.add("tolerance_pct", allocation.CheckOverPct(*in.Tolerance))
	}
	for i, p := range in.Pallets {
		at := fmt.Sprintf("pallets[%d].", i)
		sscc, err := allocation.ParseSSCC(p.SSCC)
		f.add(at+"sscc", err)
		f.supply(at+"lines", p.Lines)
		d.Pallets = append(d.Pallets, store.Pallet{SSCC: sscc, Lines: toSupply(p.Lines)})
	}
	if len(in.Lines) == 0 && len(in.Pallets) == 0 {
		f.add("lines", fmt.Errorf("the inbound announces nothing: it needs lines or pallets"))
	}
	return d, f
}

func (f *faults) supply(at string, lines []Supply) {
	for i, l := range lines {
		f.add(fmt.Sprintf("%s[%d].sku", at, i), allocation.CheckID("sku", l.SKU))
		f.add(fmt.Sprintf("%s[%d].qty", at, i), allocation.CheckQty(l.Qty))
	}
}
