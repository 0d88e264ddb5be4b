package barcode

import (
	"fmt"
	"regexp"
)

// Pattern is a code of the house's own: a licence plate, a location, an order
// number.
type Pattern struct {
	Name string
	expr *regexp.Regexp
}

// NewPattern compiles a pattern, which must match the whole text.
func NewPattern(name, expr string) (Pattern, error) {
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	if err != nil {
		return Pattern{}, fmt.Errorf("house pattern %s: %w", name, err)
	}
	return Pattern{Name: name, expr: re}, nil
}

// matches marks c as a house code where a pattern fits.
func (r Rules) matches(c *Code) bool {
	for _, p := range r.House {
		if p.expr.MatchString(c.Text) {
			c.Format, c.Pattern = House, p.Name
			return true
		}
	}
	return false
}
