package barcode

import (
	"fmt"
	"strings"
)

// CheckSubstitute reports why s cannot stand for GS: a value could hold it. At
// least one of its characters must be none that GS1 allows in values.
func CheckSubstitute(s string) error {
	for i := range len(s) {
		if !inValues(s[i]) {
			return nil
		}
	}
	return fmt.Errorf("%q cannot stand for the group separator, as a lot or serial number may hold it; choose one with another character, such as ~ or | or {GS}", s)
}

// inValues tells the characters of GS1's sets 82 and 39 (GS1 General
// Specifications, 7.11).
func inValues(c byte) bool {
	return c >= '%' && c <= '?' || isLetter(c) || c == '!' || c == '"' || c == '_' || c == '#'
}

// separated puts GS where its substitute stands.
func (r Rules) separated(text string) string {
	if r.Substitute == "" {
		return text
	}
	return strings.ReplaceAll(text, r.Substitute, separator)
}

// place gives where byte at of the separated text stands in the text as it came.
func (r Rules) place(text string, at int) int {
	longer := len(r.Substitute) - len(separator)
	if longer <= 0 {
		return at
	}
	from := 0
	for {
		n := strings.Index(text[from:], r.Substitute)
		if n < 0 || from+n >= at {
			return at
		}
		from += n + len(r.Substitute)
		at += longer
	}
}
