package dock

import (
	"strings"
	"time"

	"dockfill/allocation"
)

// heldReasons are why units are set aside, in the order in which they are told.
var heldReasons = []allocation.WhyCode{allocation.WhyUnknown, allocation.WhyNotASN, allocation.WhySurplus, allocation.WhyOnHold, allocation.WhyDamaged}

// Reason is why the units are set aside, in the words of a page.
func (h Held) Reason() string {
	switch h.Why {
	case allocation.WhyUnknown:
		return "Unknown code"
	case allocation.WhyNotASN:
		return "Pallet not announced"
	case allocation.WhySurplus:
		return "Above what was announced"
	case allocation.WhyOnHold:
		return "Set on hold"
	}
	return "Damaged"
}

// Next is what ends the waiting.
func (h Held) Next() string {
	switch h.Why {
	case allocation.WhyUnknown:
		return "Import the item with this barcode, or say at the centre what the code is: the units are received then"
	case allocation.WhyNotASN:
		return "Import the announcement: the pallet is received then"
	case allocation.WhySurplus:
		return "Approve them at the centre, or send them back"
	}
	return "Decide what becomes of them; scanned by mistake: DF:UNDO at the station, while it is the last scan there"
}

// Text is the units with their reason: "5 units of 4 unknown codes".
func (h Held) Text() string {
	switch h.Why {
	case allocation.WhyUnknown:
		if h.Codes == 1 {
			return Plural(h.Units, "unit", "units") + " of an unknown code"
		}
		return Plural(h.Units, "unit", "units") + " of " + Number(h.Codes) + " unknown codes"
	case allocation.WhyNotASN:
		return Plural(h.Codes, "pallet", "pallets") + " not announced"
	case allocation.WhySurplus:
		return Number(h.Units) + " above what was announced"
	case allocation.WhyOnHold:
		return Plural(h.Units, "unit", "units") + " on hold"
	}
	return Plural(h.Units, "damaged unit", "damaged units")
}

// HeldText is all that is set aside in one sentence: "5 units of an unknown
// code, 12 damaged units"; "nothing" where there is none.
func HeldText(held []Held) string {
	if len(held) == 0 {
		return "nothing"
	}
	said := make([]string, len(held))
	for i, h := range held {
		said[i] = h.Text()
	}
	return strings.Join(said, ", ")
}

// Text is what was not counted: "4 records of the last upload".
func (u Uncounted) Text() string {
	return Plural(u.Records, "record", "records") + " of the last upload"
}

// Next is what may be done about it.
func (u Uncounted) Next() string {
	return "They were received before. Are they other units: scan DF:SAME-AGAIN at the station and send the memory once more; else nothing is to do"
}

// ShortShown is how many lines that are to be filled whole are named.
const ShortShown = 100

// Short is a line of class win that lacks units: it is to be filled whole, else a
// person should know. It stands until the line is filled, cancelled, or of another
// class.
type Short struct {
	Line allocation.LineID
	SKU  allocation.SKU
	Qty  int64 // that it lacks of what this site may give it
}

// Text is the line with what it lacks.
func (s Short) Text() string {
	return string(s.Line) + " is to be filled whole and lacks " + Number(s.Qty) + " of " + string(s.SKU)
}

// uncountedRow is a row of the site page.
type uncountedRow struct {
	Uncounted
	Age string
}

func uncountedRows(all []Uncounted, now time.Time) (rows []uncountedRow) {
	for _, u := range all {
		rows = append(rows, uncountedRow{u, Ago(now.Sub(u.Since))})
	}
	return rows
}

// heldRow is a row of the site page.
type heldRow struct {
	Held
	Age string
}

// Amount is what waits; nobody knows yet how many units are on a pallet.
func (r heldRow) Amount() string {
	if r.Why == allocation.WhyNotASN {
		return Plural(r.Codes, "pallet", "pallets")
	}
	return Number(r.Units)
}

// keptRow is a kept code on the site page.
type keptRow struct {
	Kept
	Name, Reason, Age string
}

// keptRows is how many kept codes stand on the site page.
const keptRows = 100

func heldRows(held []Held, now time.Time) (rows []heldRow) {
	for _, h := range held {
		rows = append(rows, heldRow{h, Ago(now.Sub(h.Since))})
	}
	return rows
}

func newKeptRows(kept []Kept, now time.Time) (rows []keptRow) {
	for _, k := range kept {
		rows = append(rows, keptRow{Kept: k, Name: label(k.Code), Reason: Held{Why: k.Why}.Reason(), Age: Ago(now.Sub(k.Since))})
	}
	return rows
}

// keptCodes counts the codes that wait, those on the page and the others.
func keptCodes(held []Held) (n int64) {
	for _, h := range held {
		if h.Why == allocation.WhyUnknown || h.Why == allocation.WhyNotASN {
			n += h.Codes
		}
	}
	return n
}
