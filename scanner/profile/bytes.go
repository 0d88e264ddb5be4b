package profile

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Bytes are what goes over the wire. In a document they are text in which
// control characters stand by their names or as two hexadecimal digits, both in
// angle brackets: "<ESC>7," or "<1B>7,"; a bracket itself is "<3C>".
type Bytes struct{ raw []byte }

var controlNames = []string{
	"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI",
	"DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
}

// By these words the faults of the notation are known among the decoder's.
const (
	errNotation      = "is neither a control character such as <ESC> nor two hexadecimal digits such as <1B>"
	errPlainNotation = "is not printable; write it as <"
)

// UnmarshalText reads the notation.
func (b *Bytes) UnmarshalText(text []byte) error {
	b.raw = nil
	for rest := string(text); rest != ""; {
		literal, named, found := strings.Cut(rest, "<")
		for i := range len(literal) {
			if literal[i] < ' ' || literal[i] > '~' {
				return fmt.Errorf("%q %s%02X>", literal[i:i+1], errPlainNotation, literal[i])
			}
		}
		b.raw = append(b.raw, literal...)
		if !found {
			return nil
		}
		name, after, closed := strings.Cut(named, ">")
		c, ok := control(name)
		if !closed || !ok {
			return fmt.Errorf("<%s %s; a bracket itself is <3C>", strings.TrimSuffix(named, after), errNotation)
		}
		b.raw = append(b.raw, c)
		rest = after
	}
	return nil
}

func control(name string) (byte, bool) {
	if i := slices.Index(controlNames, name); i >= 0 {
		return byte(i), true
	}
	b, err := hex.DecodeString(name)
	return append(b, 0)[0], err == nil && len(b) == 1
}

// String gives the notation.
func (b Bytes) String() string {
	var s strings.Builder
	for _, c := range b.raw {
		switch {
		case int(c) < len(controlNames):
			s.WriteString("<" + controlNames[c] + ">")
		case c > '~', c == '<':
			fmt.Fprintf(&s, "<%02X>", c)
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}
