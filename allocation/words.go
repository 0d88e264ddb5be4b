// Package allocation is Dockfill's vocabulary and its one decision: which
// waiting backorder gets the unit that was just received.
//
// Everything in the product points at this package, and this package points at
// nothing but the standard library: it does no input or output, reads no clock
// and starts no goroutine. The same code decides at the dock, in a replay, in a
// simulation and at the centre.
//
// Quantities are whole numbers of the SKU's base unit ("each"; grams or
// millilitres for goods sold by measure).
package allocation

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A named type for each string that looks like another one.
type (
	// SKU names what is stocked.
	SKU string
	// OrderID is the customer's order as the house's order system names it.
	OrderID string
	// LineID is "order/line"; the part after the last slash is the line.
	LineID string
	// CustomerID names who ordered.
	CustomerID string
	// InboundID names announced supply: a purchase order or a ship notice.
	InboundID string
	// SiteID names a warehouse: one to forty of a-z, 0-9 and "-".
	SiteID string
	// StationID names one scanner's place in a site.
	StationID string
)

// MaxIDBytes is the longest identifier that is taken from outside.
const MaxIDBytes = 64

// MaxQty is the largest quantity that one scan, line or announcement may carry.
const MaxQty = 1_000_000

// MakeLineID joins an order and one of its lines.
func MakeLineID(order OrderID, line string) LineID {
	return LineID(string(order) + "/" + line)
}

// Split gives back the order and the line that MakeLineID joined.
func (id LineID) Split() (OrderID, string) {
	i := strings.LastIndexByte(string(id), '/')
	if i < 0 {
		return OrderID(id), ""
	}
	return OrderID(id[:i]), string(id[i+1:])
}

// CheckID reports why s cannot serve as an identifier: it is empty, longer than
// MaxIDBytes, not UTF-8, holds a control character, or begins or ends in white
// space. The name says in the error which field was meant.
func CheckID(name, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%s is missing", name)
	case len(s) > MaxIDBytes:
		return fmt.Errorf("%s is %d bytes long, at most %d are allowed", name, len(s), MaxIDBytes)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s is not UTF-8 text", name)
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%s %q begins or ends in white space", name, s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%s %q holds a control character", name, s)
	}
	return nil
}

// CheckLine reports why line cannot be the line part of a LineID.
func CheckLine(line string) error {
	if err := CheckID("line", line); err != nil {
		return err
	}
	if strings.Contains(line, "/") {
		return fmt.Errorf("line %q holds a slash, which separates order and line", line)
	}
	return nil
}

// CheckSite reports why s is not a site id. Site ids stand in topics and file
// names, so their alphabet is small.
func CheckSite(s string) error {
	if len(s) < 1 || len(s) > 40 {
		return fmt.Errorf("site %q must be 1 to 40 characters long", s)
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("site %q may hold only a-z, 0-9 and -", s)
		}
	}
	return nil
}

// CheckQty reports why n is no quantity: it must be 1 to MaxQty.
func CheckQty(n int64) error {
	if n < 1 || n > MaxQty {
		return fmt.Errorf("quantity %d is not between 1 and %d", n, int64(MaxQty))
	}
	return nil
}

// Date is a calendar day, "2027-01-31"; empty means none. Dates compare as text.
type Date string

// ParseDate takes YYYY-MM-DD of an existing day, or nothing.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return "", nil
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("date %q is not a day written YYYY-MM-DD", s)
	}
	return Date(s), nil
}

// Disposition says what state received goods are in. Only Good is allocated.
type Disposition string

// The dispositions.
const (
	Good    Disposition = "good"
	Damaged Disposition = "damaged"
	Hold    Disposition = "hold"
)

// Units writes a number of units: "1 unit", "2 units".
func Units(n int64) string { return fmt.Sprintf("%d %s", n, plural(n, "unit", "units")) }

func plural(n int64, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// ParseDisposition takes the three words; an empty one means Good.
func ParseDisposition(s string) (Disposition, error) {
	switch d := Disposition(s); d {
	case "":
		return Good, nil
	case Good, Damaged, Hold:
		return d, nil
	}
	return "", fmt.Errorf("disposition %q is none of good, damaged, hold", s)
}

// Verdict is what the worker is told about a scan.
type Verdict string

// The verdicts. Allocated, Stock and Held are given only after the unit is
// safe on disk; Check asks a person; Stop means nothing was saved.
const (
	Allocated Verdict = "ALLOCATED"
	Stock     Verdict = "STOCK"
	Held      Verdict = "HOLD"
	Check     Verdict = "CHECK"
	Stop      Verdict = "STOP"
)

// Saved reports whether the verdict promises that the unit is on disk.
func (v Verdict) Saved() bool { return v == Allocated || v == Stock || v == Held }

// Class says who may take from whom, and ranks an order before its age does.
type Class string

// The classes, best rank first. Redistribute is the default.
const (
	Win          Class = "win"
	Gain         Class = "gain"
	Redistribute Class = "redistribute"
	Fill         Class = "fill"
	Lose         Class = "lose"
)

// ParseClass takes the five words; an empty one means Redistribute.
func ParseClass(s string) (Class, error) {
	if s == "" {
		return Redistribute, nil
	}
	if c := Class(s); c.order() > 0 {
		return c, nil
	}
	return "", fmt.Errorf("class %q is none of win, gain, redistribute, fill, lose", s)
}

// order is 1 for the best class; 0 for no class at all.
func (c Class) order() int {
	switch c {
	case Win:
		return 1
	case Gain:
		return 2
	case Redistribute:
		return 3
	case Fill:
		return 4
	case Lose:
		return 5
	}
	return 0
}
