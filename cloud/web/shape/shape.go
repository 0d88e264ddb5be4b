// Package shape holds the JSON of what is brought into the centre: orders,
// items, inbound. The HTTP API reads it and the command line writes it, so both
// ends speak through these types, and the domain types carry no tags.
package shape

import (
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

// Order is one version of an order with all its lines.
type Order struct {
	ID           string    `json:"id" doc:"The order's number in the order system" example:"SO-10442" maxLength:"64"`
	Version      int64     `json:"version" doc:"Counts from 1; a higher version replaces a lower one, a version seen before changes nothing" minimum:"1"`
	Site         string    `json:"site" doc:"The order's home site" example:"leeds" pattern:"^[a-z0-9-]{1,40}$"`
	Customer     string    `json:"customer" doc:"The customer's number" maxLength:"64"`
	CustomerName string    `json:"customer_name,omitempty" doc:"The name that people read"`
	Segment      string    `json:"segment,omitempty" doc:"The customer group or channel, to which a policy can guarantee units" maxLength:"64"`
	Override     int       `json:"override,omitempty" doc:"Rank given by a person; lower is better, 0 means none" minimum:"0"`
	Class        string    `json:"class,omitempty" enum:"win,gain,redistribute,fill,lose" doc:"Absent: redistribute"`
	Contract     int       `json:"contract,omitempty" doc:"Lower is better, 0 means none" minimum:"0"`
	Tier         int       `json:"tier,omitempty" doc:"The customer's tier; lower is better, 0 means none" minimum:"0"`
	Accepted     time.Time `json:"accepted" doc:"When the order was accepted: waiting is counted from here"`
	Promised     string    `json:"promised,omitempty" format:"date" doc:"The promised day"`
	Requested    string    `json:"requested,omitempty" format:"date" doc:"The day that the customer asked for"`
	Ship         string    `json:"ship,omitempty" enum:"partial,line,order" doc:"What leaves together: whatever is there, whole lines, or the whole order; absent: partial"`
	Door         string    `json:"door,omitempty" doc:"Where the order's goods go at the dock" example:"12"`
	Lines        []Line    `json:"lines" minItems:"1"`
}

// Line is one line of an Order.
type Line struct {
	Line string `json:"line" doc:"The line's number within the order" example:"1" maxLength:"64"`
	SKU  string `json:"sku" maxLength:"64"`
	Qty  int64  `json:"qty" doc:"Base units wanted in all; 0 in a later version cancels the line" minimum:"0" maximum:"1000000"`
	Pack int64  `json:"pack,omitempty" doc:"The line takes whole packs of so many base units only; absent: any quantity" minimum:"0" maximum:"1000000"`
	Life int64  `json:"min_life_days,omitempty" doc:"How many days goods with an expiry date must have left; absent: none" minimum:"0" maximum:"36500"`
}

// Item is what is stocked, with the barcodes that name it.
type Item struct {
	SKU         string   `json:"sku" maxLength:"64"`
	Description string   `json:"description,omitempty"`
	Putaway     string   `json:"putaway,omitempty" doc:"Where units go that no order waits for" example:"A-04"`
	GTINs       []GTIN   `json:"gtins,omitempty"`
	Substitutes []string `json:"substitutes,omitempty" doc:"SKUs that may serve the order lines of this one, after their own lines"`
}

// GTIN names an item at one pack level.
type GTIN struct {
	GTIN string `json:"gtin" doc:"8, 12, 13 or 14 digits with the check digit" example:"4006381333931"`
	Qty  int64  `json:"qty,omitempty" doc:"Base units in the pack; absent: 1" minimum:"1"`
}

// Inbound is supply that was announced: a purchase order or a ship notice.
type Inbound struct {
	ID        string   `json:"id" maxLength:"64"`
	Version   int64    `json:"version" minimum:"1"`
	Site      string   `json:"site" pattern:"^[a-z0-9-]{1,40}$"`
	Supplier  string   `json:"supplier,omitempty"`
	Expected  string   `json:"expected,omitempty" format:"date"`
	Tolerance *int64   `json:"tolerance_pct,omitempty" doc:"How many percent above what is announced count as usual; absent: as the policy says" minimum:"0" maximum:"1000"`
	Closed    bool     `json:"closed,omitempty" doc:"Nothing more comes by it"`
	Lines     []Supply `json:"lines,omitempty" doc:"Quantities that no pallet label is known for"`
	Pallets   []Pallet `json:"pallets,omitempty"`
}

// Supply is a quantity of one SKU.
type Supply struct {
	SKU string `json:"sku" maxLength:"64"`
	Qty int64  `json:"qty" doc:"Base units" minimum:"1" maximum:"1000000"`
}

// Pallet is a pallet label with what was announced to be on it.
type Pallet struct {
	SSCC  string   `json:"sscc" doc:"18 digits with the check digit" example:"106141411234567897"`
	Lines []Supply `json:"lines" minItems:"1"`
}

// OfOrder writes an order.
func OfOrder(o store.Order) Order {
	s := Order{ID: string(o.ID), Version: o.Version, Site: string(o.Site), Customer: string(o.Customer), CustomerName: o.CustomerName,
		Segment: o.Segment, Ship: shipText(o.Ship), Override: o.Override, Class: string(o.Class), Contract: o.Contract, Tier: o.Tier, Accepted: o.Accepted,
		Promised: string(o.Promised), Requested: string(o.Requested), Door: o.Door, Lines: make([]Line, len(o.Lines))}
	for i, l := range o.Lines {
		s.Lines[i] = Line{Line: l.Line, SKU: string(l.SKU), Qty: l.Qty, Pack: l.Pack, Life: l.MinLife}
	}
	return s
}

func shipText(s allocation.Ship) string {
	if s == allocation.ShipPartial {
		return ""
	}
	return string(s)
}

// OfItem writes an item.
func OfItem(it store.Item) Item {
	s := Item{SKU: string(it.SKU), Description: it.Description, Putaway: it.Putaway}
	for _, g := range it.GTINs {
		s.GTINs = append(s.GTINs, GTIN{GTIN: string(g.GTIN), Qty: g.Qty})
	}
	for _, stands := range it.Substitutes {
		s.Substitutes = append(s.Substitutes, string(stands))
	}
	return s
}

// OfInbound writes an inbound.
func OfInbound(in store.Inbound) Inbound {
	s := Inbound{ID: string(in.ID), Version: in.Version, Site: string(in.Site), Supplier: in.Supplier,
		Expected: string(in.Expected), Tolerance: in.Tolerance, Closed: in.Closed, Lines: ofSupply(in.Lines)}
	for _, p := range in.Pallets {
		s.Pallets = append(s.Pallets, Pallet{SSCC: string(p.SSCC), Lines: ofSupply(p.Lines)})
	}
	return s
}

func ofSupply(lines []store.SupplyLine) []Supply {
	var s []Supply
	for _, l := range lines {
		s = append(s, Supply{SKU: string(l.SKU), Qty: l.Qty})
	}
	return s
}

func toSupply(lines []Supply) []store.SupplyLine {
	var s []store.SupplyLine
	for _, l := range lines {
		s = append(s, store.SupplyLine{SKU: allocation.SKU(l.SKU), Qty: l.Qty})
	}
	return s
}
