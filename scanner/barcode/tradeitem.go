package barcode

import (
	"fmt"
	"strings"

	"dockfill/allocation"
	"dockfill/scanner/barcode/gs1"
)

// readTradeItem takes a product code, its add-on, and the composite component
// that may follow it.
func (p *parser) readTradeItem(f family) *Error {
	c := &p.code
	bars, _, composite := strings.Cut(c.Text, component)
	if err := c.readBars(f, bars); err != nil || !composite {
		return err
	}
	if c.Format != GTIN {
		return checkText(c.Text) // an interleaved 2 of 5 has no component
	}
	c.Elements = append(make([]Element, 0, 6), Element{AI: "01", Value: string(c.GTIN)})
	return p.readElements(len(bars) + len(component))
}

// readBars takes the digits of the linear code. An interleaved 2 of 5 of another
// length than an ITF-14 is a house's own code.
func (c *Code) readBars(f family, digits string) *Error {
	switch f {
	case itf, itfChecked, itfShortened:
		return c.readITF(f, digits)
	case addOnAlone:
		c.Format = GTIN
		return &Error{Code: AddOn, Message: fmt.Sprintf(
			"%.10q is the add-on beside a code, and the code itself was not read; scan it again, or set the scanner to ignore add-ons", digits)}
	}
	c.Format = GTIN
	bars, at, ok := cutAddOn(f, digits)
	switch {
	case !ok:
		return c.badLength(len(digits))
	case f == withAddOn && bars == 8:
		return &Error{Code: Ambiguous, Message: fmt.Sprintf(
			"%.13q is an EAN-8 or a UPC-E, and its add-on; set the scanner to send the add-on apart, or to ignore it", digits)}
	}
	c.AddOn = digits[at:]
	if n := noDigit(c.AddOn); n >= 0 {
		return &Error{Code: gs1.Character, At: at + n, Message: fmt.Sprintf("the add-on is %.10q; only digits are allowed", c.AddOn)}
	}
	return c.readEANUPC(f, digits[:bars])
}

// cutAddOn tells the digits of the code from those of its add-on, which are 2 or 5
// and begin at byte at. Scanners that send add-ons apart put an identifier
// between, some readers a blank.
func cutAddOn(f family, digits string) (bars, at int, ok bool) {
	n := len(digits)
	if i := strings.Index(digits, "]E"); i > 0 {
		return i, i + 3, strings.HasPrefix(digits[i:], "]E1") && n == i+5 || strings.HasPrefix(digits[i:], "]E2") && n == i+8
	}
	if i := strings.IndexByte(digits, ' '); i > 0 && (f == withAddOn || f == ean8) {
		return i, i + 1, (i == 8 || f == withAddOn && (i == 12 || i == 13)) && (n == i+3 || n == i+6)
	}
	switch {
	case f == ean8:
		return 8, 8, n == 8 || n == 10 || n == 13
	case f == eanUPC:
		return n, n, true
	}
	switch n {
	case 10, 13:
		return 8, 8, true
	case 14, 17:
		return 12, 12, true
	case 15, 18:
		return 13, 13, true
	}
	return 0, 0, false
}

// readEANUPC takes 13 digits, as the identifier promises, and what scanners send
// under it all the same: the 12 of a UPC-A and the 6 to 8 of a UPC-E.
func (c *Code) readEANUPC(f family, digits string) *Error {
	switch n := len(digits); {
	case f == ean8 && n == 8, f != ean8 && (n == 12 || n == 13):
		return c.takeGTIN(digits)
	case f != ean8 && n >= 6 && n <= 8:
		return c.readUPCE(digits)
	}
	return c.badLength(len(digits))
}

func (c *Code) badLength(n int) *Error {
	return &Error{Code: gs1.Length, Message: fmt.Sprintf(
		"%d characters came as %s; check the scanner's settings for EAN and UPC", n, c.Symbology)}
}

func (c *Code) readITF(f family, digits string) *Error {
	switch {
	case f == itfShortened && len(digits) == 13 && allDigits(digits):
		check, _ := allocation.CheckDigit(digits)
		return c.takeGTIN(digits + string(check))
	case len(digits) != 14:
		return checkText(digits)
	}
	return c.takeGTIN(digits)
}

func (c *Code) takeGTIN(digits string) *Error {
	c.Format = GTIN
	key, err := allocation.ParseGTIN(digits)
	switch {
	case err == nil:
		c.name(key)
		return nil
	case noDigit(digits) < 0:
		return &Error{Code: gs1.CheckDigit, At: len(digits) - 1, Message: err.Error()}
	}
	return &Error{Code: gs1.Character, At: noDigit(digits), Message: err.Error()}
}
