package why

import (
	"fmt"
	"slices"

	"dockfill/allocation"
)

// Standing is where an open line stands among those that wait for its SKU.
type Standing struct {
	Before int64 // lines that come before it; MaxBefore where there are as many or more
	// First are the first of them in turn.
	First []allocation.Line
	// Behind is the next one behind it; nil where there is none.
	Behind *allocation.Line
	// Partial says that more lines are open than were compared.
	Partial bool
}

// Add counts an open line that waits for the same SKU as the line of.
func (s *Standing) Add(p allocation.Policy, of *allocation.Line, l allocation.Line) {
	before := func(a, b *allocation.Line) bool { _, first := p.Before(a, b); return first }
	if !before(&l, of) {
		if s.Behind == nil || before(&l, s.Behind) {
			s.Behind = &l
		}
		return
	}
	s.Before++
	at, _ := slices.BinarySearchFunc(s.First, l, func(a, b allocation.Line) int {
		if before(&a, &b) {
			return -1
		}
		return 1
	})
	s.First = slices.Insert(s.First, at, l)
	s.First = s.First[:min(len(s.First), MaxFirst)]
}

// MaxBefore bounds how many lines before one are counted, and MaxFirst how many
// of them are shown.
const (
	MaxBefore = 1000
	MaxFirst  = 5
)

// NoRightHere and NoRightAnywhere say that a line lacks a right, at a site and at the
// centre.
const (
	NoRightHere     = "it has no right at this site: units that come in go past it until the centre grants one"
	NoRightAnywhere = "no site has a right to fill it now"
)

// Hindrances say what an open line lacks now, whatever comes in; noRight is one of
// the two above.
func Hindrances(l *allocation.Line, noRight string) (all []string) {
	switch {
	case l.Open() <= 0:
		return nil
	case l.Right <= 0:
		all = append(all, noRight)
	case l.Takes() < l.Least():
		all = append(all, fmt.Sprintf("it takes whole packs of %d and can be given %d", l.Pack, l.Takes()))
	case l.Pack > 1:
		all = append(all, fmt.Sprintf("it takes whole packs of %d", l.Pack))
	}
	if l.MinLife > 0 {
		all = append(all, (&allocation.Line{MinLife: l.MinLife}).Lack(allocation.WhyLife))
	}
	switch l.Ship {
	case allocation.ShipLine:
		all = append(all, "it ships only whole")
	case allocation.ShipOrder:
		all = append(all, "it ships only with all of its order")
	}
	return all
}
