package device

import "fmt"

// patterns is what each BEEP code of SSI sounds like and what the worker takes
// it for: a short high beep, or one that rises, is good; two equal high ones
// ask; a long high one sets aside; everything low, and a warble, is bad.
// Codes 00h to 09h are from the makers' guides; from 0Ah on the order is that
// of the SE955 guide and not confirmed for every model.
var patterns = [...]struct {
	sound string
	tone  Tone
}{
	0x00: {"one short high", Good},
	0x01: {"two short high", Check},
	0x02: {"three short high", Other},
	0x03: {"four short high", Other},
	0x04: {"five short high", Other},
	0x05: {"one short low", Stop},
	0x06: {"two short low", Stop},
	0x07: {"three short low", Stop},
	0x08: {"four short low", Stop},
	0x09: {"five short low", Stop},
	0x0A: {"one long high", Hold},
	0x0B: {"two long high", Hold},
	0x0C: {"three long high", Hold},
	0x0D: {"four long high", Hold},
	0x0E: {"five long high", Hold},
	0x0F: {"one long low", Stop},
	0x10: {"two long low", Stop},
	0x11: {"three long low", Stop},
	0x12: {"four long low", Stop},
	0x13: {"five long low", Stop},
	0x14: {"fast warble", Stop},
	0x15: {"slow warble", Stop},
	0x16: {"high, low", Other},
	0x17: {"low, high", Good},
	0x18: {"high, low, high", Other},
	0x19: {"low, high, low", Other},
	0x1A: {"high, high, low, low", Other},
}

// ToneOf is the meaning of an SSI BEEP code.
func ToneOf(pattern byte) Tone {
	if int(pattern) >= len(patterns) {
		return Other
	}
	return patterns[pattern].tone
}

// Sound is an SSI BEEP code in words: "one short high".
func Sound(pattern byte) string {
	if int(pattern) >= len(patterns) {
		return fmt.Sprintf("unknown beep %02Xh", pattern)
	}
	return patterns[pattern].sound
}

// beepEvent is a BEEP packet as an event.
func beepEvent(pattern byte) Event {
	n := note{sound: fmt.Sprintf("beep %02Xh, %s", pattern, Sound(pattern)), tone: ToneOf(pattern)}
	return Event{Kind: Beep, Code: pattern, notes: []note{n}}
}
