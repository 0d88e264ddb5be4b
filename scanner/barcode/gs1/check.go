package gs1

import (
	"fmt"
	"strings"
)

// Check reports what does not belong together on one label: AIs that exclude
// each other (Excluded), an AI without the one it refers to (Missing), an AI
// twice with different values (Repeated), a digital signature (8030) of a key
// without its serial part (Unserialised), and AIs of a link that are not
// assigned (Unassigned). It gives one Error for each, in the order of the
// elements, and nothing where all is well. Elements that were read from several
// symbols of one unit are judged together.
func Check(elements []Element) []Error {
	var errs []Error
	for i := range elements {
		e := &elements[i]
		s := exact(e.AI)
		if earlier := indexOf(elements[:i], e.AI); earlier >= 0 {
			if elements[earlier].Value != e.Value {
				errs = append(errs, repeated(elements[earlier], *e))
			}
			continue
		}
		if s == nil {
			errs = append(errs, about(Unassigned, *e, "(%s) is not assigned by GS1; the link's maker has to leave it out", e.AI))
			continue
		}
		errs = checkExcluded(errs, elements, i)
		if !s.satisfied(elements) {
			errs = append(errs, about(Missing, *e, "(%s) needs %s on the same label; it is missing", e.AI, inWords(s.required)))
		}
		if serialisable[e.AI] && len(e.Value) == s.min && indexOf(elements, signature) >= 0 {
			errs = append(errs, about(Unserialised, *e, "(%s) stands without its serial part, but the signature (%s) is for one unit only",
				e.AI, signature))
		}
	}
	return errs
}

const signature = "8030"

// serialisable are the keys whose serial part is optional and behind the check
// digit.
var serialisable = map[string]bool{"253": true, "255": true, "8003": true}

func about(code string, e Element, format string, args ...any) Error {
	return Error{Code: code, AI: e.AI, At: e.At, Message: fmt.Sprintf(format, args...)}
}

func repeated(first, second Element) Error {
	return about(Repeated, second, "(%s) says %.90q and %.90q; the label is wrong or two labels were read as one",
		second.AI, first.Value, second.Value)
}

// indexOf gives the place of the first element with that AI, or -1.
func indexOf(elements []Element, ai string) int {
	for i := range elements {
		if elements[i].AI == ai {
			return i
		}
	}
	return -1
}

// checkExcluded looks for elements before element i that may not stand beside it,
// whichever of the two the standard says it of.
func checkExcluded(errs []Error, elements []Element, i int) []Error {
	e := elements[i]
	for j, earlier := range elements[:i] {
		if indexOf(elements[:j], earlier.AI) < 0 && (excludes(e.AI, earlier.AI) || excludes(earlier.AI, e.AI)) {
			errs = append(errs, about(Excluded, e, "(%s) and (%s) may not stand on the same label", earlier.AI, e.AI))
		}
	}
	return errs
}

// excludes tells whether the standard names that among what may not stand with ai.
func excludes(ai, that string) bool {
	s := exact(ai)
	for i := 0; s != nil && i < len(s.excluded); i++ {
		if fits(s.excluded[i], that) {
			return true
		}
	}
	return false
}

// satisfied reports whether all AIs of one alternative are there.
func (s *spec) satisfied(elements []Element) bool {
	for _, all := range s.required {
		missing := 0
		for _, pattern := range all {
			if other(elements, pattern, s.ai) < 0 {
				missing++
			}
		}
		if missing == 0 {
			return true
		}
	}
	return len(s.required) == 0
}

// other finds an element that fits the pattern and is not of the AI itself.
func other(elements []Element, pattern, ai string) int {
	for i := range elements {
		if elements[i].AI != ai && fits(pattern, elements[i].AI) {
			return i
		}
	}
	return -1
}

// fits tells whether an AI is meant by a pattern such as "31nn".
func fits(pattern, ai string) bool {
	if len(pattern) != len(ai) {
		return false
	}
	for i := range len(ai) {
		if pattern[i] != ai[i] && pattern[i] != 'n' {
			return false
		}
	}
	return true
}

func inWords(alternatives [][]string) string {
	words := make([]string, len(alternatives))
	for i, all := range alternatives {
		words[i] = "(" + strings.Join(all, ") with (") + ")"
	}
	return strings.Join(words, " or ")
}
