package barcode

import (
	"fmt"
	"slices"

	"dockfill/allocation"
	"dockfill/scanner/barcode/gs1"
)

// understand takes the elements' meaning into the code, and judges whether they
// belong together.
func (p *parser) understand() *Error {
	c := &p.code
	for i, e := range c.Elements {
		if c.again(i) {
			continue
		}
		if err := p.add(e); err != nil {
			return err
		}
	}
	if !c.counts() {
		c.Quantity = 0
	}
	return p.judge(gs1.Check(c.Elements))
}

// counts reports whether the label's count is of the trade item that it names: (30)
// counts (01), and (37) what (02) or (8026) names, which is inside.
func (c *Code) counts() bool {
	if c.has("37") {
		return !c.has("01") && c.has("02") != c.has("8026")
	}
	return c.has("01") && !c.has("02")
}

// has reports whether an element with that AI stands on the label.
func (c *Code) has(ai string) bool {
	return slices.ContainsFunc(c.Elements, func(e Element) bool { return e.AI == ai })
}

// judge refuses failures that the house does not accept. Never accepted is what
// stands there twice with different values, as nobody knows which of them holds, and
// what leaves open how many of which item came.
func (p *parser) judge(failures []Error) *Error {
	for i := range failures {
		if failures[i].Code == gs1.Repeated {
			return &failures[i]
		}
	}
	if len(failures) > 0 && !p.rules.AcceptAssociations {
		return &failures[0]
	}
	if says := p.code.open(); len(failures) > 0 && says != "" {
		failures[0].Message += "; it is not accepted, as " + says
		return &failures[0]
	}
	p.code.Warnings = append(p.code.Warnings, failures...)
	return nil
}

// open says what a label whose elements do not belong together leaves open of what
// came; "" for nothing. A pallet counts by what was announced, and not by its label.
func (c *Code) open() string {
	if c.SSCC != "" {
		return ""
	}
	var items []string
	for _, ai := range []string{"01", "02", "03", "8006", "8026"} {
		if c.has(ai) {
			items = append(items, ai)
		}
	}
	switch inside := c.has("02") || c.has("8026"); {
	case len(items) > 1:
		return fmt.Sprintf("(%s) and (%s) name two trade items, and one label is for one of them", items[0], items[1])
	case c.has("37") && !inside && len(items) > 0:
		return fmt.Sprintf("(37) counts what (02) names, and not (%s)", items[0])
	case inside && !c.has("37"):
		return fmt.Sprintf("(%s) names what is inside, and without (37) nobody knows how many", items[0])
	case inside && c.has("21"):
		return fmt.Sprintf("the serial number (21) is not that of what is inside, (%s)", items[0])
	}
	return ""
}

// again tells an element that says nothing: its AI stood there before, or stands
// there with another value too, so that none of them can be chosen.
func (c *Code) again(i int) bool {
	for j, other := range c.Elements {
		if other.AI == c.Elements[i].AI && (j < i || other.Value != c.Elements[i].Value) {
			return true
		}
	}
	return false
}

func (p *parser) add(e Element) *Error {
	c := &p.code
	switch e.AI {
	case "00":
		c.SSCC = allocation.SSCC(e.Value)
	case "01":
		c.name(allocation.GTIN(e.Value))
	case "02":
		c.Contents = allocation.GTIN(e.Value)
	case "8006": // 14 digits of the whole item, two each of piece and total
		c.Piece = Piece{allocation.GTIN(e.Value[:14]), number(e.Value[14:16]), number(e.Value[16:])}
	case "10":
		c.Lot = e.Value
	case "21":
		c.Serial = e.Value
	case "30", "37":
		return c.addQuantity(e)
	case "11", "12", "13", "15", "16", "17", "7003", "8008":
		return c.addDate(e, p.year)
	}
	return nil
}

// number reads a few digits.
func number(digits string) (n int) {
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

// addQuantity reads at most eight digits.
func (c *Code) addQuantity(e Element) *Error {
	fail := func(says string) *Error {
		return &Error{Code: BadQuantity, AI: e.AI, At: e.At, Message: fmt.Sprintf("(%s) %s: %s", e.AI, e.Value, says)}
	}
	n := int64(number(e.Value))
	if err := allocation.CheckQty(n); err != nil {
		return fail(err.Error())
	}
	if c.Quantity != 0 {
		return fail("the label states two quantities, (30) and (37)")
	}
	c.Quantity = n
	return nil
}
