package dock

import (
	"strings"

	"dockfill/allocation"
)

// cardPrefix begins every control card.
const cardPrefix = "DF:"

// ssccChars is the length of AI 00 with its value: two digits and eighteen.
const ssccChars = 20

// label is a code as people name what they scanned: "card DAMAGED" for a control
// card, "SSCC 106141411234567897" for a pallet, and any other code without the
// symbology identifier (ISO/IEC 15424) that the scanner put in front of it. The
// text is visible, as of Visible.
func label(code string) string {
	id, text := splitIdentifier(code)
	switch {
	case strings.HasPrefix(text, cardPrefix) && len(text) > len(cardPrefix):
		return "card " + Visible(text[len(cardPrefix):])
	case isPallet(id, text):
		return "SSCC " + text[2:ssccChars]
	}
	return Visible(text)
}

// splitIdentifier takes "]", a letter, and a digit or letter off the front.
func splitIdentifier(code string) (id, text string) {
	if len(code) < 3 || code[0] != ']' || !isLetter(code[1]) || !isLetter(code[2]) && !isNumber(code[2:3]) {
		return "", code
	}
	return code[:3], code[3:]
}

func isLetter(c byte) bool { return 'a' <= c|' ' && c|' ' <= 'z' }

// isPallet reports an SSCC: in a GS1 code also one with a wrong check digit, or
// with more elements behind it; elsewhere only a whole and sound one.
func isPallet(id, text string) bool {
	if len(text) < ssccChars || !strings.HasPrefix(text, "00") || !isNumber(text[:ssccChars]) {
		return false
	}
	switch id {
	case "]C1", "]e0", "]d2", "]d5", "]Q3", "]Q4", "]J1":
		return true
	}
	_, err := allocation.ParseSSCC(text[2:])
	return err == nil
}
