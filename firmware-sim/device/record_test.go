//go:build linux || darwin

package device

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// buffer is written to by a device and read by a test.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) steps(t *testing.T) []Step {
	b.mu.Lock()
	defer b.mu.Unlock()
	steps, err := ReadRecording("tape", bytes.NewReader(b.b.Bytes()))
	require.NoError(t, err)
	return steps
}

// recorded is one scan of an SSI device, as a recording.
func recorded(t *testing.T) []Step {
	t.Helper()
	var tape buffer
	d, link := plugIn(t, Config{Profile: SSI, Packets: true, Record: NewRecorder(&tape, "dock1")})
	h := openHost(t, link)
	done := scanning(d, ean, "")
	answerOne(h)
	require.Equal(t, Good, await(t, done).a.Tone)
	d.Unplug()
	return tape.steps(t)
}

func answerOne(h *host) {
	h.packet()
	h.write(hostAck...)
	h.tell(opBeep, 0)
}

func TestARecordingHoldsEveryByteBothWays(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	last := time.Duration(-1)
	for _, s := range recorded(t) {
		got.WriteByte(s.Direction)
		got.Write(s.Bytes)
		assert.GreaterOrEqual(t, s.At, last)
		last = s.At
	}
	beep := packet{op: opBeep, source: fromHost, data: []byte{0}}.bytes()
	assert.Equal(t, "!plug<"+string(eanPacket)+">"+string(hostAck)+">"+string(beep)+"<\x04\xd0\x00\x00\xff,!unplug",
		strings.ReplaceAll(got.String(), string(hostAck)+string(beep), string(hostAck)+">"+string(beep)))
}

func TestARecordingIsPlayedBack(t *testing.T) {
	t.Parallel()
	steps := recorded(t)
	link := filepath.Join(t.TempDir(), "again")
	played, err := play(t, link, steps, answerOne)
	require.NoError(t, err)
	assert.Equal(t, len(steps), played)
}

func TestThePlaybackNamesTheFirstDifference(t *testing.T) {
	t.Parallel()
	steps, err := ReadRecording("tape", strings.NewReader("< \"1\\r\"\n> \"\\x1b7,\"\n< \"2\\r\"\n"))
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "again")
	played, err := play(t, link, steps, func(h *host) {
		h.read(2)
		h.write([]byte("\x1b8,")...)
	})
	assert.Equal(t, 1, played)
	require.EqualError(t, err, `line 2: the host said "\x1b8," instead of "\x1b7,", byte 2 differs`)
}

// play plays steps to a host that the test plays.
func play(t *testing.T, link string, steps []Step, as func(*host)) (played int, err error) {
	t.Helper()
	p, err := NewPlayback(link, "", 10*time.Second)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		played, err = p.Play(t.Context(), steps)
	}()
	require.Eventually(t, func() bool { return p.d.Address() != "" }, 5*time.Second, time.Millisecond)
	as(openHost(t, link))
	<-done
	return played, err
}

func TestARecordingIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	steps, err := ReadRecording("tape", strings.NewReader(`
# by hand
< 0.5s "A # no comment\x1d\r" # a comment
> 04 D0 0400 "FF" FF28
. 1.25s
! 2.0s unplug # pulled
`))
	require.NoError(t, err)
	assert.Equal(t, []Step{
		{3, '<', 500 * time.Millisecond, []byte("A # no comment\x1d\r")},
		{4, '>', 0, []byte("\x04\xd0\x04\x00FF\xff\x28")},
		{5, '.', 1250 * time.Millisecond, nil},
		{6, '!', 2 * time.Second, []byte("unplug")},
	}, steps)
	for text, want := range map[string]string{
		"\n? 1":           "tape:2: a step begins with",
		"< \"open":        "tape:1: the quotes of",
		"< 0x":            "neither quoted nor hexadecimal",
		"! 1.0s explode":  "the plug is pulled or put back",
		"< 1.2.3s \"a\"":  "is no time",
		"> 04 D0 4 \"a\"": "neither quoted nor hexadecimal",
	} {
		_, err := ReadRecording("tape", strings.NewReader(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzWhatIsRecordedIsReadBack(f *testing.F) {
	f.Add([]byte("4006381333931\r"))
	f.Add([]byte{0, 0xff, '"', '\\', '\n', '#'})
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		NewRecorder(&out, "a\nb").note('<', b)
		steps, err := ReadRecording("tape", &out)
		require.NoError(t, err)
		var got []byte
		for _, s := range steps {
			got = append(got, s.Bytes...)
		}
		assert.True(t, bytes.Equal(b, got))
	})
}
