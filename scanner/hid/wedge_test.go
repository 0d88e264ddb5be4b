package hid

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// event is an evdev event as the kernel writes it.
func event(kind, code uint16, value uint32) []byte {
	b := make([]byte, eventSize)
	binary.NativeEndian.PutUint16(b[eventHead:], kind)
	binary.NativeEndian.PutUint16(b[eventHead+2:], code)
	binary.NativeEndian.PutUint32(b[eventHead+4:], value)
	return b
}

// key presses or releases, with what the kernel sends around: the scan code and
// the end of the packet.
func key(code uint16, value uint32) []byte {
	return slices.Concat(event(4, 4, uint32(code)), event(evKey, code, value), event(evSyn, synReport, 0))
}

// typed is strokes as events.
func typed(strokes ...stroke) (b []byte) {
	for _, s := range strokes {
		for _, code := range s {
			b = append(b, key(code, pressed)...)
		}
		for i := len(s) - 1; i >= 0; i-- {
			b = append(b, key(s[i], released)...)
		}
	}
	return b
}

// text is what events type, read a byte at a time.
func text(t testing.TB, events ...[]byte) string {
	t.Helper()
	b := slices.Concat(events...)
	got, err := io.ReadAll(newTyping(io.NopCloser(iotest.OneByteReader(&reader{b})), layouts["us"]))
	require.NoError(t, err)
	return string(got)
}

// reader gives what it holds, and then io.EOF.
type reader struct{ rest []byte }

func (r *reader) Read(p []byte) (int, error) {
	n := copy(p, r.rest)
	if r.rest = r.rest[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestHeldKeyTypesOnce(t *testing.T) {
	assert.Equal(t, "1", text(t, key(k1, pressed), key(k1, 2), key(k1, 2), key(k1, released)))
}

// Scanners press the next key before they let go of the last.
func TestOverlappingKeysKeepTheirOrder(t *testing.T) {
	assert.Equal(t, "12!", text(t, key(k1, pressed), key(k2, pressed), key(k1, released), key(shift, pressed), key(k2, released),
		key(k1, pressed), key(shift, released), key(k1, released)))
}

func TestLostEventsAreMarkedAndKeysLetGo(t *testing.T) {
	assert.Equal(t, "!\xff<events lost>3", text(t, key(shift, pressed), typed(stroke{k1}), event(evSyn, synDropped, 0),
		event(evKey, k2, pressed), event(evSyn, synReport, 0), typed(stroke{k3})), "what follows the loss is not trusted before the next report")
}

func TestTextBeforeALossIsReadFirst(t *testing.T) {
	gone := errors.New("unplugged")
	ty := newTyping(io.NopCloser(iotest.DataErrReader(io.MultiReader(&reader{typed(stroke{k1}, stroke{k2})}, iotest.ErrReader(gone)))), layouts["us"])
	got := make([]byte, 1)
	for _, want := range "12" {
		n, err := ty.Read(got)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got[:n]))
	}
	_, err := ty.Read(got)
	assert.ErrorIs(t, err, gone)
}

func wedgeFor(t testing.TB, end scanner.Terminator) wedge {
	t.Helper()
	c, err := profile.Complete(scanner.Config{Station: "1", Port: "evdev:05E0:1200", Terminator: end})
	require.NoError(t, err)
	w := newWedge(c)
	w.Connect(start)
	return w
}

func TestTypedScanEndsWithItsTerminator(t *testing.T) {
	for end, typed := range map[scanner.Terminator]string{"": "A\x1dB\r", scanner.TAB: "A\x1dB\t", scanner.CRLF: "A\x1dB\r\n"} {
		e := one(t, wedgeFor(t, end).Feed(start, []byte(typed)))
		assert.NoError(t, e.Fault)
		assert.Equal(t, "A\x1dB", string(e.Data))
	}
	w := wedgeFor(t, scanner.Idle)
	assert.Empty(t, w.Feed(start, []byte("AB")))
	assert.Equal(t, "AB", string(one(t, w.Silence(start.Add(time.Second))).Data))
}

func TestMarkSpoilsItsScanAlone(t *testing.T) {
	w := wedgeFor(t, "")
	e := one(t, w.Feed(start, []byte("1\xff<key 68>\xff<key 125>2\r")))
	assert.ErrorIs(t, e.Fault, scanner.ErrGarbled)
	assert.EqualError(t, e.Fault, "the scanner typed key 68, which is no character in the station's layout; set the scanner and the station to the same keyboard layout and scan again")
	assert.NoError(t, one(t, w.Feed(start, []byte("<OK>\r"))).Fault)

	w.Feed(start, []byte(marked(dropped)))
	e = one(t, w.Silence(start.Add(time.Second)))
	assert.EqualError(t, e.Fault, "key events were lost because the machine was too busy; scan again", "a scan that was lost whole is told as well")
}

func TestTypingThatBreaksOffIsAFault(t *testing.T) {
	w := wedgeFor(t, "")
	w.Feed(start, []byte("ABC"))
	assert.ErrorIs(t, one(t, w.Silence(start.Add(time.Second))).Fault, scanner.ErrUnterminated)
	w.Feed(start.Add(3*time.Second), []byte("ABC"))
	assert.ErrorIs(t, one(t, w.Lost(start.Add(3*time.Second))).Fault, scanner.ErrUnterminated)
}

// Whatever is typed, nothing panics, and what is no mark is text.
func FuzzTyping(f *testing.F) {
	f.Add([]byte{30, 48, 28, 42, 30, 170, 28})
	f.Fuzz(func(t *testing.T, codes []byte) {
		var events []byte
		for _, c := range codes {
			events = append(events, key(uint16(c&0x7F), uint32(1-c>>7))...)
		}
		w := wedgeFor(t, "")
		for _, e := range append(w.Feed(start, []byte(text(t, events))), w.Lost(start)...) {
			assert.LessOrEqual(t, len(e.Data), scanner.MaxScan)
			assert.NotEmpty(t, e.Data)
		}
	})
}
