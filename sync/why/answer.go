package why

import (
	"fmt"
	"time"

	"dockfill/allocation"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// Page says which part of a history is asked for.
type Page struct {
	Before ID  // Next of the page before; its zero begins with the newest
	Limit  int // rows, 1 to MaxRows
}

// Answer is what is known of an ID. Just one of its fields is set.
type Answer struct {
	Event *Told
	Line  *LineStory
	Unit  *UnitStory
}

// Row is an event in the history of a line or a unit.
type Row struct {
	Event   ID
	At      time.Time // the site's clock
	Entries []Entry
}

// Limits of one page of a history.
const (
	MaxRows   = 200     // rows
	MaxSearch = 100_000 // events that are searched
)

// History is a page of what events did, the newest first.
type History struct {
	Rows []Row
	// Searched counts the events that were looked through.
	Searched int64
	// Next asks for the page behind: what is older than that event. Its zero says that
	// the log ends.
	Next ID
	// Oldest is the oldest event that is kept where the log does not reach back to
	// the first; 0 where it does.
	Oldest int64
}

// Told is an event at its place in a log.
type Told struct {
	ID       ID        // with Site and Life
	Hash     wire.Hash // of the chain behind it
	Prev     wire.Hash // of the chain before it; zero where that is not kept
	StoredAt time.Time // at the centre; zero at the site
	Body     []byte    // as stored: SHA-256 of Prev and these bytes is Hash
	Event    wire.Event
	Known    Known
	Commands []wire.Command // that the event's transaction applied, where they are kept
	// Poison is why the centre could not apply it; "" where it did.
	Poison string
}

// LineStory is a line, where it stands, and what became of it.
type LineStory struct {
	Line         allocation.Line // at the centre without a right of its own: see Rights
	Customer     allocation.CustomerID
	CustomerName string
	Door         string
	Site         allocation.SiteID // home of its order; "" at the site itself
	Policy       allocation.Policy // in force, by which it stands where it stands
	Rights       []Right
	Standing     *Standing // nil where nothing is open
	Lacks        []string  // what hinders it, whatever comes in
	History      History
}

// Right is what one life of a site may give to a line.
type Right struct {
	Site    allocation.SiteID
	Life    string
	Present bool // it is the site's present life
	rights.Registers
}

// UnitStory is what became of a serial.
type UnitStory struct {
	Serial  string
	Where   string // now, in words
	Places  []Place
	History History
}

// Place is where units with a serial are now.
type Place struct {
	Trade string
	SKU   allocation.SKU
	At    string // a line or a shelf, as in wire.Move
	Qty   int64
	Bound int64 // of a line's: picked or staged
	Event ID    // that received it
}

// Missing is the error of what nobody can be told here. Text says what to do.
type Missing struct{ Text string }

func (m *Missing) Error() string { return m.Text }

// Missingf makes a *Missing.
func Missingf(format string, args ...any) error { return &Missing{fmt.Sprintf(format, args...)} }
