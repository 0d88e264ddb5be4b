package gs1

import (
	"fmt"
	"strconv"
	"strings"
)

// set is a character set of the General Specifications (7.11), as a bit.
type set uint8

const (
	set10  set = 1 << iota // digits
	set82                  // AI encodable character set 82
	set39                  // AI encodable character set 39
	set64                  // file-safe base64, "=" at its end
	inURI                  // what a URI may hold (RFC 3986)
	inHost                 // what a host and port may hold
)

// sets tells for each byte the sets that it is in.
var sets = makeSets()

func makeSets() (t [256]set) {
	const (
		figures = "0123456789"
		upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		lower   = "abcdefghijklmnopqrstuvwxyz"
	)
	for s, members := range map[set]string{
		set10:  figures,
		set82:  figures + upper + lower + `!"%&'()*+,-./:;<=>?_`,
		set39:  figures + upper + "#-/",
		set64:  figures + upper + lower + "-_",
		inURI:  figures + upper + lower + "-._~:/?#[]@!$&'()*+,;=%",
		inHost: figures + upper + lower + "-.:[]",
	} {
		for i := range len(members) {
			t[members[i]] |= s
		}
	}
	return t
}

func (s set) letter() byte {
	switch s {
	case set82:
		return 'X'
	case set39:
		return 'Y'
	case set64:
		return 'Z'
	}
	return 'N'
}

func (s set) name() string {
	switch s {
	case set82:
		return "GS1's character set 82"
	case set39:
		return "GS1's character set 39 (digits, capital letters, # - /)"
	}
	return "GS1's character set 64 (digits, letters, - and _)"
}

// check reports the first character that is not in the set.
func (s set) check(value string) fault {
	end := len(value)
	if s == set64 {
		end = len(strings.TrimRight(value, "="))
	}
	for i := range end {
		if sets[value[i]]&s == 0 {
			return s.stranger(value, i)
		}
	}
	if pads := len(value) - end; pads > 2 || pads > 0 && len(value)%3 != 0 && len(value)%4 != 0 {
		return found(Character, end, "the padding %q does not fill the length up", value[end:])
	}
	return fault{}
}

func (s set) stranger(value string, at int) fault {
	c := value[at : at+1]
	switch {
	case c == "^" || c == "~" || c == "|":
		return found(Character, at, "%s is no separator; set the scanner to send GS (0x1D) for FNC1", c)
	case s == set10:
		return found(Character, at, "%s stands where only digits are allowed", shown(c))
	}
	return found(Character, at, "%s is not in %s", shown(c), s.name())
}

// shown quotes a character; one that is not seen has its name too.
func shown(c string) string {
	if name := unseen[c]; name != "" {
		return fmt.Sprintf("%q (%s)", c, name)
	}
	return strconv.Quote(c)
}

// unseen are those that a scan can hold without being no text.
var unseen = map[string]string{"\x04": "EOT", "\t": "TAB", "\n": "LF", "\r": "CR", "\x1c": "FS", "\x1d": "GS", "\x1e": "RS", "\x1f": "US", " ": "a space"}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// number reads digits that were seen to be digits, at most 18.
func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}
