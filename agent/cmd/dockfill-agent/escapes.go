package main

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// escapeError is a backslash that begins no escape.
type escapeError struct{ At int } // bytes before it

func (e *escapeError) Error() string {
	return fmt.Sprintf(`the escape at byte %d is none that Go knows; write \x1d for a group separator and \\ for a backslash`, e.At+1)
}

// unescape reads text with the escapes of a Go string; quotes need none. The
// error is an *escapeError.
func unescape(s string) ([]byte, error) {
	out := make([]byte, 0, len(s))
	for rest := s; rest != ""; {
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return nil, &escapeError{At: len(s) - len(rest)}
		}
		switch {
		case rest[0] != '\\':
			out = append(out, rest[:len(rest)-len(tail)]...) // as it is, even where it is no UTF-8
		case multibyte:
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, byte(r))
		}
		rest = tail
	}
	return out, nil
}

// escape writes bytes so that a person sees each, and unescape reads them back.
func escape(b []byte) string {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		switch {
		case c == '\\':
			out = append(out, `\\`...)
		case c < ' ' || c > '~':
			out = fmt.Appendf(out, `\x%02x`, c)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
