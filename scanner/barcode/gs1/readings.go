package gs1

// Readings counts the ways to cut an element string without any separator into
// sound elements: 0, 1, or 2 for more. Where it is one, that reading is given;
// where there are more, parts is the byte at which the first two differ: an element
// ends there in one, and goes on in the other.
// It serves scanners that drop FNC1: a label that can be cut in one way only has
// lost nothing. Worked from the end, so that the time grows with the length
// alone; text that is longer than any label has none.
func Readings(text string) (n int, only []Element, parts int) {
	if text == "" || len(text) > MaxElements*(longestAI+longestValue) {
		return 0, nil, 0
	}
	ways := make([]uint8, len(text)+1)
	ends, forks := make([]int, len(text)), make([]bool, len(text))
	ways[len(text)] = 1
	for at := len(text) - 1; at >= 0; at-- {
		s := find(text[at:])
		if s == nil {
			continue
		}
		start := at + len(s.ai)
		for end := start + s.min; end <= min(start+s.max, len(text)) && !forks[at]; end++ {
			if ways[end] == 0 || s.check(text[start:end]).code != "" {
				continue
			}
			if forks[at] = ends[at] > 0; !forks[at] {
				ends[at] = end
			}
			ways[at] = min(2, ways[at]+ways[end])
		}
	}
	switch ways[0] {
	case 0:
		return 0, nil, 0
	case 1:
		n, only = follow(text, ends)
		return n, only, 0
	}
	at := 0
	for !forks[at] {
		at = ends[at]
	}
	return 2, nil, ends[at]
}

// follow takes the one reading along its ends.
func follow(text string, ends []int) (int, []Element) {
	only := make([]Element, 0, 8)
	for at := 0; at < len(text); at = ends[at] {
		ai := find(text[at:]).ai
		only = append(only, Element{AI: ai, Value: text[at+len(ai) : ends[at]], At: at})
	}
	if len(only) > MaxElements {
		return 0, nil
	}
	return 1, only
}
