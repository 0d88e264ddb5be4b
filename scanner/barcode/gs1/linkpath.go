package gs1

import (
	"fmt"
	"strings"
)

// linkReader gathers the elements of one link; first is the key's place in all.
type linkReader struct {
	Links
	all   []Element
	first int
	// pathEnd is the number of elements up to the end of the path.
	pathEnd int
}

// path reads "/AI/value" pairs, the AIs of which root has seen.
func (r *linkReader) path(p section) *Error {
	for p.text != "" {
		ai, rest := p.from(1).cut('/')
		value, _ := rest.cut('/')
		if err := r.add(ai, value, false); err != nil {
			return err
		}
		p = rest.from(len(value.text))
	}
	r.pathEnd = len(r.all)
	return r.checkOrder()
}

// query reads "AI=value" pairs.
func (r *linkReader) query(q section) *Error {
	for q.text != "" {
		var pair section
		pair, q = q.cut('&')
		ai, value := pair.cut('=')
		if len(ai.text) == len(pair.text) || !allDigits(ai.text) {
			continue
		}
		if err := r.checkAttribute(ai); err != nil {
			return err
		}
		if err := r.add(ai, value, true); err != nil {
			return err
		}
	}
	return nil
}

// add decodes and checks one value.
func (r *linkReader) add(ai, raw section, inQuery bool) *Error {
	if len(r.all)-r.first == MaxElements {
		return TooMany(ai.at)
	}
	value, f := decode(raw.text, inQuery)
	if f.code != "" {
		return f.in(ai.text, raw.text, raw.at+f.at)
	}
	s := exact(ai.text)
	if s == nil {
		s = &anyValue
	}
	value, padding := r.fill(s, value)
	if f := s.checkWhole(value); f.code != "" {
		return f.in(ai.text, value, raw.at+width(raw.text, f.at-padding))
	}
	r.all = append(r.all, Element{AI: ai.text, Value: value, At: ai.at})
	return nil
}

// anyValue is what a query key may hold that GS1 could assign one day.
var anyValue = element("", "", upTo(longestValue))

// fill writes a short GTIN with 14 digits where the house allows that, and gives
// the number of zeros.
func (r *linkReader) fill(s *spec, value string) (string, int) {
	n := len(value)
	if !r.ShortGTIN || s.ai != "01" || n != 8 && n != 12 && n != 13 {
		return value, 0
	}
	return "000000"[:14-n] + value, 14 - n
}

// checkOrder wants the qualifiers of one alternative in its order, any of them
// left away.
func (r *linkReader) checkOrder() *Error {
	key := r.all[r.first]
	qualifiers := r.all[r.first+1 : r.pathEnd]
	good := 0
	for _, sequence := range exact(key.AI).qualifiers {
		good = max(good, inOrder(sequence, qualifiers))
	}
	if good == len(qualifiers) {
		return nil
	}
	wrong := qualifiers[good]
	return &Error{Code: LinkPath, AI: wrong.AI, At: wrong.At, Message: fmt.Sprintf(
		"(%s) may not stand there after (%s); %s", wrong.AI, key.AI, exact(key.AI).order())}
}

// inOrder counts the qualifiers that follow the sequence before the first one
// that does not.
func inOrder(sequence []string, qualifiers []Element) int {
	n := 0
	for _, ai := range sequence {
		if n < len(qualifiers) && qualifiers[n].AI == ai {
			n++
		}
	}
	return n
}

// order says what may follow a key.
func (s *spec) order() string {
	if len(s.qualifiers) == 0 {
		return "nothing may follow it in the path"
	}
	words := make([]string, len(s.qualifiers))
	for i, sequence := range s.qualifiers {
		words[i] = "(" + strings.Join(sequence, ") (") + ")"
	}
	return "the order is " + strings.Join(words, ", or ")
}

// checkAttribute judges a numeric query key.
func (r *linkReader) checkAttribute(ai section) *Error {
	s := exact(ai.text)
	switch {
	case s == nil && !assignable(ai.text):
		return &Error{Code: UnknownAI, At: ai.at, Message: fmt.Sprintf("%.40q in the query can be no application identifier", ai.text)}
	case indexOf(r.all[r.first:], ai.text) >= 0:
		return &Error{Code: LinkRepeated, AI: ai.text, At: ai.at, Message: fmt.Sprintf("(%s) stands twice in the link", ai.text)}
	case s != nil && !s.attribute:
		return &Error{Code: LinkAttribute, AI: ai.text, At: ai.at, Message: fmt.Sprintf("(%s) may not stand in a link's query", ai.text)}
	case s != nil && r.belongsInPath(ai.text):
		return &Error{Code: LinkAttribute, AI: ai.text, At: ai.at, Message: fmt.Sprintf(
			"(%s) belongs in the path, after the key (%s)", ai.text, r.all[r.first].AI)}
	}
	return nil
}

// assignable reports whether GS1 could assign that number as an AI: it neither
// begins with one nor is the beginning of one.
func assignable(ai string) bool {
	if len(ai) < 2 || len(ai) > 4 {
		return false
	}
	n := int(known.lengths[number(ai[:2])])
	return n == 0 || n == len(ai)
}

// belongsInPath reports whether an attribute would be a qualifier of the key
// beside those that are there.
func (r *linkReader) belongsInPath(ai string) bool {
	there := r.all[r.first+1 : r.pathEnd]
	for _, sequence := range exact(r.all[r.first].AI).qualifiers {
		if inOrder(sequence, there) < len(there) {
			continue
		}
		for _, q := range sequence {
			if q == ai {
				return true
			}
		}
	}
	return false
}

// decode takes the percent-encoding off. A plus sign is a blank in a query, as
// forms have it, and itself in a path. It allocates only where something is
// encoded.
func decode(raw string, inQuery bool) (string, fault) {
	if strings.IndexByte(raw, '%') < 0 && (!inQuery || strings.IndexByte(raw, '+') < 0) {
		return raw, fault{}
	}
	plain := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c, ok := raw[i], true
		switch {
		case c == '%':
			if c, ok = escaped(raw[i:]); !ok {
				return "", found(Percent, i, "two hexadecimal digits are needed after %%; a percent sign itself is written %%25")
			}
			i += 2
		case c == '+' && inQuery:
			return "", found(Character, i, "a plus sign in a query means a blank, which no value has; a plus sign itself is written %%2B")
		}
		plain = append(plain, c)
	}
	return string(plain), fault{}
}

// width gives the bytes that n characters take as they are encoded.
func width(raw string, n int) int {
	at := 0
	for ; n > 0; n-- {
		if raw[at] == '%' {
			at += 2
		}
		at++
	}
	return at
}
