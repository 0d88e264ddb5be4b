package barcode

import (
	"cmp"
	"fmt"
	"time"

	"dockfill/allocation"
	"dockfill/scanner/barcode/gs1"
)

// addDate reads the day at the start of a date, or of a date with a time.
func (c *Code) addDate(e Element, year int) *Error {
	d, ok := readDate(e.Value, year)
	if !ok {
		return &Error{Code: gs1.Date, AI: e.AI, At: e.At, Message: fmt.Sprintf(
			"(%s) holds %.6s, and there is no such day in the year it means", e.AI, e.Value)}
	}
	switch e.AI {
	case "11":
		c.Produced = d
	case "13":
		c.Packed = d
	case "15":
		c.BestBefore = d
	case "17":
		c.Expiry = d
	case "7003":
		c.Expiry = cmp.Or(c.Expiry, d)
	case "8008":
		c.Produced = cmp.Or(c.Produced, d)
	}
	return nil
}

// readDate takes YYMMDD. Day 00 means the last day of the month (GS1 General
// Specifications, 3.4).
func readDate(s string, year int) (allocation.Date, bool) {
	y, m, d := century(two(s), year), two(s[2:]), two(s[4:])
	if m < 1 || m > 12 {
		return "", false
	}
	last := time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	if d == 0 {
		d = last
	}
	if d > last {
		return "", false
	}
	b := [10]byte{digit(y / 1000), digit(y / 100), digit(y / 10), digit(y), '-', digit(m / 10), digit(m), '-', digit(d / 10), digit(d)}
	return allocation.Date(b[:]), true
}

func two(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }
func digit(n int) byte { return byte('0' + n%10) }

// century completes a two-digit year to one from 49 years ago to 50 years
// ahead (GS1 General Specifications, 7.12).
func century(yy, year int) int {
	y := year/100*100 + yy
	switch {
	case y > year+50:
		return y - 100
	case y <= year-50:
		return y + 100
	}
	return y
}
