package gs1

import (
	"fmt"
	"strings"
)

// Info describes an application identifier for people.
type Info struct {
	// Title is the standard's short data title such as "BATCH/LOT".
	Title string
	// Predefined is the length in characters of a value that needs no separator
	// after it, else 0.
	Predefined int
	// Format is the value's notation in the General Specifications: N digits,
	// X, Y, Z of the character sets 82, 39 and 64, ".." up to, brackets around
	// what may be left away; "N13 [X..17]".
	Format string
}

// Lookup describes an AI, if it is assigned.
func Lookup(ai string) (Info, bool) {
	s := exact(ai)
	if s == nil {
		return Info{}, false
	}
	info := Info{Title: s.title, Format: s.format()}
	if s.bounded {
		info.Predefined = s.max
	}
	return info, true
}

func (s *spec) format() string {
	all := make([]string, len(s.parts))
	for i, p := range s.parts {
		all[i] = p.format()
	}
	return strings.Join(all, " ")
}

func (p *part) format() string {
	dots := ""
	if p.min != p.max {
		dots = ".."
	}
	f := fmt.Sprintf("%c%s%d", p.set.letter(), dots, p.max)
	if p.optional {
		return "[" + f + "]"
	}
	return f
}
