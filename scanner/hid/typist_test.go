package hid

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// stroke is a key with the keys that are held meanwhile.
type stroke []uint16

// hit presses the strokes' keys in order and lets them go the other way round.
func hit(ty *typist, strokes ...stroke) (text string) {
	for _, s := range strokes {
		for _, code := range s {
			text += ty.press(code)
		}
		for i := len(s) - 1; i >= 0; i-- {
			text += ty.release(s[i])
		}
	}
	return text
}

// Key codes by their US names.
const (
	k1, k2, k3, k4, k5, k6, k7, k8, k9, k0 = 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	kMinus, kEqual, kGrave                 = 12, 13, 41
	kQ, kW, kE, kY, kOpen, kClose          = 16, 17, 18, 21, 26, 27
	kA, kSemicolon, kQuote, kBackslash     = 30, 39, 40, 43
	kLess, kZ, kM, kComma, kDot, kSlash    = 86, 44, 50, 51, 52, 53
	shift, ctrl, alt, altGr                = keyLeftShift, keyLeftCtrl, keyLeftAlt, keyRightAlt
	kp0, kp2, kp9                          = 82, 80, 73
)

func TestEachLayoutTypesItsOwnCharacters(t *testing.T) {
	for _, c := range []struct {
		layout, want string
		strokes      []stroke
	}{
		{"us", "qY1!-_/?", []stroke{{kQ}, {shift, kY}, {k1}, {shift, k1}, {kMinus}, {shift, kMinus}, {kSlash}, {shift, kSlash}}},
		{"us", "]\"@#", []stroke{{kClose}, {shift, kQuote}, {shift, k2}, {shift, k3}}},
		{"uk", "]@\"#~£€", []stroke{{kClose}, {shift, kQuote}, {shift, k2}, {kBackslash}, {shift, kBackslash}, {shift, k3}, {altGr, k4}}},
		{"de", "zYß/(?-_", []stroke{{kY}, {shift, kZ}, {kMinus}, {shift, k7}, {shift, k8}, {shift, kMinus}, {kSlash}, {shift, kSlash}}},
		{"de", "[]{}\\@|~", []stroke{{altGr, k8}, {altGr, k9}, {altGr, k7}, {altGr, k0}, {altGr, kMinus}, {altGr, kQ}, {altGr, kLess}, {altGr, kClose}}},
		{"de", "]", []stroke{{ctrl, alt, k9}}},
		{"de", "<>öÄ+*#'", []stroke{{kLess}, {shift, kLess}, {kSemicolon}, {shift, kQuote}, {kClose}, {shift, kClose}, {kBackslash}, {shift, kBackslash}}},
		{"fr", "aqzwm,;:!/.", []stroke{{kQ}, {kA}, {kW}, {kZ}, {kSemicolon}, {kM}, {kComma}, {kDot}, {kSlash}, {shift, kDot}, {shift, kComma}}},
		{"fr", "1234567890", []stroke{{shift, k1}, {shift, k2}, {shift, k3}, {shift, k4}, {shift, k5}, {shift, k6}, {shift, k7}, {shift, k8}, {shift, k9}, {shift, k0}}},
		{"fr", "&é\"'(-è_çà)=]^@", []stroke{{k1}, {k2}, {k3}, {k4}, {k5}, {k6}, {k7}, {k8}, {k9}, {k0}, {kMinus}, {kEqual}, {altGr, kMinus}, {altGr, k9}, {altGr, k0}}},
		// Dead keys: alone before a space, on a letter, beside what they do not fit.
		{"de", "^â´é`1", []stroke{{kGrave}, {keySpace}, {kGrave}, {kA}, {kEqual}, {keySpace}, {kEqual}, {kE}, {shift, kEqual}, {k1}}},
		{"fr", "^^ô¨", []stroke{{kOpen}, {kOpen}, {keySpace}, {kOpen}, {24}, {shift, kOpen}, {keySpace}}},
		{"us", "0.29\r\t ", []stroke{{kp0}, {83}, {kp2}, {kp9}, {keyKeypadEnter}, {keyTab}, {keySpace}}},
	} {
		assert.Equal(t, c.want, hit(newTypist(layouts[c.layout]), c.strokes...), c.layout)
	}
}

// GS as wedges send it, in every layout.
func TestGroupSeparatorIsUnderstood(t *testing.T) {
	for name, l := range layouts {
		assert.Equal(t, "\x1d", hit(newTypist(l), stroke{ctrl, kClose}), "%s Ctrl+] by its place", name)
		for _, digits := range []string{"29", "029", "0029"} {
			assert.Equal(t, "\x1d", altTyped(newTypist(l), digits), "%s Alt+%s", name, digits)
		}
	}
	assert.Equal(t, "\r\x1e\x1f\r", hit(newTypist(layouts["us"]), stroke{ctrl, kM}, stroke{ctrl, shift, k6}, stroke{ctrl, kMinus}, stroke{ctrl, keyEnter}))
}

// altTyped types digits on the number block while Alt stays down.
func altTyped(ty *typist, digits string) string {
	block := map[rune]uint16{'0': 82, '1': 79, '2': 80, '3': 81, '4': 75, '5': 76, '6': 77, '7': 71, '8': 72, '9': 73}
	text := ty.press(alt)
	for _, d := range digits {
		text += ty.press(block[d]) + ty.release(block[d])
	}
	return text + ty.release(alt)
}

func TestAltCharacters(t *testing.T) {
	for digits, want := range map[string]string{"65": "A", "0065": "A", "0252": "ü", "0163": "£", "127": "\x7f", "": "",
		"252": "\xff<Alt and 252>", "0128": "\xff<Alt and 0128>", "0999": "\xff<Alt and 0999>", "0000": "\xff<Alt and 0000>",
		"00029": "\xff<Alt and key 73>\x02"} {
		assert.Equal(t, want, altTyped(newTypist(layouts["us"]), digits), digits)
	}
}

func TestCapsLockTurnsLettersAlone(t *testing.T) {
	assert.Equal(t, "Aa1Ößa", hit(newTypist(layouts["de"]), stroke{keyCapsLock}, stroke{kA}, stroke{shift, kA}, stroke{k1}, stroke{kSemicolon},
		stroke{kMinus}, stroke{keyCapsLock}, stroke{kA}))
}

func TestKeysWithoutCharacterAreMarked(t *testing.T) {
	for want, s := range map[string]stroke{"key 68": {68}, "key 14": {keyBackspace}, "key 30": {altGr, kA}, "Alt and key 30": {alt, kA}, "key 2": {ctrl, k1}, "key 125": {125}} {
		assert.Equal(t, "\xff<"+want+">", hit(newTypist(layouts["us"]), s), "%v", s)
	}
	assert.Empty(t, hit(newTypist(layouts["us"]), stroke{keyNumLock}, stroke{keyScrollLock}))
}

// The 82 characters that GS1 allows can be typed in every layout, each by one
// stroke or a dead key and a space.
func TestEveryLayoutReachesAllOfGS1(t *testing.T) {
	const allowed = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	for name, l := range layouts {
		have := map[rune]bool{}
		for _, levels := range l.keymap() {
			have[levels[0]], have[levels[1]], have[levels[2]] = true, true, true
		}
		for _, r := range allowed {
			assert.True(t, have[r], "%s lacks %q", name, r)
		}
		for level, row := range map[string]string{"plain": l.plain, "shift": l.shift, "AltGr": l.altGr} {
			assert.Len(t, []rune(row), len(places), "%s %s", name, level)
		}
	}
}
