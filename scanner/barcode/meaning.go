package barcode

import (
	"fmt"

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
	return p.judge(gs1.Check(c.Elements))
}

// judge refuses failures that the house does not accept. What stands there twice
// with different values is never accepted: nobody knows which of them holds.
func (p *parser) judge(failures []Error) *Error {
	for i := range failures {
		if failures[i].Code == gs1.Repeated {
			return &failures[i]
		}
	}
	if len(failures) > 0 && !p.rules.AcceptAssociations {
		return &failures[0]
	}
	p.code.Warnings = append(p.code.Warnings, failures...)
	return nil
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

// addQuantity reads at most eight digits.
func (c *Code) addQuantity(e Element) *Error {
	fail := func(says string) *Error {
		return &Error{Code: BadQuantity, AI: e.AI, At: e.At, Message: fmt.Sprintf("(%s) %s: %s", e.AI, e.Value, says)}
	}
	var n int64
	for i := range len(e.Value) {
		n = n*10 + int64(e.Value[i]-'0')
	}
	if err := allocation.CheckQty(n); err != nil {
		return fail(err.Error())
	}
	if c.Quantity != 0 {
		return fail("the label states two quantities, (30) and (37)")
	}
	c.Quantity = n
	return nil
}
