package gs1

import (
	"fmt"
	mathbits "math/bits"
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

// checkedKeys are the other keys that begin with digits among which is a check
// digit: so many digits, the last of checked of them; where exact, nothing follows.
// Their AI stands in four bits a digit.
var checkedKeys = []struct {
	ai              string
	digits, checked int
	exact           bool
}{
	{"253", 13, 13, false}, {"255", 13, 13, false}, {"402", 17, 17, true}, {"414", 13, 13, true}, {"415", 13, 13, true},
	{"417", 13, 13, true}, {"8003", 14, 14, false}, {"8006", 18, 14, true}, {"8017", 18, 18, true}, {"8018", 18, 18, true},
}

// compressed recognises the form at the end of a path by a key with the right check
// digit, so that a shop's own short links are hardly ever taken for one. A key
// without any, (401), (8004), (8010) and (8013), is known by GS1's own domain
// alone: certain says that the link leads there.
func compressed(path string, certain bool) bool {
	segment := path[strings.LastIndexByte(path, '/')+1:]
	if len(segment) < headChars+restChars-2 && !certain || len(segment) < 6 {
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
	return checkedKey(segment) || certain && namesKey(segment)
}

func checkedKey(segment string) bool {
	for _, k := range checkedKeys {
		named := 4 * len(k.ai)
		long := bitsFor(k.digits)
		if !strings.HasPrefix(nibbles(segment), k.ai) || k.exact && len(segment) != (named+long+5)/6 || len(segment)*6 < named+long {
			continue
		}
		value := fmt.Sprintf("%0*d", k.digits, bitsAt(segment, named, long))
		if len(value) > k.digits {
			return false
		}
		want, _ := allocation.CheckDigit(value[:k.checked-1])
		return want == value[k.checked-1]
	}
	return false
}

// namesKey reports whether the first four bits each are the digits of a key's AI.
func namesKey(segment string) bool {
	n := nibbles(segment)
	for long := 2; long <= 4; long++ {
		if s := exact(n[:long]); s != nil && s.primary {
			return true
		}
	}
	return false
}

// nibbles gives the first sixteen bits as four hexadecimal digits.
func nibbles(segment string) string { return fmt.Sprintf("%04x", bits(segment, 0, 3)>>2) }

// bitsFor is how many bits n decimal digits take.
func bitsFor(n int) int {
	most := uint64(1)
	for range n {
		most *= 10
	}
	return mathbits.Len64(most - 1)
}

// bitsAt reads n bits, at most 60, from bit from on.
func bitsAt(s string, from, n int) (all uint64) {
	for i := from; i < from+n; i++ {
		all = all<<1 | bits(s, i/6, 1)>>(5-i%6)&1
	}
	return all
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
