package barcode

import "strings"

// family is how the data of a symbology is to be read.
type family int

const (
	none family = iota // no identifier was sent
	plain
	elementString
	eanUPC
	withAddOn
	addOnAlone
	ean8
	itf          // its check digit was not looked at
	itfChecked   // checked and sent
	itfShortened // checked and not sent
)

// familyOf knows the identifiers of ISO/IEC 15424 and of the GS1 General
// Specifications, 5.1.2. ]d5 and ]Q4 are ]d2 and ]Q3 of a reader that knows
// extended channels too.
func familyOf(id string) family {
	switch id {
	case "":
		return none
	case "]C1", "]e0", "]d2", "]d5", "]Q3", "]Q4", "]J1":
		return elementString
	case "]E0":
		return eanUPC
	case "]E1", "]E2":
		return addOnAlone
	case "]E3":
		return withAddOn
	case "]E4":
		return ean8
	case "]I0":
		return itf
	case "]I1":
		return itfChecked
	case "]I3":
		return itfShortened
	}
	return plain
}

// mayBeHouse tells the symbologies in which a house prints codes of its own.
func (f family) mayBeHouse() bool { return f == none || f == plain || f == itf }

// splitIdentifier takes an AIM identifier off the front: "]", a letter, and a
// digit or letter.
func splitIdentifier(s string) (id, rest string) {
	if len(s) < 3 || s[0] != ']' || !isLetter(s[1]) || (!isDigit(s[2]) && !isLetter(s[2])) {
		return "", s
	}
	return s[:3], s[3:]
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

func allDigits(s string) bool { return noDigit(s) < 0 }

// noDigit gives the place of the first other character, or -1.
func noDigit(s string) int {
	return strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}
