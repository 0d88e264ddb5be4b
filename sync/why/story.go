package why

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Entry is one thing that an event did to a line or a unit.
type Entry struct {
	Kind Kind
	Qty  int64 // base units; 0 where none moved
	Text string
}

// Kind says in one word what an event did.
type Kind string

// The kinds of entries.
const (
	DidGive   Kind = "got"     // units came to the line
	DidTake   Kind = "lost"    // units went from the line
	DidPass   Kind = "passed"  // units went past the line
	DidBehind Kind = "behind"  // units went to a line before it
	DidBind   Kind = "bound"   // units of the line were picked, staged, shipped or brought back
	DidReturn Kind = "right"   // rights to fill the line were given back
	DidArrive Kind = "arrived" // the unit came in
	DidMove   Kind = "moved"   // the unit changed its place
)

// Needle is text that stands in the stored bytes of each event that names the
// word: a reader searches for it before it parses an event.
func Needle(word string) []byte {
	text, err := json.Marshal(word)
	if err != nil {
		panic(err) // a string always marshals
	}
	return text
}

// OfLine tells what an event did to a line; nothing where it does not touch it.
func OfLine(e wire.Event, id allocation.LineID) []Entry {
	var all []Entry
	add := func(k Kind, qty int64, format string, args ...any) {
		all = append(all, Entry{k, qty, fmt.Sprintf(format, args...)})
	}
	for _, d := range Explain(e, Known{}) {
		for _, c := range d.Candidates {
			switch {
			case c.Line == id && c.Part == Got:
				add(DidGive, c.Qty, "got %d of %s %s%s", c.Qty, d.SKU, cameFrom(c.From), cameBefore(c))
			case c.Line == id && c.Part == Passed:
				add(DidPass, 0, "passed: %s", (&allocation.Line{}).Lack(c.Lacks))
			case c.Over == id && c.From != string(id):
				add(DidBehind, 0, "%s came before it by %s", c.Line, c.By.Name())
			}
		}
		lostWords(d, id, add)
	}
	if w := e.Deed; w != nil && w.Line == id {
		add(DidBind, w.Qty, "%d %s", w.Qty, deedDone[w.Kind])
	}
	for _, r := range returned(e) {
		if r.Line == id {
			add(DidReturn, r.Qty, "the right to %d given back to the centre", r.Qty)
		}
	}
	return all
}

func returned(e wire.Event) []wire.Right {
	switch {
	case e.Applied != nil:
		return e.Applied.Returned
	case e.Deed != nil:
		return e.Deed.Returned
	}
	return nil
}

// lostWords tells where units of the line went.
func lostWords(d Decision, id allocation.LineID, add func(Kind, int64, string, ...any)) {
	for _, c := range d.Candidates {
		if c.Part == Got && c.From == string(id) {
			add(DidTake, c.Qty, "lost %d of %s to %s%s", c.Qty, d.SKU, c.Line, cameBefore(c))
		}
	}
	for _, p := range d.Rest {
		if p.From == string(id) {
			add(DidTake, p.Qty, "lost %d of %s %s", p.Qty, d.SKU, ToWords(p.To))
		}
	}
}

func cameFrom(place string) string {
	if place == "" {
		return "that came in"
	}
	return "from " + PlaceWords(place)
}

func cameBefore(c Candidate) string {
	if c.Over == "" || string(c.Over) == c.From {
		if c.By != "" {
			return " by " + c.By.Name()
		}
		return ""
	}
	return fmt.Sprintf(", before %s by %s", c.Over, c.By.Name())
}

// PlaceWords names a place of a move as people call it.
func PlaceWords(place string) string {
	switch place {
	case "":
		return "out of the house"
	case string(allocation.Free):
		return "free stock"
	case string(allocation.Broken):
		return "damaged"
	case string(allocation.Aside):
		return "on hold"
	case string(allocation.Surplus):
		return "set aside as surplus"
	}
	return place
}

// ToWords says where units went.
func ToWords(place string) string {
	switch place {
	case "", string(allocation.Aside):
		return PlaceWords(place)
	case string(allocation.Surplus):
		return "aside: more came than was announced"
	case string(allocation.Broken):
		return "to the damaged ones"
	}
	return "to " + PlaceWords(place)
}

// fits reports whether a serial in an event is that of the unit. Where no GTIN was
// read, its trade item is the SKU.
func (u Unit) fits(serial, trade string, sku allocation.SKU) bool {
	return serial == u.Serial && (u.Trade == "" || u.Trade == trade || u.Trade == string(sku))
}

// SerialNeedle stands in the stored bytes of each event that names one of the
// units.
func SerialNeedle(readings []Unit) []byte {
	shortest := readings[len(readings)-1].Serial // the others end in it
	return Needle(shortest)[1:]
}

// OfUnit tells what an event did to units with a serial, by any of its readings;
// nothing where it does not touch them.
func OfUnit(e wire.Event, readings []Unit) []Entry {
	var all []Entry
	fits := func(serial, trade string, sku allocation.SKU) bool {
		return slices.ContainsFunc(readings, func(u Unit) bool { return u.fits(serial, trade, sku) })
	}
	if e.Scan != nil {
		for _, r := range e.Scan.Receipts {
			if fits(r.Serial, r.GTIN, r.SKU) {
				all = append(all, Entry{DidArrive, r.Qty, fmt.Sprintf("%d of %s received: %s", r.Qty, r.SKU, arrivedAt(r))})
			}
		}
	}
	for _, m := range Moves(e) {
		if fits(m.Serial, m.Trade, m.SKU) {
			all = append(all, Entry{DidMove, m.Qty, fmt.Sprintf("%d of %s moved from %s to %s", m.Qty, m.SKU, moved(m.From), moved(m.To))})
		}
	}
	return all
}

func arrivedAt(r wire.Receipt) string {
	var to []string
	for _, a := range r.Allocations {
		to = append(to, fmt.Sprintf("%d to %s", a.Qty, a.Line))
	}
	if r.Free > 0 {
		to = append(to, fmt.Sprintf("%d to free stock", r.Free))
	}
	if r.Surplus > 0 {
		to = append(to, fmt.Sprintf("%d set aside as surplus", r.Surplus))
	}
	if shelf := dispositionShelf(r.Disposition); shelf != "" {
		to = append(to, PlaceWords(string(shelf)))
	}
	return strings.Join(to, ", ")
}

func moved(place string) string {
	if place == "" {
		return "outside"
	}
	return PlaceWords(place)
}

// Moves are the units that an event moved which were in the house before.
func Moves(e wire.Event) []wire.Move {
	switch {
	case e.Scan != nil:
		return e.Scan.Moves
	case e.Undo != nil:
		return e.Undo.Moves
	case e.Applied != nil:
		return e.Applied.Moves
	case e.Deed != nil:
		return e.Deed.Moves
	}
	return nil
}
