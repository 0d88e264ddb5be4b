package gs1

import "fmt"

// The codes of an Error about a label as a whole.
const (
	Empty     = "empty"      // there is no element
	Limit     = "limit"      // more than 64 elements
	UnknownAI = "unknown-ai" // no application identifier stands there
	LostGS    = "lost-gs"    // an element runs on beyond its longest value
)

// The codes of an Error about one value.
const (
	Length        = "length"         // too short, or too long where no separator can be lost
	Character     = "character"      // not in the component's character set
	CheckDigit    = "check-digit"    // another digit than computed
	CheckPair     = "check-pair"     // another pair of check characters than computed
	CompanyPrefix = "company-prefix" // a key does not begin with four digits
	Date          = "date"           // no such day
	Time          = "time"           // no such hour, minute or second
	Country       = "country"        // not in ISO 3166
	Currency      = "currency"       // not in ISO 4217
	SexCode       = "sex-code"       // not in ISO/IEC 5218
	IBAN          = "iban"           // no International Bank Account Number
	Coupon        = "coupon"         // a coupon's fields do not fit
	Percent       = "percent"        // % without two hexadecimal digits
	PieceOfTotal  = "piece-of-total" // piece 0, total 0, or piece above total
	PackageType   = "package-type"   // not in GS1's code list
	MediaType     = "media-type"     // not 01 to 10 or 80 to 99
	GeoPosition   = "geo-position"   // latitude or longitude out of range
	Sequence      = "sequence"       // not position/end
	Winding       = "winding"        // not 0, 1 or 9
	ImporterIndex = "importer-index" // not a letter, digit, hyphen or underscore
	Zero          = "zero"           // zero where it may not be, or not where it must
	NonDigit      = "non-digit"      // only digits where another character is needed
	YesNo         = "yes-no"         // not 0 or 1
	Hyphen        = "hyphen"         // not a hyphen
)

// The codes of an Error about a Digital Link.
const (
	LinkSyntax     = "link"            // no usable URI, or no GS1 key in it
	LinkPath       = "link-path"       // qualifiers that do not belong to the key, or out of order
	LinkAttribute  = "link-attribute"  // an AI that may not stand in the query
	LinkRepeated   = "link-repeated"   // an AI twice in one link
	LinkCompressed = "link-compressed" // a compressed link
)

// The codes that Check gives.
const (
	Excluded     = "gs1-association-excluded"   // two AIs that may not stand together
	Missing      = "gs1-association-missing"    // an AI without the one it belongs to
	Repeated     = "gs1-association-repeated"   // one AI twice with different values
	Unserialised = "gs1-association-serial"     // a signed key without its serial part
	Unassigned   = "gs1-association-unknown-ai" // a link states an AI that is not assigned
)

// Error says what is wrong with a label: a code for machines, a sentence for the
// person who looks after the scanners.
type Error struct {
	Code, Message string
	// AI is the application identifier concerned, if any.
	AI string
	// At counts bytes from the start of the text to the character that is wrong,
	// or to where one is missing. Check gives the place of the AI.
	At int
}

func (e *Error) Error() string { return e.Message }

// fault is what a rule finds in a component: at counts its bytes. The zero value
// finds nothing.
type fault struct {
	code string
	at   int
	says string
}

func found(code string, at int, format string, args ...any) fault {
	return fault{code: code, at: at, says: fmt.Sprintf(format, args...)}
}

// in makes the sentence for the value of an AI; at is the fault's place in the
// whole text.
func (f fault) in(ai, value string, at int) *Error {
	return &Error{Code: f.code, AI: ai, At: at, Message: fmt.Sprintf(
		"(%s) %.90q, character %d: %s", ai, value, f.at+1, f.says)}
}
