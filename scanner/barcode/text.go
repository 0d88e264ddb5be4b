package barcode

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkText refuses what no label says: text of a wrong baud rate or code page,
// and control characters other than those that two-dimensional labels use.
func checkText(s string) *Error {
	for i, c := range s {
		size := 1
		if c == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case c == utf8.RuneError && size == 1:
			return &Error{Code: NotText, At: i, Message: fmt.Sprintf(
				"the byte 0x%02X at %d is no text; check the scanner's baud rate and character set", s[i], i)}
		case (c < ' ' && !strings.ContainsRune("\x04\t\n\r\x1c\x1d\x1e\x1f", c)) || c == 0x7f:
			return &Error{Code: NotText, At: i, Message: fmt.Sprintf(
				"the control character 0x%02X at %d stands on no label; check the scanner's settings", c, i)}
		}
	}
	return nil
}
