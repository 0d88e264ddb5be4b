package allocation

import (
	"fmt"
	"strings"
)

// GTIN is a Global Trade Item Number in its 14-digit form, check digit
// included; shorter ones stand there with leading zeros.
type GTIN string

// SSCC is a Serial Shipping Container Code: 18 digits, check digit included. It
// names one pallet or parcel in the world.
type SSCC string

const (
	gtinDigits = 14
	ssccDigits = 18
)

// ParseGTIN takes 8, 12, 13 or 14 digits (GTIN-8, UPC-A, EAN-13, ITF-14) and
// gives the 14-digit form. The error says which digit or length was expected.
func ParseGTIN(s string) (GTIN, error) {
	switch len(s) {
	case 8, 12, 13, gtinDigits:
	default:
		return "", fmt.Errorf("GTIN %.40q has %d characters; 8, 12, 13 or 14 digits are expected", s, len(s))
	}
	if err := checkKey("GTIN", s); err != nil {
		return "", err
	}
	if len(s) == gtinDigits {
		return GTIN(s), nil
	}
	return GTIN("000000"[:gtinDigits-len(s)] + s), nil
}

// ParseSSCC takes the 18 digits that follow application identifier 00. The
// error says which digit or length was expected.
func ParseSSCC(s string) (SSCC, error) {
	if len(s) != ssccDigits {
		return "", fmt.Errorf("SSCC %.40q has %d characters; 18 digits are expected", s, len(s))
	}
	if err := checkKey("SSCC", s); err != nil {
		return "", err
	}
	return SSCC(s), nil
}

// CheckDigit gives the GS1 mod-10 check digit for digits, which come without
// it: counted from the right, the first, third, fifth ... digit weighs three,
// the others one, and the check digit fills the sum up to a multiple of ten
// (GS1 General Specifications, 7.9.1). It reports false where a character is no
// digit.
func CheckDigit(digits string) (byte, bool) {
	sum := 0
	for i := 0; i < len(digits); i++ {
		c := digits[len(digits)-1-i]
		if c < '0' || c > '9' {
			return 0, false
		}
		weight := 3
		if i%2 == 1 {
			weight = 1
		}
		sum += int(c-'0') * weight
	}
	return byte('0' + (10-sum%10)%10), true
}

// checkKey reports why s, whose length was seen to, is no GS1 key.
func checkKey(name, s string) error {
	body, last := s[:len(s)-1], s[len(s)-1]
	want, ok := CheckDigit(body)
	switch {
	case !ok || last < '0' || last > '9':
		at := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		return fmt.Errorf("%s %q holds %q at position %d; only digits are allowed", name, s, s[at], at+1)
	case want != last:
		return fmt.Errorf("%s %s ends in check digit %c, but %c is expected", name, s, last, want)
	}
	return nil
}
