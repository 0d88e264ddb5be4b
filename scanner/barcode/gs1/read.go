package gs1

import (
	"fmt"
	"strings"
)

// separator is GS, the form in which a scanner sends FNC1 inside a label.
const separator = '\x1d'

// The most that one label may hold (GS1 Barcode Syntax Engine); the lengths
// count characters.
const (
	MaxElements  = 64
	longestAI    = 4
	longestValue = 90
)

// Element is one application identifier and its value. At counts bytes from the
// start of the text to the AI.
type Element struct {
	AI, Value string
	At        int
}

// Read takes an element string with GS (0x1D) for FNC1 and adds its elements to
// dst in their order; an AI that stands twice is added twice. It allocates
// nothing but the growth of dst. After an error dst is as it was; the codes are
// Empty, Limit, UnknownAI, LostGS and those about one value.
func Read(dst []Element, text string) ([]Element, *Error) {
	at := 0
	if text != "" && text[0] == separator {
		at = 1
	}
	if at == len(text) {
		return dst, &Error{Code: Empty, At: at, Message: "the label holds no element"}
	}
	all := dst
	for at < len(text) {
		if len(all)-len(dst) == MaxElements {
			return dst, TooMany(at)
		}
		e, end, err := next(text, at)
		if err != nil {
			return dst, err
		}
		all, at = append(all, e), end
	}
	return all, nil
}

// TooMany is the error of a label with more than MaxElements, of which the first too
// many begins at byte at.
func TooMany(at int) *Error {
	return &Error{Code: Limit, At: at, Message: fmt.Sprintf(
		"the label holds more than %d elements; several labels were read as one", MaxElements)}
}

// next takes the element that begins at byte at, and the separator after it. It
// gives where the following one begins.
func next(text string, at int) (Element, int, *Error) {
	s := find(text[at:])
	if s == nil {
		return Element{}, 0, unknown(text[at:], at)
	}
	start := at + len(s.ai)
	end := len(text)
	if n := strings.IndexByte(text[start:], separator); n >= 0 {
		end = start + n
	}
	if s.bounded {
		end = min(end, start+s.max)
	}
	e := Element{AI: s.ai, Value: text[start:end], At: at}
	if n := end - start; n > s.max {
		return e, 0, &Error{Code: LostGS, AI: s.ai, At: start + s.max, Message: fmt.Sprintf(
			"(%s) runs on for %d characters, at most %d are allowed: the separator after it is lost; "+
				"set the scanner to send GS (0x1D) for FNC1", s.ai, n, s.max)}
	}
	if f := s.check(e.Value); f.code != "" {
		return e, 0, f.in(s.ai, e.Value, start+f.at)
	}
	if end < len(text) && text[end] == separator {
		end++
	}
	return e, end, nil
}

func unknown(rest string, at int) *Error {
	return &Error{Code: UnknownAI, At: at, Message: fmt.Sprintf(
		"no application identifier begins with %.4q; a separator may be lost before it, or the label is no GS1 label", rest)}
}
