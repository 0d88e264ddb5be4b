// Package check walks through every history of a small house: two sites, perhaps a
// clone of one, a centre, a network that loses, repeats, delays and reorders, and people
// who put databases back, lose disks and declare the living lost. In each state that can
// be reached it holds the house to its promises.
//
// It has no rules of its own. What sites and centre do in it are the steps of rights
// and session, the product's own; around them stands only what keeps their state, as
// small as it can be kept: of a site process.go, site.go and down.go, of the centre
// centre.go, grant.go and recover.go. To see that a rule is needed, a search may run with
// one step replaced by a broken one: rules.go, rows.go.
package check

import (
	"fmt"
	"io"
)

// Scope bounds a search.
type Scope struct {
	Wanted [lines]uint8 // units of each line; 0: there is no such line
	Faults Faults
	Budget Budget
	// BackedUp is true where there is a backup of the centre to begin with.
	BackedUp bool
	// Working is true where the house begins in the midst of its work: every unit is
	// granted, to both sites in turn, and all have heard of it.
	Working bool
	// Mute leaves out what sites tell of their logs: less to look at, where a promise
	// does not depend on it.
	Mute   bool
	States int // at most so many states are looked at; 0: all of them
	Depth  int // at most so many steps; 0: any number
	// Unnoticed lets copies escape: a site's database put back into its place within a
	// block of sequence numbers, or cloned with all that tells it apart; a centre put back
	// by hand, and its witness with it.
	Unnoticed bool
	// Exposed allows what such a copy of a site can do at worst, and no more.
	Exposed bool
	// Heal is one state in so many of which it is tried that all agree when the faults
	// end; 0: none.
	Heal int
}

// Budget is how often people do something in one history.
type Budget struct {
	Grants  uint8
	Scans   uint8 // that allocate, or at least would
	Stock   uint8 // scans that need no right
	Undos   uint8
	Backups uint8 // of the centre
	Resends uint8 // of a command that was sent before
}

// Result is what a search came to.
type Result struct {
	States int
	Depth  int  // of the last state looked at
	Whole  bool // there was no more to look at
	Healed int
	Rare   Rare       // what was met at least once
	Broken *Violation // nil where all promises held
}

// Violation is a broken promise and the shortest way to it.
type Violation struct {
	Promise string   // over-allocation, lost scan, doubled, unconverged
	What    string   // the particulars
	Steps   []string // in words
}

// Write tells the way to the violation.
func (v *Violation) Write(w io.Writer) {
	fmt.Fprintf(w, "%s after %d steps: %s\n", v.Promise, len(v.Steps), v.What)
	for i, s := range v.Steps {
		fmt.Fprintf(w, "  %2d %s\n", i+1, s)
	}
}
