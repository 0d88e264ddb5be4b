package gs1

import (
	"fmt"
	"strings"

	"dockfill/allocation"
)

// The compressed form of a link (GS1 Digital Link: URI compression) is base64url
// of a string of bits: eight that name the AI, or several that often come
// together, then the value, a GTIN in 47 bits or an SSCC in 60.
const (
	sixBits   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	headChars = 2
	restChars = 10
)

// compressed recognises the form at the end of a path by a GTIN or SSCC with
// the right check digit, so that a shop's own short links are hardly ever
// taken for one.
func compressed(path string) bool {
	segment := path[strings.LastIndexByte(path, '/')+1:]
	if len(segment) < headChars+restChars-2 {
		return false
	}
	for i := range len(segment) {
		if sets[segment[i]]&set64 == 0 {
			return false
		}
	}
	head := bits(segment, 0, headChars)
	rest := bits(segment, headChars, restChars)
	low := head & 0xf
	switch what := head >> 4; {
	case what == 0x00:
		return endsRight(18, low<<56|rest>>4)
	case namesGTIN(what):
		return endsRight(14, low<<43|rest>>17)
	}
	return false
}

// bits reads n characters of six bits each; those that are missing count as
// zeros.
func bits(s string, from, n int) uint64 {
	var all uint64
	for i := from; i < from+n; i++ {
		all <<= 6
		if i < len(s) {
			all |= uint64(strings.IndexByte(sixBits, s[i]))
		}
	}
	return all
}

// namesGTIN knows the codes for (01) alone and for (01) with others after it, but
// for A0 to A9 (with a price), as which common words such as "products" begin.
func namesGTIN(code uint64) bool {
	high, low := code>>4, code&0xf
	return code == 0x01 || high <= 3 && low >= 0xa
}

func endsRight(digits int, value uint64) bool {
	key := fmt.Sprintf("%0*d", digits, value)
	if len(key) > digits {
		return false
	}
	want, _ := allocation.CheckDigit(key[:digits-1])
	return want == key[digits-1]
}
