package barcode

import (
	"fmt"
	"strings"
)

// readLenient decides where no identifier came; the package comment gives the
// rules in the same order.
func (c *Code) readLenient(year int) *Error {
	s := c.Text
	switch n := len(s); {
	case strings.IndexByte(s, separator) >= 0 && (isDigit(s[0]) || s[0] == separator):
		return c.readElements(year)
	case n >= 4 && s[0] == '(' && isDigit(s[1]) && isDigit(s[2]):
		return c.readWritten(year)
	case n == 8 && allDigits(s):
		return &Error{Code: Ambiguous, Message: fmt.Sprintf(
			"%s is EAN-8 or UPC-E, which cannot be told apart; set the scanner to send AIM identifiers", s)}
	case n >= 12 && n <= 14 && allDigits(s):
		return c.takeGTIN(s)
	case looksLikeKey(s):
		return c.readUnseparated(year)
	}
	return checkText(s)
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
// is missed: the element at its end may have any length, but only if no other
// end of any element would make a valid label too.
func (c *Code) readUnseparated(year int) *Error {
	if err := c.readElements(year); err != nil {
		return err
	}
	if readings(c.Text) > 1 {
		return &Error{Code: Ambiguous, Message: "the label can be read in more than one way, as a separator may be lost; " +
			"set the scanner to send GS for FNC1, or AIM identifiers"}
	}
	return nil
}

// readings counts the ways to cut s into valid elements, 2 standing for more.
// Worked from the end, so that its time grows with the length alone.
func readings(s string) int {
	ways := make([]int8, len(s)+1)
	ways[len(s)] = 1
	for i := len(s) - 1; i >= 0; i-- {
		ai, sp, ok := lookup(s[i:])
		if !ok {
			continue
		}
		start := i + len(ai)
		for end := start + sp.min; end <= min(start+sp.max, len(s)) && ways[i] < 2; end++ {
			if ways[end] > 0 && sp.check(Element{AI: ai, Value: s[start:end]}, i) == nil {
				ways[i] = min(2, ways[i]+ways[end])
			}
		}
	}
	return int(ways[0])
}

// readWritten reads elements as they stand below the bars, "(01)...(10)...". A
// bracket opens the next element only where a known AI and a closing bracket
// follow, as brackets may stand inside a value too.
func (c *Code) readWritten(year int) *Error {
	c.Format = GS1
	s := c.Text
	c.Elements = make([]Element, 0, 6)
	for i := 0; i < len(s); {
		ai, sp, ok := writtenAI(s[i:])
		if !ok {
			return unknownAI(s[i+1:], i)
		}
		start := i + len(ai) + 2
		end := start
		for end < len(s) {
			if _, _, next := writtenAI(s[end:]); next {
				break
			}
			end++
		}
		e := Element{AI: ai, Value: s[start:end]}
		if err := sp.check(e, i); err != nil {
			return err
		}
		if err := c.add(e, i, year); err != nil {
			return err
		}
		i = end
	}
	return c.settle()
}

func writtenAI(s string) (string, spec, bool) {
	if s[0] != '(' {
		return "", spec{}, false
	}
	ai, sp, ok := lookup(s[1:])
	if !ok || len(s) < len(ai)+2 || s[len(ai)+1] != ')' {
		return "", spec{}, false
	}
	return ai, sp, true
}
