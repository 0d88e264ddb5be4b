package barcode

// The codes of an Error.
const (
	Empty       = "empty"        // there is no data
	NotText     = "not-text"     // not UTF-8, or a control character
	Character   = "character"    // not in the element's character set
	CheckDigit  = "check-digit"  // the key ends in another digit than computed
	Length      = "length"       // too short, or too long for its kind
	LostGS      = "lost-gs"      // an element runs on beyond its longest value
	UnknownAI   = "unknown-ai"   // no application identifier stands there
	RepeatedAI  = "repeated-ai"  // one AI twice with different values
	BadDate     = "date"         // no such day
	BadQuantity = "quantity"     // not 1 to allocation.MaxQty, or stated twice
	Ambiguous   = "ambiguous"    // more than one reading fits
	BadControl  = "control-card" // begins with DF: but is no card
)

// Error says why a scan cannot be used: a code for machines, a sentence for the
// person at the dock.
type Error struct {
	Code    string
	Message string
	// At counts bytes from the start of the data, identifier included.
	At int
	// AI is the application identifier concerned, if any.
	AI string
}

func (e *Error) Error() string { return e.Message }
