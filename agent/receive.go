package agent

import (
	"errors"
	"fmt"
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
}

// scan is one code that waits to be taken in.
type scan struct {
	station allocation.StationID
	raw     []byte
	code    barcode.Code
	fault   error // of the frame
	at      time.Time
	named   *goods // set where the goods were named and not read: a replay
	again   bool   // a person said that it is another unit

	// Of a device: how long its trigger may bounce, which stations hear it too, and
	// whether it kept the scan for a while.
	guard      time.Duration
	twins      []allocation.StationID
	late       bool
	deviceTime time.Time
	batch      scanner.Batch
}

// refusal says that a scan is not acceptable: nothing of it is saved.
type refusal struct {
	verdict allocation.Verdict // Stop or Check
	why     allocation.WhyCode
	text    string // "" stands for the sentence of why
}

func (r *refusal) Error() string {
	if r.text == "" {
		return allocation.Why{Code: r.why}.Sentence(allocation.Allocation{})
	}
	return r.text
}

func stop(why allocation.WhyCode, format string, args ...any) error {
	return &refusal{allocation.Stop, why, fmt.Sprintf(format, args...)}
}

// receive is the story of one scan, in a transaction whose commit comes before
// any tone. A refusal, or any other error, leaves nothing behind.
func (d *desk) receive(tx *store.Tx, s scan) (dock.Feedback, error) {
	// A frame that broke or a wrong check digit is STOP; two readings are CHECK.
	if err := d.unreadable(tx, s); err != nil {
		return dock.Feedback{}, err
	}
	at, err := tx.Station(s.station)
	if err != nil {
		return dock.Feedback{}, err
	}
	// The trigger bounced, or the memory was sent twice: CHECK, and not counted.
	if f, again, err := d.sameReading(tx, at, s); again || err != nil {
		return f, err
	}
	if f, again, err := d.sameRecord(tx, s); again || err != nil {
		return f, err
	}
	if s.code.Format == barcode.Control {
		f, err := d.card(tx, at, s)
		return f, errors.Join(err, noteRecord(tx, s, max(1, tx.Head().Seq)))
	}
	// Wrong site, a serial or pallet seen before, a quantity out of range: STOP.
	// A code or pallet that nobody announced is kept, and HOLD.
	g, err := d.identify(tx, at, s)
	if err != nil {
		return dock.Feedback{}, err
	}
	// The last code before a crash again: the worker may not have heard its tone.
	if question, asked, err := d.repeatAfterCrash(tx, at, s, g); asked || err != nil {
		return question, err
	}
	// Decide, and give every line what it gets, within the rights held here.
	took, err := d.take(tx, g)
	if err != nil {
		return dock.Feedback{}, err
	}
	// The event that tells of it, and the station's place behind it.
	seq, err := d.record(tx, at, s, g, took)
	if err != nil {
		return dock.Feedback{}, err
	}
	return d.tell(tx, s, seq, g, took)
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
		return &refusal{allocation.Check, allocation.WhyAmbiguous, fault.Error()}
	case fault != nil:
		return &refusal{allocation.Stop, allocation.WhyUnread, fault.Error()}
	case len(raw) > scanner.MaxScan:
		return &refusal{allocation.Stop, allocation.WhyUnread, fmt.Sprintf("the code has %d bytes, at most %d are read", len(raw), scanner.MaxScan)}
	case e == nil:
		return nil
	case e.Code == barcode.Ambiguous:
		return &refusal{allocation.Check, allocation.WhyAmbiguous, e.Message}
	case e.Code == barcode.BadQuantity:
		return &refusal{allocation.Stop, allocation.WhyQuantity, e.Message}
	case e.Code == barcode.BadControl:
		return &refusal{allocation.Stop, allocation.WhyCard, e.Message}
	default:
		return &refusal{allocation.Stop, allocation.WhyUnread, e.Message}
	}
}

// took is one SKU's share of a scan and where it went.
type took struct {
	unit
	free        int64 // good units that no line took
	allocations []allocation.Allocation
	why         allocation.Why
	filled      []store.Line // the lines as they are after the allocations, in their order
}

// take decides over all that the scan brings and gives it out. Units that no
// line took, and those that are damaged or on hold, go to the stock.
func (d *desk) take(tx *store.Tx, g goods) ([]took, error) {
	var all []took
	for _, u := range g.units {
		t, err := d.takeOne(tx, u)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (d *desk) takeOne(tx *store.Tx, u unit) (took, error) {
	decision, err := allocation.Decide(tx.Meta().Policy, tx, u.Receipt)
	if err != nil {
		return took{}, err
	}
	t := took{unit: u, free: decision.Free, allocations: decision.Allocations, why: decision.Why}
	for _, a := range decision.Allocations {
		line, err := tx.Allocate(a.Line, a.Qty)
		if err != nil {
			return took{}, err
		}
		t.filled = append(t.filled, line)
	}
	if t.Disposition != allocation.Good {
		return t, tx.SetAside(t.SKU, t.Disposition, t.Qty, d.now())
	}
	return t, tx.AddStock(t.SKU, t.Disposition, t.free)
}

// record writes the scan down: its events with the receipts that each tells of,
// and the station's place in the log. The control cards that waited are used up.
func (d *desk) record(tx *store.Tx, at store.Station, s scan, g goods, all []took) (seq int64, err error) {
	parts := split(all, wire.MaxEvent-overhead(s, at))
	prev := at.Last
	for i, part := range parts {
		e := wire.Event{Seq: tx.Head().Seq + 1, Nonce: d.nonce(), At: d.now(), Scan: d.scanEvent(tx, at, s, g, all, part)}
		if len(parts) > 1 {
			e.Scan.Part, e.Scan.Parts = i+1, len(parts)
		}
		if err := tx.Append(e, prev, i+1); err != nil {
			return 0, err
		}
		for _, t := range part {
			if err := takeSerial(tx, t.unit, e.Seq); err != nil {
				return 0, err
			}
			at.Units += goodUnits(t)
		}
		seq = e.Seq
	}
	if err := errors.Join(d.keep(tx, s, g, seq), noteRecord(tx, s, seq)); err != nil {
		return 0, err
	}
	at.Last, at.Run, at.Scans = seq, tx.Meta().Run, at.Scans+1
	at.NextQty, at.NextDisposition, at.Asked = 0, "", nil
	if s.batch.Of() == 0 { // the rest of an upload leaves the question about its beginning open
		at.AskedMemory = 0
	}
	at.Hear(readingOf(s), s.remembered())
	return seq, tx.PutStation(at)
}

func takeSerial(tx *store.Tx, u unit, seq int64) error {
	if u.Serial == "" {
		return nil
	}
	return tx.TakeSerial(u.serial(), seq)
}

func goodUnits(t took) int64 {
	if t.Disposition == allocation.Good {
		return t.Qty
	}
	return 0
}

// keep notes what the scan did beside its receipts: a pallet is in, or a code is
// kept until somebody says what it is. A code that was kept and is known now
// takes the place of the scan that kept it.
func (d *desk) keep(tx *store.Tx, s scan, g goods, seq int64) error {
	if g.kept != "" {
		return tx.KeepUnknown(seq, s.station, g.kept, s.raw, g.times, s.at)
	}
	if err := tx.TakeKept(s.raw, seq); err != nil || g.sscc == "" {
		return err
	}
	return tx.ReceivePallet(g.sscc, seq)
}
