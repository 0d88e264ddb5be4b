package wire

import (
	"encoding/json"
	"fmt"
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
	Times    int64                `json:"times,omitempty"`    // of a kept code: how often it counts; absent: once
	Part     int                  `json:"part,omitempty"`
	Parts    int                  `json:"parts,omitempty"`
	Late     bool                 `json:"late,omitempty"`      // the device kept it; At is when it arrived
	DeviceAt *time.Time           `json:"device_at,omitempty"` // by the device's own clock
}

// Receipt is one SKU's share of a scan, and where it went. Qty is the sum of
// the allocations and Free for good units; other units are in neither.
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
	Passed      int                    `json:"passed,omitempty"` // better lines without a right
}

// Allocation gives units to a line.
type Allocation struct {
	Line allocation.LineID `json:"line"`
	Qty  int64             `json:"qty"`
	By   allocation.Key    `json:"by,omitempty"`
	Over allocation.LineID `json:"over,omitempty"`
}

// Undo takes a station's last scan back: every receipt and allocation of the
// events Seqs, of which there are several where the scan was told in parts.
type Undo struct {
	Station     allocation.StationID `json:"station"`
	Seqs        []int64              `json:"seqs"`
	Allocations []Allocation         `json:"allocations,omitempty"` // taken back
	Free        []Free               `json:"free,omitempty"`        // taken back
}

// Free is a quantity of free stock of one SKU.
type Free struct {
	SKU allocation.SKU `json:"sku"`
	Qty int64          `json:"qty"`
}

// Applied says that commands up to and with Through were applied, and what
// moved because of them.
type Applied struct {
	Through CommandCursor `json:"through"`
	// Allocations of free stock to lines, each a task to pick.
	Allocations []Allocation `json:"allocations,omitempty"`
	// Released are units taken from lines that were cut: back to free stock,
	// their rights returned.
	Released []Allocation `json:"released,omitempty"`
	// Returned are unspent rights given back.
	Returned []Allocation `json:"returned,omitempty"`
	// Refused names commands of this run that could not be applied.
	Refused []Refused `json:"refused,omitempty"`
}

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
// three kinds nil: it is kept as a fact and cannot be applied.
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
