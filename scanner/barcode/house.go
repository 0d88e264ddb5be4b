package barcode

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"dockfill/allocation"
)

// Kind is what a house code stands for.
type Kind string

// The kinds.
const (
	Plate    Kind = "plate"    // a licence plate: one pallet, tote or carton
	Location Kind = "location" // a place in the building
	Order    Kind = "order"    // a purchase order, or another paper
	Other    Kind = "other"
)

// ParseKind takes the four words; an empty one means Other.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case "":
		return Other, nil
	case Plate, Location, Order, Other:
		return k, nil
	}
	return "", fmt.Errorf("%q is none of the kinds plate, location, order, other", s)
}

// Pattern is a code of the house's own.
type Pattern struct {
	Name string
	Kind Kind
	expr *regexp.Regexp
}

// groups are the fields that a pattern may find.
var groups = []string{"sku", "qty", "lot", "serial"}

// NewPattern compiles a pattern of kind Other, in the syntax of Go's regexp. It
// must match the whole text. The groups (?P<sku>...), (?P<qty>...), (?P<lot>...)
// and (?P<serial>...) fill the fields of that name.
func NewPattern(name, expr string) (Pattern, error) {
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	if err != nil {
		return Pattern{}, fmt.Errorf("house pattern %s: %w", name, err)
	}
	seen := map[string]bool{"": true}
	for _, g := range re.SubexpNames()[1:] {
		switch {
		case g != "" && !slices.Contains(groups, g):
			return Pattern{}, fmt.Errorf("house pattern %s: the group %s is none of sku, qty, lot, serial", name, g)
		case g != "" && seen[g]:
			return Pattern{}, fmt.Errorf("house pattern %s: the group %s is there twice", name, g)
		}
		seen[g] = true
	}
	return Pattern{Name: name, Kind: Other, expr: re}, nil
}

// house finds the first pattern that fits, and its groups.
func (r Rules) house(text string) (*Pattern, []string) {
	for i := range r.House {
		if fields := r.House[i].expr.FindStringSubmatch(text); fields != nil {
			return &r.House[i], fields
		}
	}
	return nil, nil
}

// readHouse takes the groups that found something.
func (c *Code) readHouse(p *Pattern, found []string) *Error {
	c.Format, c.Pattern, c.Kind = House, p.Name, p.Kind
	for i, group := range p.expr.SubexpNames() {
		if group == "" || found[i] == "" {
			continue
		}
		if err := c.take(group, found[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *Code) take(group, value string) *Error {
	if err := allocation.CheckID("the "+group, value); err != nil {
		return &Error{Code: BadHouse, Message: fmt.Sprintf("the house code %s: %v", c.Pattern, err)}
	}
	switch group {
	case "sku":
		c.SKU = allocation.SKU(value)
	case "lot":
		c.Lot = value
	case "serial":
		c.Serial = value
	case "qty":
		return c.takeQuantity(value)
	}
	return nil
}

func (c *Code) takeQuantity(value string) *Error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err == nil && allDigits(value) {
		err = allocation.CheckQty(n)
	} else {
		err = fmt.Errorf("the quantity %q is no whole number between 1 and %d", value, int64(allocation.MaxQty))
	}
	if err != nil {
		return &Error{Code: BadQuantity, Message: fmt.Sprintf("the house code %s: %v", c.Pattern, err)}
	}
	c.Quantity = n
	return nil
}
