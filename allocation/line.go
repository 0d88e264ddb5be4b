package allocation

import "fmt"

// Ship says what of an order leaves together.
type Ship string

// The shipping gates.
const (
	ShipPartial Ship = "partial" // whatever is there
	ShipLine    Ship = "line"    // each line whole
	ShipOrder   Ship = "order"   // all lines whole
)

// ParseShip takes the three words; an empty one means ShipPartial.
func ParseShip(s string) (Ship, error) {
	switch g := Ship(s); g {
	case "":
		return ShipPartial, nil
	case ShipPartial, ShipLine, ShipOrder:
		return g, nil
	}
	return "", fmt.Errorf("ship %q is none of partial, line, order", s)
}

// Line is a line of an order as a decision sees it, in base units.
type Line struct {
	Rank    Rank
	SKU     SKU
	Segment string
	Ship    Ship  // "" means partial
	Pack    int64 // the line takes whole packs of so many only; 0 and 1 mean none
	MinLife int   // days that goods must have left

	Ordered    int64 // the most that it ever was to get
	Cancelled  int64 // of Ordered: not wanted now, and not held
	Allocated  int64 // all that it holds: picked, staged and shipped ones included
	Picked     int64 // carried, not staged yet
	Staged     int64 // shipped ones included
	Shipped    int64
	Guaranteed int64 // of Allocated: came by its segment's guarantee
	Excess     int64 // of Allocated: bound, and no longer wanted: a person brings them back

	// Right is what this site may still give to the line. The first Sunk units
	// that the line loses free no right: they are reclaimed, or an earlier life of
	// the site gave them.
	Right int64
	Sunk  int64
}

// ID is the line's name.
func (l *Line) ID() LineID { return l.Rank.Line }

// Wanted is what the line is to get in all.
func (l *Line) Wanted() int64 { return l.Ordered - l.Cancelled }

// Open is what the line still lacks.
func (l *Line) Open() int64 { return l.Ordered - l.Cancelled - l.Allocated }

// Takes is what the line can be given at this site.
func (l *Line) Takes() int64 { return max(0, min(l.Open(), l.Right)) }

// Bound is what a person has picked, staged or shipped: it moves no more.
func (l *Line) Bound() int64 { return l.Picked + l.Staged }

// Loose is what the line holds and nobody has picked.
func (l *Line) Loose() int64 { return l.Allocated - l.Bound() }

// Movable is what other lines may take where their class and rank allow it:
// loose units that did not come by a guarantee. Guaranteed units count as those
// that are bound first.
func (l *Line) Movable() int64 { return l.Allocated - max(l.Bound(), l.Guaranteed) }

// Least is how many units the line takes at once.
func (l *Line) Least() int64 { return max(1, l.Pack) }

// gated reports whether the line's units leave the house only with others.
func (l *Line) gated() bool { return l.Ship == ShipLine || l.Ship == ShipOrder }

// gain and lose keep the totals; held goods are kept beside them.
func (l *Line) gain(n int64) {
	l.Allocated += n
	l.Right -= n
}

func (l *Line) lose(n int64) {
	l.Allocated -= n
	l.Guaranteed = min(l.Guaranteed, l.Allocated)
	sunk := min(n, l.Sunk)
	l.Sunk -= sunk
	l.Right += n - sunk
}
