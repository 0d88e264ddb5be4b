package wire

import (
	"errors"
	"time"

	"dockfill/allocation"
)

// Command is one numbered instruction to a site. Just one field is set; none is
// a command of a newer centre, which the site refuses by number and goes on.
type Command struct {
	Item      *Item      `json:"item,omitempty"`
	Order     *Order     `json:"order,omitempty"`
	Inbound   *Inbound   `json:"inbound,omitempty"`
	Elsewhere *Elsewhere `json:"elsewhere,omitempty"`
	Policy    *Policy    `json:"policy,omitempty"`
	Grant     *Grant     `json:"grant,omitempty"`
}

func (c Command) check() error {
	n := 0
	for _, set := range []bool{c.Item != nil, c.Order != nil, c.Inbound != nil, c.Elsewhere != nil, c.Policy != nil, c.Grant != nil} {
		if set {
			n++
		}
	}
	if n > 1 {
		return errors.New("it gives more than one instruction")
	}
	return nil
}

// Item replaces what a site knows of a SKU.
type Item struct {
	SKU         allocation.SKU `json:"sku"`
	Description string         `json:"description,omitempty"`
	Putaway     string         `json:"putaway,omitempty"` // location of free stock
	GTINs       []ItemGTIN     `json:"gtins,omitempty"`
}

// ItemGTIN names a SKU at one pack level.
type ItemGTIN struct {
	GTIN string `json:"gtin"` // 14 digits
	Qty  int64  `json:"qty"`  // base units in the pack
}

// Order replaces what a site knows of an order and of the lines it is sent. A
// line that is missing here and was sent before is cancelled.
type Order struct {
	ID           allocation.OrderID    `json:"id"`
	Version      int64                 `json:"version"`
	Customer     allocation.CustomerID `json:"customer"`
	CustomerName string                `json:"customer_name,omitempty"`
	Override     int                   `json:"override,omitempty"`
	Class        allocation.Class      `json:"class,omitempty"` // absent: redistribute
	Contract     int                   `json:"contract,omitempty"`
	Tier         int                   `json:"tier,omitempty"`
	Accepted     time.Time             `json:"accepted"`
	Promised     allocation.Date       `json:"promised,omitempty"`
	Requested    allocation.Date       `json:"requested,omitempty"`
	Door         string                `json:"door,omitempty"`
	Lines        []OrderLine           `json:"lines"`
}

// OrderLine is one line; Qty is what is wanted in all, cancels subtracted.
type OrderLine struct {
	Line string         `json:"line"`
	SKU  allocation.SKU `json:"sku"`
	Qty  int64          `json:"qty"`
}

// Inbound replaces what a site knows of one announced supply.
type Inbound struct {
	ID       allocation.InboundID `json:"id"`
	Version  int64                `json:"version"`
	Supplier string               `json:"supplier,omitempty"`
	Expected allocation.Date      `json:"expected,omitempty"`
	Lines    []InboundLine        `json:"lines,omitempty"`
	Pallets  []Pallet             `json:"pallets,omitempty"`
}

// InboundLine is a quantity of one SKU, in base units.
type InboundLine struct {
	SKU allocation.SKU `json:"sku"`
	Qty int64          `json:"qty"`
}

// Pallet is an SSCC with its announced contents.
type Pallet struct {
	SSCC  string        `json:"sscc"` // 18 digits
	Lines []InboundLine `json:"lines"`
}

// Elsewhere lists pallets that were announced for another site, so that a site
// can say so while it is offline.
type Elsewhere struct {
	Site  allocation.SiteID `json:"site"`
	SSCCs []string          `json:"ssccs"`
}

// Policy is put in force by the event that applies it.
type Policy struct {
	Version string           `json:"version"`
	Rank    []allocation.Key `json:"rank"`
}

// Grant raises what the site may allocate of a line to Total, in the life that
// it names. A site in another life ignores it.
type Grant struct {
	Line        allocation.LineID `json:"line"`
	Incarnation string            `json:"incarnation"`
	Total       int64             `json:"total"`
}
