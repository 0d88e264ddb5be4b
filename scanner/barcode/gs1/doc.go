// Package gs1 reads what GS1 labels carry: element strings from a scanner, the
// same in print "(01)...(10)...", and GS1 Digital Link URIs. It is pure: no
// clock, no input or output, and it knows no year.
//
// Every application identifier (AI) of the GS1 Barcode Syntax Dictionary of
// January 2026 is known: 541 of them, with the components of their values, the
// rules for each component, and which AIs belong together.
//
// Two kinds of faults are kept apart:
//
//   - A value that breaks a rule of its own AI, such as a wrong check digit,
//     makes Read, Written and Link fail. Nothing of that label may be used.
//   - An association, such as a count without the item that is counted, is
//     reported by Check. The elements themselves are sound, and a house may
//     decide to accept such labels.
//
// Where the standard leaves a choice:
//
//   - A separator (FNC1, sent as GS, 0x1D) is accepted before the first element,
//     after an element of predefined length and at the end, though it says
//     nothing there. Two in a row are refused: an element between them is lost.
//   - A two-digit year has no century here, so 29 February is accepted in each
//     year that divides by four, 00 included.
//   - The company prefix in a key is checked for four leading digits, the
//     shortest there is. Whether GS1 gave it to anyone is not looked up.
//   - The padding of a signature (8030) is accepted to a multiple of three
//     characters, as GS1's own check has it, and of four, as RFC 4648 has it.
package gs1
