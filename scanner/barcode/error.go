package barcode

import "dockfill/scanner/barcode/gs1"

// Error says why a scan cannot be used: a code for machines, a sentence for the
// person at the dock. At counts bytes from the start of the data, identifier
// included.
type Error = gs1.Error

// Element is one application identifier and its value. At counts as in Error.
type Element = gs1.Element

// The codes of an Error beside those of gs1.
const (
	NotText     = "not-text"     // not UTF-8, or a control character
	BadQuantity = "quantity"     // not 1 to allocation.MaxQty, or stated twice
	Ambiguous   = "ambiguous"    // more than one reading fits
	AddOn       = "add-on"       // an add-on without the code beside it
	BadControl  = "control-card" // begins with DF: but is no card
	BadHouse    = "house"        // a field of a house code cannot be used
)
