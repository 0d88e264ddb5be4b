package device

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// GS separates GS1 elements of variable length.
const GS = "\x1d"

// Label is a barcode in front of the device.
type Label struct {
	// Text is the data as a scanner sends it, GS included, without the AIM
	// identifier.
	Text string
	// AIM is the symbology identifier: "]C1".
	AIM string
	// Type is the SSI code type.
	Type byte
}

// symbologies gives the SSI code type by AIM identifier, longest match first.
// DataBar's type differs between models; 30h is one of them.
var symbologies = []struct {
	aim  string
	code byte
}{
	{"]C1", 0x0F}, {"]C", 0x03}, {"]E4", 0x0A}, {"]E", 0x0B}, {"]A", 0x01}, {"]I", 0x06},
	{"]L", 0x11}, {"]d", 0x1B}, {"]Q", 0x1C}, {"]z", 0x2D}, {"]e", 0x30},
}

// ParseLabel takes a code as a person types it:
//
//   - Go escapes such as \x1d and \\;
//   - an AIM identifier in front ("]C1...") names the symbology;
//   - GS1 in brackets, "(01)09506000134352(21)A7", becomes a GS1-128 element
//     string with its separators;
//   - else 8, 12, 13 and 14 digits are EAN-8, UPC-A, EAN-13 and ITF-14, and
//     anything else is Code 128.
//
// An empty code and a broken escape are errors.
func ParseLabel(typed string) (Label, error) {
	text, err := unescape(typed)
	switch {
	case err != nil:
		return Label{}, err
	case text == "":
		return Label{}, fmt.Errorf("a label cannot be empty")
	case bracketed.MatchString(text):
		return Label{Text: elementString(text), AIM: "]C1", Type: 0x0F}, nil
	case len(text) > 3 && text[0] == ']':
		return Label{Text: text[3:], AIM: text[:3], Type: typeOf(text[:3])}, nil
	}
	return guessed(text), nil
}

// MustLabel is ParseLabel for codes that are known to be right.
func MustLabel(typed string) Label {
	l, err := ParseLabel(typed)
	if err != nil {
		panic(err)
	}
	return l
}

func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		return "", fmt.Errorf(`code %q has a broken escape: write \x1d for GS and \\ for a backslash`, s)
	}
	return text, nil
}

func typeOf(aim string) byte {
	for _, s := range symbologies {
		if strings.HasPrefix(aim, s.aim) {
			return s.code
		}
	}
	return 0x03
}

// guessed names the symbology by what the text looks like.
func guessed(text string) Label {
	digits := strings.Trim(text, "0123456789") == ""
	switch {
	case digits && len(text) == 8:
		return Label{Text: text, AIM: "]E4", Type: 0x0A}
	case digits && len(text) == 12:
		return Label{Text: text, AIM: "]E0", Type: 0x08}
	case digits && len(text) == 13:
		return Label{Text: text, AIM: "]E0", Type: 0x0B}
	case digits && len(text) == 14:
		return Label{Text: text, AIM: "]I1", Type: 0x06}
	}
	return Label{Text: text, AIM: "]C0", Type: 0x03}
}

var (
	bracketed = regexp.MustCompile(`^(\(\d{2,4}\)[^()]+)+$`)
	element   = regexp.MustCompile(`\((\d{2,4})\)([^()]+)`)
)

// elementString joins bracketed elements, with GS after each that has no
// predefined length and is not the last.
func elementString(text string) string {
	var b strings.Builder
	all := element.FindAllStringSubmatch(text, -1)
	for i, e := range all {
		b.WriteString(e[1] + e[2])
		if i < len(all)-1 && !predefined(e[1]) {
			b.WriteString(GS)
		}
	}
	return b.String()
}

// predefined tells the AIs whose length the GS1 General Specifications fix by
// their first two digits, so that no separator follows them.
func predefined(ai string) bool {
	switch ai[:2] {
	case "00", "01", "02", "03", "04", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20",
		"31", "32", "33", "34", "35", "36", "41":
		return true
	}
	return false
}
