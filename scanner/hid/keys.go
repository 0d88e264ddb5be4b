package hid

// Key codes of Linux (linux/input-event-codes.h), which are the same for every
// layout: a code names a place on the keyboard.
const (
	keyBackspace   = 14
	keyTab         = 15
	keyEnter       = 28
	keyLeftCtrl    = 29
	keyLeftShift   = 42
	keyRightShift  = 54
	keyLeftAlt     = 56
	keySpace       = 57
	keyCapsLock    = 58
	keyNumLock     = 69
	keyScrollLock  = 70
	keyKeypadEnter = 96
	keyRightCtrl   = 97
	keyRightAlt    = 100
)

// places are the keys that differ between layouts, row by row, in the order of the
// strings in layouts. 86 is the key beside the left Shift that US keyboards lack,
// 43 the one above or left of Enter.
var places = []uint16{
	41, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
	30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43,
	86, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53,
}

// keypad maps the number block, which is the same everywhere.
var keypad = map[uint16]rune{
	82: '0', 79: '1', 80: '2', 81: '3', 75: '4', 76: '5', 77: '6', 71: '7', 72: '8', 73: '9',
	55: '*', 74: '-', 78: '+', 83: '.', 98: '/',
}

// keyLayout says which character a key gives, plain, with Shift and with AltGr, a
// space for none. Combining accents stand for dead keys.
type keyLayout struct{ plain, shift, altGr string }

// layouts are those of Windows, which scanners emulate. Source: Microsoft's
// published layouts KBDUS, KBDUK, KBDGR, KBDFR; sure for all that GS1 allows in
// element strings, the rest as remembered from the keyboards themselves.
var layouts = map[string]keyLayout{
	"us": {
		"`1234567890-=" + "qwertyuiop[]" + "asdfghjkl;'\\" + "\\zxcvbnm,./",
		"~!@#$%^&*()_+" + "QWERTYUIOP{}" + "ASDFGHJKL:\"|" + "|ZXCVBNM<>?",
		"             " + "            " + "            " + "           ",
	},
	"uk": {
		"`1234567890-=" + "qwertyuiop[]" + "asdfghjkl;'#" + "\\zxcvbnm,./",
		"¬!\"£$%^&*()_+" + "QWERTYUIOP{}" + "ASDFGHJKL:@~" + "|ZXCVBNM<>?",
		"¦   €        " + "  é   úíó   " + "á           " + "           ",
	},
	"de": {
		"\u03021234567890ß\u0301" + "qwertzuiopü+" + "asdfghjklöä#" + "<yxcvbnm,.-",
		"°!\"§$%&/()=?\u0300" + "QWERTZUIOPÜ*" + "ASDFGHJKLÖÄ'" + ">YXCVBNM;:_",
		"  ²³   {[]}\\ " + "@ €        ~" + "            " + "|      µ   ",
	},
	"fr": {
		"²&é\"'(-è_çà)=" + "azertyuiop\u0302$" + "qsdfghjklmù*" + "<wxcvbn,;:!",
		" 1234567890°+" + "AZERTYUIOP\u0308£" + "QSDFGHJKLM%µ" + ">WXCVBN?./§",
		"  \u0303#{[|\u0300\\^@]}" + "  €        ¤" + "            " + "           ",
	},
}

// keymap is a layout made ready: three characters for each key, 0 for none.
type keymap map[uint16][3]rune

func (l keyLayout) keymap() keymap {
	m := keymap{keySpace: {' ', ' ', 0}, keyEnter: {'\r', '\r', 0}, keyKeypadEnter: {'\r', '\r', 0}, keyTab: {'\t', '\t', 0}}
	for level, row := range []string{l.plain, l.shift, l.altGr} {
		for i, r := range []rune(row) {
			if r == ' ' {
				continue
			}
			levels := m[places[i]]
			levels[level] = r
			m[places[i]] = levels
		}
	}
	for code, r := range keypad {
		m[code] = [3]rune{r, r, 0}
	}
	return m
}

// accent is what a dead key gives before a space, and before letters, in pairs of
// the letter and the result.
type accent struct {
	alone rune
	pairs string
}

var accents = map[rune]accent{
	'\u0300': {'`', "aàeèiìoòuùAÀEÈIÌOÒUÙ"},
	'\u0301': {'´', "aáeéiíoóuúyýAÁEÉIÍOÓUÚYÝ"},
	'\u0302': {'^', "aâeêiîoôuûAÂEÊIÎOÔUÛ"},
	'\u0303': {'~', "aãnñoõAÃNÑOÕ"},
	'\u0308': {'¨', "aäeëiïoöuüyÿAÄEËIÏOÖUÜ"},
}

// on gives what an accent and the character after it make: one character, or both
// where they do not combine.
func (a accent) on(r rune) string {
	if r == ' ' {
		return string(a.alone)
	}
	pairs := []rune(a.pairs)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == r {
			return string(pairs[i+1])
		}
	}
	return string(a.alone) + string(r)
}
