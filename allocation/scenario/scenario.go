// Package scenario reads and writes the replay format: JSON lines in, one of
// policy, item, order, inbound, scan, cancel, undo and so on each; a JSON line
// out for each of them, and the balances last. It knows the words of the format
// and decides nothing.
package scenario

import (
	"time"

	"dockfill/allocation"
)

// Line is one line of input. Just one field beside Cmd is set.
type Line struct {
	// Cmd numbers the line; a number that was seen before does nothing. nil for
	// a line without a number.
	Cmd *int64 `json:"cmd,omitempty"`

	Policy  *Policy  `json:"policy,omitempty"`
	Item    *Item    `json:"item,omitempty"`
	Order   *Order   `json:"order,omitempty"`
	Inbound *Inbound `json:"inbound,omitempty"`
	Scan    *Scan    `json:"scan,omitempty"`
	Cancel  *Cancel  `json:"cancel,omitempty"`
	Change  *Change  `json:"change,omitempty"`
	Stage   *OnLine  `json:"stage,omitempty"`
	Undo    *Undo    `json:"undo,omitempty"`
	Regrade *Regrade `json:"regrade,omitempty"`
	Map     *Map     `json:"map,omitempty"`
	Approve *Approve `json:"approve,omitempty"`
	Close   *Close   `json:"close,omitempty"`
	Adjust  *Adjust  `json:"adjust,omitempty"`
}

// Policy puts rules in force. An absent Rank is the default one.
type Policy struct {
	Rank       []allocation.Key `json:"rank,omitempty"`
	Share      string           `json:"share,omitempty"`     // sequence or fair
	GateMode   string           `json:"gate_mode,omitempty"` // hold or skip
	OverPct    int64            `json:"over_receipt_pct,omitempty"`
	Guarantees []Guarantee      `json:"guarantees,omitempty"`
}

// Guarantee gives a segment units per SKU before rank.
type Guarantee struct {
	Segment string `json:"segment"`
	Qty     int64  `json:"qty"`
}

// Item is what is stocked, and the GTINs that name it.
type Item struct {
	SKU         allocation.SKU   `json:"sku"`
	Description string           `json:"description,omitempty"`
	GTINs       []GTIN           `json:"gtins,omitempty"`
	Substitutes []allocation.SKU `json:"substitutes,omitempty"`
	Putaway     string           `json:"putaway,omitempty"`
}

// GTIN names an item at one pack level, in 8, 12, 13 or 14 digits.
type GTIN struct {
	GTIN string `json:"gtin"`
	Qty  int64  `json:"qty"` // base units in the pack
}

// Order is a customer's demand; the same id again replaces it.
type Order struct {
	ID           allocation.OrderID    `json:"id"`
	Customer     allocation.CustomerID `json:"customer,omitempty"`
	CustomerName string                `json:"customer_name,omitempty"`
	Segment      string                `json:"segment,omitempty"`
	Tier         int                   `json:"tier,omitempty"`
	Contract     int                   `json:"contract,omitempty"`
	Class        allocation.Class      `json:"class,omitempty"`
	Override     int                   `json:"override,omitempty"`
	Accepted     time.Time             `json:"accepted"` // absent: ranks last
	Promised     allocation.Date       `json:"promised,omitempty"`
	Requested    allocation.Date       `json:"requested,omitempty"`
	Ship         string                `json:"ship,omitempty"` // partial, line or order
	Door         string                `json:"door,omitempty"`
	Site         allocation.SiteID     `json:"site,omitempty"`
	Lines        []OrderLine           `json:"lines"`
}

// OrderLine is one line of an order; Qty is in base units.
type OrderLine struct {
	ID          string         `json:"id"`
	SKU         allocation.SKU `json:"sku"`
	Qty         int64          `json:"qty"`
	MinLifeDays int            `json:"min_life_days,omitempty"`
	Pack        int64          `json:"pack,omitempty"`
}

// Inbound is announced supply.
type Inbound struct {
	ID           allocation.InboundID `json:"id"`
	Supplier     string               `json:"supplier,omitempty"`
	Expected     allocation.Date      `json:"expected,omitempty"`
	TolerancePct *int64               `json:"tolerance_pct,omitempty"`
	Lines        []Supply             `json:"lines,omitempty"`
	Pallets      []Pallet             `json:"pallets,omitempty"`
}

// Supply is a quantity of one SKU.
type Supply struct {
	SKU allocation.SKU `json:"sku"`
	Qty int64          `json:"qty"`
}

// Pallet is an SSCC with its announced contents.
type Pallet struct {
	SSCC  string   `json:"sscc"`
	Lines []Supply `json:"lines"`
}

// Scan is one scan, by what was read (Code) or by what came in (SKU). An absent
// quantity is 1; beside Code it counts the code as often.
type Scan struct {
	Code        string                 `json:"code,omitempty"`
	SKU         allocation.SKU         `json:"sku,omitempty"`
	Qty         *int64                 `json:"qty,omitempty"`
	Disposition allocation.Disposition `json:"disposition,omitempty"`
	Lot         string                 `json:"lot,omitempty"`
	Expiry      allocation.Date        `json:"expiry,omitempty"`
	Serial      string                 `json:"serial,omitempty"`
	Inbound     allocation.InboundID   `json:"inbound,omitempty"`
	Station     allocation.StationID   `json:"station,omitempty"` // absent: "1"
	At          time.Time              `json:"at"`
}

// Cancel takes demand away from a line.
type Cancel struct {
	Line allocation.LineID `json:"line"`
	Qty  int64             `json:"qty"`
}

// Change is a person's change of an order.
type Change struct {
	Order    allocation.OrderID `json:"order"`
	Class    allocation.Class   `json:"class,omitempty"`
	Tier     *int               `json:"tier,omitempty"`
	Contract *int               `json:"contract,omitempty"`
	Override *int               `json:"override,omitempty"`
	Promised *allocation.Date   `json:"promised,omitempty"`
}

// OnLine names units of a line.
type OnLine struct {
	Line allocation.LineID `json:"line"`
	Qty  int64             `json:"qty"`
}

// Undo takes a station's latest scan back.
type Undo struct {
	Station allocation.StationID `json:"station,omitempty"` // absent: "1"
}

// Regrade moves units from one disposition to another.
type Regrade struct {
	SKU  allocation.SKU         `json:"sku"`
	Qty  int64                  `json:"qty"`
	From allocation.Disposition `json:"from"`
	To   allocation.Disposition `json:"to"`
}

// Map says what an unknown code stands for. An absent quantity is 1.
type Map struct {
	Code string         `json:"code"`
	SKU  allocation.SKU `json:"sku"`
	Qty  *int64         `json:"qty,omitempty"`
}

// Approve frees units that came above what was announced.
type Approve struct {
	Inbound allocation.InboundID `json:"inbound"`
	Qty     int64                `json:"qty"`
}

// Close ends an inbound.
type Close struct {
	Inbound allocation.InboundID `json:"inbound"`
}

// Adjust corrects a count of free stock.
type Adjust struct {
	SKU    allocation.SKU `json:"sku"`
	Qty    int64          `json:"qty"`
	Reason string         `json:"reason"`
}

// Result is the line of output for a line of input.
type Result struct {
	N           int                `json:"n"` // the input's line number, from 1
	Verdict     allocation.Verdict `json:"verdict,omitempty"`
	Allocations []Given            `json:"allocations,omitempty"`
	Moves       []Moved            `json:"moves,omitempty"`
	Free        int64              `json:"free"` // units that this line put to free stock
	Why         string             `json:"why,omitempty"`
	Error       *Error             `json:"error,omitempty"`
}

// Given is units that a line got.
type Given struct {
	Line allocation.LineID `json:"line"`
	Qty  int64             `json:"qty"`
}

// Moved is units that went from a line to another.
type Moved struct {
	From allocation.LineID `json:"from"`
	To   allocation.LineID `json:"to"`
	Qty  int64             `json:"qty"`
}

// The codes of an Error that the format itself gives.
const (
	Syntax      = "syntax"      // the line is no JSON of the format
	Unsupported = "unsupported" // the engine has no such rule
	Invalid     = "invalid"     // a value is not possible
)

// Error is why a line did nothing: a code for programs and a sentence.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// Balances is the last line of output, in base units.
type Balances struct {
	Lines   map[allocation.LineID]Balance `json:"lines"`
	Free    map[allocation.SKU]int64      `json:"free"`
	Damaged map[allocation.SKU]int64      `json:"damaged"`
	Hold    map[allocation.SKU]int64      `json:"hold"`
}

// Balance is one line's.
type Balance struct {
	Ordered   int64 `json:"ordered"`
	Cancelled int64 `json:"cancelled"`
	Allocated int64 `json:"allocated"`
	Staged    int64 `json:"staged"`
	Open      int64 `json:"open"`
}
