package promise

import "dockfill/allocation"

// Gates says when goods can leave: those of an order that ships whole wait for
// its last line. All open lines of such orders are to be among the lines. Dates
// does it for the lines that it was given.
func (f Forecast) Gates(lines []allocation.Line) {
	orders := map[allocation.OrderID]allocation.Date{}
	for _, l := range lines {
		if l.Ship != allocation.ShipOrder {
			continue
		}
		last, begun := orders[l.Rank.Order]
		whole := f.Lines[l.ID()].Whole
		if begun && (last == "" || whole == "") {
			whole = ""
		} else {
			whole = max(last, whole)
		}
		orders[l.Rank.Order] = whole
	}
	for _, l := range lines {
		line := f.Lines[l.ID()]
		line.Leaves, line.Done = line.First, line.Whole
		switch l.Ship {
		case allocation.ShipLine:
			line.Leaves = line.Whole
		case allocation.ShipOrder:
			line.Leaves = orders[l.Rank.Order]
			line.Done = line.Leaves
		}
		f.Lines[l.ID()] = line
	}
}

// Word says how a promise stands.
type Word string

// The words for a promise.
const (
	Kept    Word = "kept"    // all of it can leave by the promised day
	Missed  Word = "missed"  // it comes later, or the promised day has passed
	Unknown Word = "unknown" // nobody can say: nothing is announced, or it is late
)

// Against holds what is said of a line against the day that its customer was
// promised; "" where none was.
func (l Line) Against(promised, today allocation.Date) Word {
	switch {
	case promised == "":
		return ""
	case promised < today || l.Done > promised:
		return Missed
	case l.Done == "":
		return Unknown
	}
	return Kept
}
