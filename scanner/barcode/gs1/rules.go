package gs1

import "strings"

// rule judges one component, whose characters and length were seen to be right.
type rule struct {
	name  string
	check func(value string) fault
}

// The rules by what they ask for. Those about keys, dates and the rest stand in
// files of their own.
var (
	nonZero      = &rule{"nonzero", checkNonZero}
	onlyZero     = &rule{"zero", checkZero}
	noZeroPrefix = &rule{"nozeroprefix", checkNoZeroPrefix}
	hasNonDigit  = &rule{"hasnondigit", checkHasNonDigit}
	onlyHyphens  = &rule{"hyphen", checkHyphens}
	yesNo        = &rule{"yesno", oneOf("01", YesNo, "0 (no) or 1 (yes)")}
	sexCode      = &rule{"iso5218", oneOf("0129", SexCode, "0 (not known), 1 (male), 2 (female) or 9 (not applicable)")}
	windingWay   = &rule{"winding", oneOf("019", Winding, "0 (face out), 1 (face in) or 9 (not defined)")}
	importer     = &rule{"importeridx", oneOf(importers, ImporterIndex, "a digit, a letter, - or _")}
	pieces       = &rule{"pieceoftotal", checkPieces}
	sequence     = &rule{"posinseqslash", checkSequence}
	percents     = &rule{"pcenc", checkPercents}
	latitude     = &rule{"latitude", upToDegrees("latitude", "1800000000")}
	longitude    = &rule{"longitude", upToDegrees("longitude", "3600000000")}
)

const importers = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

func checkNonZero(value string) fault {
	if strings.Trim(value, "0") == "" {
		return found(Zero, 0, "%s may not be zero", value)
	}
	return fault{}
}

func checkZero(value string) fault {
	if at := len(value) - len(strings.TrimLeft(value, "0")); at < len(value) {
		return found(Zero, at, "%q stands where only 0 is allowed", value[at])
	}
	return fault{}
}

func checkNoZeroPrefix(value string) fault {
	if value[0] == '0' {
		return found(Zero, 0, "the number may not begin with 0")
	}
	return fault{}
}

func checkHasNonDigit(value string) fault {
	if allDigits(value) {
		return found(NonDigit, 0, "a character other than a digit is needed")
	}
	return fault{}
}

func checkHyphens(value string) fault {
	if at := len(value) - len(strings.TrimLeft(value, "-")); at < len(value) {
		return found(Hyphen, at, "%q stands where only a hyphen (below zero) is allowed", value[at])
	}
	return fault{}
}

// oneOf asks for a single character.
func oneOf(allowed, code, meaning string) func(string) fault {
	return func(value string) fault {
		if strings.IndexByte(allowed, value[0]) < 0 {
			return found(code, 0, "%q stands where %s is needed", value[0], meaning)
		}
		return fault{}
	}
}

// checkPieces takes piece and total in halves of the same width: "0210" is the
// second of ten.
func checkPieces(value string) fault {
	half := len(value) / 2
	piece, total := value[:half], value[half:]
	switch {
	case strings.Trim(piece, "0") == "":
		return found(PieceOfTotal, 0, "the piece's number may not be zero")
	case strings.Trim(total, "0") == "":
		return found(PieceOfTotal, half, "the total of pieces may not be zero")
	case piece > total:
		return found(PieceOfTotal, 0, "piece %s is above the total of %s", piece, total)
	}
	return fault{}
}

// checkSequence takes "position/end" without leading zeros: "2/3" is the second
// of three.
func checkSequence(value string) fault {
	slash := strings.IndexByte(value, '/')
	if slash < 1 || slash == len(value)-1 || !allDigits(value[:slash]) || !allDigits(value[slash+1:]) {
		return found(Sequence, 0, "a position, a slash and the end are needed, such as 2/3")
	}
	position, end := value[:slash], value[slash+1:]
	switch {
	case position[0] == '0':
		return found(Sequence, 0, "the position may not begin with 0")
	case end[0] == '0':
		return found(Sequence, slash+1, "the end may not begin with 0")
	case len(position) > len(end) || len(position) == len(end) && position > end:
		return found(Sequence, 0, "position %s is above the end %s", position, end)
	}
	return fault{}
}

// checkPercents wants two hexadecimal digits after each "%" (RFC 3986, 2.1).
func checkPercents(value string) fault {
	for i := 0; i < len(value); i++ {
		if value[i] != '%' {
			continue
		}
		if _, ok := escaped(value[i:]); !ok {
			return found(Percent, i, "two hexadecimal digits are needed after %%; a percent sign itself is written %%25")
		}
		i += 2
	}
	return fault{}
}

// escaped reads the byte that "%2F" at the start of s stands for.
func escaped(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	high, low := nibble(s[1]), nibble(s[2])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

func nibble(c byte) int {
	n := strings.IndexByte("0123456789ABCDEFabcdef", c)
	if n > 15 {
		n -= 6
	}
	return n
}

// upToDegrees checks ten-millionths of a degree. A latitude counts from the south
// pole, a longitude eastwards from Greenwich, so that neither needs a sign.
func upToDegrees(name, largest string) func(string) fault {
	return func(value string) fault {
		if value > largest {
			return found(GeoPosition, 0, "the %s is above %s", name, largest)
		}
		return fault{}
	}
}
