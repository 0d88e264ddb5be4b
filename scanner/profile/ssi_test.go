package profile

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/scanner"
)

const (
	ackHex = "04d00400ff28"
	resend = "05d1040001ff25"
	ean13  = 0x0B

	packetGap  = 200 * time.Millisecond
	repeatSpan = 10 * time.Second
	resendSpan = 3 * time.Second
)

// speaker is the codec of the shipped profile.
func speaker(beep bool) *ssi {
	codec, err := New(scanner.Config{Profile: scanner.SSI, Beep: beep})
	if err != nil {
		panic(err)
	}
	return codec.(*ssi)
}

// bench is a codec on a clock, past its set-up.
type bench struct {
	*ssi
	t   *testing.T
	now time.Time
}

func newBench(beep bool) *bench {
	b := &bench{ssi: speaker(beep), now: noon}
	b.setUp()
	return b
}

// setUp opens the port to a scanner that acknowledges all.
func (b *bench) setUp() {
	b.Connect(b.now)
	b.ssi.Feed(b.now, scannerAck())
	for len(sent(b.after(askAfter))) > 0 {
		b.ssi.Feed(b.now, scannerAck())
	}
}

func scannerAck() []byte { return packet{op: opAck}.encode() }

// scan feeds one DECODE_DATA packet.
func (b *bench) scan(status byte, data string) []Event {
	return b.ssi.Feed(b.now, decodeData(status, data))
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

func troubles(events []Event) (out []error) {
	for _, e := range events {
		if e.Kind == Trouble {
			out = append(out, e.Fault)
		}
	}
	return out
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
	assert.Equal(t, ackHex, hex.EncodeToString(host(opAck).encode()))
	assert.Equal(t, "04e40400ff14", hex.EncodeToString(host(0xE4).encode()))
	assert.Equal(t, resend, hex.EncodeToString(host(opNak, nakResend).encode()))
}

func TestSetUpAsksForPacketsAndHandshakeUntilPowerOff(t *testing.T) {
	assert.Equal(t, []string{hex.EncodeToString(packet{op: 0xC6, source: 4, data: []byte{0xFF, 0xEE, 1, 0x9F, 1, 0x38, 0}}.encode())},
		sent(speaker(true).Connect(noon)))
	assert.Equal(t, []string{hex.EncodeToString(packet{op: 0xC6, source: 4, data: []byte{0xFF, 0xEE, 1, 0x9F, 1}}.encode())},
		sent(speaker(false).Connect(noon)))
}

func TestScanIsAcknowledgedOnlyByTheAnswer(t *testing.T) {
	b := newBench(false)
	events := b.scan(0, "4006381333931\r")
	e := only(t, events)
	assert.Equal(t, "4006381333931", string(e.Data))
	assert.Equal(t, "]E0", e.Symbology)
	assert.Empty(t, sent(events))
	assert.Empty(t, sent(b.after(time.Second)))
	assert.Equal(t, []string{ackHex}, sent(b.Answer(b.now, e.ID, allocation.Allocated)))
}

// heard is what a scanner that acknowledges all is told by a verdict, at once and
// in the ten seconds after it.
func (b *bench) heard(v allocation.Verdict) (now, later []string) {
	events := b.Answer(b.now, only(b.t, b.scan(0, "1")).ID, v)
	for next := events; len(sent(next)) > 0; {
		next = b.ssi.Feed(b.now, scannerAck())
		events = append(events, next...)
	}
	var after []Event
	for range 100 {
		next := b.after(100 * time.Millisecond)
		after = append(after, next...)
		if len(sent(next)) > 0 {
			b.ssi.Feed(b.now, scannerAck())
		}
	}
	return sent(events), sent(after)
}

func hexOf(packets ...packet) (out []string) {
	for _, p := range packets {
		out = append(out, hex.EncodeToString(p.encode()))
	}
	return out
}

func TestVerdictsSoundDifferent(t *testing.T) {
	good := [2][]string{hexOf(host(opAck), host(opBeep, 0), host(opLEDOn, 1)), hexOf(host(opLEDOff, 1))}
	stop := [2][]string{hexOf(host(opAck), host(opBeep, 21), host(opScanDisable), host(opLEDOn, 2)), hexOf(host(opLEDOff, 2), host(opScanEnable))}
	for v, want := range map[allocation.Verdict][2][]string{
		allocation.Allocated: good, allocation.Stock: good, allocation.Stop: stop, "": stop, "SPLENDID": stop,
		allocation.Held: {hexOf(host(opAck), host(opBeep, 10))}, allocation.Check: {hexOf(host(opAck), host(opBeep, 1))},
	} {
		b := newBench(true)
		b.t = t
		now, later := b.heard(v)
		assert.Equal(t, want, [2][]string{now, later}, v)
	}
}

func TestRetransmissionIsAcknowledgedAgainAndNotDelivered(t *testing.T) {
	b := newBench(false)
	e := only(t, b.scan(0, "1"))
	b.Answer(b.now, e.ID, allocation.Stock)
	b.now = b.now.Add(2 * time.Second)
	events := b.scan(bitRetransmit, "1")
	assert.Empty(t, delivered(events))
	assert.Equal(t, []string{ackHex}, sent(events))
}

func TestRetransmissionBeforeTheAnswerWaitsForIt(t *testing.T) {
	b := newBench(false)
	e := only(t, b.scan(0, "1"))
	b.now = b.now.Add(2 * time.Second)
	events := b.scan(bitRetransmit, "1")
	assert.Empty(t, delivered(events))
	assert.Empty(t, sent(events))
	assert.Equal(t, []string{ackHex}, sent(b.Answer(b.now, e.ID, allocation.Stock)))
}

// The agent stood still, and the scanner complained after its last try: the worker scans
// again, and hears a question before anything counts.
func TestWhatTheScannerGaveUpIsNotAcknowledgedAndAskedAbout(t *testing.T) {
	for name, again := range map[string]bool{"read together": true, "scanned later": false} {
		b := newBench(true)
		b.now = b.now.Add(time.Minute)
		b.Away(b.now.Add(-12 * time.Second))
		wire := append(decodeData(0, "4006381333931"), decodeData(bitRetransmit, "4006381333931")...)
		if again {
			wire = append(wire, decodeData(0, "4006381333931")...)
		}
		events := b.ssi.Feed(b.now, wire)
		first := delivered(events)[0]
		require.NoError(t, first.Fault)
		assert.Equal(t, []Event{{Kind: Unheard, ID: first.ID}}, b.Answer(b.now, first.ID, allocation.Stock)[:1], name)
		if again {
			require.Len(t, delivered(events), 2)
			assert.ErrorIs(t, delivered(events)[1].Fault, scanner.ErrDoubtfulRepeat)
			b.Answer(b.now, delivered(events)[1].ID, allocation.Check)
		}
		b.after(5 * time.Second)
		e := only(t, b.scan(0, "4006381333931"))
		assert.ErrorIs(t, e.Fault, scanner.ErrDoubtfulRepeat, name)
		assert.Contains(t, sent(b.Answer(b.now, e.ID, allocation.Check)), ackHex)
		b.after(5 * time.Second)
		assert.NoError(t, only(t, b.scan(0, "4006381333931")).Fault, name)
	}
}

// It had not given up: its next try gets acknowledgement and tone.
func TestALateAnswerGoesToTheNextTry(t *testing.T) {
	b := newBench(true)
	e := only(t, b.scan(0, "1"))
	b.after(1950 * time.Millisecond)
	assert.Empty(t, sent(b.Answer(b.now, e.ID, allocation.Stock)))
	b.after(100 * time.Millisecond)
	events := b.scan(bitRetransmit, "1")
	assert.Empty(t, delivered(events))
	assert.Equal(t, hexOf(host(opAck), host(opBeep, 0)), sent(events))
}

func TestEqualCartonIsASecondScan(t *testing.T) {
	b := newBench(false)
	first := only(t, b.scan(0, "1"))
	b.Answer(b.now, first.ID, allocation.Stock)
	second := only(t, b.scan(0, "1"))
	assert.NotEqual(t, first.ID, second.ID)
	b.Answer(b.now, second.ID, allocation.Stock)
	b.now = b.now.Add(repeatSpan + 1)
	only(t, b.scan(bitRetransmit, "1"))
}

func TestReplugDoesNotDeliverTwice(t *testing.T) {
	b := newBench(false)
	e := only(t, b.scan(0, "1"))
	b.Lost(b.now)
	answer := b.Answer(b.now, e.ID, allocation.Stock)
	require.Len(t, answer, 1)
	assert.Equal(t, Unheard, answer[0].Kind)
	b.setUp()
	b.now = b.now.Add(2 * time.Second)
	events := b.scan(bitRetransmit, "1")
	assert.Empty(t, delivered(events))
	assert.Equal(t, []string{ackHex}, sent(events))
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
	assert.Equal(t, []string{ackHex}, sent(b.Answer(b.now, next.ID, allocation.Stock)))
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
		events := b.ssi.Feed(b.now, spoil(decodeData(0, "4006381333931")))
		assert.Empty(t, events, name)
		events = b.after(packetGap)
		assert.Equal(t, []string{resend}, sent(events), name)
		assert.Empty(t, delivered(events), name)
		e := only(t, b.scan(bitRetransmit, "4006381333931"))
		assert.NoError(t, e.Fault)
		assert.Empty(t, delivered(b.after(time.Minute)), name)
	}
}

// The device's ACK of a light stood behind a garbled packet and went with it:
// the next tone once came two seconds late.
func TestToneDoesNotWaitForALightWhoseAnswerWasGarbled(t *testing.T) {
	b := newBench(true)
	e := only(t, b.scan(0, "1"))
	b.Answer(b.now, e.ID, allocation.Stock)
	b.ssi.Feed(b.now, scannerAck()) // of the beep; the green light is told now
	garbled := decodeData(0, "2")
	garbled[6] ^= 1
	b.ssi.Feed(b.now, append(garbled, scannerAck()...))
	require.Contains(t, sent(b.after(packetGap)), resend)
	e = only(t, b.scan(bitRetransmit, "2"))
	lightOff := hex.EncodeToString(host(opLEDOff, 1).encode())
	require.Equal(t, []string{ackHex, lightOff}, sent(b.Answer(b.now, e.ID, allocation.Stock)))
	tone := hex.EncodeToString(host(opBeep, 0).encode())
	assert.Equal(t, []string{tone}, sent(b.ssi.Feed(b.now, scannerAck())), "at once")
}

func TestGarbledPacketWithoutARepeatIsAFault(t *testing.T) {
	b := newBench(false)
	b.ssi.Feed(b.now, []byte{9, 0xF3, 0, 0, 1, 2})
	require.Equal(t, []string{resend}, sent(b.after(packetGap)))
	e := only(t, b.after(resendSpan+1))
	assert.ErrorIs(t, e.Fault, scanner.ErrGarbled)
}

// After a garbled try nobody can say whether the flagged packet repeats the scan
// that was answered or the next carton's.
func TestRepeatAroundAGarbledTryAsksAPerson(t *testing.T) {
	b := newBench(false)
	first := only(t, b.scan(0, "1"))
	b.Answer(b.now, first.ID, allocation.Stock)
	b.ssi.Feed(b.now, []byte{9, 0xF3, 0, 0, 1, 2})
	b.after(packetGap)
	e := only(t, b.scan(bitRetransmit, "1"))
	assert.ErrorIs(t, e.Fault, scanner.ErrDoubtfulRepeat)
	assert.Equal(t, []string{ackHex}, sent(b.Answer(b.now, e.ID, allocation.Check)))
}

func TestContinuationPacketsAreJoined(t *testing.T) {
	b := newBench(false)
	long := strings.Repeat("x", 250)
	assert.Equal(t, []string{ackHex}, sent(b.scan(bitContinuation, long)))
	assert.Equal(t, []string{ackHex}, sent(b.scan(bitContinuation|bitRetransmit, long)), "a repeated part counts once")
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
	assert.ErrorIs(t, only(t, b.Lost(b.now)).Fault, scanner.ErrUnfinished)
	b.Connect(b.now)
	e := only(t, b.scan(0, "EFGH"))
	assert.ErrorIs(t, e.Fault, scanner.ErrUnfinished)
	assert.NoError(t, only(t, b.scan(0, "IJKL")).Fault)
}

func TestMissingLastPacketIsAFault(t *testing.T) {
	b := newBench(false)
	b.scan(bitContinuation, "ABCD")
	e := only(t, b.after(3*time.Second))
	assert.ErrorIs(t, e.Fault, scanner.ErrUnfinished)
	assert.NotContains(t, e.Fault.Error(), "terminator", "packets have none")
	assert.Equal(t, "IJKL", string(only(t, b.scan(0, "IJKL")).Data))
}

// The worker scans the next label, of the same kind, before anybody gave the first
// one up.
func TestALabelBehindAnUnfinishedOneIsNotJoinedToIt(t *testing.T) {
	b := newBench(false)
	b.scan(bitContinuation, "ABCD")
	b.now = b.now.Add(1100 * time.Millisecond)
	var said []string
	for _, e := range b.scan(0, "IJKL") {
		if e.Kind == Deliver {
			said = append(said, map[bool]string{true: "", false: "!"}[e.Fault == nil]+string(e.Data))
		}
	}
	assert.Equal(t, []string{"!ABCD", "IJKL"}, said)
}

// The acknowledgement was lost: the scanner repeats the packet after 2 s and goes on.
func TestARepeatedPacketKeepsItsScanOpen(t *testing.T) {
	b := newBench(false)
	b.scan(bitContinuation, "ABCD")
	require.Empty(t, delivered(b.after(2*time.Second)))
	b.scan(bitContinuation|bitRetransmit, "ABCD")
	assert.Equal(t, "ABCDEF", string(only(t, b.scan(0, "EF")).Data))
}

func TestUnpacketedDataIsRefusedAndSetRight(t *testing.T) {
	for _, wire := range []string{"4006381333931\r", strings.Repeat("9", 300) + "\r\n"} {
		b := newBench(false)
		b.ssi.Feed(b.now, []byte(wire))
		events := b.after(packetGap)
		e := only(t, events)
		assert.ErrorIs(t, e.Fault, scanner.ErrUnpacketed)
		assert.Equal(t, strings.TrimRight(wire, "\r\n"), string(e.Data))
		assert.Equal(t, sent(speaker(false).Connect(noon)), sent(events))
	}
}

func TestScannerThatAnswersNoCommandIsReported(t *testing.T) {
	s := speaker(true)
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
	s := speaker(true)
	s.Connect(noon)
	events := s.Feed(noon, packet{op: opNak, data: []byte{6}}.encode())
	assert.ErrorContains(t, troubles(events)[0], "refused the command PARAM_SEND (C6), which it does not allow now")
	s = speaker(true)
	s.Connect(noon)
	assert.Len(t, sent(s.Feed(noon, packet{op: opNak, data: []byte{nakResend}}.encode())), 1)
}

func TestOtherPackets(t *testing.T) {
	b := newBench(false)
	assert.Equal(t, []string{ackHex}, sent(b.ssi.Feed(b.now, packet{op: opEvent, data: []byte{1}}.encode())))
	assert.Equal(t, []string{"05d1040002ff24"}, sent(b.ssi.Feed(b.now, packet{op: 0x80}.encode())))
	assert.Empty(t, b.ssi.Feed(b.now, scannerAck()), "an ACK is never answered")
	assert.Empty(t, b.ssi.Feed(b.now, host(opAck).encode()), "our own echo")
}

// A light must not stay for the next scan.
func TestNextVerdictReplacesTheLastOne(t *testing.T) {
	b := newBench(true)
	e := only(t, b.scan(0, "1"))
	b.Answer(b.now, e.ID, allocation.Stock)
	b.ssi.Feed(b.now, scannerAck()) // beep done, green on
	b.ssi.Feed(b.now, scannerAck())
	e = only(t, b.scan(0, "2"))
	got := sent(b.Answer(b.now, e.ID, allocation.Stop))
	for range 3 {
		got = append(got, sent(b.ssi.Feed(b.now, scannerAck()))...)
	}
	want := []string{ackHex}
	for _, p := range []packet{host(opLEDOff, 1), host(opBeep, 21), host(opScanDisable), host(opLEDOn, 2)} {
		want = append(want, hex.EncodeToString(p.encode()))
	}
	assert.Equal(t, want, got)
}

func TestPacketsMayComeInAnyPieces(t *testing.T) {
	b := newBench(false)
	var got []Event
	wire := append(decodeData(0, "A"), decodeData(0, "B")...)
	for _, c := range wire {
		got = append(got, b.ssi.Feed(b.now, []byte{c})...)
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
		s := speaker(true)
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

// Junk made the set-up begin anew while the scanner was told to stop reading, and its
// answers were lost: it must be let go all the same, or it never reads again.
func TestAHeldScannerIsLetGoThoughItsAnswersWereLost(t *testing.T) {
	b := newBench(true)
	disable, enable := hex.EncodeToString(host(opScanDisable).encode()), hex.EncodeToString(host(opScanEnable).encode())
	events := b.Answer(b.now, only(t, b.scan(0, "1")).ID, allocation.Stop)
	for !slices.Contains(sent(events), disable) {
		require.NotEmpty(t, sent(events))
		events = b.ssi.Feed(b.now, scannerAck())
	}
	b.ssi.Feed(b.now, []byte("0123456789abcdef"))
	b.after(packetGap)
	asked := 0
	for range 300 {
		for _, wire := range sent(b.after(200 * time.Millisecond)) {
			if wire == enable {
				asked++
			}
		}
	}
	assert.Greater(t, asked, 5, "again and again")
	for range 20 {
		b.ssi.Feed(b.now, scannerAck())
		b.after(time.Second)
	}
	for range 20 {
		assert.NotContains(t, sent(b.after(time.Second)), enable, "it has heard")
	}
}

func TestPacketsAreNamedForPeople(t *testing.T) {
	bad := host(opBeep, 1).encode()
	bad[len(bad)-1] ^= 1
	for want, wire := range map[string][]byte{
		"CMD_ACK (D0)":                           host(opAck).encode(),
		"CMD_NAK (D1): send it again, BEEP (E6)": slices.Concat(host(opNak, nakResend).encode(), host(opBeep, 1).encode()),
		"a packet with a wrong checksum":         bad,
		"DECODE_DATA (F3): code type 03 (]C0), 4 bytes of the code, sent again, goes on in the next packet": packet{op: opDecodeData, status: bitRetransmit | bitContinuation, data: []byte("\x03ABCD")}.encode(),
		"DECODE_DATA (F3): code type 7F, 2 bytes of the code":                                               packet{op: opDecodeData, data: []byte("\x7fAB")}.encode(),
		"": []byte("4006381333931\r"),
	} {
		assert.Equal(t, want, speaker(true).out.profile.packetWords(wire))
	}
}

// The agent stood still behind a scan that it had read. Its flagged tries lay in the
// system's buffer for longer than any window, and are that scan all the same.
func TestTriesThatLayInTheBufferAreTheirScan(t *testing.T) {
	for name, stood := range map[string]struct{ answerFirst, answerInTime bool }{
		"answered behind them": {}, "answered before them": {answerFirst: true}, "its acknowledgement lost": {answerInTime: true},
	} {
		b := newBench(true)
		e := only(t, b.scan(0, "4006381333931"))
		read := b.now
		if stood.answerInTime {
			require.Contains(t, sent(b.Answer(b.now, e.ID, allocation.Stock)), ackHex)
		}
		b.now = b.now.Add(70 * time.Second)
		if stood.answerFirst {
			require.Empty(t, sent(b.Answer(b.now, e.ID, allocation.Stock)), name)
		}
		b.Away(read)
		events := b.ssi.Feed(b.now, slices.Concat(decodeData(bitRetransmit, "4006381333931"), decodeData(bitRetransmit, "4006381333931")))
		if !stood.answerFirst && !stood.answerInTime {
			events = append(events, b.Answer(b.now, e.ID, allocation.Stock)...)
		}
		assert.Empty(t, delivered(events), name)
		assert.NotContains(t, sent(events), ackHex, name)

		b.after(5 * time.Second) // the worker heard the scanner complain
		again := only(t, b.scan(0, "4006381333931"))
		assert.ErrorIs(t, again.Fault, scanner.ErrDoubtfulRepeat, name)
		assert.Contains(t, sent(b.Answer(b.now, again.ID, allocation.Check)), ackHex, name)
		b.after(2 * time.Second)
		assert.NoError(t, only(t, b.scan(0, "4006381333931")).Fault, name)
	}
}

// A try that was read late but comes once more at once had its scanner still waiting.
func TestALateReadTryIsAnsweredAtItsNextOne(t *testing.T) {
	b := newBench(true)
	e := only(t, b.scan(0, "1"))
	b.Answer(b.now, e.ID, allocation.Stock)
	read := b.now
	b.now = b.now.Add(30 * time.Second)
	b.Away(read)
	require.Empty(t, delivered(b.scan(bitRetransmit, "1")))
	b.after(2 * time.Second)
	events := b.scan(bitRetransmit, "1")
	assert.Empty(t, delivered(events))
	assert.Contains(t, sent(events), ackHex)
}

// The worker scanned the carton again while the agent stood still, and it came unflagged.
func TestAScanThatLayInTheBufferBehindAnUnansweredOneIsAskedAbout(t *testing.T) {
	b := newBench(true)
	only(t, b.scan(0, "1"))
	read := b.now
	b.now = b.now.Add(5 * time.Minute)
	b.Away(read)
	assert.ErrorIs(t, only(t, b.scan(0, "1")).Fault, scanner.ErrDoubtfulRepeat)
}

// The rest of a label, or another one: nobody knows what lay in the buffer.
func TestAPacketThatLayInTheBufferIsNeitherJoinedNorALabel(t *testing.T) {
	b := newBench(false)
	b.scan(bitContinuation, "ABCD")
	read := b.now
	b.now = b.now.Add(70 * time.Second)
	b.Away(read)
	events := delivered(b.scan(0, "EFGH"))
	require.Len(t, events, 2)
	assert.ErrorIs(t, events[0].Fault, scanner.ErrUnfinished)
	assert.ErrorIs(t, events[1].Fault, scanner.ErrUnfinished)
	assert.NoError(t, only(t, b.scan(0, "IJKL")).Fault)
}

// What is told of an older scan would be heard as the newest's.
func TestNoGoodToneOfAnOlderScan(t *testing.T) {
	good := hexOf(host(opBeep, 0), host(opLEDOn, 1))
	b := newBench(true)
	old := only(t, b.scan(0, "1"))
	next := only(t, b.scan(0, "2"))
	events := b.Answer(b.now, old.ID, allocation.Stock)
	assert.Contains(t, events, Event{Kind: Unheard, ID: old.ID})
	assert.NotContains(t, sent(events), good[0], "the next one was delivered")
	assert.Contains(t, sent(b.Answer(b.now, next.ID, allocation.Stop)), ackHex)

	b = newBench(true)
	e := only(t, b.scan(0, "1"))
	b.Answer(b.now, e.ID, allocation.Stock)
	for range 2 {
		b.ssi.Feed(b.now, scannerAck()) // the beep and the light are done; the light burns
	}
	e = only(t, b.scan(0, "2"))
	require.Contains(t, sent(b.Answer(b.now, e.ID, allocation.Stock)), hexOf(host(opLEDOff, 1))[0])
	only(t, b.scan(0, "3")) // the good tone of 2 waits for the light to go out
	var told []string
	for range 20 {
		told = append(told, sent(b.ssi.Feed(b.now, scannerAck()))...)
		told = append(told, sent(b.after(100*time.Millisecond))...)
	}
	assert.NotContains(t, told, good[0])
	assert.NotContains(t, told, good[1])
}
