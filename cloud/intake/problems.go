package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"dockfill/cloud/web/shape"
)

// maxProblems is how many problems are told one by one; Count has them all.
const maxProblems = 100

// Problem is one thing that is wrong in a file. As an error it says why the file
// cannot be read at all.
type Problem struct {
	File   string
	Line   int    // of the file, from 1
	Column string // as the file names it; "" for the row as a whole
	Reason string
}

func (p Problem) String() string {
	if p.Column == "" {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Column, p.Reason)
}

func (p Problem) Error() string { return p.String() }

// Problems are the first of the things that are wrong, and how many there are.
type Problems struct {
	List  []Problem
	Count int
	Rows  int // bad rows of a CSV file, or bad records of a JSON file
}

func (p *Problems) Error() string {
	if p.Count == 0 {
		return "nothing is wrong"
	}
	if p.Count == 1 {
		return p.List[0].String()
	}
	return fmt.Sprintf("%s (and %d more)", p.List[0], p.Count-1)
}

func (p *Problems) add(q Problem) {
	p.Count++
	if p.List = append(p.List, q); len(p.List) >= 10*maxProblems {
		p.settle()
	}
}

// settle sorts the problems by line and keeps the first of them. They come
// unsorted: what a record's own check finds is told behind what could not be
// read in any row.
func (p *Problems) settle() {
	slices.SortStableFunc(p.List, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	p.List = p.List[:min(len(p.List), maxProblems)]
}

// several writes "1 field" and "3 fields".
func several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// leaf is the last part of a fault's field: "qty" of "lines[2].qty", and
// "substitutes" of "substitutes[1]".
func leaf(f shape.Fault) string {
	name, _, _ := strings.Cut(f.Field[strings.LastIndexByte(f.Field, '.')+1:], "[")
	return name
}

// Nearest gives the known name that a wrong one was most likely meant to be, as
// a hint, or nothing where none is near.
func Nearest(wrong string, known []string) string {
	best, distance := "", len(wrong)/2+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(wrong), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return "known are " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("did you mean %s?", best)
}
