package allocation

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// Batch is what units of a SKU have in common that a rule can ask for. Serial is
// set for goods that are followed one by one; Trade is then the GTIN, or the SKU
// where none was read, within which the serial is unique.
type Batch struct {
	SKU    SKU
	Lot    string
	Expiry Date
	Trade  string
	Serial string
}

// Plain reports whether nothing but the SKU is known of the units. A store needs
// no row for what a line holds of them: it is what the other rows leave.
func (b Batch) Plain() bool { return b == Batch{SKU: b.SKU} }

// Before orders batches of a SKU as they are used: first expired first, those
// without a date last, then by lot and serial. Wherever units must be chosen,
// they are chosen in this order.
func (b Batch) Before(c Batch) int {
	return cmp.Or(cmp.Compare(lastIfNone(b.Expiry), lastIfNone(c.Expiry)), cmp.Compare(b.SKU, c.SKU),
		cmp.Compare(b.Lot, c.Lot), cmp.Compare(b.Trade, c.Trade), cmp.Compare(b.Serial, c.Serial))
}

// lasts reports whether the batch has minLife days left on the day today, or no
// date at all: goods without a date do not expire. On the day of its expiry a batch
// is still good; afterwards no line gets it.
func (b Batch) lasts(today Date, minLife int) bool {
	return b.Expiry == "" || b.Expiry >= today.plus(minLife)
}

// until counts the days from d to another day; very many where d is none.
func (d Date) until(to Date) int {
	a, errA := time.Parse(time.DateOnly, string(d))
	b, errB := time.Parse(time.DateOnly, string(to))
	if errA != nil || errB != nil {
		return math.MaxInt
	}
	return int(b.Sub(a) / (24 * time.Hour))
}

// plus gives the day n days later; none stays none.
func (d Date) plus(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Date(t.AddDate(0, 0, n).Format(time.DateOnly))
}

// Shelf is where units lie that no line holds.
type Shelf string

// The shelves. Dock is where a receipt's units stand while their decision is
// made: nothing lies there afterwards.
const (
	Outside  Shelf = ""        // not in the house: not yet, or no longer
	Dock     Shelf = "dock"    // just received
	Free     Shelf = "free"    // good, and free
	Broken   Shelf = "damaged" // damaged
	Aside    Shelf = "hold"    // set aside by a person
	Surplus  Shelf = "surplus" // above what was announced, until approved
	WithLine Shelf = "line"    // held by a line, loose
	Bound    Shelf = "bound"   // held by a line, and picked or staged
)

// Place is a shelf; Line is set for WithLine and Bound, Inbound for Surplus.
type Place struct {
	Shelf   Shelf
	Line    LineID
	Inbound InboundID
}

// At is the place of a line.
func At(line LineID) Place { return Place{Shelf: WithLine, Line: line} }

// Parcel is units of one batch.
type Parcel struct {
	Batch
	Qty   int64
	Bound int64 // of a line's: picked, staged or shipped, they move no more
}

// Move takes units from a place to another. A decision is a list of moves; each
// unit that enters, leaves or changes hands stands in just one of them.
type Move struct {
	Batch
	Qty      int64
	From, To Place
	// By is the first key by which the line that got the units came before Over,
	// the next one that waited; both are empty where no other line of its SKU could take any.
	By   Key
	Over LineID
}

// Receipt is what one scan takes in of one SKU. Disposition empty means Good.
type Receipt struct {
	Batch
	Qty         int64 // base units, 1 to MaxQty
	Disposition Disposition
	Inbound     InboundID
}

// OneSerial says that a serial was counted several times: it names one trade item,
// be that a piece or a case.
func OneSerial(serial string, times int64) string {
	return fmt.Sprintf("serial %s names one thing and does not count %d times: nothing was counted", serial, times)
}

// Taken is a receipt with where its units went, as the event tells that is to be
// undone: what lines got, and what was put aside as surplus; the rest was free.
type Taken struct {
	Receipt
	Lines   []Given
	Surplus int64
}

// Given is units that a line got.
type Given struct {
	Line LineID
	Qty  int64
}
