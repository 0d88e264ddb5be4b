package barcode

import (
	"fmt"
	"strings"

	"dockfill/allocation"
)

// separator is GS, the form in which a scanner sends FNC1 inside a label.
const separator = '\x1d'

// readElements reads a GS1 element string. A superfluous separator at the
// start, after a predefined length and at the end is accepted.
func (c *Code) readElements(year int) *Error {
	c.Format = GS1
	s := c.Text
	i := 0
	if s[0] == separator {
		i = 1
	}
	c.Elements = make([]Element, 0, 6)
	for i < len(s) {
		e, n, err := nextElement(s[i:], i)
		if err != nil {
			return err
		}
		if err := c.add(e, i, year); err != nil {
			return err
		}
		i += n
	}
	return c.settle()
}

// nextElement takes one element and its separator off the front of s, which
// starts at byte at of the text. It gives the number of bytes taken.
func nextElement(s string, at int) (Element, int, *Error) {
	ai, sp, ok := lookup(s)
	if !ok {
		return Element{}, 0, unknownAI(s, at)
	}
	end := strings.IndexByte(s, separator)
	if end < 0 {
		end = len(s)
	}
	if sp.bounded {
		end = min(end, len(ai)+sp.max)
	}
	e := Element{AI: ai, Value: s[len(ai):end]}
	if err := sp.check(e, at); err != nil {
		return Element{}, 0, err
	}
	if end < len(s) && s[end] == separator {
		end++
	}
	return e, end, nil
}

func unknownAI(s string, at int) *Error {
	return &Error{Code: UnknownAI, At: at, Message: fmt.Sprintf(
		"no application identifier known here begins with %.4q at %d; a separator may be lost before it", s, at)}
}

// check reports which rule of its AI the value breaks; at is where the AI
// stands.
func (s spec) check(e Element, at int) *Error {
	fail := func(code, format string, args ...any) *Error {
		return &Error{Code: code, AI: e.AI, At: at, Message: fmt.Sprintf("(%s) at %d ", e.AI, at) + fmt.Sprintf(format, args...)}
	}
	if n := len(e.Value); n > s.max {
		return fail(LostGS, "runs on for %d characters, at most %d are allowed; the separator after it is lost", n, s.max)
	} else if n < s.min {
		return fail(Length, "has %d characters, at least %d are needed", n, s.min)
	}
	for i := range len(e.Value) {
		c := e.Value[i]
		if i < s.digits && !isDigit(c) {
			return fail(Character, "holds %q where only digits are allowed", c)
		}
		if !inSet82(c) {
			return fail(Character, "holds %q, which is not in the GS1 character set", c)
		}
	}
	if s.rule == checkDigit {
		last := len(e.Value) - 1
		if want, _ := allocation.CheckDigit(e.Value[:last]); want != e.Value[last] {
			return fail(CheckDigit, "ends in check digit %c, but %c is expected", e.Value[last], want)
		}
	}
	return nil
}

// inSet82 tells the GS1 AI encodable character set 82 (GS1 General
// Specifications, figure 7.11-1).
func inSet82(c byte) bool {
	return c >= '%' && c <= '?' || isLetter(c) || c == '!' || c == '"' || c == '_'
}

// add takes an element's meaning into the code.
func (c *Code) add(e Element, at, year int) *Error {
	for _, had := range c.Elements {
		if had.AI == e.AI && had.Value != e.Value {
			return &Error{Code: RepeatedAI, AI: e.AI, At: at, Message: fmt.Sprintf(
				"(%s) stands twice with different values; the label is wrong or two labels were read as one", e.AI)}
		}
		if had.AI == e.AI {
			return nil
		}
	}
	c.Elements = append(c.Elements, e)
	switch e.AI {
	case "00":
		c.SSCC = allocation.SSCC(e.Value)
	case "01":
		c.GTIN = allocation.GTIN(e.Value)
	case "02":
		c.Contents = allocation.GTIN(e.Value)
	case "10":
		c.Lot = e.Value
	case "21":
		c.Serial = e.Value
	case "30", "37":
		return c.addQuantity(e, at)
	case "11", "12", "13", "15", "16", "17":
		return c.addDate(e, at, year)
	}
	return nil
}

// settle judges the label as a whole.
func (c *Code) settle() *Error {
	if len(c.Elements) == 0 {
		return &Error{Code: Empty, Message: "the label holds separators only"}
	}
	return nil
}

// addQuantity reads at most eight digits.
func (c *Code) addQuantity(e Element, at int) *Error {
	var n int64
	for i := range len(e.Value) {
		n = n*10 + int64(e.Value[i]-'0')
	}
	if err := allocation.CheckQty(n); err != nil {
		return &Error{Code: BadQuantity, AI: e.AI, At: at, Message: err.Error()}
	}
	if c.Quantity != 0 {
		return &Error{Code: BadQuantity, AI: e.AI, At: at, Message: "the label states two quantities, (30) and (37)"}
	}
	c.Quantity = n
	return nil
}
