package hid

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

// recorded reads a descriptor from testdata.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	require.NoError(t, err)
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	require.NoError(t, err)
	return b
}

func recordedLayout(t testing.TB, name string) layout {
	t.Helper()
	l, err := layoutOf(recorded(t, name))
	require.NoError(t, err)
	return l
}

// report makes a 64 byte report by the offsets in the makers' manuals.
func report(length int, flag byte, parts ...string) []byte {
	b := append([]byte{2, byte(length)}, strings.Join(parts, "")...)
	b = append(b, make([]byte, 64-len(b))...)
	b[63] = flag
	return b
}

func TestReportsAreReadAsTheManualsSay(t *testing.T) {
	gtin := "01095011015300031727013110LOT7A"
	for _, c := range []struct {
		name, layout string
		report       []byte
		want         part
	}{
		{"Honeywell", "honeywell", report(len(gtin), 0, "]C1", gtin), part{"]C1", []byte(gtin), false}},
		{"Access-IS, first of two", "honeywell", report(56, 1, "]Q0", strings.Repeat("M", 56)), part{"]Q0", []byte(strings.Repeat("M", 56)), true}},
		{"no identifier sent", "honeywell", report(3, 0, "\x00\x00\x00", "ABC"), part{"", []byte("ABC"), false}},
		{"NUL in the data", "honeywell", report(5, 0, "]Q0", "A\x00B\x00\x00"), part{"]Q0", []byte("A\x00B\x00\x00"), false}},
		{"Newland", "newland", report(8, 0, "96385074"), part{"", []byte("96385074"), false}},
		{"Newland, continued", "newland", report(56, 1, strings.Repeat("7", 56)), part{"", []byte(strings.Repeat("7", 56)), true}},
		{"cut short by the device", "newland", []byte("\x02\x038AB"), part{"", []byte("8AB"), false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok, err := recordedLayout(t, c.layout).read(c.report)
			require.NoError(t, err)
			require.True(t, ok)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestReportThatCountsMoreThanItHoldsIsAFault(t *testing.T) {
	_, ok, err := recordedLayout(t, "newland").read(report(57, 0, "1"))
	assert.True(t, ok)
	assert.ErrorIs(t, err, scanner.ErrGarbled)
	assert.EqualError(t, err, "the scanner's report counts 57 bytes and has room for 56; scan again")
}

func TestOtherReportsAreNoScans(t *testing.T) {
	l := recordedLayout(t, "honeywell")
	for _, r := range [][]byte{nil, {4, 1, 2, 3}, {0}, {255, 1}} {
		_, ok, err := l.read(r)
		assert.NoError(t, err)
		assert.False(t, ok, "% X", r)
	}
}

// A device may order its fields as it likes; only the descriptor tells.
func TestCrookedDescriptorIsFollowed(t *testing.T) {
	l := recordedLayout(t, "crooked")
	assert.False(t, l.numbered)
	r := l.scans[0]
	require.Equal(t, 4+11+2, r.length)
	b := make([]byte, r.length)
	b[4] |= 1
	for i, c := range []byte("ABCDEFG") {
		b[4+i] |= c << 3
		b[5+i] |= c >> 5
	}
	b[15] = 6
	got, ok, err := l.read(b)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, part{"", []byte("ABCDEF"), true}, got)
}

func TestWithoutACountThePaddingGoes(t *testing.T) {
	l, err := layoutOf([]byte{0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, 0x75, 0x08, 0x95, 0x08, 0x09, 0xFE, 0x81, 0x02, 0xC0})
	require.NoError(t, err)
	got, _, err := l.read([]byte("AB\x00C\x00\x00\x00\x00"))
	require.NoError(t, err)
	assert.Equal(t, part{data: []byte("AB\x00C")}, got)
}

func TestBrokenAndStrangeDescriptorsAreRefused(t *testing.T) {
	for want, d := range map[string][]byte{
		"ends inside an item (at byte 2)": {0x05, 0x8C, 0x26, 0xFF},
		"a collection does not end":       {0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01},
		"a collection ends that did not":  {0xC0},
		"popped that was not pushed":      {0xB4},
		"states are pushed":               []byte(strings.Repeat("\xA4", 65)),
		"lie more than 64 deep":           []byte(strings.Repeat("\xA1\x01", 65)),
		"report id 0 is not between":      {0x85, 0x00},
		"longer than 16384 bytes":         {0x77, 0xFF, 0xFF, 0xFF, 0x7F, 0x97, 0xFF, 0xFF, 0xFF, 0x7F, 0x81, 0x03},
		"it has 4097 bytes":               make([]byte, 4097),
		"ends inside an item (at byte 0)": {0xFE, 0x10},
	} {
		_, err := layoutOf(d)
		assert.ErrorIs(t, err, errDescriptor, want)
		assert.ErrorContains(t, err, want)
	}
	_, err := layoutOf(recorded(t, "keyboard"))
	assert.ErrorIs(t, err, errNotPOS)
	// The same fields outside of a scanner's collection say nothing.
	_, err = layoutOf([]byte{0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x8C, 0x75, 0x08, 0x95, 0x08, 0x09, 0xFE, 0x81, 0x02, 0xC0})
	assert.ErrorIs(t, err, errNotPOS)
}

func FuzzDescriptor(f *testing.F) {
	for _, name := range []string{"honeywell", "newland", "keyboard", "crooked"} {
		f.Add(recorded(f, name), []byte(report(3, 1, "]C1", "ABC")))
	}
	f.Fuzz(func(t *testing.T, descriptor, r []byte) {
		l, err := layoutOf(descriptor)
		if err != nil {
			return
		}
		p, ok, err := l.read(r)
		if ok && err == nil {
			assert.LessOrEqual(t, len(p.data), maxReportBits/8)
		}
	})
}
