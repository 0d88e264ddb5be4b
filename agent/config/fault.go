package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a configuration.
type Fault struct {
	// File, Line and Column say where; both count from 1, and a key that is missing
	// stands where its table begins. The three are empty where Variable is set.
	File         string
	Line, Column int
	// Variable is the environment variable at fault.
	Variable string
	// Key is the dotted key such as station.baud; empty where the text is no TOML.
	Key string
	// Reason says what is wrong, Hint what was probably meant; Hint may be empty.
	Reason, Hint string

	path string // the key with its table's number
}

func (f Fault) Error() string {
	text := f.Reason
	if f.Hint != "" {
		text += "; " + f.Hint
	}
	switch {
	case f.Variable != "":
		return "environment " + f.Variable + ": " + text
	case f.Line == 0:
		return orElse(f.File, "environment") + ": " + text
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, text)
}

// Faults is everything that is wrong with a configuration, in the order of the
// file, then of the variables' names.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// err is f in order, or no error.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Variable, b.Variable), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f
}

// spot is where a key got its value.
type spot struct {
	line, column int
	variable     string
}

// reading collects what is found out about a configuration while it is read.
// Keys are known by paths with an index, such as station[1].baud.
type reading struct {
	file   string
	places map[string]spot
	faults Faults
}

// given reports that something, good or bad, was said for a path.
func (r *reading) given(path string) bool {
	_, ok := r.places[path]
	return ok
}

// faulty reports that a fault of this very path was noted.
func (r *reading) faulty(path string) bool {
	return slices.ContainsFunc(r.faults, func(f Fault) bool { return f.path == path })
}

// fault notes what is wrong with the value at a path. What was not given is
// reported where the table around it begins.
func (r *reading) fault(path, reason string) { r.faultAt(r.placeOf(path), path, reason, "") }

func (r *reading) faultAt(at spot, path, reason, hint string) {
	f := Fault{path: path, Key: plainKey(path), Reason: reason, Hint: hint, Variable: at.variable}
	if at.variable == "" {
		f.File, f.Line, f.Column = r.file, at.line, at.column
	}
	r.faults = append(r.faults, f)
}

func (r *reading) placeOf(path string) spot {
	for path != "" {
		if at, ok := r.places[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
	}
	if r.file == "" {
		return spot{}
	}
	return spot{line: 1, column: 1}
}

// plainKey takes the indexes out of a path.
func plainKey(path string) string {
	var b strings.Builder
	inside := false
	for _, c := range path {
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case !inside:
			b.WriteRune(c)
		}
	}
	return b.String()
}
