//go:build linux || darwin

package device

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAHoneywellScannerStandsStillUntilTheHostAnswers(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: HoneywellHostAck})
	h := openHost(t, link)
	for answer, want := range map[string]Tone{
		"\x1b7,":               Good,
		"\x1b1,\x1b7,":         Good,
		"0\x1b8,\x1b8,":        Stop,
		"\x1b5,":               Hold,
		"\x1b5,\x1b5,":         Check,
		"\x1b4,\x1b5,\x1b6,":   Good,
		"\x1b9,\x1b7\x1b7,":    Good, // what it does not know it passes over
		"\x1b1,":               None,
		"\x16T\r\x16U\r\x1b6,": Good,
		"\x1b6,\x1b4,":         Other,
		"\x1bb,":               Stop,
		"\x1ba,":               Other,
	} {
		done := scanning(d, ean, "")
		require.Equal(t, ean+"\r", string(h.read(14)))
		h.write([]byte(answer)...)
		s := await(t, done)
		require.NoError(t, s.err, "%q", answer)
		assert.Equal(t, want, s.a.Tone, "%q", answer)
		assert.True(t, s.a.Acked, "%q", answer)
	}
}

func TestAHoneywellScannerGivesItsErrorToneWhenNoHostAnswers(t *testing.T) {
	t.Parallel()
	events := &recorder{}
	d, link := plugIn(t, Config{Profile: HoneywellHostAck, HostWait: time.Second, OnEvent: events.add})
	openHost(t, link)
	s := await(t, scanning(d, ean, ""))
	require.NoError(t, s.err)
	assert.True(t, s.a.GaveUp)
	assert.Equal(t, None, s.a.Tone)
	assert.Equal(t, []Kind{GaveUp}, events.kinds())
}

// Older models know no comma: one that is sent all the same is no command.
func TestAnOlderHoneywellScannerKnowsNoComma(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: HoneywellHostAck, NoComma: true})
	h := openHost(t, link)
	done := scanning(d, ean, "")
	h.read(14)
	h.write(esc, '7')
	assert.Equal(t, Good, await(t, done).a.Tone)

	newer, link := plugIn(t, Config{Profile: HoneywellHostAck, HostWait: time.Second})
	h = openHost(t, link)
	done = scanning(newer, ean, "")
	h.read(14)
	h.write(esc, '7', esc, '8') // without the comma a newer model hears nothing
	assert.True(t, await(t, done).a.GaveUp)
}

func TestMenuCommandsAreEchoedWithTheirStatus(t *testing.T) {
	t.Parallel()
	_, link := plugIn(t, Config{Profile: Honeywell})
	h := openHost(t, link)
	for _, c := range []struct{ command, answer string }{
		{"HSTACK1!", "HSTACK1\x06!"},
		{"hstack?.", "HSTACK1\x06."},
		{"HSTACK^.", "HSTACK0\x06."},
		{"HSTCDT*.", "HSTCDT1-90\x06."},
		{"HSTCDT91!", "HSTCDT91\x15!"},
		{"XYZABC1!", "XYZABC1\x05!"},
		{"BEPBEP0,LVL1;HSTCDT5!", "BEPBEP0\x06,LVL1\x06;HSTCDT5\x06!"},
		{":*:HSTACK0!", ":*:HSTACK0\x06!"},
		{"REVINF.", "REVINF" + honeywellRevision + "\x06."},
	} {
		h.write([]byte("\x16M\r" + c.command)...)
		assert.Equal(t, c.answer, string(h.read(len(c.answer))))
	}
}

func TestWhatIsSetForNowIsLostWithThePower(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Honeywell})
	h := openHost(t, link)
	h.write([]byte("\x16M\rHSTCDT5.\x16M\rHSTACK1!")...)
	h.read(len("HSTCDT5.HSTACK1!") + 2)
	done := scanning(d, ean, "")
	h.read(14)
	h.write([]byte("\x1b7,")...)
	require.True(t, await(t, done).a.Acked)
	d.Unplug()
	require.NoError(t, d.Replug())
	h = openHost(t, link)
	s := await(t, scanning(d, ean, ""))
	require.NoError(t, s.err)
	assert.False(t, s.a.Acked, "Host ACK was only set for now")
	h.read(14)
	h.write([]byte("\x16M\rHSTCDT?!")...)
	assert.Equal(t, "HSTCDT5\x06!", string(h.read(9)))
}

// The layout was worked out by hand: 14 bytes of payload header, 13 digits and CR.
func TestTheDataHeaderCountsItsPayload(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Honeywell, Header: true})
	h := openHost(t, link)
	done := scanning(d, ean, "")
	want := "\x16\xfe\x1c\x00\x00\x00\rMSGGET0014dE0\x1d" + ean + "\r"
	assert.Equal(t, want, string(h.read(len(want))))
	require.NoError(t, await(t, done).err)
}

func FuzzNoHostConfusesAHoneywellScanner(f *testing.F) {
	f.Add("\x1b7,0\x1b8,\x16M\rHSTACK1!")
	f.Add("\x16M\r:x:,;!\x16T\r\x1b")
	f.Fuzz(func(t *testing.T, said string) {
		d, err := New(Config{Link: "unplugged", Profile: HoneywellHostAck})
		require.NoError(t, err)
		d.proto.hear([]byte(said))
		d.proto.silence()
		d.proto.(*honeywell).ear.forget()
		d.proto.hear([]byte("\x1b7,"))
		assert.Equal(t, Acked, (<-d.proto.(*honeywell).ear).kind)
	})
}
