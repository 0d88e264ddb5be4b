package why

import (
	"fmt"
	"strings"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Commanded says in one sentence what commands of the centre told, the order, policy or
// code by its name; "" for none. Rights are left out beside what they were granted for.
func Commanded(cmds []wire.Command) string {
	const most = 5
	var said []string
	for _, c := range cmds {
		if text := commandWords(c); text != "" {
			said = append(said, text)
		}
	}
	if len(said) == 0 {
		for _, c := range cmds {
			if c.Grant != nil {
				said = append(said, fmt.Sprintf("the right to %d in all was granted to %s", c.Grant.Total, c.Grant.Line))
			}
		}
	}
	if more := len(said) - most; more > 0 {
		said = append(said[:most:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(said, "; ")
}

func commandWords(c wire.Command) string {
	switch {
	case c.Order != nil:
		return orderWords(c.Order)
	case c.Policy != nil:
		return fmt.Sprintf("policy %s came into force", c.Policy.Version)
	case c.Map != nil:
		return fmt.Sprintf("the code %s is %d of %s", CodeText(c.Map.Code), c.Map.Qty, c.Map.SKU)
	case c.Approve != nil:
		return fmt.Sprintf("up to %d above what %s announced were approved", c.Approve.Qty, c.Approve.Inbound)
	case c.Item != nil:
		return fmt.Sprintf("item %s was described", c.Item.SKU)
	case c.Inbound != nil:
		return fmt.Sprintf("inbound %s was announced, version %d", c.Inbound.ID, c.Inbound.Version)
	case c.Elsewhere != nil:
		return fmt.Sprintf("%d pallets are for site %s", len(c.Elsewhere.SSCCs), c.Elsewhere.Site)
	}
	return ""
}

func orderWords(o *wire.Order) string {
	var wanted int64
	for _, l := range o.Lines {
		wanted += l.Qty
	}
	switch {
	case o.Changed:
		return fmt.Sprintf("a person ranked order %s anew, version %d", o.ID, o.Version)
	case wanted == 0:
		return fmt.Sprintf("order %s was cancelled, version %d", o.ID, o.Version)
	case o.Version == 1:
		return fmt.Sprintf("order %s came, %s", o.ID, allocation.Units(wanted))
	}
	return fmt.Sprintf("order %s was changed, version %d, %s in all", o.ID, o.Version, allocation.Units(wanted))
}

// headline says the event, and which commands it applied where that is known.
func (t *Told) headline() string {
	text := Headline(t.Event)
	if said := Commanded(t.Commands); said != "" {
		text += ": " + said
	}
	return text
}
