package agent

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/sync/wire"
)

// nameIn gives what of a code names goods, whatever lot, serial or date stand beside
// it on the label: a person's word is about the goods and not about one label. A text
// in which nothing else is recognised is its own name.
func nameIn(raw []byte, c barcode.Code) []byte {
	switch {
	case c.Err != nil:
		return []byte(cmp.Or(c.Text, string(raw)))
	case c.SSCC != "":
		return []byte("00" + string(c.SSCC))
	case c.GTIN != "":
		return []byte(c.GTIN)
	case c.Contents != "":
		return []byte(c.Contents)
	}
	return []byte(cmp.Or(string(c.SKU), c.Text, string(raw)))
}

// mapCode says what a kept code stands for: its scans are received now, and those of
// other labels of the same goods.
func (r *run) mapCode(m *wire.Map) error {
	if len(m.Code) == 0 || len(m.Code) > scanner.MaxScan {
		return fmt.Errorf("a code to be mapped has 1 to %d bytes, not %d", scanner.MaxScan, len(m.Code))
	}
	if err := allocation.CheckID("sku", string(m.SKU)); err != nil {
		return err
	}
	if err := allocation.CheckQty(m.Qty); err != nil {
		return err
	}
	code := r.d.rules.Parse("", m.Code, r.d.now().Year())
	if err := noPiece(code); err != nil {
		return err
	}
	name := nameIn(m.Code, code)
	if err := r.tx.SetAlias(name, m.SKU, m.Qty); err != nil {
		return err
	}
	return r.receiveKnown(func(raw []byte, c barcode.Code) bool { return bytes.Equal(nameIn(raw, c), name) })
}

// noPiece refuses a code of one piece of an item: an item of three pieces would count
// three times.
func noPiece(c barcode.Code) error {
	if c.Piece.Of == 0 {
		return nil
	}
	return fmt.Errorf("%s is piece %d of %d of item %s and no unit by itself: nothing was mapped; receive the item by a code of the whole", c.Text, c.Piece.N, c.Piece.Of, c.Piece.Item)
}

// namedBy tells codes that may name an item.
func namedBy(i *wire.Item) func([]byte, barcode.Code) bool {
	return func(_ []byte, c barcode.Code) bool {
		for _, g := range i.GTINs {
			if gtin := allocation.GTIN(g.GTIN); gtin == c.GTIN || gtin == c.Contents {
				return true
			}
		}
		return i.SKU == c.SKU || string(i.SKU) == c.Text
	}
}

// announcedBy tells codes of pallets that an inbound announces.
func announcedBy(in *wire.Inbound) func([]byte, barcode.Code) bool {
	return func(_ []byte, c barcode.Code) bool {
		return c.SSCC != "" && slices.ContainsFunc(in.Pallets, func(p wire.Pallet) bool { return p.SSCC == string(c.SSCC) })
	}
}

// receiveKnown receives what was kept under codes that have become known, in the
// order in which it was scanned, and by the rank that holds now.
func (r *run) receiveKnown(may func([]byte, barcode.Code) bool) error {
	waiting, err := r.waitingCodes()
	if err != nil {
		return err
	}
	var scans []store.KeptScan
	for _, c := range waiting {
		if !may(c.raw, c.code) {
			continue
		}
		more, err := r.tx.KeptScans(c.raw)
		if err != nil {
			return err
		}
		scans = append(scans, more...)
	}
	slices.SortFunc(scans, func(a, b store.KeptScan) int { return int(a.Seq - b.Seq) })
	for _, k := range scans {
		if err := r.receiveKept(k); err != nil {
			return err
		}
	}
	return nil
}

// keptCode is a code that waited when the run began.
type keptCode struct {
	raw  []byte
	code barcode.Code
}

// waitingCodes reads and parses once what a run of many items asks for each time.
func (r *run) waitingCodes() ([]keptCode, error) {
	if r.waiting != nil {
		return r.waiting, nil
	}
	all, err := r.tx.WaitingCodes()
	r.waiting = []keptCode{}
	for _, raw := range all {
		r.waiting = append(r.waiting, keptCode{raw, r.d.rules.Parse("", raw, r.d.now().Year())})
	}
	return r.waiting, err
}

// receiveKept receives one kept scan with its scan time. What cannot be received
// goes on waiting: a serial that has come in since by another code.
func (r *run) receiveKept(k store.KeptScan) error {
	at, err := r.tx.Station(k.Station)
	if err != nil {
		return err
	}
	s, said, err := r.d.keptScan(r.tx, k)
	if err != nil {
		return err
	}
	g, err := r.d.identify(r.tx, said, s)
	var no *refusal
	var t took
	if err == nil && g.kept == "" {
		t, err = r.d.take(r.tx, s, g)
	}
	switch {
	case errors.As(err, &no):
		why := fmt.Sprintf("%s goes on waiting: %s", s.raw, cmp.Or(no.rule, no.Error()))
		r.waits = append(r.waits[:len(r.waits):len(r.waits)], why) // a trial may be taken back
		return nil
	case err == nil && g.kept != "":
		return nil
	case err != nil:
		return err
	}
	if err := r.tellSoFar(); err != nil {
		return err
	}
	r.note(t.decided)
	_, err = r.d.record(r.tx, at, s, g, t)
	return err
}

// keptScan is a kept scan as it was read, with what the cards said of it.
func (d *desk) keptScan(tx *store.Tx, k store.KeptScan) (s scan, said store.Station, err error) {
	s = scan{station: k.Station, raw: k.Code, at: k.At, kept: k.Seq}
	s.code = d.rules.Parse("", s.raw, k.At.Year())
	said = store.Station{NextQty: k.Times}
	e, found, err := tx.EventAt(k.Seq)
	switch {
	case err != nil:
	case !found || e.Scan == nil: // the log no longer says in what state it was
		said.NextDisposition = allocation.Hold
	default:
		said.NextDisposition, s.worker = e.Scan.Disposition, e.Scan.Worker
	}
	if d.beside != nil {
		d.beside(&s)
	}
	return s, said, err
}
