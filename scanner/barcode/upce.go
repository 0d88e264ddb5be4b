package barcode

import (
	"fmt"

	"dockfill/allocation"
	"dockfill/scanner/barcode/gs1"
)

// readUPCE takes a UPC-E as scanners are set to send it: number system, six
// digits and check digit; or without the check digit; or without the number
// system, which is 0 then; or the six digits alone.
func (c *Code) readUPCE(s string) *Error {
	if !allDigits(s) {
		return c.takeGTIN(s)
	}
	switch system := s[0] <= '1'; {
	case len(s) == 6:
		return c.takeGTIN(checked(expandUPCE("0" + s)))
	case len(s) == 7:
		return c.readSeven(s)
	case !system:
		return &Error{Code: gs1.Character, Message: fmt.Sprintf(
			"%s begins with %c, and a UPC-E begins with 0 or 1; check the scanner's settings for EAN and UPC", s, s[0])}
	}
	if err := c.takeGTIN(expandUPCE(s[:7]) + s[7:]); err != nil {
		err.At = 7
		return err
	}
	return nil
}

// readSeven takes seven digits if only one of the two ways to leave out a digit
// fits.
func (c *Code) readSeven(s string) *Error {
	full := checked(expandUPCE("0" + s[:6]))
	sent := full[len(full)-1] == s[6]
	switch system := s[0] <= '1'; {
	case system && sent:
		return &Error{Code: Ambiguous, Message: fmt.Sprintf(
			"%s may be a UPC-E without its number system or without its check digit; set the scanner to send both", s)}
	case system:
		return c.takeGTIN(checked(expandUPCE(s)))
	case sent:
		return c.takeGTIN(full)
	}
	return &Error{Code: gs1.CheckDigit, At: 6, Message: fmt.Sprintf(
		"%s is no UPC-E: it begins with neither 0 nor 1, and it ends in another digit than %c, which is expected", s, full[len(full)-1])}
}

// expandUPCE writes out the zeros that UPC-E leaves away: the last of its six
// digits, which follow the number system, says where they stood (GS1 General
// Specifications, 5.2.2.4.2).
func expandUPCE(s string) string {
	system, d := s[:1], s[1:]
	switch {
	case d[5] <= '2':
		return system + d[:2] + d[5:] + "0000" + d[2:5]
	case d[5] == '3':
		return system + d[:3] + "00000" + d[3:5]
	case d[5] == '4':
		return system + d[:4] + "00000" + d[4:5]
	}
	return system + d[:5] + "0000" + d[5:]
}

// checked adds the check digit.
func checked(digits string) string {
	check, _ := allocation.CheckDigit(digits)
	return digits + string(check)
}
