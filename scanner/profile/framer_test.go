package profile

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/scanner"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const gap = scanner.DefaultIdleGap

func frames(events []Event) (texts []string) {
	for _, e := range events {
		if e.Fault != nil {
			texts = append(texts, "!"+string(e.Data))
			continue
		}
		texts = append(texts, string(e.Data))
	}
	return texts
}

func TestEveryTerminatorEndsAFrame(t *testing.T) {
	for _, x := range []struct {
		terminator scanner.Terminator
		wire       string
		want       []string
	}{
		{scanner.CR, "A\rB\r", []string{"A", "B"}},
		{scanner.CR, "A\r\nB\r\n", []string{"A", "B"}},
		{scanner.LF, "A\nB\r\n", []string{"A", "B"}},
		{scanner.CRLF, "A\rb\r\nC\nd\r\n", []string{"A\rb", "C\nd"}},
		{scanner.CRLF, "\r\n\r\nA\r\n", []string{"A"}},
		{scanner.CRCR, "A\rb\r\rC\r\r", []string{"A\rb", "C"}},
		{scanner.TAB, "A\tB\r\n\t", []string{"A", "B\r\n"}},
		{scanner.STXETX, "\x02A\r\n\x1d\x03\r\n\x02B\x03\x02\x03", []string{"A\r\n\x1d", "B"}},
		{scanner.STXETX, "junk\x02A\x02B\x03", []string{"!junk", "!A", "B"}},
	} {
		f := NewFramer(x.terminator, gap)
		assert.Equal(t, x.want, frames(f.Feed(noon, []byte(x.wire))), "%s %q", x.terminator, x.wire)
		assert.Empty(t, f.Silence(noon.Add(time.Minute)), "%s %q", x.terminator, x.wire)
	}
}

func TestSplitCRLFIsOneScan(t *testing.T) {
	for _, term := range []scanner.Terminator{scanner.CR, scanner.LF, scanner.CRLF} {
		f := NewFramer(term, gap)
		events := f.Feed(noon, []byte("4006381333931\r"))
		events = append(events, f.Silence(noon.Add(gap/2))...)
		events = append(events, f.Feed(noon.Add(gap/2), []byte("\n"))...)
		events = append(events, f.Silence(noon.Add(time.Minute))...)
		assert.Equal(t, []string{"4006381333931"}, frames(events), term)
	}
}

func TestSilenceEndsAFrameOnlyWithIdle(t *testing.T) {
	f := NewFramer(scanner.Idle, gap)
	require.Empty(t, f.Feed(noon, []byte("A\r\n")))
	require.Empty(t, f.Silence(noon.Add(gap-1)))
	assert.Equal(t, []string{"A"}, frames(f.Silence(noon.Add(gap))))
	assert.Empty(t, f.Silence(noon.Add(time.Minute)))
}

// A radio link that stalls inside "12345678" must not yield "5678".
func TestBrokenFrameAndItsRestAreNoScan(t *testing.T) {
	f := NewFramer(scanner.CR, gap)
	require.Empty(t, f.Feed(noon, []byte("1234")))
	events := f.Silence(noon.Add(gap))
	require.Len(t, events, 1)
	assert.ErrorIs(t, events[0].Fault, scanner.ErrUnterminated)
	later := noon.Add(gap + tailHold/2)
	assert.Equal(t, []string{"!5678", "ABCD"}, frames(f.Feed(later, []byte("5678\rABCD\r"))))
}

func TestScanLongAfterABrokenFrameIsGood(t *testing.T) {
	f := NewFramer(scanner.CR, gap)
	f.Feed(noon, []byte("1234"))
	require.Equal(t, []string{"!1234"}, frames(f.Silence(noon.Add(gap))))
	assert.Equal(t, []string{"12345678"}, frames(f.Feed(noon.Add(2*tailHold), []byte("12345678\r"))))
}

// A worker who was told STOP for a frame without end scans again: that must be told
// too, whether it counts or not.
func TestAScanRightBehindAFrameWithoutEndIsTold(t *testing.T) {
	junk := []byte(strings.Repeat("x", 6000))
	for _, term := range []scanner.Terminator{scanner.CR, scanner.TAB} {
		end := map[scanner.Terminator]string{scanner.CR: "\r", scanner.TAB: "\t"}[term]
		for _, c := range []struct {
			behind time.Duration
			want   string
		}{{gap, "!22178"}, {tailHold / 2, "!22178"}, {tailHold - 1, "!22178"}, {tailHold, "22178"}, {2 * tailHold, "22178"}} {
			f := NewFramer(term, gap)
			require.Len(t, f.Feed(noon, junk), 1)
			for quiet := gap; quiet <= c.behind; quiet += gap / 2 {
				require.Empty(t, f.Silence(noon.Add(quiet)))
			}
			require.Empty(t, f.Silence(noon.Add(c.behind)))
			assert.Equal(t, []string{c.want, "ABCD"}, frames(f.Feed(noon.Add(c.behind), []byte("22178"+end+"ABCD"+end))), "%s after %s", term, c.behind)
		}
		f := NewFramer(term, gap) // what stutters on without end is told once
		told := f.Feed(noon, junk)
		for i := range 20 {
			now := noon.Add(time.Duration(i) * 2 * gap)
			told = append(told, f.Feed(now, junk[:1000])...)
			told = append(told, f.Silence(now.Add(gap))...)
		}
		assert.Len(t, told, 1)
	}
	f := NewFramer(scanner.STXETX, gap)
	require.Len(t, f.Feed(noon, append([]byte("\x02"), junk...)), 1)
	require.Empty(t, f.Silence(noon.Add(gap)))
	assert.Equal(t, []string{"22178"}, frames(f.Feed(noon.Add(gap), []byte("\x0222178\x03"))), "a whole frame is none of the rest")
}

// Somebody who hears nothing scans again at once, and again: what has no end is told
// after two seconds, and not when 4,096 bytes have come.
func TestAFrameWithoutItsEndIsToldThoughSomebodyScansOn(t *testing.T) {
	for _, term := range []scanner.Terminator{scanner.CR, scanner.TAB, scanner.Idle} {
		f := NewFramer(term, gap)
		var told []string
		now := noon
		for ; now.Sub(noon) < 3*time.Second && told == nil; now = now.Add(gap * 3 / 4) {
			told = append(told, frames(f.Feed(now, []byte("4006381333931")))...)
			told = append(told, frames(f.Silence(now.Add(gap*3/4)))...)
		}
		require.NotEmpty(t, told, term)
		assert.Equal(t, byte('!'), told[0][0], term)
		assert.LessOrEqual(t, now.Sub(noon), frameMost+gap, term)
	}
	f := NewFramer(scanner.CR, gap)
	for now := noon; now.Sub(noon) < 4*time.Second; now = now.Add(gap / 4) { // a long one, without pauses
		require.Empty(t, f.Feed(now, []byte("0123456789")))
		require.Empty(t, f.Silence(now.Add(gap/4)))
	}
	assert.Len(t, frames(f.Feed(noon.Add(4*time.Second), []byte("\r"))), 1)
}

// Bytes that a busy machine reads late were not late on the wire.
func TestLateReadIsNotSilence(t *testing.T) {
	f := NewFramer(scanner.CR, gap)
	f.Feed(noon, []byte("1234"))
	assert.Equal(t, []string{"12345678"}, frames(f.Feed(noon.Add(time.Minute), []byte("5678\r"))))
}

func TestOneMegabyteWithoutEndIsOneFault(t *testing.T) {
	for term, end := range map[scanner.Terminator]string{scanner.CR: "\r", scanner.CRLF: "\r\n", scanner.CRCR: "\r\r", scanner.STXETX: "\x03"} {
		f := NewFramer(term, gap)
		start, next := "", ""
		if term == scanner.STXETX {
			start, next = "\x02", "\x02"
		}
		events := f.Feed(noon, []byte(start+strings.Repeat("x", 1<<20)))
		events = append(events, f.Silence(noon.Add(time.Minute))...)
		events = append(events, f.Feed(noon.Add(time.Minute), []byte(end+next+"GOOD"+end))...)
		require.Len(t, events, 2, term)
		assert.ErrorIs(t, events[0].Fault, scanner.ErrTooLong)
		assert.Len(t, events[0].Data, scanner.MaxScan)
		assert.Equal(t, "GOOD", string(events[1].Data))
		assert.NoError(t, events[1].Fault)
	}
	f := NewFramer(scanner.Idle, gap)
	events := f.Feed(noon, bytes.Repeat([]byte("x"), 1<<20))
	events = append(events, f.Silence(noon.Add(gap))...)
	require.Len(t, events, 1)
	assert.Equal(t, []string(nil), frames(f.Feed(noon, []byte("GOOD"))))
	assert.Equal(t, []string{"GOOD"}, frames(f.Silence(noon.Add(gap))))
}

func TestLongestScanIsTaken(t *testing.T) {
	longest := strings.Repeat("x", scanner.MaxScan)
	for term, end := range map[scanner.Terminator]string{scanner.CR: "\r", scanner.CRLF: "\r\n", scanner.TAB: "\t"} {
		f := NewFramer(term, gap)
		assert.Equal(t, []string{longest}, frames(f.Feed(noon, []byte(longest+end))))
		events := f.Feed(noon, []byte(longest+"x"+end))
		require.Len(t, events, 1)
		assert.ErrorIs(t, events[0].Fault, scanner.ErrTooLong)
	}
}

func TestLossBreaksAFrameOff(t *testing.T) {
	f := NewFramer(scanner.CR, gap)
	f.Feed(noon, []byte("12"))
	assert.Equal(t, []string{"!12"}, frames(f.Lost(noon)))
	f.Connect(noon)
	assert.Equal(t, []string{"34"}, frames(f.Feed(noon, []byte("34\r"))))
}

// However the driver cuts the bytes, the scans are the same.
func TestPiecesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		term := rapid.SampledFrom([]scanner.Terminator{scanner.CR, scanner.LF, scanner.CRLF, scanner.CRCR, scanner.TAB, scanner.STXETX}).Draw(t, "terminator")
		wire := []byte(rapid.StringMatching(`[AB\r\n\t\x02\x03]{0,40}`).Draw(t, "wire"))
		whole := NewFramer(term, gap).Feed(noon, wire)
		f := NewFramer(term, gap)
		var pieces []Event
		for len(wire) > 0 {
			n := rapid.IntRange(1, len(wire)).Draw(t, "n")
			pieces = append(pieces, f.Feed(noon, wire[:n])...)
			wire = wire[n:]
		}
		assert.Equal(t, frames(whole), frames(pieces))
	})
}

func FuzzFramer(f *testing.F) {
	for i, s := range []string{"A\rB\r\n", "\x02A\x03", "\r\r\r", "A\x02\x02B\x03", "abc", "\x00\xff\t"} {
		f.Add(byte(i), []byte(s), byte(3))
	}
	all := []scanner.Terminator{scanner.CR, scanner.LF, scanner.CRLF, scanner.CRCR, scanner.TAB, scanner.STXETX, scanner.Idle}
	f.Fuzz(func(t *testing.T, which byte, wire []byte, cut byte) {
		fr := NewFramer(all[int(which)%len(all)], gap)
		now, size := noon, int(cut)%64+1
		for len(wire) > 0 {
			n := min(size, len(wire))
			events := fr.Feed(now, wire[:n])
			now = now.Add(time.Duration(cut) * time.Millisecond)
			for _, e := range append(events, fr.Silence(now)...) {
				require.Equal(t, Deliver, e.Kind)
				require.NotEmpty(t, e.Data)
				require.LessOrEqual(t, len(e.Data), scanner.MaxScan)
			}
			require.LessOrEqual(t, len(fr.buf), scanner.MaxScan+2)
			wire = wire[n:]
		}
	})
}
