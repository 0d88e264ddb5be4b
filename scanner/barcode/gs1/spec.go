package gs1

import "strings"

// spec is what the standard says about one application identifier.
type spec struct {
	ai, title string
	parts     []part
	// min and max count the characters of the whole value.
	min, max int
	// bounded values have a predefined length: no separator is needed after them.
	bounded bool
	// attribute AIs may stand in the query of a Digital Link.
	attribute bool
	// primary AIs are the keys of a Digital Link; the qualifiers may follow them
	// in its path, those of one alternative only and in its order.
	primary    bool
	qualifiers [][]string
	// excluded AIs may not stand on the same label; a small n is any digit.
	excluded []string
	// required lists alternatives; all AIs of one of them must be there too.
	required [][]string
}

// part is one component of a value. Only the last may vary in length, and an
// optional one is followed by optional ones only.
type part struct {
	set      set
	min, max int
	optional bool
	rules    []*rule
}

// The components, by their characters. Those without a minimum in their name
// have exactly n.

func digits(n int, rules ...*rule) part     { return part{set: set10, min: n, max: n, rules: rules} }
func upToDigits(n int, rules ...*rule) part { return part{set: set10, min: 1, max: n, rules: rules} }
func chars(n int, rules ...*rule) part      { return part{set: set82, min: n, max: n, rules: rules} }
func upTo(n int, rules ...*rule) part       { return part{set: set82, min: 1, max: n, rules: rules} }
func upTo39(n int, rules ...*rule) part     { return part{set: set39, min: 1, max: n, rules: rules} }
func upTo64(n int, rules ...*rule) part     { return part{set: set64, min: 1, max: n, rules: rules} }
func optional(p part) part                  { p.optional = true; return p }

// The verbs of the table.

func element(ai, title string, parts ...part) spec {
	s := spec{ai: ai, title: title, parts: parts}
	for _, p := range parts {
		s.max += p.max
		if !p.optional {
			s.min += p.min
		}
	}
	return s
}

// attr is an element that may stand in the query of a Digital Link.
func attr(ai, title string, parts ...part) spec {
	s := element(ai, title, parts...)
	s.attribute = true
	return s
}

func (s spec) fixed() spec { s.bounded = true; return s }

// key makes a primary key; each sequence lists qualifiers in their order.
func (s spec) key(sequences ...string) spec {
	s.primary = true
	for _, q := range sequences {
		s.qualifiers = append(s.qualifiers, strings.Fields(q))
	}
	return s
}

// with says what must stand on the label too: "00+02 01" is (00) and (02), or
// (01).
func (s spec) with(alternatives string) spec {
	for _, a := range strings.Fields(alternatives) {
		s.required = append(s.required, strings.Split(a, "+"))
	}
	return s
}

func (s spec) without(ais string) spec { s.excluded = strings.Fields(ais); return s }

// run repeats an element for n AIs that differ in their last digit, from 0 or the
// given first AI.
func run(first string, n int, s func(ai string) spec) []spec {
	all := make([]spec, n)
	last := len(first) - 1
	for i := range all {
		all[i] = s(first[:last] + string(first[last]+byte(i)))
	}
	return all
}

// index finds a spec by its AI. The first two digits of an AI say how many it
// has, so that no AI begins with another.
type index struct {
	specs   []spec
	lengths [100]uint8
	// places holds 1 + the place in specs, by the AI filled up to four digits.
	places [10000]uint16
}

// known is never written after start.
var known = newIndex(table())

func newIndex(specs []spec) *index {
	x := &index{specs: specs}
	for i, s := range specs {
		x.lengths[number(s.ai[:2])] = uint8(len(s.ai))
		x.places[place(s.ai)] = uint16(i + 1)
	}
	return x
}

// find gives the AI at the start of s, or nil.
func find(s string) *spec {
	if len(s) < 2 || !isDigit(s[0]) || !isDigit(s[1]) {
		return nil
	}
	n := int(known.lengths[number(s[:2])])
	if n == 0 || len(s) < n || !allDigits(s[2:n]) {
		return nil
	}
	if i := known.places[place(s[:n])]; i > 0 {
		return &known.specs[i-1]
	}
	return nil
}

// exact gives the AI that s is, or nil.
func exact(s string) *spec {
	if sp := find(s); sp != nil && len(sp.ai) == len(s) {
		return sp
	}
	return nil
}

func place(ai string) int {
	n := number(ai)
	for range 4 - len(ai) {
		n *= 10
	}
	return n
}

// check reports which rule a value breaks that is not longer than allowed.
func (s *spec) check(value string) fault {
	at := 0
	for i := range s.parts {
		p := &s.parts[i]
		n := min(len(value)-at, p.max)
		switch {
		case n == 0 && p.optional:
			continue
		case n < p.min:
			return s.tooShort(value, at, p)
		}
		if f := p.check(value[at : at+n]); f.code != "" {
			f.at += at
			return f
		}
		at += n
	}
	return fault{}
}

func (s *spec) tooShort(value string, at int, p *part) fault {
	switch {
	case len(value) == 0:
		return found(Length, 0, "the value is missing")
	case s.min == s.max:
		return found(Length, len(value), "there are %d characters where %d are needed", len(value), s.max)
	case len(value) < s.min:
		return found(Length, len(value), "there are %d characters where at least %d are needed", len(value), s.min)
	}
	return found(Length, len(value), "%d characters are needed after the first %d, and %d are there", p.min, at, len(value)-at)
}

// checkWhole is check for a value that was cut out by something else than
// separators, and may be too long.
func (s *spec) checkWhole(value string) fault {
	if len(value) > s.max {
		return found(Length, s.max, "there are %d characters where at most %d are allowed", len(value), s.max)
	}
	return s.check(value)
}

func (p *part) check(value string) fault {
	if f := p.set.check(value); f.code != "" {
		return f
	}
	for _, r := range p.rules {
		if f := r.check(value); f.code != "" {
			return f
		}
	}
	return fault{}
}
