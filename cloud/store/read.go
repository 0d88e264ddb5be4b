package store

import (
	"context"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// Summary is what is owed, in one line. Units are base units.
type Summary struct {
	UnitsOwed        int64
	LinesOpen        int64
	OrdersOpen       int64
	CustomersWaiting int64
	OldestAccepted   time.Time // of the open orders; zero where none is open
}

// OwedLine is a line with open quantity: what is owed, to whom, since when.
type OwedLine struct {
	Line         allocation.LineID
	Order        allocation.OrderID
	Customer     allocation.CustomerID
	CustomerName string
	SKU          allocation.SKU
	Description  string
	Site         allocation.SiteID // its home site
	Ordered      int64
	Cancelled    int64 // settled cancels only
	Pending      int64 // cancelled too, but a site still holds rights for it
	Allocated    int64 // all that it holds, what follows included
	Picked       int64 // carried, not staged yet
	Staged       int64 // shipped ones included
	Shipped      int64
	Open         int64
	Accepted     time.Time
	Promised     allocation.Date  // "" where nothing was promised
	Ship         allocation.Ship  // of its order
	NoItem       bool             // no item describes the SKU
	Class        allocation.Class // of its order
}

// OwedQuery selects open lines; empty fields select all. Longest waiting first
// unless Sort says otherwise.
type OwedQuery struct {
	Site     allocation.SiteID
	SKU      allocation.SKU
	Order    allocation.OrderID
	Customer allocation.CustomerID
	// Short selects the lines that are to be filled whole: those of class win.
	Short bool
	// Text is searched for, without regard to ASCII case, in the customer and
	// its name, the order, the SKU and its description.
	Text string
	// Promise says of which promises Lines are, for those who made them.
	Promise    promise.Word
	Lines      []allocation.LineID // only these; nil: all
	Sort       OwedSort            // "": ByWaiting
	Descending bool
	Offset     int
	Limit      int // 0: 100
}

// OwedSort names the column that open lines are sorted by; ties are broken by
// acceptance and line, so that pages never overlap.
type OwedSort string

// The sorts, ascending: the longest waiting, the earliest promise (none last)
// and the smallest open quantity first, names in the database's own order.
const (
	ByWaiting  OwedSort = "waiting"
	ByCustomer OwedSort = "customer" // the name, where there is one
	BySKU      OwedSort = "sku"
	ByOpen     OwedSort = "open"
	ByOrder    OwedSort = "order"
	ByPromised OwedSort = "promised"
	BySite     OwedSort = "site"
)

// AgeBand is what is owed of the orders accepted in one span of time.
type AgeBand struct {
	Units int64
	Lines int64
}

// SiteRow is one site as the centre knows it.
type SiteRow struct {
	Site         allocation.SiteID
	Incarnation  string    // "" where it never said hello
	LastSeen     time.Time // of its last valid message; zero where none came
	Head         int64     // newest event, as the site told it
	Stored       int64     // newest event stored here
	Safe         int64     // newest event stored off this machine too
	Unsent       int64     // Head - Stored: saved at the site only, as last told
	Behind       int64     // commands written for the site and not yet applied there
	Scans        int64     // scans stored, of all incarnations
	Units        int64     // good units that came in and were not taken out again, shipped ones included
	Allocated    int64     // of those, given to lines now
	State        SiteState
	Fenced       string // reason code while State is SiteFenced
	FencedText   string // the sentence to it
	AgentVersion string
	// ClockOff is by how much its clock runs ahead, as far as that shows;
	// negative: behind; 0: not noticeably.
	ClockOff    time.Duration
	Poison      int64        // events that could not be applied
	Quarantined int64        // events of another history than the stored one
	Clones      []Clone      // processes that were fenced as clones, and no person has decided
	Unreported  []Unreported // its lives that the centre waits for before it grants again
	InDoubt     int64        // units granted to lives before the present one and not used, as far as was told
}

// SiteState says in one word how the centre sees a site.
type SiteState string

// The states of a site.
const (
	SiteExpected SiteState = "EXPECTED" // orders or supply name it; it never said hello
	SiteJoining  SiteState = "JOINING"  // it was given an incarnation and has not spoken under it yet
	SiteActive   SiteState = "ACTIVE"   // welcomed; whether it is online, LastSeen tells
	SiteFenced   SiteState = "FENCED"   // it was told to stop allocating
)

// LiveRow is a recent event, newest first: a scan, an undo, what a person did
// with goods, or what commands moved. Only a scan has a Verdict.
type LiveRow struct {
	At          time.Time // the site's clock
	StoredAt    time.Time // the centre's clock
	Site        allocation.SiteID
	Incarnation string
	Seq         int64
	Station     allocation.StationID
	SKU         allocation.SKU // "" where the scan took in several, or none
	Code        []byte         // what was read, where it named nothing and was set aside
	Qty         int64          // base units taken in, or meant by a deed; negative where taken back
	Verdict     allocation.Verdict
	Why         allocation.WhyCode
	Allocations []LiveAllocation
	Free        int64 // good units that no line took
	Surplus     int64 // above what was announced, until approved
	Staged      bool  // what lines got was staged at once
	Kept        int64 // the event that kept the scan's code until it was known; 0: none
	Moves       []LiveMove
	Deed        wire.DeedKind // "" for what is no deed
	Line        allocation.LineID
	Inbound     allocation.InboundID
	From, To    allocation.Disposition // of a regrade
	Reason      string
}

// LiveAllocation is a line's share.
type LiveAllocation struct {
	Line allocation.LineID
	Qty  int64
	By   allocation.Key
	Over allocation.LineID
}

// LiveMove took units from a place to another. A place is a line's id, a shelf
// (free, damaged, hold, surplus), or "" for outside of the house.
type LiveMove struct {
	SKU      allocation.SKU
	Qty      int64
	From, To string
	By       allocation.Key
	Over     allocation.LineID
}

// Totals count since the beginning, in base units unless named otherwise.
type Totals struct {
	Lines           int64 // lines imported
	Orders          int64 // orders imported
	Scans           int64 // scans stored
	UnitsScanned    int64 // good units that came in and were not taken out again, shipped ones included
	UnitsAllocated  int64 // given to lines now
	OrdersCompleted int64 // orders with no open line and something allocated
	UnitsOpen       int64 // still owed
	Poison          int64 // events that wait for people
}

// OrderView is one order with all its lines, open or not.
type OrderView struct {
	Order
	Completed bool
	Lines     []OwedLine
}

// Reader is what pages and the API read; *Store has it.
type Reader interface {
	Summary(ctx context.Context) (Summary, error)
	// Owed gives a page of open lines and how many there are in all.
	Owed(ctx context.Context, q OwedQuery) (lines []OwedLine, total int64, err error)
	// Waiting splits what is owed at the edges, newest first: band 0 was
	// accepted after edges[0], band i between edges[i-1] and edges[i], the last
	// one at or before the last edge. It gives len(edges)+1 bands.
	Waiting(ctx context.Context, edges []time.Time) ([]AgeBand, error)
	Sites(ctx context.Context) ([]SiteRow, error)
	// Live gives the newest events first, of one site or, with "", of all.
	Live(ctx context.Context, site allocation.SiteID, limit int) ([]LiveRow, error)
	// Unreported gives the lives that a centre which was put back to an older copy waits
	// for before it grants again.
	Unreported(ctx context.Context) ([]Unreported, error)
	Totals(ctx context.Context) (Totals, error)
	// Held sums up what is set aside, by site and reason.
	Held(ctx context.Context) ([]HeldSum, error)
	// HeldRows gives a page of it by SKU and code, the oldest first, of one site
	// or, with "", of all; and how many rows there are.
	HeldRows(ctx context.Context, site allocation.SiteID, offset, limit int) ([]HeldRow, int64, error)
	// Order fails with ErrNotFound where the order is not known.
	Order(ctx context.Context, id allocation.OrderID) (OrderView, error)
	// Decision answers what a person asks about an event, a line or a serial. The
	// error wraps a *why.Missing where nothing is known of it.
	Decision(ctx context.Context, id why.ID, page why.Page) (why.Answer, error)
	// Policy gives the policy in force.
	Policy(ctx context.Context) (allocation.Policy, error)
	// Prospect gives what the dates of the SKUs' lines are made of, and of those of
	// the orders.
	Prospect(ctx context.Context, skus []allocation.SKU, orders []allocation.OrderID) (Prospect, error)
	// Promised gives the open lines that a day was promised for, by SKU.
	Promised(ctx context.Context) ([]PromisedLine, error)
	// Item fails with ErrNotFound where the SKU is not known.
	Item(ctx context.Context, sku allocation.SKU) (Item, error)
	// Changed is closed by the next commit that changes anything above; take
	// it before reading, then wait on it.
	Changed() <-chan struct{}
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
	// Centre is the centre's own incarnation and the database's kind,
	// "sqlite" or "postgres".
	Centre() (incarnation, kind string)
}

// Order is a customer's order as the house's order system names it.
type Order struct {
	ID           allocation.OrderID
	Version      int64 // from 1; a higher one replaces
	Told         int64 // under which sites know it: it rises with each version and each change of a person
	Site         allocation.SiteID
	Customer     allocation.CustomerID
	CustomerName string
	Segment      string
	Ranking
	Accepted  time.Time
	Requested allocation.Date
	Ship      allocation.Ship // "" means partial
	Door      string
	Lines     []OrderLine
}

// Ranking is what a person may change of an order to rank it anew.
type Ranking struct {
	Override int
	Class    allocation.Class
	Contract int
	Tier     int
	Promised allocation.Date
}

// OrderLine is one line of an Order; Qty is what is wanted in all.
type OrderLine struct {
	Line string
	SKU  allocation.SKU
	Qty  int64 // base units; 0 in a later version cancels the line
	Pack int64 // the line takes whole packs of so many; 0: any
	// MinLife is how many days goods must have left.
	MinLife int64
}

// Item is a SKU and the barcodes that name it.
type Item struct {
	SKU         allocation.SKU
	Description string
	Putaway     string
	GTINs       []PackGTIN
	Substitutes []allocation.SKU // that may serve its lines, in the order in which they do
}

// PackGTIN names a SKU at one pack level.
type PackGTIN struct {
	GTIN allocation.GTIN
	Qty  int64 // base units in the pack
}

// Inbound is announced supply.
type Inbound struct {
	ID       allocation.InboundID
	Version  int64
	Site     allocation.SiteID
	Supplier string
	Expected allocation.Date
	// Tolerance is how many percent above what is announced count as usual; nil: as
	// the policy says.
	Tolerance *int64
	Closed    bool         // nothing more comes by it
	Lines     []SupplyLine // loose quantities
	Pallets   []Pallet
}

// SupplyLine is a quantity of a SKU in base units.
type SupplyLine struct {
	SKU allocation.SKU
	Qty int64
}

// Pallet is an SSCC with its announced contents.
type Pallet struct {
	SSCC  allocation.SSCC
	Lines []SupplyLine
}

// Batch is what one import brings: it is applied in one transaction, whole or
// not at all; with SkipBad, what is refused is left out and told.
type Batch struct {
	Items   []Item
	Orders  []Order
	Inbound []Inbound
	SkipBad bool
	// Progress is told from 0 to 1, rising, how much of the work is done, all of it
	// before the commit; nil: nobody asks. It is called often and must not block.
	Progress func(part float64)
}

// ImportResult counts records: an order, an item, an inbound each.
type ImportResult struct {
	New     int
	Changed int
	Same    int // seen before in this version: no change
	// Other are the ids of records seen before in this version with other
	// content, which changes nothing: only a higher version does.
	Other   []string
	Stale   int // older than what is known: refused
	Lines   int // order lines written, new or changed
	Refused []Refusal
	Sites   []allocation.SiteID // named for the first time
	// NoItem counts the lines of the batch's orders and inbound, those that want
	// nothing left out, by SKUs that no item describes.
	NoItem map[allocation.SKU]int
}

// Refusal is a record that could not be applied, and why.
type Refusal struct {
	Kind   string // "order", "item", "inbound"
	ID     string
	Reason string
}

// Importer applies a batch; *ingest.Ingest is one. The error is a
// *RefusedError where a record was refused and SkipBad was not set; nothing
// was applied then.
type Importer interface {
	Import(ctx context.Context, b Batch) (ImportResult, error)
}
