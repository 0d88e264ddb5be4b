package agent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/sync/wire"
)

// desk takes scans, undos and commands into the site's store. It holds what a
// decision needs beside the transaction, and nothing that changes.
type desk struct {
	rules barcode.Rules
	now   func() time.Time
	nonce func() string // 16 hex digits, of an event
	// beside adds to a kept scan what was said beside its code; nil on a dock, where
	// the cards and the code say all.
	beside func(*scan)
	// onePolicy passes over the policies of the centre: another one is tried.
	onePolicy bool
}

// scan is one code that waits to be taken in.
type scan struct {
	station allocation.StationID
	raw     []byte
	code    barcode.Code
	fault   error                // of the frame
	at      time.Time            // when it was read
	since   time.Time            // when it may have come at the earliest; zero is at
	named   *goods               // set where the goods were named and not read: a replay
	inbound allocation.InboundID // said beside the code: a replay
	again   bool                 // it is known to be another unit
	aside   bool                 // it was set aside until the site may allocate, and so are its goods
	kept    int64                // the event that kept the code, which is known by now; else 0
	worker  string               // of a kept scan

	// Of a device: how long its trigger may bounce, which stations hear it too, and
	// whether it kept the scan for a while.
	guard      time.Duration
	twins      []allocation.StationID
	late       bool
	deviceTime time.Time
	batch      scanner.Batch
}

// refusal says that a scan or a deed is not acceptable: nothing of it is saved.
type refusal struct {
	verdict allocation.Verdict // Stop or Check
	why     allocation.WhyCode
	text    string // "" stands for the sentence of why
	rule    string // what the rules alone say, where the text says more
}

func (r *refusal) Error() string {
	if r.text == "" {
		return allocation.Why{Code: r.why}.Sentence(allocation.Move{})
	}
	return r.text
}

func stop(why allocation.WhyCode, format string, args ...any) error {
	return &refusal{verdict: allocation.Stop, why: why, text: fmt.Sprintf(format, args...)}
}

// reply is what an input came to: what its station is told, what was decided, and
// what people must carry now.
type reply struct {
	dock.Feedback
	decided
}

func replied(f dock.Feedback, err error) (reply, error) { return reply{Feedback: f}, err }

// receive is the story of one scan, in a transaction whose commit comes before
// any tone. A refusal, or any other error, leaves nothing behind.
func (d *desk) receive(tx *store.Tx, s scan) (reply, error) {
	// A frame that broke or a wrong check digit is STOP; two readings are CHECK.
	if err := d.unreadable(tx, s); err != nil {
		return reply{}, err
	}
	at, err := tx.Station(s.station)
	if err != nil {
		return reply{}, err
	}
	// The trigger bounced, or the memory was sent twice: CHECK, and not counted.
	if f, again, err := d.sameReading(tx, at, s); again || err != nil {
		return replied(f, err)
	}
	if f, again, err := d.sameRecord(tx, s); again || err != nil {
		return replied(f, err)
	}
	if s.code.Format == barcode.Control {
		f, err := d.card(tx, at, s)
		return f, errors.Join(err, noteRecord(tx, s, max(1, tx.Head().Seq)))
	}
	// Wrong site, a serial or pallet seen before, a quantity out of range: STOP.
	// A code or pallet that nobody announced is kept, and HOLD.
	g, err := d.identify(tx, at, s)
	if err != nil {
		return reply{}, err
	}
	// The last code before a crash again: the worker may not have heard its tone.
	if question, asked, err := d.repeatAfterCrash(tx, at, s, g); asked || err != nil {
		return replied(question, err)
	}
	// Decide, and give every line what it gets, within the rights held here.
	took, err := d.take(tx, s, g)
	if err != nil {
		return reply{}, err
	}
	// The event that tells of it, and the station's place behind it.
	seq, err := d.record(tx, at, s, g, took)
	if err != nil {
		return reply{}, err
	}
	f, err := d.tell(tx, s, seq, g, took)
	return reply{f, took.decided}, err
}

// unreadable refuses what cannot be understood. Text that is no GS1 code but
// names a SKU of the house counts as read.
func (d *desk) unreadable(tx *store.Tx, s scan) error {
	r := badForm(s.fault, s.raw, s.code)
	if r == nil {
		return nil
	}
	if s.fault == nil && len(s.raw) <= scanner.MaxScan {
		if _, named, err := d.namesSKU(tx, s.code); named || err != nil {
			return err
		}
	}
	return r
}

// Form judges a scan as a running agent does before it asks what the code names:
// the verdict is "" where the form is acceptable, else STOP or CHECK with a sentence.
func Form(s scanner.Scan) (allocation.Verdict, string) {
	if r := badForm(s.Fault, s.Raw, s.Code); r != nil {
		return r.verdict, r.text
	}
	return "", ""
}

// badForm is nil for a frame that came whole and text that can be read.
func badForm(fault error, raw []byte, code barcode.Code) *refusal {
	switch e := code.Err; {
	case errors.Is(fault, scanner.ErrDoubtfulRepeat), errors.Is(fault, scanner.ErrStale):
		return &refusal{verdict: allocation.Check, why: allocation.WhyAmbiguous, text: fault.Error()}
	case fault != nil:
		return &refusal{verdict: allocation.Stop, why: allocation.WhyUnread, text: fault.Error()}
	case len(raw) > scanner.MaxScan:
		return &refusal{verdict: allocation.Stop, why: allocation.WhyUnread, text: fmt.Sprintf("the code has %d bytes, at most %d are read", len(raw), scanner.MaxScan)}
	case e == nil:
		return nil
	case e.Code == barcode.Ambiguous:
		return &refusal{verdict: allocation.Check, why: allocation.WhyAmbiguous, text: e.Message}
	case e.Code == barcode.BadQuantity:
		return &refusal{verdict: allocation.Stop, why: allocation.WhyQuantity, text: e.Message}
	case e.Code == barcode.BadControl:
		return &refusal{verdict: allocation.Stop, why: allocation.WhyCard, text: e.Message}
	default:
		return &refusal{verdict: allocation.Stop, why: allocation.WhyUnread, text: e.Message}
	}
}

// took is what a scan took in, and what that came to.
type took struct {
	decided
	units    []unit         // equal batches of a pallet are one
	receipts []wire.Receipt // of the units, in their order, and where each went
	moves    []wire.Move    // what moved beside them
	staged   []allocation.Given
}

// take decides over all that the scan brings at once, and gives it out.
func (d *desk) take(tx *store.Tx, s scan, g goods) (took, error) {
	t := took{units: g.units}
	if g.kept != "" {
		t.Verdict, t.Why.Code = allocation.Held, g.kept
		return t, nil
	}
	var e allocation.Receive
	in := input{atHand: s.kept == 0 && !s.aside}
	for _, u := range g.units {
		e.Receipts = append(e.Receipts, u.Receipt)
		t.receipts = append(t.receipts, u.receipt())
		in.received = append(in.received, store.Arrival{Inbound: u.Inbound, SKU: u.SKU, Qty: u.Qty})
	}
	in.Event = e
	var err error
	if t.decided, err = d.decide(tx, in); err != nil {
		return t, err
	}
	t.place()
	return t, nil
}

// place says in the receipts where their units went.
func (t *took) place() {
	t.moves = wireMoves(t.Moves)
	for _, m := range t.Moves {
		if m.From.Shelf == allocation.WithLine && m.To.Shelf == allocation.Bound {
			t.staged = append(t.staged, allocation.Given{Line: m.From.Line, Qty: m.Qty})
		}
		if m.From.Shelf != allocation.Dock {
			continue
		}
		i := slices.IndexFunc(t.units, func(u unit) bool { return u.Batch == m.Batch })
		switch r := &t.receipts[i]; m.To.Shelf {
		case allocation.WithLine:
			r.Allocations = addAllocation(r.Allocations, wire.Allocation{Line: m.To.Line, Qty: m.Qty, By: m.By, Over: m.Over})
		case allocation.Free:
			r.Free += m.Qty
		case allocation.Surplus:
			r.Surplus += m.Qty
		}
	}
}

// addAllocation sums what a line got for one and the same reason.
func addAllocation(all []wire.Allocation, a wire.Allocation) []wire.Allocation {
	if n := len(all); n > 0 {
		if last := &all[n-1]; last.Line == a.Line && last.By == a.By && last.Over == a.Over {
			last.Qty += a.Qty
			return all
		}
	}
	return append(all, a)
}
