package barcode

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"dockfill/allocation"
)

// Format is the kind of code that was recognised.
type Format string

// The formats.
const (
	GS1     Format = "gs1"
	GTIN    Format = "gtin"
	House   Format = "house"
	Control Format = "control"
	Unknown Format = "unknown"
)

// Element is one application identifier and its value.
type Element struct{ AI, Value string }

// Code is what a scan says. Where Err is set nothing but Symbology, Format and
// Text may be relied on, and the other fields are empty.
type Code struct {
	// Symbology is the AIM identifier such as "]C1"; empty where none was sent.
	Symbology string
	Format    Format
	// Text is the data without the identifier, GS included.
	Text string
	// Pattern names the house pattern that matched.
	Pattern string
	// Elements stand in label order, each AI once.
	Elements []Element

	GTIN     allocation.GTIN // AI 01, or a bare product code
	SSCC     allocation.SSCC // AI 00
	Contents allocation.GTIN // AI 02: what the pallet holds, Quantity times
	Lot      string          // AI 10
	Serial   string          // AI 21
	// Quantity is AI 30, or AI 37 of Contents; 0 means that none was stated.
	Quantity int64

	Produced   allocation.Date // AI 11
	Packed     allocation.Date // AI 13
	BestBefore allocation.Date // AI 15
	Expiry     allocation.Date // AI 17

	Card Card
	Err  *Error
}

// Rules is what a house decides about its codes. The zero value knows the
// standards and no house code.
type Rules struct {
	// House patterns are tried in order.
	House []Pattern
}

// Parse reads one scan. The symbology is the AIM identifier where the scanner
// sent it apart from the data; one at the start of data counts more. The year is
// the present one; two-digit years slide around it.
func (r Rules) Parse(symbology string, data []byte, year int) Code {
	id, text := splitIdentifier(string(data))
	c := Code{Symbology: symbology, Format: Unknown, Text: text}
	if id != "" {
		c.Symbology = id
	}
	if err := r.read(&c, year); err != nil {
		err.At += len(id)
		return Code{Symbology: c.Symbology, Format: c.Format, Text: text, Err: err}
	}
	return c
}

func (r Rules) read(c *Code, year int) *Error {
	family := familyOf(c.Symbology)
	switch {
	case c.Text == "":
		return &Error{Code: Empty, Message: "the scan holds no data"}
	case strings.HasPrefix(c.Text, cardPrefix):
		return c.readCard()
	case (family == plain || family == none) && r.matches(c):
		return nil
	}
	switch family {
	case elementString:
		return c.readElements(year)
	case eanUPC, ean8, itf:
		return c.readTradeItem(family)
	case none:
		return c.readLenient(year)
	}
	return checkText(c.Text)
}

// checkText refuses what no label says: text of a wrong baud rate or code page,
// and control characters other than those that two-dimensional labels use.
func checkText(s string) *Error {
	for i, c := range s {
		size := 1
		if c == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case c == utf8.RuneError && size == 1:
			return &Error{Code: NotText, At: i, Message: fmt.Sprintf(
				"the byte 0x%02X at %d is no text; check the scanner's baud rate and character set", s[i], i)}
		case (c < ' ' && !strings.ContainsRune("\x04\t\n\r\x1c\x1d\x1e\x1f", c)) || c == 0x7f:
			return &Error{Code: NotText, At: i, Message: fmt.Sprintf(
				"the control character 0x%02X at %d stands on no label; check the scanner's settings", c, i)}
		}
	}
	return nil
}
