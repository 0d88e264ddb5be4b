package allocation

// Event is one thing that happens at a site and may change who holds what: one
// of the types below. Its facts (a new order's text, a right, an inbound, a
// policy) are in the view already; the decision draws the consequences for the
// goods.
type Event interface {
	decide(*draft) error
}

// Receive takes the receipts of one scan in: one, or those of a pallet, or of a
// code that was kept and has been mapped now.
type Receive struct{ Receipts []Receipt }

// Demand sets what lines are to get in all. More than a line ever was to get is
// ordered anew, up to that a cancel is taken back. Less is a cancel: it takes open
// units first, then loose ones, before free stock is
// offered; what is bound stays with the line until a person returns it. A line
// that is new stands in the view with nothing ordered.
//
// Changed names the orders that a person ranked anew: their lines take and lose
// as no other lines of class redistribute do, in this event.
type Demand struct {
	Wants   []Want
	Changed []OrderID
}

// Want is what a line is to get in all.
type Want struct {
	Line LineID
	Qty  int64 // 0 to MaxQty
	// Ordered is the most that the line ever was to get, where that is known to be
	// more than this site was told of; else 0.
	Ordered int64
}

// Offer gives free stock of SKUs to waiting lines, and lets lines take from each
// other, after something else changed: a right, an item, an inbound, a policy.
// Of Inbounds, of which more may be announced or tolerated now, it frees what waits
// for approval and is not above that any more.
type Offer struct {
	SKUs     []SKU
	Inbounds []InboundID
}

// Approve frees up to Qty units of an inbound that came above what was announced.
type Approve struct {
	Inbound InboundID
	Qty     int64
}

// Undo takes the receipts of a scan back, all or none, while they are loose.
type Undo struct{ Receipts []Taken }

// Regrade moves units from one disposition to another.
type Regrade struct {
	SKU      SKU
	Qty      int64
	From, To Disposition
}

// Adjust corrects the count of free stock by Qty, which is not 0.
type Adjust struct {
	SKU SKU
	Qty int64
}

// Pick, Stage and Dispatch bind units of a line: picked and loose ones are staged,
// staged, picked and loose ones are shipped, in this order.
type (
	Pick struct {
		Line LineID
		Qty  int64
	}
	Stage struct {
		Line LineID
		Qty  int64
	}
	Dispatch struct {
		Line LineID
		Qty  int64
	}
)

// Return brings bound units that the line no longer wants back to free stock.
type Return struct {
	Line LineID
	Qty  int64
}

// Decision is what an event comes to.
type Decision struct {
	Verdict Verdict // of Receive alone: Allocated, Stock or Held
	Moves   []Move  // in the order in which they were decided
	// Lines are the lines that changed, as they are afterwards.
	Lines []Line
	// Returns are bound units that their lines no longer want: a person brings
	// them back.
	Returns []Given
	// Completed are the orders that became whole.
	Completed []OrderID
	// Short are lines of class win that the event opened or left open: a person
	// should know.
	Short []LineID
	Why   Why
}

// Allocated sums what came to lines from no other line.
func (d Decision) Allocated() (n int64) {
	for _, m := range d.Moves {
		if m.To.Shelf == WithLine && m.From.Shelf != WithLine {
			n += m.Qty
		}
	}
	return n
}

// Put sums what came to a shelf.
func (d Decision) Put(s Shelf) (n int64) {
	for _, m := range d.Moves {
		if m.To.Shelf == s {
			n += m.Qty
		}
	}
	return n
}

// Refusal is the error of an event that is not acceptable: nothing changes.
type Refusal struct {
	Code WhyCode
	Text string // "" stands for the sentence of the code
}

func (r *Refusal) Error() string {
	if r.Text != "" {
		return r.Text
	}
	return sentences[r.Code]
}
