// Package placement says which site is given which right. It is pure: the
// centre hands it a line with all that sites hold of it, and writes down what
// comes back.
package placement

import (
	"dockfill/allocation"
	"dockfill/sync/rights"
)

// Demand is one line as the house wants it now, in base units.
type Demand struct {
	Line   allocation.LineID
	Home   allocation.SiteID // of the line's order
	Wanted int64             // cancels subtracted, pending ones too
}

// Holding is what one life of a site holds of a line.
type Holding struct {
	Site        allocation.SiteID
	Incarnation string
	// Open is true for the present life of a site that may be granted rights;
	// a dead life only counts.
	Open bool
	rights.Registers
}

// Grant raises what the life may allocate of the line to Total.
type Grant struct {
	Line        allocation.LineID
	Site        allocation.SiteID
	Incarnation string
	Total       int64
}

// Place gives the line wholly to its home site, as far as rule C lets it: what
// other lives hold, dead ones included, stays theirs. It returns nothing where
// the home holds all that it may, or is not open.
func Place(d Demand, holdings []Holding) []Grant {
	for i, h := range holdings {
		if h.Site != d.Home || !h.Open {
			continue
		}
		total := rights.MayGrant(d.Wanted, h.Registers, others(holdings, i), d.Wanted+h.Returned)
		if total > h.Granted {
			return []Grant{{Line: d.Line, Site: h.Site, Incarnation: h.Incarnation, Total: total}}
		}
	}
	return nil
}

func others(holdings []Holding, i int) []rights.Registers {
	rest := make([]rights.Registers, 0, len(holdings)-1)
	for j, h := range holdings {
		if j != i {
			rest = append(rest, h.Registers)
		}
	}
	return rest
}
