package dock

import (
	"time"

	"dockfill/allocation"
)

// Feedback is what one scan told the worker. It exists only after the commit,
// or, for STOP, after it is certain that nothing was saved.
type Feedback struct {
	Seq     int64 // of the scan's event in the site's log; 0 where none was written
	Station allocation.StationID
	At      time.Time
	Verdict allocation.Verdict
	Why     allocation.WhyCode
	Text    string  // the reason in a sentence
	Code    string  // what was read, control characters made visible
	SKU     string  // "" for a pallet of several, or an unknown code
	Item    string  // the item's description
	Qty     int64   // base units taken in
	Blocks  []Block // where the units go: the orders' doors, the largest first, then what is put away
	// Complete names orders that this scan filled to the last unit.
	Complete []allocation.OrderID
}

// Block is one destination of a scan's units: a line's door, or the put-away
// location of free stock, which has no Line.
type Block struct {
	Destination string // the order's door, or the item's put-away location; may be ""
	Qty         int64
	Line        allocation.LineID
	Order       allocation.OrderID
	Customer    string
	Filled      int64 // units of the line now allocated
	Wanted      int64 // units of the line wanted in all
	Text        string
}

// Status is the site at one moment, for the pages, the API and the command line.
type Status struct {
	Site        allocation.SiteID
	State       string    // session.State
	Reason      string    // why the state is not ACTIVE, as a sentence
	StateSince  time.Time // when this process came to the state
	Captured    Captured
	Incarnation string
	Version     string
	Policy      string
	Started     time.Time
	// The log, by sequence number: Head was saved here, Stored confirmed by the
	// centre, Safe also copied off the centre's machine; the same as Stored where
	// the centre keeps no such copy.
	Head, Stored, Safe int64
	OldestUnsent       time.Time // zero where nothing waits
	Link               Link
	Stations           []Station
	Tasks              int // tasks open
	Owed               Owed
	Totals             Totals
	Held               []Held      // by reason; a reason that nothing waits for is left out
	Uncounted          []Uncounted // by station; one where no question is open is left out
	Short              []Short     // the first ShortShown lines that are to be filled whole and are not
	ShortLines         int64       // all of them
	DatabaseBytes      int64
	Checkpoints        Checkpoints
	DiskFreeBytes      int64 // UnknownBytes where the system does not say
	// DiskFull means that scans are refused until the disk has room.
	DiskFull bool
	// Unread means that the database cannot be read: its figures, the policy and
	// the incarnation are not known, and nothing of them is to be shown.
	Unread bool
}

// Captured are scans that are set aside in the capture file.
type Captured struct {
	Scans int64     // of goods, and not taken back
	Since time.Time // when the first came; zero where there is none
	Lost  int64     // damaged in the file: those goods must be counted
}

// Checkpoints are the copies of the database that a policy can be tried on.
type Checkpoints struct {
	Wanted, Kept int
	Newest       time.Time // zero where there is none
	Problem      string    // why today's could not be made
}

// UnknownBytes stands for a size that the system does not say. 0 is a full disk.
const UnknownBytes = -1

// Link is the connection to the centre.
type Link struct {
	Up      bool
	Since   time.Time // of being up, or of being down
	Problem string    // the last failure in words, "" while up
	Dropped int64     // messages from the centre that could not be read or found a queue full, since the start
}

// Station is one scanner's place.
type Station struct {
	ID    allocation.StationID
	Port  string
	State string // one of the Station constants
	Since time.Time
	// Device is what Port led to, such as /dev/ttyACM0, "" while the scanner is away;
	// Revision is what it says of itself, "" where it says nothing.
	Device, Revision string
	LastScan         time.Time
	Counts           Counts
	// Problem is the present trouble, "" where there is none. A scanner that is
	// connected can have one too.
	Problem string
}

// Counts are a scanner's since the agent's start, as package scanner has them; Repeats
// holds the records of its memory too that were not counted again.
type Counts struct {
	Scans, Faults, Repeats, Connects, LostAnswers, Late int64
}

// The states of a station, in the words that a person reads.
const (
	StationConnected = "connected"
	StationSearching = "searching"
	StationStalled   = "stalled"
	StationBare      = "no scanner" // scans come by the API alone
)

// Owed counts what the site knows to be owed, under the rights that it holds.
type Owed struct {
	Lines, Orders, Units int64
}

// Totals count since the log began, in base units unless named otherwise.
type Totals struct {
	Scans          int64 // events of scans
	Units          int64 // good units received and not undone
	Allocated      int64 // given to lines, those that were shipped included
	OrdersComplete int64
	LinesKnown     int64
	Free           int64
}

// Held is what lies at the site for one reason and waits for a decision of
// people; no order gets it before.
type Held struct {
	Why   allocation.WhyCode // WhyUnknown, WhyNotASN, WhySurplus, WhyOnHold or WhyDamaged
	Units int64              // base units; of unknown codes, as often as they were scanned
	Codes int64              // different codes, or SKUs
	Since time.Time          // of the oldest
}

// Uncounted are records of a station's newest memory upload that were received before
// and not counted; for a day a person may say that they are other units.
type Uncounted struct {
	Station allocation.StationID
	Records int64
	Since   time.Time // when the upload came
}

// Kept is a code that named nothing known when it was scanned.
type Kept struct {
	Code  string             // control characters made visible
	Why   allocation.WhyCode // WhyUnknown or WhyNotASN
	Units int64              // as often as it counts, by the quantity card
	Scans int64
	Since time.Time // of its first scan
}

// Task is what a person must still do because of a later decision.
type Task struct {
	ID       int64
	Kind     string // PICK, MOVE, RETURN
	SKU      allocation.SKU
	Qty      int64
	From, To string // a location, or a line
	Since    time.Time
	Text     string
}
