package profile

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/scanner"
)

// changed is a bench, past nothing, of the shipped profile with pairs of old and
// new text.
func changed(t *testing.T, beep bool, changes ...string) *bench {
	d := plug(t, "ssi", changes...)
	p := d.Codec.(*ssi)
	p.out.beep = beep
	return &bench{ssi: p, t: t, now: noon}
}

func (b *bench) told(p packet) []Event { return b.ssi.Feed(b.now, p.encode()) }

func fromDecoder(op byte, data string) packet { return packet{op: op, data: []byte(data)} }

func TestScannerIsAskedWhatItIsWhenAllIsQuiet(t *testing.T) {
	b := changed(t, true)
	b.Connect(b.now)
	assert.Empty(t, sent(b.told(packet{op: opAck})), "scans that wait come first")
	assert.Equal(t, hexOf(host(opScanEnable)), sent(b.after(askAfter)), "a scanner that was held is let go")
	assert.Empty(t, sent(b.told(packet{op: opAck})))
	assert.Equal(t, hexOf(host(opCapabilitiesRequest)), sent(b.after(askAfter)))
	assert.Empty(t, sent(b.told(fromDecoder(opCapabilitiesReply, "\x00\x3f\x0f\x00\xe6\xe7\xe8\xe9\xea"))), "the reply stands for the ACK, and gets none")
	assert.Equal(t, hexOf(host(opRevisionRequest)), sent(b.after(askAfter)))
	events := b.told(fromDecoder(opRevisionReply, "PAABLS00-007-R00\x00 "))
	require.Len(t, events, 1)
	assert.Equal(t, Event{Kind: Learned, Data: []byte("PAABLS00-007-R00")}, events[0])
	assert.Empty(t, b.after(time.Hour))
}

func TestScannerThatKnowsNoQuestionIsWell(t *testing.T) {
	for name, answer := range map[string][]packet{"silence": nil, "unknown": {{op: opNak, data: []byte{nakUnknown}}}, "denied": {{op: opNak, data: []byte{nakDenied}}}} {
		b := changed(t, true)
		b.Connect(b.now)
		b.told(packet{op: opAck})
		asked := 0
		for range 40 {
			events := b.after(500 * time.Millisecond)
			assert.Empty(t, troubles(events), name)
			asked += len(sent(events))
			for _, p := range answer {
				if len(sent(events)) > 0 {
					assert.Empty(t, troubles(b.told(p)), name)
				}
			}
		}
		assert.Equal(t, 3, asked, "%s: each once", name)
		assert.Equal(t, hexOf(host(opAck), host(opBeep, 0)), sent(b.Answer(b.now, only(t, b.scan(0, "1")).ID, allocation.Stock)), name)
	}
}

func TestVerdictDoesNotWaitForAQuestion(t *testing.T) {
	b := changed(t, true)
	b.Connect(b.now)
	b.told(packet{op: opAck})
	require.NotEmpty(t, sent(b.after(askAfter)), "the first question is out")
	e := only(t, b.scan(0, "1"))
	assert.Equal(t, hexOf(host(opAck)), sent(b.Answer(b.now, e.ID, allocation.Stock)))
	assert.Equal(t, hexOf(host(opBeep, 0)), sent(b.after(500*time.Millisecond)), "and given up after half a second")
}

func TestScannerWithoutABeeperIsReported(t *testing.T) {
	b := changed(t, true)
	b.Connect(b.now)
	b.told(packet{op: opAck})
	events := b.told(fromDecoder(opCapabilitiesReply, "\x00\x3f\x0f\x00\xe9"))
	assert.ErrorContains(t, troubles(events)[0], "no command BEEP (E6), so it cannot sound the verdict")
	b = changed(t, true)
	b.Connect(b.now)
	b.told(packet{op: opAck})
	b.told(fromDecoder(opCapabilitiesReply, "\x00\x3f\x0f\x00\xe6"))
	b.t = t
	now, later := b.heard(allocation.Stop)
	assert.Equal(t, hexOf(host(opAck), host(opBeep, 21)), now, "what it lacks is not sent")
	assert.NotContains(t, strings.Join(later, " "), hexOf(host(opLEDOff, 2))[0])
}

func TestHeldScannerIsLetGoEvenWhenTheNextVerdictComes(t *testing.T) {
	b := newBench(true)
	e := only(t, b.scan(0, "1"))
	next := only(t, b.scan(0, "2"))
	b.Answer(b.now, e.ID, allocation.Stop)
	for range 3 {
		b.told(packet{op: opAck})
	}
	b.Answer(b.now, next.ID, allocation.Stock)
	var later []string
	for range 60 {
		events := b.after(100 * time.Millisecond)
		later = append(later, sent(events)...)
		b.told(packet{op: opAck})
	}
	assert.Contains(t, later, hexOf(host(opScanEnable))[0])
}

func TestLettingGoIsTriedAgain(t *testing.T) {
	b := newBench(true)
	b.Answer(b.now, only(t, b.scan(0, "1")).ID, allocation.Stop)
	for range 3 {
		b.told(packet{op: opAck}) // beep, disable, red
	}
	b.after(time.Second)
	b.told(packet{op: opAck}) // dark
	want := hexOf(host(opScanEnable))
	assert.Equal(t, want, sent(b.after(2*time.Second)))
	again := packet{op: opScanEnable, source: fromHost, status: bitRetransmit}
	assert.Equal(t, hexOf(again), sent(b.after(2*time.Second)))
	assert.Equal(t, hexOf(again), sent(b.after(2*time.Second)))
	assert.ErrorIs(t, troubles(b.after(2 * time.Second))[0], scanner.ErrNotAnswering)
}

// Each number of the document is the one that counts.
func TestFactsOfTheDocumentAreUsed(t *testing.T) {
	b := changed(t, true, "[[0xEE, 1], [0x9F, 1]]", "[[0xEE, 1], [0x9F, 1], [0x4E, 0]]", "[[0x38, 0]]", "[[0x38, 2]]", "flush = false", "flush = true",
		"wait_ms = 2000\ntries = 3\nsource = \"SSI chapters: the host", "wait_ms = 700\ntries = 2\nsource = \"SSI chapters: the host")
	assert.Equal(t, hexOf(host(opFlushQueue)), sent(b.Connect(b.now)))
	settings := host(opParamSend, 0xFF, 0xEE, 1, 0x9F, 1, 0x4E, 0, 0x38, 2)
	assert.Equal(t, hexOf(settings), sent(b.told(packet{op: opAck})))
	settings.status = bitRetransmit
	assert.Equal(t, hexOf(settings), sent(b.after(700*time.Millisecond)))
	assert.ErrorIs(t, troubles(b.after(700 * time.Millisecond))[0], scanner.ErrNotAnswering)

	b = changed(t, true, "ms = 200\n", "ms = 900\n", "[ssi.repeat]\nms = 10000", "[ssi.repeat]\nms = 4000", "capabilities = true", "capabilities = false",
		"revision = true", "revision = false", `code = 0x01
aim = "]A0"`, `code = 0x77
aim = "]d2"`)
	b.setUp()
	assert.Empty(t, b.after(time.Hour), "nothing is asked")
	b.ssi.Feed(b.now, []byte{9, 0xF3, 0, 0})
	assert.Empty(t, sent(b.after(800*time.Millisecond)))
	assert.Equal(t, []string{resend}, sent(b.after(100*time.Millisecond)))
	assert.Equal(t, "]d2", only(t, b.told(packet{op: opDecodeData, data: []byte("\x771")})).Symbology)
	b.now = b.now.Add(4*time.Second + 1)
	only(t, b.told(packet{op: opDecodeData, status: bitRetransmit, data: []byte("\x771")}))

	b = changed(t, true, "wait_ms = 2000\ntries = 3\nsource = \"SSI chapters: serial", "wait_ms = 6000\ntries = 3\nsource = \"SSI chapters: serial")
	b.setUp()
	b.ssi.Feed(b.now, []byte{9, 0xF3, 0, 0})
	b.after(packetGap)
	assert.Empty(t, delivered(b.after(9*time.Second)), "the scanner may still send it again")
	assert.ErrorIs(t, only(t, b.after(time.Second)).Fault, scanner.ErrGarbled)
}

func TestEveryCodeTypeOfTheDocument(t *testing.T) {
	b := newBench(false)
	for code, want := range map[byte]string{0x01: "]A0", 0x03: "]C0", 0x06: "]I0", 0x08: "]E0", 0x09: "]E0", 0x0A: "]E4", 0x0B: "]E0",
		0x0F: "]C1", 0x10: "]E0", 0x48: "]E3", 0x4B: "]E3", 0x88: "]E3", 0x8B: "]E3", 0x1B: "", 0x1C: "", 0x30: ""} {
		e := only(t, b.told(packet{op: opDecodeData, data: []byte{code, '1'}}))
		assert.Equal(t, want, e.Symbology, "%02X", code)
	}
}

func TestParameterReplyIsAcknowledged(t *testing.T) {
	b := newBench(false)
	assert.Equal(t, []string{ackHex}, sent(b.told(fromDecoder(opParamSend, "\xff\xee\x01"))))
}

func TestOpcodesHaveNames(t *testing.T) {
	assert.Equal(t, "FLUSH_QUEUE (D2)", opName(opFlushQueue))
	assert.Equal(t, "80", opName(0x80))
	assert.Equal(t, "04e40400ff14", hex.EncodeToString(host(opStart).encode()))
}

// START and STOP go like every command, each after the answer of the one before; a
// scanner that does not know them is not told.
func TestTheTriggerIsPulledByCommand(t *testing.T) {
	b := newBench(false)
	events, can := b.Pull(b.now, true)
	assert.True(t, can)
	assert.Equal(t, []string{"04e40400ff14"}, sent(events))
	b.told(packet{op: opAck})
	events, can = b.Pull(b.now, false)
	assert.True(t, can)
	assert.Equal(t, []string{"04e50400ff13"}, sent(events))
	refused := b.told(packet{op: opNak, data: []byte{nakDenied}})
	assert.ErrorContains(t, troubles(refused)[0], "STOP_DECODE (E5), which it does not allow now")

	b = changed(t, true)
	b.Connect(b.now)
	b.told(packet{op: opAck})
	b.told(fromDecoder(opCapabilitiesReply, "\x00\x3f\x0f\x00\xe6"))
	_, can = b.Pull(b.now, true)
	assert.False(t, can)
}
