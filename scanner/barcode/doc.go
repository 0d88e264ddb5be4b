// Package barcode turns the text of a scan into what it says: GTIN, SSCC, lot,
// dates, serial, quantity, or one of Dockfill's own control cards. It is pure:
// no clock, no input or output.
//
// A scanner can send an AIM symbology identifier before the data: "]" , a
// letter and a modifier (ISO/IEC 15424). It says how the data is to be read, and
// setting it up is always the better choice:
//
//	]C1 ]e0 ]d2 ]Q3 ]J1   a GS1 element string: AIs, with GS (0x1D) after the
//	                      elements whose length is not predefined
//	]E0                   EAN-13, UPC-A or UPC-E: 13, 12 or 8 digits
//	]E4                   EAN-8: 8 digits
//	]I0 ]I1 ]I3           interleaved 2 of 5: 14 digits are an ITF-14
//	any other             plain text: a house code, or not known
//
// Without an identifier a lenient layer decides, first rule that fits:
//
//  1. "DF:" begins a control card (with any identifier, too).
//  2. A pattern of the house names a house code (also with a plain identifier).
//  3. A digit or GS first and a GS somewhere: an element string.
//  4. "(01)..." is an element string as people write it.
//  5. 8 digits could be EAN-8 or UPC-E: ambiguous, refused.
//  6. 12, 13 or 14 digits are a GTIN and must end in the right check digit.
//  7. 00 and 18 digits, or 01 or 02 and 14 digits, begin an element string
//     without separators. It is taken only if it can be read in one way.
//  8. The rest is text that nobody knows yet; a person may map it.
//
// A label is never guessed: what can be read in two ways is an Error.
package barcode
