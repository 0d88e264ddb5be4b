//go:build linux || darwin

package device

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADatalogicScannerPlaysWhatItIsTold(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Datalogic, ToneWait: time.Second})
	h := openHost(t, link)
	for answer, want := range map[string]Tone{
		"B":                            Good,
		"\x01":                         Good,
		"\x01\x01":                     Check,
		"\x01\x01\x01":                 Hold,
		"\x07":                         Good,
		"F":                            Stop,
		"\x1b[6q\x1b[3q\x1b[5q\x1b[7q": Good,
		"\x1b[4q":                      Stop,
		"\x1b[2q":                      Hold,
		"\x1b[0q\x1b[0q":               Check,
		"\x1b[1q\x1b[0q":               Good,
		"\x1b[0r\x1b[9z\x1b[3q":        Good, // what it does not know it passes over
	} {
		done := scanning(d, ean, "")
		require.Equal(t, ean+"\r", string(h.read(14)))
		h.write([]byte(answer)...)
		assert.Equal(t, want, await(t, done).a.Tone, "%q", answer)
	}
}

func TestSomeDatalogicModelsStandStillAfterF(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Datalogic, NeedsEnable: true, EnableWait: 300 * time.Millisecond})
	h := openHost(t, link)
	done := scanning(d, ean, "")
	h.read(14)
	h.write('F')
	require.Equal(t, Stop, await(t, done).a.Tone)
	_, err := d.Scan(t.Context(), MustLabel(ean))
	require.ErrorIs(t, err, ErrDisabled)
	h.write('E')
	done = scanning(d, ean, "")
	h.read(14)
	h.write('B')
	assert.Equal(t, Good, await(t, done).a.Tone)
}

func TestADatalogicScannerWithHandshakeSendsUntilItIsAcknowledged(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Datalogic, AckNak: true, AckWait: 700 * time.Millisecond})
	h := openHost(t, link)
	done := scanning(d, ean, "")
	h.read(14)
	h.write(nak)
	h.read(14) // at once
	h.read(14) // after AckWait
	h.write(ack, 'B')
	s := await(t, done)
	require.NoError(t, s.err)
	assert.Equal(t, 3, s.a.Tries)
	assert.Equal(t, Good, s.a.Tone)

	done = scanning(d, "96385074", "")
	for range 3 {
		h.read(9)
	}
	assert.True(t, await(t, done).a.GaveUp)
}

func TestADatalogicScannerIsDeafAfterAReset(t *testing.T) {
	t.Parallel()
	events := &recorder{}
	d, link := plugIn(t, Config{Profile: Datalogic, ResetTime: time.Minute, ToneWait: 300 * time.Millisecond, OnEvent: events.add})
	h := openHost(t, link)
	h.write('i')
	assert.Equal(t, "DOCKSIM DATALOGIC 01\r\n", string(h.read(22)))
	h.write('D')
	h.write('R')
	require.Eventually(t, func() bool { return len(events.kinds()) == 3 }, 5*time.Second, time.Millisecond)
	done := scanning(d, ean, "")
	h.read(14)
	h.write('B')
	assert.Equal(t, None, await(t, done).a.Tone, "deaf, but not disabled")
}

func FuzzNoHostConfusesADatalogicScanner(f *testing.F) {
	f.Add("E\x1b[3qF\x1b[")
	f.Fuzz(func(t *testing.T, said string) {
		d, err := New(Config{Link: "unplugged", Profile: Datalogic, ResetTime: 1})
		require.NoError(t, err)
		g := d.proto.(*datalogic)
		g.hear([]byte(said))
		g.silence()
		g.ear.forget()
		time.Sleep(2 * g.d.cfg.ResetTime)
		g.hear([]byte("B"))
		assert.Equal(t, Good, meaning((<-g.ear).notes))
	})
}

func TestACordlessDatalogicScannerObeysMessagesAlone(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Cordless, Framing: CRLF, ToneWait: time.Second})
	h := openHost(t, link)
	for answer, want := range map[string]Tone{
		"\x12\x1b[3q\r":                                Good,
		"\x12\x1b[6q\x1b[3q\x1b[5q\x1b[7q\r":           Good,
		"\x12TO DOOR 4\x1b[0q\x1b[5q\x1b[0q\r":         Check,
		"\x12\x1b[2q\r\x12\x1b[6q\r":                   Hold,
		"\x12\x1b[4q\x1b[2q\r":                         Stop,
		"\x1b[4q\r\x12\x1b[3q\r":                       Good, // the first is no message
		"F\x01B\r\x12\x1b[3q\r":                        Good, // host commands are ignored
		"\x12" + strings.Repeat("x", 45) + "\x1b[3q\r": None, // too long
		"\x12\x1b[3q":                                  None, // and so is what no CR ends
	} {
		done := scanning(d, ean, "")
		require.Equal(t, ean+"\r\n", string(h.read(15)))
		h.write([]byte(answer)...)
		assert.Equal(t, want, await(t, done).a.Tone, "%q", answer)
	}
}
