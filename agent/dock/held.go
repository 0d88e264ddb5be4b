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
