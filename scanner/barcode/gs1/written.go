package gs1

import "strings"

// Written reads elements as people write them and as they stand below the bars:
// "(01)09501101530003(10)LOT7". A bracket opens the next element only where a
// known AI and a closing bracket follow, as brackets may stand inside a value; a
// backslash before such a bracket keeps it in the value. At in elements and errors
// counts to the bracket or the character. The codes are those of Read but
// LostGS.
func Written(dst []Element, text string) ([]Element, *Error) {
	if text == "" {
		return dst, &Error{Code: Empty, Message: "the label holds no element"}
	}
	all := dst
	for at := 0; at < len(text); {
		if len(all)-len(dst) == MaxElements {
			return dst, TooMany(at)
		}
		s := opening(text[at:])
		if s == nil {
			return dst, unknown(strings.TrimPrefix(text[at:], "("), at)
		}
		start := at + len(s.ai) + 2
		end := closing(text, start)
		e := Element{AI: s.ai, Value: strings.ReplaceAll(text[start:end], `\(`, "("), At: at}
		if f := s.checkWhole(e.Value); f.code != "" {
			return dst, f.in(s.ai, e.Value, start+skip(text[start:end], f.at))
		}
		all, at = append(all, e), end
	}
	return all, nil
}

// opening gives the AI that s opens with in brackets, or nil.
func opening(s string) *spec {
	if s[0] != '(' {
		return nil
	}
	sp := find(s[1:])
	if sp == nil || len(s) < len(sp.ai)+2 || s[len(sp.ai)+1] != ')' {
		return nil
	}
	return sp
}

// closing finds where the value that begins at start ends.
func closing(text string, start int) int {
	for end := start; end < len(text); end++ {
		if text[end-1] != '\\' && opening(text[end:]) != nil {
			return end
		}
	}
	return len(text)
}

// skip gives where the n-th character of a value stands in its written form.
func skip(written string, n int) int {
	at := 0
	for ; n > 0; n-- {
		at++
		if strings.HasPrefix(written[at-1:], `\(`) {
			at++
		}
	}
	return at
}
