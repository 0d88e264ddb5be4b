// Package barcode turns the text of a scan into what it says: GTIN, SSCC, lot,
// dates, serial, quantity, a code of the house's own, or one of Dockfill's
// control cards. It is pure: no clock, no input or output. The standard itself is
// in barcode/gs1; here is decided which of its forms a scan is in.
//
// A scanner can send an AIM symbology identifier before the data: "]", a letter
// and a modifier (ISO/IEC 15424). It says how the data is to be read, and setting
// it up is always the better choice:
//
//	]C1 ]e0 ]d2 ]Q3 ]J1   GS1 element strings: AIs, with GS (0x1D) after the
//	                      elements whose length is not predefined
//	]E0                   EAN-13, UPC-A or UPC-E as 13 digits; also as 12 (UPC-A)
//	                      and as 6 to 8 (UPC-E), which scanners send all the same
//	]E4                   EAN-8; also with its add-on
//	]E3                   12 or 13 digits, and the 2 or 5 of the add-on
//	]E1 ]E2               an add-on alone, which names nothing: refused
//	]I0 ]I1 ]I3           interleaved 2 of 5: 14 digits are an ITF-14; 13 after ]I3,
//	                      where the scanner keeps the check digit back
//	any other             plain text: a house code, a Digital Link, or not known
//
// After a code and "|]e0" follow the element strings of its composite component.
//
// Without an identifier a lenient layer decides, first rule that fits:
//
//  1. "DF:" begins a control card, in capital or small letters (with any
//     identifier, too).
//  2. A pattern of the house names a house code (also with a plain identifier, and
//     with ]I0).
//  3. A product code of 12 or 13 digits, "|]e0" and its composite component.
//  4. "https://" with a GS1 key in it is a Digital Link (also with a plain
//     identifier).
//  5. A digit or GS first and a GS, or its substitute, somewhere: an element string.
//  6. "(01)..." is an element string as people write it.
//  7. 8 digits could be EAN-8 or UPC-E, a day or an order: ambiguous, refused. Even
//     a check digit that fits is right in every tenth number by chance.
//  8. 12, 13 or 14 digits are a GTIN and must end in the right check digit. 14 that
//     do not, but whose first 12 do, are a UPC-A and its add-on of 2. A code of rule 7
//     or 8 with GS behind it is read as without, unless it may be an element string.
//  9. 00 and 18 digits, or 01 or 02 and 14 digits, begin an element string
//     without separators. It is taken only if it can be read in one way.
//  10. The rest is text that nobody knows yet; a person may map it.
//
// With an identifier the separators are believed. Where an element string breaks
// a rule, a separator may have been lost: it is taken if it can be cut into sound
// elements in one way only. A label is never guessed: what can be read in two ways
// is an Error.
package barcode
