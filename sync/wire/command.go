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
	Reclaim   *Reclaim   `json:"reclaim,omitempty"`
	Map       *Map       `json:"map,omitempty"`
	Approve   *Approve   `json:"approve,omitempty"`
}

func (c Command) check() error {
	n := 0
	for _, set := range []bool{c.Item != nil, c.Order != nil, c.Inbound != nil, c.Elsewhere != nil, c.Policy != nil, c.Grant != nil, c.Reclaim != nil, c.Map != nil, c.Approve != nil} {
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
	// Substitutes are the SKUs that may serve the lines of this one.
	Substitutes []allocation.SKU `json:"substitutes,omitempty"`
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
	Segment      string                `json:"segment,omitempty"`
	Override     int                   `json:"override,omitempty"`
	Class        allocation.Class      `json:"class,omitempty"` // absent: redistribute
	Contract     int                   `json:"contract,omitempty"`
	Tier         int                   `json:"tier,omitempty"`
	Accepted     time.Time             `json:"accepted"`
	Promised     allocation.Date       `json:"promised,omitempty"`
	Requested    allocation.Date       `json:"requested,omitempty"`
	Ship         allocation.Ship       `json:"ship,omitempty"` // absent: partial
	Door         string                `json:"door,omitempty"`
	// Changed reports that a person ranked the order anew: its lines take and lose
	// by their new rank when this version is applied.
	Changed bool        `json:"changed,omitempty"`
	Lines   []OrderLine `json:"lines"`
}

// OrderLine is one line; Qty is what is wanted in all, cancels subtracted.
type OrderLine struct {
	Line        string         `json:"line"`
	SKU         allocation.SKU `json:"sku"`
	Qty         int64          `json:"qty"`
	Ordered     int64          `json:"ordered,omitempty"` // the most that any version wanted; absent: no more than Qty
	Pack        int64          `json:"pack,omitempty"`    // the line takes whole packs of so many; absent: any
	MinLifeDays int            `json:"min_life_days,omitempty"`
}

// Inbound replaces what a site knows of one announced supply.
type Inbound struct {
	ID       allocation.InboundID `json:"id"`
	Version  int64                `json:"version"`
	Supplier string               `json:"supplier,omitempty"`
	Expected allocation.Date      `json:"expected,omitempty"`
	// TolerancePct is how much more than announced is treated as usual; absent: as
	// the policy says.
	TolerancePct *int64        `json:"tolerance_pct,omitempty"`
	Closed       bool          `json:"closed,omitempty"` // nothing more will come by it
	Lines        []InboundLine `json:"lines,omitempty"`
	Pallets      []Pallet      `json:"pallets,omitempty"`
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

// Policy is put in force by the event that applies it. What is absent is the
// default.
type Policy struct {
	Version     string              `json:"version"`
	Rank        []allocation.Key    `json:"rank,omitempty"`
	Share       allocation.Share    `json:"share,omitempty"`
	GateMode    allocation.GateMode `json:"gate_mode,omitempty"`
	OverReceipt int64               `json:"over_receipt_pct,omitempty"`
	Guarantees  []Guarantee         `json:"guarantees,omitempty"`
	StageAtBeep bool                `json:"stage_at_beep,omitempty"`
}

// Guarantee gives the lines of a segment Qty units of each SKU before rank.
type Guarantee struct {
	Segment string `json:"segment"`
	Qty     int64  `json:"qty"`
}

// PolicyOf gives a policy the form in which it travels and is stored.
func PolicyOf(p allocation.Policy) Policy {
	r := p.Rules()
	out := Policy{Version: p.Version, Rank: r.Rank, Share: r.Share, GateMode: r.Gate, OverReceipt: r.OverPct, StageAtBeep: r.StageAtBeep}
	for _, g := range r.Guarantees {
		out.Guarantees = append(out.Guarantees, Guarantee(g))
	}
	return out
}

// Check makes a policy to decide by of it, or says what is not possible.
func (p Policy) Check() (allocation.Policy, error) {
	r := allocation.Rules{Rank: p.Rank, Share: p.Share, Gate: p.GateMode, OverPct: p.OverReceipt, StageAtBeep: p.StageAtBeep}
	for _, g := range p.Guarantees {
		r.Guarantees = append(r.Guarantees, allocation.Guarantee(g))
	}
	return allocation.NewPolicy(p.Version, r)
}

// Map says what a code stands for that was kept as it named nothing: Qty base
// units of a SKU each time.
type Map struct {
	Code []byte         `json:"code"`
	SKU  allocation.SKU `json:"sku"`
	Qty  int64          `json:"qty"`
}

// Approve frees up to Qty units of an inbound that came above what was announced.
type Approve struct {
	Inbound allocation.InboundID `json:"inbound"`
	Qty     int64                `json:"qty"`
}

// Grant raises what the site may allocate of a line to Total, in the life that
// it names. A site in another life ignores it.
type Grant struct {
	Line        allocation.LineID `json:"line"`
	Incarnation string            `json:"incarnation"`
	Total       int64             `json:"total"`
}

// Reclaim is a target: what the life returned of the line shall reach Total. It
// stands, so that rights that are spent now and free later go back too, first of all.
type Reclaim struct {
	Line        allocation.LineID `json:"line"`
	Incarnation string            `json:"incarnation"`
	Total       int64             `json:"total"`
}
