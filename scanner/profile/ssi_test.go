package profile

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/scanner"
)

const (
	ack    = "04d00400ff28"
	resend = "05d1040001ff25"
	ean13  = 0x0B
)

// bench is a codec on a clock, past its set-up.
type bench struct {
	*SSI
	now time.Time
}

func newBench(beep bool) *bench {
	b := &bench{SSI: NewSSI(beep), now: noon}
	b.Connect(b.now)
	b.SSI.Feed(b.now, scannerAck())
	return b
}

func scannerAck() []byte { return packet{op: opAck}.encode() }

// scan feeds one DECODE_DATA packet.
func (b *bench) scan(status byte, data string) []Event {
	return b.SSI.Feed(b.now, decodeData(status, data))
}

func (b *bench) after(d time.Duration) []Event {
	b.now = b.now.Add(d)
	return b.Silence(b.now)
}

func decodeData(status byte, data string) []byte {
	return packet{op: opDecodeData, status: status, data: append([]byte{ean13}, data...)}.encode()
}

func sent(events []Event) (packets []string) {
	for _, e := range events {
		if e.Kind == Send {
			packets = append(packets, hex.EncodeToString(e.Data))
		}
	}
	return packets
}

func delivered(events []Event) (out []Event) {
	for _, e := range events {
		if e.Kind == Deliver {
			out = append(out, e)
		}
	}
	return out
}

func only(t *testing.T, events []Event) Event {
	t.Helper()
	d := delivered(events)
	require.Len(t, d, 1)
	return d[0]
}

// The two packets that Zebra's guides print.
func TestPacketsAreAsPrintedInTheGuides(t *testing.T) {
	assert.Equal(t, ack, hex.EncodeToString(host(opAck).encode()))
	assert.Equal(t, "04e40400ff14", hex.EncodeToString(host(0xE4).encode()))
	assert.Equal(t, resend, hex.EncodeToString(host(opNak, nakResend).encode()))
}

func TestSetUpAsksForPacketsAndHandshakeUntilPowerOff(t *testing.T) {
	assert.Equal(t, []string{hex.EncodeToString(packet{op: 0xC6, source: 4, data: []byte{0xFF, 0xEE, 1, 0x9F, 1, 0x38, 0}}.encode())},
		sent(NewSSI(true).Connect(noon)))
	assert.Equal(t, []string{hex.EncodeToString(packet{op: 0xC6, source: 4, data: []byte{0xFF, 0xEE, 1, 0x9F, 1}}.encode())},
		sent(NewSSI(false).Connect(noon)))
}

func TestScanIsAcknowledgedOnlyByTheAnswer(t *testing.T) {
	b := newBench(false)
	events := b.scan(0, "4006381333931\r")
	e := only(t, events)
	assert.Equal(t, "4006381333931", string(e.Data))
	assert.Equal(t, "]E0", e.Symbology)
	assert.Empty(t, sent(events))
	assert.Empty(t, sent(b.after(time.Second)))
	assert.Equal(t, []string{ack}, sent(b.Answer(b.now, e.ID, allocation.Allocated)))
}

func TestVerdictsSoundDifferent(t *testing.T) {
	for v, want := range map[allocation.Verdict][2]byte{
		allocation.Allocated: {0, 1}, allocation.Stock: {0, 1}, allocation.Held: {10, 0},
		allocation.Check: {1, 0}, allocation.Stop: {21, 2}, "": {21, 2},
	} {
		b := newBench(true)
		e := only(t, b.scan(0, "1"))
		got := sent(b.Answer(b.now, e.ID, v))
		require.Equal(t, []string{ack, hex.EncodeToString(host(opBeep, want[0]).encode())}, got, v)
		led := sent(b.SSI.Feed(b.now, scannerAck()))
		if want[1] == 0 {
			assert.Empty(t, led, v)
			continue
		}
		assert.Equal(t, []string{hex.EncodeToString(host(opLEDOn, want[1]).encode())}, led, v)
		assert.Empty(t, sent(b.SSI.Feed(b.now, scannerAck())))
		assert.Equal(t, []string{hex.EncodeToString(host(opLEDOff, want[1]).encode())}, sent(b.after(lightUp)), v)
	}
}

func TestRetransmissionIsAcknowledgedAgainAndNotDelivered(t *testing.T) {
	b := newBench(false)
	e := only(t, b.scan(0, "1"))
	b.Answer(b.now, e.ID, allocation.Stock)
	b.now = b.now.Add(2 * time.Second)
	events := b.scan(bitRetransmit, "1")
	assert.Empty(t, delivered(events))
	assert.Equal(t, []string{ack}, sent(events))
}

func TestRetransmissionBeforeTheAnswerWaitsForIt(t *testing.T) {
	b := newBench(false)
	e := only(t, b.scan(0, "1"))
	b.now = b.now.Add(2 * time.Second)
	events := b.scan(bitRetransmit, "1")
	assert.Empty(t, delivered(events))
	assert.Empty(t, sent(events))
	assert.Equal(t, []string{ack}, sent(b.Answer(b.now, e.ID, allocation.Stock)))
}

func TestEqualCartonIsASecondScan(t *testing.T) {
	b := newBench(false)
	first := only(t, b.scan(0, "1"))
	b.Answer(b.now, first.ID, allocation.Stock)
	second := only(t, b.scan(0, "1"))
	assert.NotEqual(t, first.ID, second.ID)
	b.Answer(b.now, second.ID, allocation.Stock)
	b.now = b.now.Add(repeatWindow + 1)
	only(t, b.scan(bitRetransmit, "1"))
}

func TestReplugDoesNotDeliverTwice(t *testing.T) {
	b := newBench(false)
	e := only(t, b.scan(0, "1"))
	b.Lost(b.now)
	answer := b.Answer(b.now, e.ID, allocation.Stock)
	require.Len(t, answer, 1)
	assert.Equal(t, Unheard, answer[0].Kind)
	b.Connect(b.now)
	b.SSI.Feed(b.now, scannerAck())
	b.now = b.now.Add(2 * time.Second)
	events := b.scan(bitRetransmit, "1")
	assert.Empty(t, delivered(events))
	assert.Equal(t, []string{ack}, sent(events))
}

func TestAnswerFromBeforeAReplugAcknowledgesNothing(t *testing.T) {
	b := newBench(false)
	e := only(t, b.scan(0, "1"))
	b.Lost(b.now)
	b.Connect(b.now)
	assert.Empty(t, sent(b.Answer(b.now, e.ID, allocation.Stock)))
}

func TestOldAnswerDoesNotAcknowledgeTheNextScan(t *testing.T) {
	b := newBench(false)
	old := only(t, b.scan(0, "1"))
	next := only(t, b.scan(0, "2"))
	assert.Empty(t, sent(b.Answer(b.now, old.ID, allocation.Stock)))
	assert.Equal(t, []string{ack}, sent(b.Answer(b.now, next.ID, allocation.Stock)))
}

func TestGarbledPacketIsAskedForAgain(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"data":   func(p []byte) []byte { p[6] ^= 1; return p },
		"length": func(p []byte) []byte { p[0] += 40; return p },
		"short":  func(p []byte) []byte { p[0] -= 3; return p },
		"cut":    func(p []byte) []byte { return p[:9] },
		"tiny":   func(p []byte) []byte { p[0] = 2; return p },
	} {
		b := newBench(false)
		events := b.SSI.Feed(b.now, spoil(decodeData(0, "4006381333931")))
		assert.Empty(t, events, name)
		events = b.after(characterGap)
		assert.Equal(t, []string{resend}, sent(events), name)
		assert.Empty(t, delivered(events), name)
		e := only(t, b.scan(bitRetransmit, "4006381333931"))
		assert.NoError(t, e.Fault)
		assert.Empty(t, delivered(b.after(time.Minute)), name)
	}
}

func TestGarbledPacketWithoutARepeatIsAFault(t *testing.T) {
	b := newBench(false)
	b.SSI.Feed(b.now, []byte{9, 0xF3, 0, 0, 1, 2})
	require.Equal(t, []string{resend}, sent(b.after(characterGap)))
	e := only(t, b.after(resendPatience+1))
	assert.ErrorIs(t, e.Fault, scanner.ErrGarbled)
}

// After a garbled try nobody can say whether the flagged packet repeats the scan
// that was answered or the next carton's.
func TestRepeatAroundAGarbledTryAsksAPerson(t *testing.T) {
	b := newBench(false)
	first := only(t, b.scan(0, "1"))
	b.Answer(b.now, first.ID, allocation.Stock)
	b.SSI.Feed(b.now, []byte{9, 0xF3, 0, 0, 1, 2})
	b.after(characterGap)
	e := only(t, b.scan(bitRetransmit, "1"))
	assert.ErrorIs(t, e.Fault, scanner.ErrDoubtfulRepeat)
	assert.Equal(t, []string{ack}, sent(b.Answer(b.now, e.ID, allocation.Check)))
}

func TestContinuationPacketsAreJoined(t *testing.T) {
	b := newBench(false)
	long := strings.Repeat("x", 250)
	assert.Equal(t, []string{ack}, sent(b.scan(bitContinuation, long)))
	assert.Equal(t, []string{ack}, sent(b.scan(bitContinuation|bitRetransmit, long)), "a repeated part counts once")
	events := b.scan(0, "END")
	assert.Empty(t, sent(events))
	assert.Equal(t, long+"END", string(only(t, events).Data))
}

func TestJoinedScanHasALimit(t *testing.T) {
	b := newBench(false)
	for range 17 {
		b.scan(bitContinuation, strings.Repeat("x", 250))
	}
	e := only(t, b.scan(0, "END"))
	assert.ErrorIs(t, e.Fault, scanner.ErrTooLong)
	assert.Len(t, e.Data, scanner.MaxScan)
}

func TestRestOfAScanAfterAReplugIsNoScan(t *testing.T) {
	b := newBench(false)
	b.scan(bitContinuation, "ABCD")
	assert.ErrorIs(t, only(t, b.Lost(b.now)).Fault, scanner.ErrUnterminated)
	b.Connect(b.now)
	e := only(t, b.scan(0, "EFGH"))
	assert.ErrorIs(t, e.Fault, scanner.ErrUnterminated)
	assert.NoError(t, only(t, b.scan(0, "IJKL")).Fault)
}

func TestMissingLastPacketIsAFault(t *testing.T) {
	b := newBench(false)
	b.scan(bitContinuation, "ABCD")
	assert.ErrorIs(t, only(t, b.after(repeatWindow)).Fault, scanner.ErrUnterminated)
	assert.Equal(t, "IJKL", string(only(t, b.scan(0, "IJKL")).Data))
}

func TestUnpacketedDataIsRefusedAndSetRight(t *testing.T) {
	for _, wire := range []string{"4006381333931\r", strings.Repeat("9", 300) + "\r\n"} {
		b := newBench(false)
		b.SSI.Feed(b.now, []byte(wire))
		events := b.after(characterGap)
		e := only(t, events)
		assert.ErrorIs(t, e.Fault, scanner.ErrUnpacketed)
		assert.Equal(t, strings.TrimRight(wire, "\r\n"), string(e.Data))
		assert.Equal(t, sent(NewSSI(false).Connect(noon)), sent(events))
	}
}

func TestScannerThatAnswersNoCommandIsReported(t *testing.T) {
	s := NewSSI(true)
	require.Len(t, sent(s.Connect(noon)), 1)
	again := sent(s.Silence(noon.Add(2 * time.Second)))
	require.Len(t, again, 1)
	assert.Equal(t, byte(bitRetransmit), mustHex(t, again[0])[3])
	require.Len(t, sent(s.Silence(noon.Add(4*time.Second))), 1)
	events := s.Silence(noon.Add(6 * time.Second))
	require.Len(t, events, 1)
	assert.Equal(t, Trouble, events[0].Kind)
	assert.ErrorIs(t, events[0].Fault, scanner.ErrNotAnswering)
}

func TestRefusedCommandIsReported(t *testing.T) {
	s := NewSSI(true)
	s.Connect(noon)
	events := s.Feed(noon, packet{op: opNak, data: []byte{6}}.encode())
	require.Len(t, events, 1)
	assert.ErrorContains(t, events[0].Fault, "refused command C6")
	s = NewSSI(true)
	s.Connect(noon)
	assert.Len(t, sent(s.Feed(noon, packet{op: opNak, data: []byte{nakResend}}.encode())), 1)
}

func TestOtherPackets(t *testing.T) {
	b := newBench(false)
	assert.Equal(t, []string{ack}, sent(b.SSI.Feed(b.now, packet{op: opEvent, data: []byte{1}}.encode())))
	assert.Equal(t, []string{"05d1040002ff24"}, sent(b.SSI.Feed(b.now, packet{op: 0x80}.encode())))
	assert.Empty(t, b.SSI.Feed(b.now, scannerAck()), "an ACK is never answered")
	assert.Empty(t, b.SSI.Feed(b.now, host(opAck).encode()), "our own echo")
}

// A light must not stay for the next scan.
func TestNextVerdictReplacesTheLastOne(t *testing.T) {
	b := newBench(true)
	e := only(t, b.scan(0, "1"))
	b.Answer(b.now, e.ID, allocation.Stock)
	b.SSI.Feed(b.now, scannerAck()) // beep done, green on
	b.SSI.Feed(b.now, scannerAck())
	e = only(t, b.scan(0, "2"))
	got := sent(b.Answer(b.now, e.ID, allocation.Stop))
	got = append(got, sent(b.SSI.Feed(b.now, scannerAck()))...)
	got = append(got, sent(b.SSI.Feed(b.now, scannerAck()))...)
	want := []string{ack}
	for _, p := range []packet{host(opLEDOff, 3), host(opBeep, 21), host(opLEDOn, 2)} {
		want = append(want, hex.EncodeToString(p.encode()))
	}
	assert.Equal(t, want, got)
}

func TestPacketsMayComeInAnyPieces(t *testing.T) {
	b := newBench(false)
	var got []Event
	wire := append(decodeData(0, "A"), decodeData(0, "B")...)
	for _, c := range wire {
		got = append(got, b.SSI.Feed(b.now, []byte{c})...)
	}
	require.Len(t, delivered(got), 2)
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func FuzzSSI(f *testing.F) {
	f.Add(decodeData(0, "4006381333931"), byte(1))
	f.Add(append(decodeData(bitContinuation, "A"), decodeData(0, "B")...), byte(7))
	f.Add([]byte("4006381333931\r"), byte(250))
	f.Add([]byte{3, 255, 0, 4, 0xD0, 4, 0, 0xFF, 0x28}, byte(90))
	f.Fuzz(func(t *testing.T, wire []byte, cut byte) {
		s := NewSSI(true)
		now := noon
		s.Connect(now)
		for len(wire) > 0 {
			n := min(int(cut)%64+1, len(wire))
			events := s.Feed(now, wire[:n])
			now = now.Add(time.Duration(cut) * time.Millisecond)
			for _, e := range append(events, s.Silence(now)...) {
				if e.Kind == Send {
					_, err := decodePacket(bytes.Clone(e.Data))
					require.NoError(t, err)
				}
				if e.Kind == Deliver {
					require.LessOrEqual(t, len(e.Data), scanner.MaxScan)
					s.Answer(now, e.ID, allocation.Stock)
				}
			}
			wire = wire[n:]
		}
	})
}
