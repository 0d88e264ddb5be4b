package hid

import "strconv"

// typist makes characters of key events, as a Windows machine with the declared
// layout would, because that is what scanners type for:
//
//   - Ctrl and a key is a control character; Ctrl+] is GS. Where the layout has no
//     such character on the key, the US layout decides, as scanners send the key's
//     place.
//   - Alt and digits on the number block is the character of that number: 029 and
//     0029 are GS.
//   - Ctrl+Alt is AltGr.
//   - Caps Lock turns letters around, so that a scanner may type it first.
type typist struct {
	keys keymap
	held map[uint16]bool
	caps bool
	dead rune   // the accent that waits for its letter
	alt  string // digits on the number block while Alt is held
}

var usKeys = layouts["us"].keymap()

func newTypist(l keyLayout) *typist { return &typist{keys: l.keymap(), held: map[uint16]bool{}} }

// press gives what a key types, often nothing, or a mark.
func (t *typist) press(code uint16) string {
	switch code {
	case keyLeftShift, keyRightShift, keyLeftCtrl, keyRightCtrl, keyLeftAlt, keyRightAlt:
		t.held[code] = true
		return ""
	case keyNumLock, keyScrollLock:
		return ""
	case keyCapsLock:
		t.caps = !t.caps
		return ""
	}
	if t.held[keyLeftAlt] && !t.control() {
		return t.altDigit(code)
	}
	r := t.character(code)
	if r == 0 {
		return marked("key " + strconv.Itoa(int(code)))
	}
	return t.compose(r)
}

// release ends a key. Letting go of Alt types the character of the digits.
func (t *typist) release(code uint16) string {
	delete(t.held, code)
	if code != keyLeftAlt || t.alt == "" {
		return ""
	}
	digits := t.alt
	t.alt = ""
	return altCharacter(digits)
}

// forget lets go of everything, when events are missing.
func (t *typist) forget() {
	clear(t.held)
	t.caps, t.dead, t.alt = false, 0, ""
}

func (t *typist) control() bool { return t.held[keyLeftCtrl] || t.held[keyRightCtrl] }

func (t *typist) altDigit(code uint16) string {
	r := keypad[code]
	if r < '0' || r > '9' || len(t.alt) == 4 {
		return marked("Alt and key " + strconv.Itoa(int(code)))
	}
	t.alt += string(r)
	return ""
}

// altCharacter is what Alt and digits give. Below 128 all code pages agree; above
// 159 a leading zero means Windows-1252, which is Latin-1 there. For the others a
// scanner's intent is not known.
func altCharacter(digits string) string {
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	if n > 0 && n < 128 || n >= 160 && n < 256 && digits[0] == '0' {
		return string(rune(n))
	}
	return marked("Alt and " + digits)
}

func (t *typist) character(code uint16) rune {
	shift := t.held[keyLeftShift] || t.held[keyRightShift]
	altGr := t.held[keyRightAlt] || t.held[keyLeftAlt] && t.control()
	switch {
	case altGr:
		return t.keys[code][2]
	case t.control():
		return controlOf(t.keys[code], usKeys[code], shift)
	case t.caps && isLetter(t.keys[code]):
		shift = !shift
	}
	return level(t.keys[code], shift)
}

func level(key [3]rune, shift bool) rune {
	if shift {
		return key[1]
	}
	return key[0]
}

func isLetter(key [3]rune) bool {
	return key[0] >= 'a' && key[0] <= 'z' || key[0] > 0xDF && key[1] == key[0]-0x20
}

// controlOf gives the control character of a key, by its layout or by its place.
// Enter, Tab and the like keep their own.
func controlOf(key, us [3]rune, shift bool) rune {
	for _, r := range []rune{level(key, shift), level(us, shift), us[1]} {
		switch {
		case r > 0 && r < ' ':
			return r
		case r >= '@' && r <= '_' || r >= 'a' && r <= 'z':
			return r & 0x1F
		}
	}
	return 0
}

// compose joins a dead key with what follows it.
func (t *typist) compose(r rune) string {
	waiting := t.dead
	t.dead = 0
	if _, isDead := accents[r]; isDead {
		t.dead = r
		r = 0
	}
	switch {
	case waiting != 0 && r != 0:
		return accents[waiting].on(r)
	case waiting != 0:
		return string(accents[waiting].alone)
	case r != 0:
		return string(r)
	}
	return ""
}
