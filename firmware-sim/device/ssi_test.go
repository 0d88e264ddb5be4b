//go:build linux || darwin

package device

import (
	"bytes"
	"encoding/hex"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The packet of the EAN-13 code that the tests scan, worked out by hand:
// length 18, F3, scanner, status 0, type 0B, 13 digits, checksum.
var eanPacket = append([]byte{0x12, 0xF3, 0x00, 0x00, 0x0B}, append([]byte("4006381333931"), 0xFC, 0x54)...)

const ean = "4006381333931"

func quick() Config {
	return Config{Profile: SSI, Packets: true, AckWait: 700 * time.Millisecond, ToneWait: 700 * time.Millisecond, EnableWait: 300 * time.Millisecond}
}

func TestAScanIsAcknowledgedThenHeard(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: SSI, Packets: true})
	h := openHost(t, link)
	done := scanning(d, ean, "")
	require.Equal(t, eanPacket, h.packet())
	h.write(hostAck...)
	h.tell(opLEDOn, Green)
	h.tell(opBeep, 0x00)
	s := await(t, done)
	require.NoError(t, s.err)
	assert.True(t, s.a.Acked)
	assert.Equal(t, Good, s.a.Tone)
	assert.Equal(t, 1, s.a.Tries)
	assert.Positive(t, s.a.Took)
}

func TestABeepBeforeTheAckCounts(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: SSI, Packets: true})
	h := openHost(t, link)
	done := scanning(d, ean, "")
	h.packet()
	h.tell(opBeep, 0x0A)
	h.write(hostAck...)
	assert.Equal(t, Hold, await(t, done).a.Tone)
}

func TestAnUnansweredScanIsSentThreeTimesAndNoMore(t *testing.T) {
	t.Parallel()
	events := &recorder{}
	cfg := quick()
	cfg.OnEvent = events.add
	d, link := plugIn(t, cfg)
	h := openHost(t, link)
	done := scanning(d, ean, "")
	assert.Equal(t, eanPacket, h.packet())
	again := withStatus(eanPacket, statusRetransmit)
	assert.Equal(t, again, h.packet())
	assert.Equal(t, again, h.packet())
	s := await(t, done)
	require.NoError(t, s.err)
	assert.True(t, s.a.GaveUp)
	assert.Equal(t, None, s.a.Tone)
	assert.Equal(t, []Kind{GaveUp}, events.kinds())

	next := scanning(d, "96385074", "")
	assert.Equal(t, byte(0x0A), h.packet()[4], "nothing of the lost scan may come before the next")
	h.write(hostAck...)
	h.tell(opBeep, 0)
	assert.Equal(t, Good, await(t, next).a.Tone)
}

func TestANakAsksForTheSameAgain(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: SSI, Packets: true})
	h := openHost(t, link)
	done := scanning(d, ean, Checksum)
	bad := h.packet()
	assert.NotEqual(t, eanPacket, bad)
	h.write(0x05, 0xD1, 0x04, 0x00, 0x01, 0xFF, 0x25)
	assert.Equal(t, withStatus(eanPacket, statusRetransmit), h.packet())
	h.write(hostAck...)
	h.tell(opBeep, 0)
	s := await(t, done)
	assert.Equal(t, Good, s.a.Tone)
	assert.Equal(t, 2, s.a.Tries)
}

func TestARefusedScanIsNotSentAgain(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, quick())
	h := openHost(t, link)
	done := scanning(d, ean, "")
	h.packet()
	h.write(packet{op: opNak, source: fromHost, data: []byte{nakDenied}}.bytes()...)
	s := await(t, done)
	assert.Equal(t, byte(nakDenied), s.a.Nak)
	assert.False(t, s.a.Acked)
}

func TestALostAckMakesTheSamePacketComeTwice(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: SSI, Packets: true})
	h := openHost(t, link)
	done := scanning(d, ean, LostAck)
	require.Equal(t, eanPacket, h.packet())
	h.write(hostAck...)
	require.Equal(t, withStatus(eanPacket, statusRetransmit), h.packet())
	h.write(hostAck...)
	h.tell(opBeep, 0)
	assert.Equal(t, Good, await(t, done).a.Tone)
}

func TestALongLabelComesInPacketsThatAreEachAcknowledged(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: SSI, Packets: true})
	h := openHost(t, link)
	text := string(bytes.Repeat([]byte("x"), 600))
	done := scanning(d, "]Q1"+text, "")
	var got []byte
	for i := range 3 {
		p := h.packet()
		assert.Equal(t, i < 2, p[3]&statusContinuation != 0)
		assert.Equal(t, byte(0x1C), p[4], "each packet names the code type")
		got = append(got, p[5:len(p)-2]...)
		h.write(hostAck...)
	}
	h.tell(opBeep, 0)
	require.NoError(t, await(t, done).err)
	assert.Equal(t, text, string(got))
}

func TestDataIsRawUntilTheHostAsksForPackets(t *testing.T) {
	t.Parallel()
	cfg := quick()
	cfg.Packets = false
	d, link := plugIn(t, cfg)
	h := openHost(t, link)
	done := scanning(d, ean, "")
	assert.Equal(t, ean, string(h.read(13)))
	s := await(t, done)
	assert.False(t, s.a.Acked)

	h.tell(opParamSend, noBeep, paramPackets, 1, paramHandshake, 1)
	require.NoError(t, d.Ready(t.Context()))
	done = scanning(d, ean, "")
	assert.Equal(t, eanPacket, h.packet())
	h.write(hostAck...)
	h.tell(opBeep, 0)
	assert.Equal(t, Good, await(t, done).a.Tone)

	d.Unplug()
	require.NoError(t, d.Replug())
	h = openHost(t, link)
	done = scanning(d, ean, "")
	assert.Equal(t, ean, string(h.read(13)), "a temporary setting is lost with the power")
	await(t, done)
}

func TestADisabledScannerReadsNothing(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, quick())
	h := openHost(t, link)
	h.tell(opScanDisable)
	_, err := d.Scan(t.Context(), MustLabel(ean))
	require.ErrorIs(t, err, ErrDisabled)
	h.tell(opScanEnable)
	done := scanning(d, ean, "")
	assert.Equal(t, eanPacket, h.packet())
	h.write(hostAck...)
	h.tell(opBeep, 0)
	assert.Equal(t, Good, await(t, done).a.Tone)
}

func TestTheHostsQuestionsAreAnsweredWithData(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, quick())
	h := openHost(t, link)
	ask := func(op byte, data ...byte) []byte {
		h.write(packet{op: op, source: fromHost, data: data}.bytes()...)
		return h.packet()
	}
	assert.Equal(t, byte(opCapabilitiesReply), ask(opCapabilitiesRequest)[1])
	assert.Contains(t, string(ask(opRevisionRequest)), "DOCKSIM")
	p := ask(opParamRequest, paramPackets)
	assert.Equal(t, []byte{opParamSend, 0, 0, noBeep, paramPackets, 1}, p[1:7])
	assert.Equal(t, []byte{opNak, 0, 0, nakUnknown}, ask(0x55)[1:5])
	assert.Equal(t, []byte{opNak, 0, 0, nakDenied}, ask(opBeep, 0x40)[1:5])
	wrong := packet{op: opBeep, source: fromHost, data: []byte{0}}.bytes()
	wrong[6]++
	h.write(wrong...)
	assert.Equal(t, []byte{opNak, 0, 0, nakResend}, h.packet()[1:5])
	require.NoError(t, d.Ready(t.Context()))
}

// Every command of the guides, byte by byte, and the first bytes of the answer.
func TestEveryCommandIsAnswered(t *testing.T) {
	t.Parallel()
	_, link := plugIn(t, quick())
	h := openHost(t, link)
	const acknowledged = "04d00000ff2c"
	for _, c := range []struct{ name, bytes, answer string }{
		{"START", "04e40400ff14", acknowledged},
		{"STOP", "04e50400ff13", acknowledged},
		{"BEEP", "05e6040000ff11", acknowledged},
		{"LED_ON", "05e7040001ff0f", acknowledged},
		{"LED_OFF", "05e8040001ff0e", acknowledged},
		{"SCAN_DISABLE", "04ea0400ff0e", acknowledged},
		{"SCAN_ENABLE", "04e90400ff0f", acknowledged},
		{"SLEEP", "04eb0400ff0d", acknowledged},
		{"FLUSH_QUEUE", "04d20400ff26", acknowledged},
		{"PARAM_SEND", "07c60400ffee01fd41", acknowledged},
		{"PARAM_REQUEST", "05c70400eefe42", "07c60000ffee01"},
		{"PARAM_DEFAULTS", "04c80400ff30", acknowledged},
		{"REQUEST_REVISION", "04a30400ff55", "17a40000"},
		{"CAPABILITIES_REQUEST", "04d30400ff25", "1ad4000003e0"},
	} {
		command, err := hex.DecodeString(c.bytes)
		require.NoError(t, err)
		h.write(command...)
		assert.Contains(t, hex.EncodeToString(h.packet()), c.answer, c.name)
	}
}

func TestHalfAPacketIsForgottenAfterTheInterCharacterLimit(t *testing.T) {
	t.Parallel()
	events := &recorder{}
	cfg := quick()
	cfg.OnEvent = events.add
	_, link := plugIn(t, cfg)
	h := openHost(t, link)
	h.write(0xFF, opBeep, 0x04)
	require.Eventually(t, func() bool {
		h.write(packet{op: opLEDOn, source: fromHost, data: []byte{Red}}.bytes()...)
		time.Sleep(interCharacter + 100*time.Millisecond)
		return len(events.kinds()) > 0
	}, 5*time.Second, time.Millisecond)
	assert.Equal(t, LEDOn, events.kinds()[0])
}

func TestEventsTellWhatTheDeviceWasTold(t *testing.T) {
	t.Parallel()
	events := &recorder{}
	cfg := quick()
	cfg.OnEvent = events.add
	d, link := plugIn(t, cfg)
	h := openHost(t, link)
	done := scanning(d, ean, "")
	h.packet()
	h.write(hostAck...)
	h.tell(opLEDOn, Red)
	h.tell(opBeep, 0x09)
	await(t, done)
	h.tell(opLEDOff, Red)
	h.tell(opStart)
	require.Eventually(t, func() bool { return len(events.kinds()) == 5 }, 5*time.Second, time.Millisecond)
	assert.Equal(t, []Kind{Acked, LEDOn, Beep, LEDOff, Trigger}, events.kinds())
	assert.Equal(t, []string{
		"acknowledged", "LED on: red", "beep 09h, five short low: stop", "LED off: red", "session started",
	}, events.words())
}

func TestALateAnswerIsNotTakenForTheNextScans(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, quick())
	h := openHost(t, link)
	done := scanning(d, ean, "")
	for range 3 {
		h.packet()
	}
	require.True(t, await(t, done).a.GaveUp)

	next := scanning(d, "96385074", "") // waits for a quiet line
	h.write(hostAck...)
	h.tell(opBeep, 0x00)
	require.Equal(t, byte(0x0A), h.packet()[4])
	h.write(hostAck...)
	h.tell(opBeep, 0x09)
	assert.Equal(t, Stop, await(t, next).a.Tone)
}

func TestUnplugEndsAScanThatWaits(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: SSI, Packets: true})
	h := openHost(t, link)
	done := scanning(d, ean, "")
	h.packet()
	d.Unplug()
	require.ErrorIs(t, await(t, done).err, ErrUnplugged)
}

func TestSSIOverTCPOutlivesItsHost(t *testing.T) {
	t.Parallel()
	cfg := quick()
	cfg.Listen, cfg.AckWait = "127.0.0.1:0", time.Second
	d, _ := plugIn(t, cfg)
	first, err := net.Dial("tcp", d.Address())
	require.NoError(t, err)
	first.Close()
	done := scanning(d, ean, "")
	conn, err := net.Dial("tcp", d.Address())
	require.NoError(t, err)
	defer conn.Close()
	h := &tcpHost{t, conn}
	require.Equal(t, eanPacket[5:18], h.packet()[5:18])
	h.write(hostAck)
	h.write(packet{op: opBeep, source: fromHost, data: []byte{0}}.bytes())
	assert.Equal(t, Good, await(t, done).a.Tone)
}

type tcpHost struct {
	t *testing.T
	net.Conn
}

func (h *tcpHost) packet() []byte {
	h.t.Helper()
	h.SetReadDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, 300)
	n, err := h.Read(b)
	require.NoError(h.t, err)
	return b[:n]
}

func (h *tcpHost) write(b []byte) {
	_, err := h.Write(b)
	require.NoError(h.t, err)
}

func TestEveryBeepCodeHasASound(t *testing.T) {
	t.Parallel()
	for code := range len(patterns) {
		assert.NotEmpty(t, patterns[code].sound, "%02X", code)
		assert.NotEqual(t, None, ToneOf(byte(code)), "%02X", code)
	}
	assert.Equal(t, Other, ToneOf(0xFF))
	assert.Equal(t, "unknown beep FFh", Sound(0xFF))
}

func FuzzUnpackerFindsThePacketAfterAnyNoise(f *testing.F) {
	f.Add([]byte{0x04, 0xD0, 0x04, 0x00, 0xFF, 0x28}, byte(opBeep), []byte{0})
	f.Add([]byte{0xFF, 0x00}, byte(opParamSend), []byte{0xFF, 0xEE, 1})
	f.Fuzz(func(t *testing.T, noise []byte, op byte, data []byte) {
		if len(data) > maxData {
			data = data[:maxData]
		}
		var u unpacker
		for p := range u.add(noise) {
			pairs(p.data)
		}
		u.reset() // the inter-character limit
		want := packet{op: op, source: fromHost, data: data}
		var got []packet
		for _, b := range want.bytes() {
			for p, ok := range u.add([]byte{b}) {
				require.True(t, ok)
				got = append(got, p)
			}
		}
		require.Len(t, got, 1)
		assert.Equal(t, want.op, got[0].op)
		assert.True(t, bytes.Equal(data, got[0].data))
	})
}

// recorder keeps a device's events.
type recorder struct {
	mu  sync.Mutex
	all []Event
}

func (r *recorder) add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, e)
}

func (r *recorder) kinds() (kinds []Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.all {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (r *recorder) words() (words []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.all {
		words = append(words, e.String())
	}
	return words
}
