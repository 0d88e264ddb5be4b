package barcode

import (
	"fmt"
	"strings"

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
	case strings.Contains(s, separator) && (isDigit(s[0]) || s[:1] == separator):
		return p.readElements(0)
	case n >= 4 && s[0] == '(' && isDigit(s[1]) && isDigit(s[2]):
		return p.readElements(0)
	case n == 8 && allDigits(s):
		return &Error{Code: Ambiguous, Message: fmt.Sprintf(
			"%s is EAN-8 or UPC-E, which cannot be told apart; set the scanner to send AIM identifiers", s)}
	case n >= 12 && n <= 14 && allDigits(s):
		return p.code.takeGTIN(s)
	case looksLikeKey(s):
		return p.readUnseparated()
	}
	return checkText(p.code.Text)
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
	if n, _ := gs1.Readings(linear); n > 1 {
		p.code.Format = GS1
		return ambiguous()
	}
	return p.readElements(0)
}
