package allocation

import "iter"

// Receipt is what one scan takes in of one SKU.
type Receipt struct {
	SKU         SKU
	Qty         int64 // base units, 1 to MaxQty
	Disposition Disposition
	Lot         string
	Expiry      Date
	Serial      string
	Inbound     InboundID
}

// Waiting is an open line as a decision sees it.
type Waiting struct {
	Rank  Rank
	Open  int64 // ordered - cancelled - allocated
	Right int64 // what the site may still allocate of the line
}

// Takes is what the line can be given here and now.
func (w Waiting) Takes() int64 { return max(0, min(w.Open, w.Right)) }

// View is what a decision may read of a site's state: one consistent moment,
// the moment of the transaction that will write the decision down.
type View interface {
	// Waiting yields the lines of a SKU with open quantity, best rank first
	// under the policy in force, and stops as soon as the caller does. An
	// error of the store is yielded last, with a zero Waiting.
	Waiting(sku SKU) iter.Seq2[Waiting, error]
}

// Allocation gives units to a line.
type Allocation struct {
	Line LineID
	Qty  int64
	// By is the first key by which the line ranked before Over, the next one
	// that wanted the unit; both are empty where no other line wanted it.
	By   Key
	Over LineID
}

// Decision is the outcome of one receipt, or of one offer of free stock.
type Decision struct {
	Verdict     Verdict
	Allocations []Allocation
	Free        int64 // good units that no line took: put away
	Why         Why
}

// Allocated sums what the lines were given.
func (d Decision) Allocated() int64 {
	var n int64
	for _, a := range d.Allocations {
		n += a.Qty
	}
	return n
}

// Decide gives a receipt's units to the waiting lines in strict sequence: the
// best-ranked line takes all it can before the next one takes any. Only good
// units are given; others are Held. Errors are the view's alone.
func Decide(p Policy, v View, r Receipt) (Decision, error) {
	switch r.Disposition {
	case Damaged:
		return Decision{Verdict: Held, Why: Why{Code: WhyDamaged, Policy: p.Version}}, nil
	case Hold:
		return Decision{Verdict: Held, Why: Why{Code: WhyOnHold, Policy: p.Version}}, nil
	}
	return Offer(p, v, r.SKU, r.Qty)
}

// Offer gives free units of a SKU to the lines that wait for it, as Decide does
// with units just received. It serves every event after which free stock could
// be used: a new line, a right, a cancel.
func Offer(p Policy, v View, sku SKU, qty int64) (Decision, error) {
	d := Decision{Free: qty, Why: Why{Policy: p.Version}}
	for w, err := range v.Waiting(sku) {
		if err != nil {
			return Decision{}, err
		}
		d.nameRunnerUp(p, w.Rank)
		if d.Free == 0 {
			break
		}
		d.give(w)
	}
	d.settle()
	return d, nil
}

// give hands the line what it can take of what is still free.
func (d *Decision) give(w Waiting) {
	n := min(d.Free, w.Takes())
	if n == 0 {
		d.Why.pass(w.Rank.Line)
		return
	}
	d.Free -= n
	d.Allocations = append(d.Allocations, Allocation{Line: w.Rank.Line, Qty: n})
	d.Why.last = w.Rank
}

// nameRunnerUp completes the latest allocation with the line that came next.
func (d *Decision) nameRunnerUp(p Policy, next Rank) {
	if len(d.Allocations) == 0 {
		return
	}
	a := &d.Allocations[len(d.Allocations)-1]
	if a.Over != "" {
		return
	}
	if k, better := p.Better(d.Why.last, next); better {
		a.By, a.Over = k, next.Line
	}
}

func (d *Decision) settle() {
	d.Why.last = Rank{}
	switch {
	case len(d.Allocations) > 0:
		d.Verdict, d.Why.Code = Allocated, WhyRanked
	case d.Why.PassedCount > 0:
		d.Verdict, d.Why.Code = Stock, WhyNoRight
	default:
		d.Verdict, d.Why.Code = Stock, WhyNoDemand
	}
}
