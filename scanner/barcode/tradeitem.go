package barcode

import (
	"fmt"

	"dockfill/allocation"
)

// readTradeItem takes the bare digits of a product code. An interleaved 2 of 5
// of another length than 14 is a house's own code.
func (c *Code) readTradeItem(f family) *Error {
	digits := c.Text
	switch n := len(digits); {
	case f == itf && n != 14:
		return checkText(digits)
	case f == eanUPC && n == 8:
		digits = expandUPCE(digits)
	case f == eanUPC && n != 13 && n != 12, f == ean8 && n != 8:
		c.Format = GTIN
		return &Error{Code: Length, Message: fmt.Sprintf(
			"%d characters came as %s; check the scanner's settings for EAN and UPC", n, c.Symbology)}
	}
	return c.takeGTIN(digits)
}

func (c *Code) takeGTIN(digits string) *Error {
	c.Format = GTIN
	key, err := allocation.ParseGTIN(digits)
	if err != nil {
		return keyError(digits, "", 0, err)
	}
	c.GTIN = key
	return nil
}

// keyError tells a wrong digit from a wrong character.
func keyError(value, ai string, at int, err error) *Error {
	code := CheckDigit
	if !allDigits(value) {
		code = Character
	}
	return &Error{Code: code, AI: ai, At: at, Message: err.Error()}
}

// expandUPCE writes out the zeros that UPC-E leaves away: the last of its six
// digits says where they stood (GS1 General Specifications, 5.2.2.4.2). The
// number system and the check digit stay.
func expandUPCE(s string) string {
	system, d, check := s[:1], s[1:7], s[7:]
	switch {
	case d[5] <= '2':
		return system + d[:2] + d[5:] + "0000" + d[2:5] + check
	case d[5] == '3':
		return system + d[:3] + "00000" + d[3:5] + check
	case d[5] == '4':
		return system + d[:4] + "00000" + d[4:5] + check
	}
	return system + d[:5] + "0000" + d[5:] + check
}
