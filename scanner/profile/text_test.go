package profile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/allocation"
	"dockfill/scanner"
)

// dock is a codec on a clock.
type dock struct {
	Codec
	t   require.TestingT
	now time.Time
}

// plug opens the port of a scanner with a shipped profile, or with one changed by
// pairs of old and new text.
func plug(t require.TestingT, name string, changes ...string) *dock {
	text := string(must(makes.ReadFile("makes/" + name + ".toml")))
	for i := 0; i < len(changes); i += 2 {
		require.Contains(t, text, changes[i])
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	p, err := Parse(name+".toml", []byte(text))
	require.NoError(t, err)
	c := scanner.Config{Station: "1", Port: "COM3", Profile: scanner.Profile(name), Beep: p.Verdicts(), Speech: p}
	c, err = Complete(c)
	require.NoError(t, err)
	codec, err := New(c)
	require.NoError(t, err)
	return &dock{codec, t, noon}
}

func (d *dock) open() []Event         { return d.Connect(d.now) }
func (d *dock) hear(s string) []Event { return d.Feed(d.now, []byte(s)) }
func (d *dock) scan(s string) Event   { return one(d.t, d.hear(s)) }
func (d *dock) tell(e Event, v allocation.Verdict) []string {
	return wire(d.Answer(d.now, e.ID, v))
}

func (d *dock) after(span time.Duration) []Event {
	d.now = d.now.Add(span)
	return d.Silence(d.now)
}

func one(t require.TestingT, events []Event) Event {
	found := delivered(events)
	require.Len(t, found, 1)
	return found[0]
}

// wire is what was sent, in the notation of the documents.
func wire(events []Event) (out []string) {
	for _, e := range events {
		if e.Kind == Send {
			out = append(out, Bytes{e.Data}.String())
		}
	}
	return out
}

func kinds(events []Event) (out []Kind) {
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

func TestHostAckGivesTheVerdictInTheScannersOwnWords(t *testing.T) {
	for name, comma := range map[string]string{"honeywell-hostack": ",", "honeywell-hostack-2020": ""} {
		d := plug(t, name)
		d.open()
		for v, want := range map[allocation.Verdict]string{
			allocation.Allocated: "<ESC>7,<ESC>2,", allocation.Stock: "<ESC>7,<ESC>2,", allocation.Held: "<ESC>4,",
			allocation.Check: "<ESC>5,<ESC>5,", allocation.Stop: "<ESC>8,", "GREAT": "<ESC>8,",
		} {
			e := d.scan("4006381333931\r")
			assert.Equal(t, []string{strings.ReplaceAll(want, ",", comma)}, d.tell(e, v), v)
		}
	}
}

// After its ten seconds the scanner has given up with its error tone; a good tone
// then would be the next scan's.
func TestVerdictAfterTheTimeIsNotHeardAsTheNextScans(t *testing.T) {
	d := plug(t, "honeywell-hostack")
	d.open()
	e := d.scan("4006381333931\r")
	d.after(10 * time.Second)
	events := d.Answer(d.now, e.ID, allocation.Stock)
	assert.Equal(t, []Kind{Unheard}, kinds(events))

	// The worker heard an error and scans the saved unit again.
	again := d.scan("4006381333931\r")
	assert.ErrorIs(t, again.Fault, scanner.ErrDoubtfulRepeat)
	assert.Equal(t, []string{"<ESC>5,<ESC>5,"}, d.tell(again, allocation.Check))
	assert.NoError(t, d.scan("4006381333931\r").Fault, "after a heard verdict the next equal carton counts")
}

func TestScanThatWasNotSavedMayBeScannedAgain(t *testing.T) {
	d := plug(t, "honeywell-hostack")
	d.open()
	e := d.scan("4006381333931\r")
	d.after(11 * time.Second)
	d.Answer(d.now, e.ID, allocation.Stop)
	assert.NoError(t, d.scan("4006381333931\r").Fault)
	d.after(2 * time.Minute)
	assert.NoError(t, d.scan("4006381333931\r").Fault, "two minutes later it is another carton")
}

func TestVerdictOfAnEarlierScanIsNotGivenToALaterOne(t *testing.T) {
	d := plug(t, "honeywell-hostack")
	d.open()
	first := d.scan("A\r")
	second := d.scan("B\r")
	assert.Empty(t, d.tell(first, allocation.Stock))
	assert.Len(t, d.tell(second, allocation.Stock), 1)
	assert.Empty(t, d.tell(second, allocation.Stock), "one answer each")
	third := d.scan("C\r")
	d.Lost(d.now)
	d.open()
	assert.Empty(t, d.tell(third, allocation.Stock), "nobody there, and then another conversation")
	assert.ErrorIs(t, d.scan("C\r").Fault, scanner.ErrDoubtfulRepeat)
}

func TestMenuSettingsAreToldOneByOneAndTheirAnswersRead(t *testing.T) {
	d := plug(t, "honeywell")
	assert.Equal(t, []string{"<SYN>M<CR>BEPBEP0!"}, wire(d.open()))
	assert.Empty(t, wire(d.hear("BEPBEP0\x06")))
	assert.Equal(t, []string{"<SYN>M<CR>DECHDR1!"}, wire(d.hear("!")))
	events := d.hear("4006381333931\rdechdr1\x06!ABC\r")
	assert.Equal(t, []string{"4006381333931", "ABC"}, frames(delivered(events)), "scans between the answers are scans")
	assert.Equal(t, []string{"<SYN>M<CR>REVINF."}, wire(events))
	events = d.hear("REVINFProduct Name: Xenon\r\nBoot: 1.2\r\n\x06.")
	require.Len(t, events, 1)
	assert.Equal(t, Learned, events[0].Kind)
	assert.Equal(t, "Product Name: Xenon\r\nBoot: 1.2", string(events[0].Data))
	assert.Empty(t, d.after(time.Minute))
	assert.Equal(t, []string{"BEPBEP0"}, frames(d.hear("BEPBEP0\r")), "nothing was asked: a label that says so")
}

func TestRefusedMenuSettingIsReported(t *testing.T) {
	for status, want := range map[string]string{"\x05": "does not know the setting BEPBEP0 (no beep at decoding", "\x15": "refused the value of the setting BEPBEP0"} {
		d := plug(t, "honeywell")
		d.open()
		events := d.hear("BEPBEP0" + status + "!")
		require.NotEmpty(t, troubles(events))
		assert.ErrorContains(t, troubles(events)[0], want)
		assert.Equal(t, []string{"<SYN>M<CR>DECHDR1!"}, wire(events), "the others are told all the same")
	}
}

func TestScannerThatKnowsNoMenuIsAskedOneThingThreeTimes(t *testing.T) {
	d := plug(t, "honeywell")
	d.open()
	for range 2 {
		assert.Empty(t, d.after(1900*time.Millisecond))
		assert.Equal(t, []string{"<SYN>M<CR>BEPBEP0!"}, wire(d.after(100*time.Millisecond)))
	}
	assert.ErrorIs(t, troubles(d.after(2 * time.Second))[0], scanner.ErrNotAnswering)
	assert.Empty(t, d.after(time.Minute))
	assert.NoError(t, d.scan("4006381333931\r").Fault)
}

// A label whose text begins like the answer that is awaited is a label.
func TestLabelThatLooksLikeAMenuAnswer(t *testing.T) {
	d := plug(t, "honeywell")
	d.open()
	assert.Equal(t, []string{"BEP77", "BEPBEP0X", "B"}, frames(delivered(d.hear("BEP77\rBEPBEP0X\rB\r"))))
	events := d.hear("BEPBE")
	assert.ErrorIs(t, one(t, append(events, d.after(time.Second)...)).Fault, scanner.ErrUnterminated)
}

func dataHeader(aim, data string) string {
	return fmt.Sprintf("\x16\xfe%c\x00\x00\x00\rMSGGET%04dd%s\x1d%s", 14+len(data), len(data), aim, data)
}

func TestDataHeaderTellsTheSymbology(t *testing.T) {
	d := plug(t, "honeywell")
	d.open()
	events := delivered(d.hear(dataHeader("C1", "0104006381333931\r") + dataHeader("E0", "4006\r381\r") + "PLAIN\r" + dataHeader("d2", "\x1d\r")))
	require.Len(t, events, 4)
	assert.Equal(t, []string{"0104006381333931", "4006\r381", "PLAIN", "\x1d"}, frames(events), "a CR inside is content")
	assert.Equal(t, []string{"]C1", "]E0", "", "]d2"}, []string{events[0].Symbology, events[1].Symbology, events[2].Symbology, events[3].Symbology})
}

func TestSpoiledDataHeaderIsNoScan(t *testing.T) {
	good := dataHeader("C1", "0104006381333931\r")
	for name, bad := range map[string]string{
		"word": strings.Replace(good, "MSGGET", "MSGPUT", 1), "digits": strings.Replace(good, "0017", "00x7", 1),
		"separator": strings.Replace(good, "\x1d", "x", 1), "too long": strings.Replace(good, "0017", "9999", 1),
	} {
		d := plug(t, "honeywell")
		d.open()
		assert.Error(t, one(t, d.hear(bad+"REST\r")).Fault, name)
		d.after(gap)
		assert.NoError(t, d.scan(good).Fault, name)
	}
	for cut := 1; cut < len(good)-1; cut++ {
		d := plug(t, "honeywell")
		d.open()
		events := append(d.hear(good[:cut]), d.after(gap)...)
		events = append(events, d.hear(good[cut:])...)
		for _, e := range delivered(append(events, d.after(gap)...)) {
			assert.Error(t, e.Fault, "cut at %d: %q", cut, e.Data)
		}
	}
}

func TestDatalogicHearsSingleBytes(t *testing.T) {
	d := plug(t, "datalogic")
	assert.Equal(t, []string{"E"}, wire(d.open()), "a scanner that was held is let go")
	for v, want := range map[allocation.Verdict]string{
		allocation.Allocated: "<SOH>", allocation.Stock: "<SOH>", allocation.Held: "<SOH><SOH><SOH>", allocation.Check: "<SOH><SOH>",
	} {
		assert.Equal(t, []string{want}, d.tell(d.scan("1\r"), v), v)
	}
	assert.Equal(t, []string{"F"}, d.tell(d.scan("1\r"), allocation.Stop))
	assert.Empty(t, wire(d.after(2900*time.Millisecond)))
	assert.Equal(t, []string{"E"}, wire(d.after(100*time.Millisecond)), "F disables, E lets go")
	assert.Empty(t, d.after(time.Minute))
	d.tell(d.scan("1\r"), "")
	d.Lost(d.now)
	assert.Empty(t, d.after(time.Minute), "nothing is sent to a port that is gone")
}

func TestSecondStopHoldsAnew(t *testing.T) {
	d := plug(t, "datalogic")
	d.open()
	d.tell(d.scan("1\r"), allocation.Stop)
	d.after(2 * time.Second)
	d.tell(d.scan("2\r"), allocation.Stop)
	assert.Empty(t, wire(d.after(2*time.Second)))
	assert.Equal(t, []string{"E"}, wire(d.after(time.Second)))
}

func TestDatalogicAnswersAreNoScans(t *testing.T) {
	d := plug(t, "datalogic")
	d.open()
	events := d.hear("\x06\x01\x02Magellan 9300i\r\x03\x044006\r\x15")
	assert.Equal(t, []string{"4006"}, frames(delivered(events)))
	assert.Equal(t, []Kind{Learned, Deliver, Trouble}, kinds(events))
	assert.Equal(t, "Magellan 9300i\r", string(events[0].Data))
	assert.ErrorContains(t, events[2].Fault, "refused a command")
}

func TestCordlessDatalogicShowsLights(t *testing.T) {
	d := plug(t, "datalogic-cordless")
	d.open()
	assert.Equal(t, []string{"<DC2><ESC>[3q<CR><DC2><ESC>[6q<CR>"}, d.tell(d.scan("1\r\n"), allocation.Stock))
	assert.Equal(t, []string{"<DC2><ESC>[7q<CR><DC2><ESC>[4q<ESC>[2q<CR><DC2><ESC>[8q<CR>"}, d.tell(d.scan("2\r\n"), allocation.Stop), "the green of the last one goes out first")
	assert.Equal(t, []string{"<DC2><ESC>[9q<CR>"}, wire(d.after(time.Second)))
	assert.Equal(t, []string{"<DC2><ESC>[0q<ESC>[5q<ESC>[0q<CR>"}, d.tell(d.scan("3\r\n"), allocation.Check))
	assert.Equal(t, []string{"<DC2><ESC>[2q<CR>"}, d.tell(d.scan("4\r\n"), allocation.Held))
}

func TestHoneywellsTriggerIsPulledByCommand(t *testing.T) {
	d := plug(t, "honeywell-hostack")
	_, can := d.Codec.(Puller).Pull(d.now, true)
	assert.True(t, can, "and nothing is sent where there is no port")
	d.open()
	for on, want := range map[bool]string{true: "<SYN>T<CR>", false: "<SYN>U<CR>"} {
		events, can := d.Codec.(Puller).Pull(d.now, on)
		assert.True(t, can)
		assert.Equal(t, []string{want}, wire(events))
	}
	_, can = plug(t, "datalogic").Codec.(Puller).Pull(d.now, true)
	assert.False(t, can)
}

// Two labels in a row, and the good tone of the first would be heard as the
// second's.
func TestGoodToneOfAnOvertakenScanIsLeftOut(t *testing.T) {
	d := plug(t, "datalogic")
	d.open()
	events := delivered(d.hear("1\r2\r3\r"))
	assert.Empty(t, d.tell(events[0], allocation.Stock))
	assert.Equal(t, []string{"F"}, d.tell(events[1], allocation.Stop), "a stop is never left out")
	assert.Equal(t, []string{"<SOH>"}, d.tell(events[2], allocation.Stock))
}

func TestAcknowledgementFollowsTheCommit(t *testing.T) {
	d := plug(t, "datalogic-ack")
	d.open()
	e := d.scan("1\r")
	assert.Empty(t, wire(d.after(time.Second)))
	assert.Equal(t, []string{"<ACK><SOH>"}, d.tell(e, allocation.Stock))
	assert.Equal(t, []string{"<ACK>F"}, d.tell(d.scan("2\r"), allocation.Stop))
}

// Without tones the acknowledgement is the good tone.
func TestAcknowledgementAloneIsForSavedScans(t *testing.T) {
	d := plug(t, "datalogic-ack")
	p, _ := d.Codec.(*text)
	p.voice.beep = false
	d.open()
	assert.Equal(t, []string{"<ACK>"}, d.tell(d.scan("1\r"), allocation.Stock))
	for _, v := range []allocation.Verdict{allocation.Check, allocation.Stop, ""} {
		assert.Empty(t, d.tell(d.scan("2\r"), v), v)
	}
}

func TestScannersOwnRepeatIsOneScan(t *testing.T) {
	d := plug(t, "datalogic-ack")
	d.open()
	e := d.scan("1\r")
	d.after(5 * time.Second)
	assert.Equal(t, []Kind{Repeat}, kinds(d.hear("1\r")))
	assert.Equal(t, []string{"<ACK><SOH>"}, d.tell(e, allocation.Stock))
	assert.NoError(t, d.scan("1\r").Fault, "an equal carton after the answer")
}

func TestLateAnswerIsGivenToTheRepeat(t *testing.T) {
	d := plug(t, "datalogic-ack", "resend_ms = 200\n", "")
	d.open()
	e := d.scan("1\r")
	d.after(5 * time.Second)
	assert.Empty(t, d.tell(e, allocation.Stock))
	events := d.hear("1\r")
	assert.Equal(t, []Kind{Repeat, Send}, kinds(events))
	assert.Equal(t, []string{"<ACK><SOH>"}, wire(events))
	assert.NoError(t, d.scan("1\r").Fault)
}

// The agent stood still while the scan lay in the port: the scanner gave up, and the
// worker scans again.
func TestWhatLayInThePortForTooLongIsNotAnsweredAndItsRepeatIsAskedAbout(t *testing.T) {
	for name, of := range map[string]struct{ away, good string }{
		"honeywell-hostack": {"10s", "<ESC>7,<ESC>2,"}, "honeywell-hostack-2020": {"10s", "<ESC>7<ESC>2"}, "datalogic-ack": {"5s", "<ACK><SOH>"},
	} {
		limit := must(time.ParseDuration(of.away))
		d := plug(t, name)
		d.open()
		d.now = d.now.Add(limit - limit/10)
		d.Codec.(Timed).Away(noon)
		assert.Equal(t, []string{of.good}, d.tell(d.scan("1\r"), allocation.Stock), "%s: it waits still", name)

		d.now = d.now.Add(time.Hour)
		d.Codec.(Timed).Away(d.now.Add(-limit))
		e := d.scan("2\r")
		events := d.Answer(d.now, e.ID, allocation.Stock)
		assert.Equal(t, []Kind{Unheard}, kinds(events), name)
		d.after(2 * time.Second)
		e = d.scan("2\r")
		assert.ErrorIs(t, e.Fault, scanner.ErrDoubtfulRepeat, name)
		assert.NotEmpty(t, d.tell(e, allocation.Check), "it hears that it is asked")
		d.after(2 * time.Second)
		assert.NoError(t, d.scan("2\r").Fault, "%s: the answer of a worker who has another one", name)
	}
}

// The answer was given in time and did not get out to the device, and so the worker
// scans again.
func TestARepeatWhoseAnswerDidNotGetOutIsAskedAbout(t *testing.T) {
	for _, name := range []string{"honeywell-hostack", "honeywell-hostack-2020", "datalogic-ack"} {
		d := plug(t, name)
		d.open()
		require.NotEmpty(t, d.tell(d.scan("1\r"), allocation.Stock))
		d.Codec.(Timed).Unwritten()
		d.Lost(d.now)
		d.open()
		d.after(20 * time.Second)
		assert.ErrorIs(t, d.scan("1\r").Fault, scanner.ErrDoubtfulRepeat, name)
	}
	s := changed(t, true)
	first := one(t, s.told(fromDecoder(0xF3, "\x031")))
	s.ssi.Answer(s.now, first.ID, allocation.Stock)
	s.ssi.Unwritten()
	s.now = s.now.Add(20 * time.Second)
	assert.ErrorIs(t, delivered(s.told(fromDecoder(0xF3, "\x031")))[0].Fault, scanner.ErrDoubtfulRepeat)
}

// Neither was the question heard: it stays open.
func TestAQuestionThatNobodyHeardIsAskedAgain(t *testing.T) {
	d := plug(t, "honeywell-hostack")
	d.open()
	d.now = d.now.Add(time.Hour)
	d.Codec.(Timed).Away(d.now.Add(-30 * time.Second))
	both := delivered(d.hear("1\r1\r"))
	require.Len(t, both, 2)
	assert.NoError(t, both[0].Fault)
	assert.ErrorIs(t, both[1].Fault, scanner.ErrDoubtfulRepeat)
	assert.Empty(t, d.tell(both[0], allocation.Stock))
	assert.Empty(t, d.tell(both[1], allocation.Check))
	d.after(2 * time.Second)
	assert.ErrorIs(t, d.scan("1\r").Fault, scanner.ErrDoubtfulRepeat)
}

// A machine that slept has a monotonic clock that stood still: the wall clock tells.
func TestAnAnswerAfterASleepIsTooLate(t *testing.T) {
	d := plug(t, "honeywell-hostack")
	d.now = time.Now()
	d.open()
	e := d.scan("1\r")
	assert.Contains(t, kinds(d.Answer(d.now.Round(0).Add(time.Hour), e.ID, allocation.Stock)), Unheard)
}

// The acknowledgement was given and lost on the wire: the scanner sends again when its
// time is over. Within the guard window that is the guard's to judge; a machine has none.
func TestARepeatWhoseAnswerWasLostIsAskedAbout(t *testing.T) {
	for _, guarded := range []bool{true, false} {
		d := plug(t, "datalogic-ack")
		if !guarded {
			d.Codec.(*text).waiting.guard = 0
		}
		d.open()
		d.tell(d.scan("4006381333931\r"), allocation.Stock)
		d.after(210 * time.Millisecond)
		assert.Equal(t, !guarded, errors.Is(d.scan("4006381333931\r").Fault, scanner.ErrDoubtfulRepeat))
	}
	d := plug(t, "datalogic-ack")
	d.open()
	d.tell(d.scan("4006381333931\r"), allocation.Stock)
	d.after(900 * time.Millisecond)
	assert.NoError(t, d.scan("4006381333931\r").Fault, "the next equal carton")
}

// A scanner that is set to wait for longer sends again when a hand may have the next
// equal carton: a person is asked.
func TestARepeatThatMayBeTheNextCartonIsAskedAbout(t *testing.T) {
	for after, doubted := range map[time.Duration]bool{time.Second: false, 1700 * time.Millisecond: true, 2100 * time.Millisecond: true, 3 * time.Second: false} {
		d := plug(t, "datalogic-ack", "resend_ms = 200", "resend_ms = 2000")
		d.open()
		d.tell(d.scan("4006381333931\r"), allocation.Stock)
		d.after(after)
		again := d.scan("4006381333931\r")
		assert.Equal(t, doubted, errors.Is(again.Fault, scanner.ErrDoubtfulRepeat), after)
		assert.Equal(t, []string{"<ACK><SOH><SOH>"}, d.tell(again, allocation.Check), "it has its answer, or would send on")
	}
}

func TestGarbledFrameIsAskedForAgain(t *testing.T) {
	d := plug(t, "datalogic-ack", `terminator = "CR"`, `terminator = "STX/ETX+LRC"`)
	d.open()
	bad, good := "\x02AB\x03\x7f", "\x02AB\x03\x00"
	for range askAgains {
		assert.Equal(t, []string{"<NAK>"}, wire(d.hear(bad)))
	}
	assert.NoError(t, d.scan(good).Fault)
	assert.Empty(t, delivered(d.after(time.Minute)))
	d.hear(bad)
	assert.ErrorIs(t, one(t, d.after(5*time.Second)).Fault, scanner.ErrGarbled)
	assert.Empty(t, delivered(d.after(time.Minute)), "told once")
}

func TestCheckByte(t *testing.T) {
	d := plug(t, "ascii", `terminator = "CR"`, `terminator = "STX/ETX+LRC"`)
	d.open()
	lrc := string([]byte{'A' ^ 'C' ^ 3})
	assert.Equal(t, []string{"AC", "!AC", "AC", "!ZZ", "AC"}, frames(d.hear("\x02AC\x03"+lrc+"\r\n\x02AC\x03x\x02AC\x03"+lrc+"ZZ\x02AC\x03"+lrc)))
	assert.Empty(t, wire(d.after(time.Minute)))
	d.hear("\x02AC\x03")
	assert.ErrorIs(t, one(t, d.after(time.Minute)).Fault, scanner.ErrUnterminated, "the check byte is missing")
}

func TestPlainTextHearsNothing(t *testing.T) {
	d := plug(t, "ascii")
	assert.Empty(t, d.open())
	assert.Empty(t, d.Answer(d.now, d.scan("1\r").ID, allocation.Stock))
}

func upload(d *dock, records ...string) []Event {
	events := delivered(d.hear(strings.Join(records, "\r") + "\r"))
	require.Empty(d.t, events, "nothing before it is whole")
	return delivered(d.after(2 * time.Second))
}

func TestUploadIsKnownByItsRecords(t *testing.T) {
	d := plug(t, "batch")
	d.open()
	first := upload(d, "A", "B", "B", "C")
	require.Len(t, first, 4)
	for i, e := range first {
		assert.Equal(t, i+1, e.Batch.N)
		assert.Equal(t, 4, e.Batch.Of())
		assert.True(t, e.Late)
	}
	keys := func(e Event) (all []string) {
		for _, r := range e.Batch.Upload.Records {
			all = append(all, r.Key)
		}
		return all
	}
	again := upload(d, "A", "B", "B", "C", "D")
	assert.Equal(t, keys(first[0]), keys(again[0])[:4], "a memory that grew begins as before")
	assert.True(t, again[0].Batch.Upload.At.After(first[0].Batch.Upload.At))
	assert.NotEqual(t, keys(first[0]), keys(upload(d, "A", "B", "C", "B")[0]))
	hand := upload(d, "A", "B")
	assert.Zero(t, hand[0].Batch, "two may be scanned by hand")
	assert.False(t, hand[0].Late)
}

func TestDeviceTimeIsKept(t *testing.T) {
	d := plug(t, "batch-timed")
	d.open()
	events := upload(d, "4006381333931,20261120083005", "B,20261340083005", "C", "D,2026112008300x")
	assert.Equal(t, []string{"4006381333931", "B", "C", "D,2026112008300x"}, frames(events))
	assert.Equal(t, time.Date(2026, 11, 20, 8, 30, 5, 0, time.UTC), events[0].DeviceTime)
	assert.True(t, events[1].DeviceTime.IsZero(), "there is no month 13")
	assert.NotZero(t, upload(d, "A,20261120083005")[0].Batch, "with a time even one is no other")
	before := plug(t, "batch-timed", "CODE,YYYYMMDDhhmmss", "DD.MM.YY hh:mm;CODE")
	before.open()
	e := upload(before, "20.11.26 08:30;A;B")[0]
	assert.Equal(t, "A;B", string(e.Data))
	assert.Equal(t, time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC), e.DeviceTime)
}

func TestBrokenUploadCountsNothing(t *testing.T) {
	d := plug(t, "batch")
	d.open()
	d.hear("A\rB\rC\rD")
	events := delivered(d.Lost(d.now))
	require.Len(t, events, 4)
	for _, e := range events {
		assert.Error(t, e.Fault)
	}
	d.open()
	assert.Len(t, upload(d, "A", "B", "C", "D"), 4)
}

func TestFaultInsideAnUploadStaysInItsPlace(t *testing.T) {
	d := plug(t, "batch", `terminator = "CR"`, `terminator = "STX/ETX"`)
	d.open()
	d.hear("\x02A\x03\x02B\x02C\x03\x02D\x03")
	events := delivered(d.after(2 * time.Second))
	assert.Equal(t, []string{"A", "!B", "C", "D"}, frames(events))
	assert.Equal(t, []int{1, 0, 2, 3}, []int{events[0].Batch.N, events[1].Batch.N, events[2].Batch.N, events[3].Batch.N})
}

func TestLargestMemoryKnown(t *testing.T) {
	d := plug(t, "batch")
	d.open()
	var records []string
	for i := range 2671 {
		records = append(records, fmt.Sprintf("%020d", i))
	}
	assert.Len(t, upload(d, records...), 2671)
	d.hear(strings.Repeat("X\r", maxUpload-1))
	assert.Len(t, delivered(d.hear("X\r")), maxUpload, "one that never ends comes in pieces")
}

// However the driver cuts the bytes, what is heard is the same.
func TestPiecesDoNotMatterToAnyMake(t *testing.T) {
	words := []string{"4006381333931\r", "\r\n", "BEPBEP0\x06!", "REVINFx\x06.", "BEP", dataHeader("C1", "01\r"), "\x16\xfe", "\x06", "\x15",
		"\x01\x02id\x03\x04", "\x01", "A\rB\r", "\x02AB\x03", hexText("0bf300000b3132333435fe56"), hexText("04d00000ff2c"), "E", "\xff"}
	for _, name := range (Set{}).Names() {
		rapid.Check(t, func(t *rapid.T) {
			said := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 12).Draw(t, "words"), "")
			whole := plug(t, name)
			want := append(whole.open(), whole.hear(said)...)
			want = append(want, whole.after(time.Minute)...)
			pieces := plug(t, name)
			got := pieces.open()
			for len(said) > 0 {
				n := rapid.IntRange(1, len(said)).Draw(t, "n")
				got = append(got, pieces.hear(said[:n])...)
				said = said[n:]
			}
			got = append(got, pieces.after(time.Minute)...)
			assert.Equal(t, delivered(want), delivered(got))
			assert.Equal(t, wire(want), wire(got))
			assert.Equal(t, troubles(want), troubles(got))
		})
	}
}

func hexText(s string) string { return string(must(hex.DecodeString(s))) }

func FuzzMakes(f *testing.F) {
	names := Set{}.Names()
	for i := range names {
		f.Add(byte(i), []byte("4006381333931\rBEPBEP0\x06!"+dataHeader("C1", "01\r")+"\x01\x02x\x03\x04"), byte(5))
	}
	f.Fuzz(func(t *testing.T, which byte, said []byte, cut byte) {
		d := plug(t, names[int(which)%len(names)])
		d.open()
		seen := map[uint64]bool{}
		for len(said) > 0 {
			n := min(int(cut)%32+1, len(said))
			events := d.hear(string(said[:n]))
			for _, e := range append(events, d.after(time.Duration(cut)*10*time.Millisecond)...) {
				if e.Kind != Deliver {
					continue
				}
				require.LessOrEqual(t, len(e.Data), maxAside)
				require.False(t, seen[e.ID], "each scan has its number")
				seen[e.ID] = true
				d.Answer(d.now, e.ID, allocation.Stock)
			}
			said = said[n:]
		}
		d.Lost(d.now)
	})
}

// FuzzDocument: no text makes the reader panic, and what it takes can speak.
func FuzzDocument(f *testing.F) {
	for _, name := range (Set{}).Names() {
		f.Add(must(makes.ReadFile("makes/" + name + ".toml")))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse("x.toml", text)
		if err != nil {
			return
		}
		codec, err := New(scanner.Config{Speech: p, Beep: p.Verdicts()})
		require.NoError(t, err)
		codec.Connect(noon)
		for _, e := range codec.Feed(noon, []byte("A\r\n\x02A\x03\t")) {
			codec.Answer(noon, e.ID, allocation.Stop)
		}
		codec.Silence(noon.Add(time.Minute))
	})
}

// The same for what waits in the system's buffer: the agent stood still behind a scan
// that it had read, and only then gave the answer.
func TestARepeatThatLayInTheBufferIsNoCleanScan(t *testing.T) {
	for name, answered := range map[string]bool{"honeywell-hostack": false, "honeywell-hostack-2020": false, "datalogic-ack": false, "datalogic-ack, heard": true} {
		d := plug(t, strings.TrimSuffix(name, ", heard"))
		d.open()
		e, read := d.scan("1\r"), d.now
		if answered {
			require.NotEmpty(t, d.tell(e, allocation.Stock))
		}
		d.now = d.now.Add(5 * time.Minute)
		if !answered {
			require.Contains(t, kinds(d.Answer(d.now, e.ID, allocation.Stock)), Unheard, name)
		}
		d.Codec.(Timed).Away(read)
		assert.ErrorIs(t, d.scan("1\r").Fault, scanner.ErrDoubtfulRepeat, name)
		d.after(2 * time.Minute)
		assert.NoError(t, d.scan("1\r").Fault, name)
	}
}

// Its answer was not there when the device's own repeat was read.
func TestARepeatReadBeforeItsAnswerIsOne(t *testing.T) {
	d := plug(t, "datalogic-ack")
	d.open()
	e, read := d.scan("1\r"), d.now
	d.now = d.now.Add(5 * time.Minute)
	d.Codec.(Timed).Away(read)
	assert.Equal(t, []Kind{Repeat}, kinds(d.hear("1\r")))
	assert.Empty(t, d.tell(e, allocation.Stock))
	d.after(2 * time.Second)
	assert.ErrorIs(t, d.scan("1\r").Fault, scanner.ErrDoubtfulRepeat)
}
