package barcode

import (
	"fmt"
	"strings"

	"dockfill/allocation"
	"dockfill/scanner/barcode/gs1"
)

// readLenient decides where no identifier came; the package comment gives the
// rules in the same order.
func (p *parser) readLenient() *Error {
	s := p.rules.separated(p.code.Text)
	bars, _, composite := strings.Cut(p.code.Text, component)
	switch n := len(s); {
	case composite && (len(bars) == 12 || len(bars) == 13) && allDigits(bars):
		return p.readTradeItem(eanUPC)
	case gs1.IsLink(p.code.Text):
		return p.readLink()
	case strings.HasSuffix(s, separator) && isBare(s[:n-1]):
		return p.readEnded(s[:n-1])
	case strings.Contains(s, separator) && (isDigit(s[0]) || s[:1] == separator):
		return p.readElements(0)
	case n >= 4 && s[0] == '(' && isDigit(s[1]) && isDigit(s[2]):
		return p.readElements(0)
	case isBare(s):
		return p.code.readBare(s)
	case looksLikeKey(s):
		return p.readUnseparated()
	}
	return checkText(p.code.Text)
}

// isBare reports whether s has the length of a product code alone.
func isBare(s string) bool {
	n := len(s)
	return (n == 8 || n >= 12 && n <= 14) && allDigits(s)
}

// readBare takes a product code of a length that isBare allows. Fourteen digits are
// an ITF-14 where its check digit is right, else a UPC-A and its add-on of two where
// that one's is: every tenth ITF-14 would pass as both, and a dock sees no end of
// those and hardly a periodical. Thirteen are an EAN-13 alone, as the standard gives
// EAN-8 no add-on.
func (c *Code) readBare(s string) *Error {
	switch {
	case len(s) == 8:
		return &Error{Code: Ambiguous, Message: fmt.Sprintf(
			"%s is EAN-8 or UPC-E, which cannot be told apart; set the scanner to send AIM identifiers", s)}
	case len(s) == 14 && !isGTIN(s) && isGTIN(s[:12]):
		c.AddOn = s[12:]
		return c.takeGTIN(s[:12])
	}
	return c.takeGTIN(s)
}

func isGTIN(s string) bool {
	_, err := allocation.ParseGTIN(s)
	return err == nil
}

// readEnded takes the digits before a GS at the end, which some scanners send
// behind everything: a product code, if no element string can be read in them.
func (p *parser) readEnded(digits string) *Error {
	switch n, _, _ := gs1.Readings(digits); {
	case n == 0:
		return p.code.readBare(digits)
	case isGTIN(digits) || len(digits) == 14 && isGTIN(digits[:12]):
		return &Error{Code: Ambiguous, Message: fmt.Sprintf(
			"%s is a product code, or an element string that begins with (%s); set the scanner to send AIM identifiers", digits, digits[:2])}
	}
	return p.readElements(0)
}

// looksLikeKey reports whether s begins with an SSCC or GTIN element.
func looksLikeKey(s string) bool {
	if len(s) < 2 || s[0] != '0' {
		return false
	}
	switch s[1] {
	case '0':
		return len(s) >= 20 && allDigits(s[:20])
	case '1', '2':
		return len(s) >= 16 && allDigits(s[:16])
	}
	return false
}

// readUnseparated takes an element string in which no separator stands and none
// is missed: it is taken only if it can be cut in one way.
func (p *parser) readUnseparated() *Error {
	linear, _, _ := strings.Cut(p.code.Text, component)
	if n, _, parts := gs1.Readings(linear); n > 1 {
		p.code.Format = GS1
		return ambiguous(parts)
	}
	return p.readElements(0)
}
