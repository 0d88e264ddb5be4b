package wire

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"dockfill/allocation"
)

// Event is one entry of a site's log. Its stored bytes are made once, by
// Marshal, and are what the chain hashes and what travels.
type Event struct {
	Seq   int64     `json:"seq"`
	Nonce string    `json:"nonce"` // 16 hex digits, random
	At    time.Time `json:"at"`    // the site's clock, for people only
	// One of these:
	Scan    *Scan    `json:"scan,omitempty"`
	Undo    *Undo    `json:"undo,omitempty"`
	Applied *Applied `json:"applied,omitempty"`
	Deed    *Deed    `json:"deed,omitempty"`
}

// Scan is what one scan took in. A pallet makes several receipts. An event must
// not pass MaxEvent, so a large scan is told in several events, written in one
// transaction: Part counts from 1 to Parts, and both are absent where it is
// whole.
type Scan struct {
	Station  allocation.StationID `json:"station"`
	Code     []byte               `json:"code"` // as read, base64 in JSON
	At       *time.Time           `json:"at,omitempty"`
	SSCC     string               `json:"sscc,omitempty"`
	Worker   string               `json:"worker,omitempty"`
	Verdict  allocation.Verdict   `json:"verdict"`
	Why      allocation.WhyCode   `json:"why"`
	Policy   string               `json:"policy,omitempty"`
	Receipts []Receipt            `json:"receipts,omitempty"` // none: the code is kept unknown
	Passed   []Passed             `json:"passed,omitempty"`   // better-ranked lines that could take nothing
	More     bool                 `json:"more,omitempty"`     // further lines could take nothing
	// Moves are what the scan moved beside its own units: from line to line, and
	// between lines and shelves.
	Moves  []Move `json:"moves,omitempty"`
	Staged bool   `json:"staged,omitempty"` // what lines got of the receipts was staged at once
	// Kept is the event that kept the code of this scan, which is known by now. At
	// is when it was read.
	Kept  int64 `json:"kept,omitempty"`
	Times int64 `json:"times,omitempty"` // of a kept code: how often it counts; absent: once
	// Disposition is what the worker said of the goods of a kept code; absent: good.
	Disposition allocation.Disposition `json:"disposition,omitempty"`
	Part        int                    `json:"part,omitempty"`
	Parts       int                    `json:"parts,omitempty"`
	Late        bool                   `json:"late,omitempty"`      // the device kept it; At is when it arrived
	DeviceAt    *time.Time             `json:"device_at,omitempty"` // by the device's own clock
}

// Passed is an open line that units went past, and what it lacked.
type Passed struct {
	Line  allocation.LineID  `json:"line"`
	Lacks allocation.WhyCode `json:"lacks"`
}

// Receipt is one SKU's share of a scan, and where it went. Qty is the sum of
// the allocations, Free and Surplus for good units; other units are in none.
type Receipt struct {
	SKU         allocation.SKU         `json:"sku"`
	Qty         int64                  `json:"qty"`
	Disposition allocation.Disposition `json:"disposition,omitempty"` // absent: good
	Lot         string                 `json:"lot,omitempty"`
	Expiry      allocation.Date        `json:"expiry,omitempty"`
	Serial      string                 `json:"serial,omitempty"`
	GTIN        string                 `json:"gtin,omitempty"`
	Inbound     allocation.InboundID   `json:"inbound,omitempty"`
	Allocations []Allocation           `json:"allocations,omitempty"`
	Free        int64                  `json:"free,omitempty"`
	Surplus     int64                  `json:"surplus,omitempty"` // above what was announced: set aside
}

// Allocation gives units to a line.
type Allocation struct {
	Line allocation.LineID `json:"line"`
	Qty  int64             `json:"qty"`
	By   allocation.Key    `json:"by,omitempty"`
	Over allocation.LineID `json:"over,omitempty"`
}

// Move takes units of a SKU from a place to another. A place is a line, by its
// id, which has a stroke in it; or a shelf without one: free, damaged, hold,
// surplus; or absent: outside of the house. That units of a line are picked,
// staged or shipped is no move here: they stay the line's.
type Move struct {
	SKU     allocation.SKU       `json:"sku"`
	Qty     int64                `json:"qty"`
	From    string               `json:"from,omitempty"`
	To      string               `json:"to,omitempty"`
	By      allocation.Key       `json:"by,omitempty"`
	Over    allocation.LineID    `json:"over,omitempty"`
	Inbound allocation.InboundID `json:"inbound,omitempty"` // of surplus
	Lot     string               `json:"lot,omitempty"`
	Expiry  allocation.Date      `json:"expiry,omitempty"`
	Trade   string               `json:"trade,omitempty"` // of a serial: within which it is unique
	Serial  string               `json:"serial,omitempty"`
}

// FromLine and ToLine give the line at an end of the move, "" where a shelf is.
func (m Move) FromLine() allocation.LineID { return lineOf(m.From) }
func (m Move) ToLine() allocation.LineID   { return lineOf(m.To) }

func lineOf(place string) allocation.LineID {
	if strings.Contains(place, "/") {
		return allocation.LineID(place)
	}
	return ""
}

// Undo takes a station's last scan back: every receipt of the events Seqs, of
// which there are several where the scan was told in parts.
type Undo struct {
	Station allocation.StationID `json:"station"`
	Seqs    []int64              `json:"seqs"`
	Policy  string               `json:"policy,omitempty"` // in force, as in all events
	Moves   []Move               `json:"moves,omitempty"`
	Passed  []Passed             `json:"passed,omitempty"` // better-ranked lines that the moved units went past
	More    bool                 `json:"more,omitempty"`   // further lines could take nothing
}

// Applied says that commands up to and with Through were applied, and what
// moved because of them.
type Applied struct {
	Through CommandCursor `json:"through"`
	Policy  string        `json:"policy,omitempty"`
	Moves   []Move        `json:"moves,omitempty"`
	Passed  []Passed      `json:"passed,omitempty"`
	More    bool          `json:"more,omitempty"`
	// Returned are unspent rights given back.
	Returned []Right `json:"returned,omitempty"`
	// Refused names commands of this run that could not be applied.
	Refused []Refused `json:"refused,omitempty"`
}

// Right is a right to so many units of a line.
type Right struct {
	Line allocation.LineID `json:"line"`
	Qty  int64             `json:"qty"`
}

// Deed is what a person did with goods beside scanning them in, and what moved
// because of it.
type Deed struct {
	Kind    DeedKind             `json:"kind"`
	Station allocation.StationID `json:"station,omitempty"`
	Worker  string               `json:"worker,omitempty"`
	Line    allocation.LineID    `json:"line,omitempty"`
	SKU     allocation.SKU       `json:"sku,omitempty"`
	Inbound allocation.InboundID `json:"inbound,omitempty"`
	Qty     int64                `json:"qty,omitempty"` // below 0 for an adjustment downwards
	// From and To are of a regrade.
	From   allocation.Disposition `json:"from,omitempty"`
	To     allocation.Disposition `json:"to,omitempty"`
	Reason string                 `json:"reason,omitempty"`
	Policy string                 `json:"policy,omitempty"`
	Moves  []Move                 `json:"moves,omitempty"`
	Passed []Passed               `json:"passed,omitempty"`
	More   bool                   `json:"more,omitempty"`
	// Returned are rights that a line which wants less now gives back.
	Returned []Right `json:"returned,omitempty"`
}

// DeedKind says what was done.
type DeedKind string

// The deeds. Pick, stage, ship and return have a line; regrade and adjust a SKU;
// approve has an inbound.
const (
	DeedPick    DeedKind = "pick"
	DeedStage   DeedKind = "stage"
	DeedShip    DeedKind = "ship"
	DeedReturn  DeedKind = "return"
	DeedRegrade DeedKind = "regrade"
	DeedAdjust  DeedKind = "adjust"
	DeedApprove DeedKind = "approve"
)

// Refused is a command that a site could not apply, and why.
type Refused struct {
	N       int64  `json:"n"`
	Message string `json:"message"`
}

// Marshal makes the bytes that are stored, hashed and sent. It fails where they
// pass MaxEvent.
func (e Event) Marshal() ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	if len(text) > MaxEvent {
		return nil, fmt.Errorf("%w: event %d has %d bytes, at most %d are allowed", ErrTooLarge, e.Seq, len(text), MaxEvent)
	}
	return text, nil
}

// ParseEvent reads stored bytes. An event of no known kind is given with all
// kinds nil: it is kept as a fact and cannot be applied.
func ParseEvent(stored []byte) (Event, error) {
	if e, ok := readUsualScan(stored); ok {
		return e, nil
	}
	var e Event
	if err := json.Unmarshal(stored, &e); err != nil {
		return Event{}, fmt.Errorf("%w: event: %v", ErrFormat, err)
	}
	return e, nil
}
