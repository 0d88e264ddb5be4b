package why

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible writes text from outside, such as a barcode's, so that a person sees every
// character of it: control characters, bytes that are no UTF-8, and characters that
// print nothing or turn the direction of writing, with which a name can pretend to be
// another, become escapes as in Go, \x1d for the group separator. Fonts of a kiosk
// rarely have pictures for them, and the command line reads the same escapes. It
// returns text, not HTML; templates escape that.
func Visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// hidden reports a character that prints nothing or moves its neighbours.
func hidden(r rune) bool { return !unicode.IsGraphic(r) || unicode.In(r, unicode.Zl, unicode.Zp) }
