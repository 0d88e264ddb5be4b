package barcode

import (
	"strings"
	"unicode"

	"dockfill/allocation"
	"dockfill/scanner/barcode/gs1"
)

// Format is the kind of code that was recognised.
type Format string

// The formats.
const (
	GS1         Format = "gs1"          // an element string
	GTIN        Format = "gtin"         // a bare product code
	DigitalLink Format = "digital-link" // a GS1 Digital Link URI
	House       Format = "house"
	Control     Format = "control"
	Unknown     Format = "unknown"
)

// Code is what a scan says. Where Err is set nothing but Symbology, Format and
// Text may be relied on, and the other fields are empty. The one exception is an
// association failure (its code begins with "gs1-association-"): Elements and what
// they say stand there for people to see, and still nothing may be received on
// them.
type Code struct {
	// Symbology is the AIM identifier such as "]C1"; empty where none was sent.
	Symbology string
	Format    Format
	// Text is the data without the identifier, as it came.
	Text string
	// Elements stand in label order. A product code with a composite component
	// stands there as (01).
	Elements []Element

	GTIN     allocation.GTIN // AI 01, or a bare product code
	SSCC     allocation.SSCC // AI 00
	Contents allocation.GTIN // AI 02: what the pallet holds, Quantity times
	// Piece is AI 8006: one part of a trade item that comes in several, and no unit by
	// itself. GTIN stays empty beside it.
	Piece  Piece
	Lot    string // AI 10, or a house code's
	Serial string // AI 21, or a house code's
	// Quantity is AI 30 of GTIN, or AI 37 of Contents, or a house code's; 0 means
	// that none was stated, or none of these.
	Quantity int64

	Produced   allocation.Date // AI 11, or the day of AI 8008
	Packed     allocation.Date // AI 13
	BestBefore allocation.Date // AI 15
	Expiry     allocation.Date // AI 17, or the day of AI 7003

	// Restricted says that GTIN comes from a range that GS1 gives to no trade item.
	Restricted Restricted
	// AddOn holds the 2 or 5 digits beside an EAN or UPC.
	AddOn string

	// Pattern and Kind are those of the house pattern that matched; SKU is what it
	// found.
	Pattern string
	Kind    Kind
	SKU     allocation.SKU

	Card Card
	// Warnings are association failures that the house accepts, and separators that
	// were lost and guessed.
	Warnings []Error
	Err      *Error
}

// Piece is the N-th of Of parts that make one trade item; the zero value is none.
type Piece struct {
	Item  allocation.GTIN
	N, Of int
}

// Rules is what a house decides about its codes. The zero value knows the
// standards and no house code.
type Rules struct {
	// House patterns are tried in order.
	House []Pattern
	// Substitute is what the scanners send for GS, such as "~"; "" for GS itself.
	// CheckSubstitute tells what may stand here.
	Substitute string
	// AcceptAssociations takes labels whose elements do not belong together by the
	// standard, as long as none is there twice with different values and it is clear
	// how many of which item came.
	AcceptAssociations bool
	// Links says which Digital Links beside the standard's are taken.
	Links gs1.Links
}

// Parse reads one scan. The symbology is the AIM identifier where the scanner
// sent it apart from the data; one at the start of data counts more. The year is
// the present one; two-digit years slide around it.
func (r Rules) Parse(symbology string, data []byte, year int) Code {
	id, text := splitIdentifier(string(data))
	p := parser{rules: r, year: year, code: Code{Symbology: symbology, Format: Unknown, Text: text}}
	if id != "" {
		p.code.Symbology = id
	}
	err := p.read()
	moved(p.code.Elements, len(id))
	for i := range p.code.Warnings {
		p.code.Warnings[i].At += len(id)
	}
	if err == nil {
		return p.code
	}
	err.At += len(id)
	if !isAssociation(err) {
		p.code = Code{Symbology: p.code.Symbology, Format: p.code.Format, Text: text}
	}
	p.code.Err = err
	return p.code
}

// parser reads one scan into its code.
type parser struct {
	rules Rules
	year  int
	code  Code
}

func (p *parser) read() *Error {
	c := &p.code
	family := familyOf(c.Symbology)
	switch {
	case isBlank(c.Text):
		return &Error{Code: gs1.Empty, Message: "the scan holds no data"}
	case isCard(c.Text):
		return c.readCard()
	case family.mayBeHouse():
		if pattern, fields := p.rules.house(c.Text); pattern != nil {
			return c.readHouse(pattern, fields)
		}
	}
	switch family {
	case none:
		return p.readLenient()
	case elementString:
		return p.readElements(0)
	case plain:
		return p.readPlain()
	}
	return p.readTradeItem(family)
}

// isBlank reports a text of nothing but blanks and control characters: a scanner
// that sends no more has read nothing, and nobody could look for such a code.
func isBlank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsSpace(r) && !unicode.IsControl(r) })
}

// readPlain takes what a symbology without GS1's FNC1 can carry.
func (p *parser) readPlain() *Error {
	if gs1.IsLink(p.code.Text) {
		return p.readLink()
	}
	return checkText(p.code.Text)
}

func (p *parser) readLink() *Error {
	c := &p.code
	c.Format = DigitalLink
	var err *Error
	if c.Elements, err = p.rules.Links.Read(make([]Element, 0, 8), c.Text); err != nil {
		return err
	}
	return p.understand()
}

func isAssociation(err *Error) bool { return strings.HasPrefix(err.Code, "gs1-association-") }
