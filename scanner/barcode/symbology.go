package barcode

// family is how the data of a symbology is to be read.
type family int

const (
	none family = iota // no identifier was sent
	plain
	elementString
	eanUPC
	ean8
	itf
)

func familyOf(id string) family {
	switch id {
	case "":
		return none
	case "]C1", "]e0", "]d2", "]Q3", "]J1":
		return elementString
	case "]E0":
		return eanUPC
	case "]E4":
		return ean8
	case "]I0", "]I1", "]I3":
		return itf
	}
	return plain
}

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

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
