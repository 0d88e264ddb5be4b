package barcode

import (
	"fmt"
	"strings"

	"dockfill/scanner/barcode/gs1"
)

// separator is GS, the form in which a scanner sends FNC1 inside a label.
const separator = "\x1d"

// component stands between a linear code and the composite component printed
// above it (GS1 General Specifications, 7.8.7).
const component = "|]e0"

// readElements reads the text from byte at on as GS1 element strings, and adds
// them to those that are there.
func (p *parser) readElements(at int) *Error {
	c := &p.code
	c.Format = GS1
	if c.Elements == nil {
		c.Elements = make([]Element, 0, 6)
	}
	for {
		part, rest, more := strings.Cut(c.Text[at:], component)
		if err := p.readPart(part, at); err != nil {
			return err
		}
		if !more {
			return p.understand()
		}
		at = len(c.Text) - len(rest)
	}
}

// readPart reads one element string, which begins at byte at of the text. Some
// decoders send the printed form under the identifier of DataBar Expanded; no
// element string begins with a bracket.
func (p *parser) readPart(part string, at int) *Error {
	text, had, guessed := p.rules.separated(part), len(p.code.Elements), false
	var err *Error
	if strings.HasPrefix(text, "(") {
		p.code.Elements, err = gs1.Written(p.code.Elements, text)
	} else if p.code.Elements, err = gs1.Read(p.code.Elements, text); err != nil && err.Code != gs1.Limit {
		err, guessed = p.rescue(text, err), true
	}
	if err == nil && len(p.code.Elements) > gs1.MaxElements {
		err = gs1.TooMany(p.code.Elements[gs1.MaxElements].At)
	}
	if err != nil {
		hintSubstitute(err, text)
		err.At = at + p.rules.place(part, err.At)
		return err
	}
	for i := range p.code.Elements[had:] {
		e := &p.code.Elements[had+i]
		e.At = at + p.rules.place(part, e.At)
	}
	if guessed {
		p.warnOfGuesses(p.code.Elements[had:])
	}
	return nil
}

// hintSubstitute adds to an error at a character that no value may hold that it may
// stand for the separator.
func hintSubstitute(err *Error, text string) {
	if err.Code != gs1.UnknownAI && err.Code != gs1.Character || err.At >= len(text) {
		return
	}
	if c := text[err.At]; c > ' ' && c < 0x7f && c != '(' && !inValues(c) {
		err.Message += fmt.Sprintf("; if the scanner sends %q for the group separator, say so with gs_substitute", c)
	}
}

// warnOfGuesses says behind which elements no separator stands though one belongs
// there.
func (p *parser) warnOfGuesses(elements []Element) {
	for i, e := range elements[:len(elements)-1] {
		end := e.At + len(e.AI) + len(e.Value)
		if info, _ := gs1.Lookup(e.AI); info.Predefined == 0 && elements[i+1].At == end {
			p.code.Warnings = append(p.code.Warnings, Error{Code: gs1.LostGS, AI: e.AI, At: end, Message: fmt.Sprintf(
				"no separator stands behind (%s) %.20s: it was guessed, as the label can be cut in this way only; set the scanner to send GS for FNC1", e.AI, e.Value)})
		}
	}
}

// rescue takes an element string that lost a separator, if what stands between
// the others can be cut into sound elements in one way only. Else the first error
// stands.
func (p *parser) rescue(text string, first *Error) *Error {
	all, at := p.code.Elements, 0
	if strings.HasPrefix(text, separator) {
		text, at = text[1:], 1
	}
	for piece := range strings.SplitSeq(strings.TrimSuffix(text, separator), separator) {
		n, only, parts := gs1.Readings(piece)
		switch n {
		case 0:
			return first
		case 1:
			all = append(all, moved(only, at)...)
		default:
			return ambiguous(at + parts)
		}
		at += len(piece) + 1
	}
	p.code.Elements = all
	return nil
}

func moved(elements []Element, by int) []Element {
	for i := range elements {
		elements[i].At += by
	}
	return elements
}

// ambiguous says that the readings part at byte at.
func ambiguous(at int) *Error {
	return &Error{Code: Ambiguous, At: at, Message: "the label can be read in more than one way, as a separator may be lost; " +
		"set the scanner to send GS for FNC1, or AIM identifiers"}
}
