package gs1

// Readings counts the ways to cut an element string without any separator into
// sound elements: 0, 1, or 2 for more. Where it is one, that reading is given.
// It serves scanners that drop FNC1: a label that can be cut in one way only has
// lost nothing. Worked from the end, so that the time grows with the length
// alone; text that is longer than any label has none.
func Readings(text string) (n int, only []Element) {
	if text == "" || len(text) > maxElements*(longestAI+longestValue) {
		return 0, nil
	}
	ways := make([]uint8, len(text)+1)
	ends := make([]int, len(text))
	ways[len(text)] = 1
	for at := len(text) - 1; at >= 0; at-- {
		s := find(text[at:])
		if s == nil {
			continue
		}
		start := at + len(s.ai)
		for end := start + s.min; end <= min(start+s.max, len(text)) && ways[at] < 2; end++ {
			if ways[end] > 0 && s.check(text[start:end]).code == "" {
				ways[at] = min(2, ways[at]+ways[end])
				ends[at] = end
			}
		}
	}
	if ways[0] != 1 {
		return int(ways[0]), nil
	}
	return follow(text, ends)
}

// follow takes the one reading along its ends.
func follow(text string, ends []int) (int, []Element) {
	only := make([]Element, 0, 8)
	for at := 0; at < len(text); at = ends[at] {
		ai := find(text[at:]).ai
		only = append(only, Element{AI: ai, Value: text[at+len(ai) : ends[at]], At: at})
	}
	if len(only) > maxElements {
		return 0, nil
	}
	return 1, only
}
