package hid

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
	"dockfill/scanner/profile"
)

var start = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

func joinerFor(t testing.TB, layoutName string, end scanner.Terminator) *joiner {
	t.Helper()
	l := recordedLayout(t, layoutName)
	c, err := profile.Complete(scanner.Config{Station: "1", Port: "hid:0C2E:0B62", Terminator: end})
	require.NoError(t, err)
	j := newJoiner(c, func() layout { return l })
	j.Connect(start)
	return j
}

func one(t *testing.T, events []profile.Event) profile.Event {
	t.Helper()
	require.Len(t, events, 1)
	require.Equal(t, profile.Deliver, events[0].Kind)
	return events[0]
}

func TestLongScanIsJoined(t *testing.T) {
	j := joinerFor(t, "honeywell", "")
	first, second := strings.Repeat("A", 56), "BOARDING"
	assert.Empty(t, j.Feed(start, report(56, 1, "]Q0", first)))
	e := one(t, j.Feed(start, report(8, 0, "]Q0", second)))
	assert.NoError(t, e.Fault)
	assert.Equal(t, first+second, string(e.Data))
	assert.Equal(t, "]Q0", e.Symbology)

	assert.Empty(t, j.Feed(start, report(56, 1, "]Q0", first)))
	e = one(t, j.Feed(start, report(8, 0, "\x00\x00\x00", second)))
	assert.Equal(t, "]Q0", e.Symbology, "some name the symbology in the first report alone")
}

func TestSuffixOfASerialSetupIsTakenOff(t *testing.T) {
	for end, wire := range map[scanner.Terminator]string{"": "96385074\r", scanner.CR: "96385074\r", scanner.CRLF: "96385074\r\n",
		scanner.TAB: "96385074\t", scanner.STXETX: "\x0296385074\x03", scanner.Idle: "96385074", scanner.LF: "96385074"} {
		e := one(t, joinerFor(t, "newland", end).Feed(start, report(len(wire), 0, wire)))
		assert.Equal(t, "96385074", string(e.Data), "%q", end)
	}
	assert.Empty(t, joinerFor(t, "newland", "").Feed(start, report(0, 0)), "an empty report is no scan")
	assert.Empty(t, joinerFor(t, "newland", "").Feed(start, report(1, 0, "\r")))
}

func TestScanThatBreaksOffIsAFaultAndSoIsItsRest(t *testing.T) {
	j := joinerFor(t, "newland", "")
	require.Empty(t, j.Feed(start, report(3, 1, "ABC")))
	assert.Empty(t, j.Silence(start.Add(100*time.Millisecond)))
	e := one(t, j.Silence(start.Add(300*time.Millisecond)))
	assert.ErrorIs(t, e.Fault, scanner.ErrUnterminated)
	assert.Equal(t, "ABC", string(e.Data))
	assert.Empty(t, j.Silence(start.Add(400*time.Millisecond)), "told once")

	e = one(t, j.Feed(start.Add(500*time.Millisecond), report(3, 0, "DEF")))
	assert.ErrorIs(t, e.Fault, scanner.ErrUnterminated, "the rest of a code must not pass for a code")
	e = one(t, j.Feed(start.Add(600*time.Millisecond), report(3, 0, "GHI")))
	assert.NoError(t, e.Fault)

	require.Empty(t, j.Feed(start.Add(time.Second), report(3, 1, "ABC")))
	require.Len(t, j.Silence(start.Add(2*time.Second)), 1)
	e = one(t, j.Feed(start.Add(time.Hour), report(3, 0, "DEF")))
	assert.ErrorIs(t, e.Fault, scanner.ErrUnterminated, "it came in time, and was read when the agent was free again")
	require.Empty(t, j.Feed(start.Add(time.Hour), report(3, 1, "ABC")))
	require.Len(t, j.Silence(start.Add(2*time.Hour)), 1)
	require.Empty(t, j.Silence(start.Add(2*time.Hour+time.Second)))
	assert.NoError(t, one(t, j.Feed(start.Add(2*time.Hour+time.Second), report(3, 0, "JKL"))).Fault)

	start := start.Add(3 * time.Hour)
	require.Empty(t, j.Feed(start.Add(time.Second), report(3, 1, "ABC")))
	assert.ErrorIs(t, one(t, j.Lost(start.Add(time.Second))).Fault, scanner.ErrUnterminated)
	j.Connect(start.Add(1200 * time.Millisecond))
	assert.ErrorIs(t, one(t, j.Feed(start.Add(1200*time.Millisecond), report(3, 0, "DEF"))).Fault, scanner.ErrUnterminated, "its rest, kept by the scanner")
	assert.NoError(t, one(t, j.Feed(start.Add(1200*time.Millisecond), report(3, 0, "JKL"))).Fault)
}

func TestHoleIsToldAndSpoilsWhatItMayHaveCut(t *testing.T) {
	j := joinerFor(t, "newland", "")
	require.Empty(t, j.Feed(start, report(3, 1, "ABC")))
	events := j.Feed(start, []byte(holeBegins))
	require.Len(t, events, 2)
	assert.ErrorIs(t, events[0].Fault, scanner.ErrUnterminated)
	assert.Equal(t, errHole, events[1].Fault)
	for range 3 {
		e := one(t, j.Feed(start.Add(5*time.Second), report(3, 0, "DEF")))
		assert.Equal(t, errHole, e.Fault, "where the hole is cannot be known")
		assert.Equal(t, "DEF", string(e.Data))
	}
	later := start.Add(10 * time.Second)
	assert.Empty(t, j.Feed(later, []byte(holeEnds)))
	assert.ErrorIs(t, one(t, j.Feed(later, report(3, 0, "GHI"))).Fault, scanner.ErrUnterminated, "it may be the rest of a scan that is lost")
	assert.NoError(t, one(t, j.Feed(later, report(3, 0, "JKL"))).Fault)

	j.Feed(later, []byte(holeBegins))
	assert.Empty(t, j.Lost(later))
	j.Connect(later.Add(2 * time.Second))
	assert.Empty(t, j.Silence(later.Add(2*time.Second)))
	assert.NoError(t, one(t, j.Feed(later.Add(2*time.Second), report(3, 0, "MNO"))).Fault)
}

func TestMissingReportBetweenTwoScansSpoilsBoth(t *testing.T) {
	j := joinerFor(t, "honeywell", "")
	require.Empty(t, j.Feed(start, report(3, 1, "]C1", "ABC")))
	events := j.Feed(start, report(3, 0, "]Q3", "DEF"))
	require.Len(t, events, 2)
	assert.ErrorIs(t, events[0].Fault, scanner.ErrUnterminated)
	assert.ErrorIs(t, events[1].Fault, scanner.ErrUnterminated)
	assert.Equal(t, "DEF", string(events[1].Data))
	assert.NoError(t, one(t, j.Feed(start, report(3, 0, "]Q3", "GHI"))).Fault)
}

func TestEndlessScanIsToldOnce(t *testing.T) {
	j := joinerFor(t, "newland", "")
	var told []profile.Event
	for range 1000 {
		told = append(told, j.Feed(start, report(56, 1, strings.Repeat("9", 56)))...)
	}
	e := one(t, told)
	assert.ErrorIs(t, e.Fault, scanner.ErrTooLong)
	assert.Len(t, e.Data, scanner.MaxScan)
	assert.Less(t, cap(j.buf), 4*scanner.MaxScan)
	assert.Empty(t, j.Feed(start, report(1, 0, "9")))
	assert.NoError(t, one(t, j.Feed(start, report(3, 0, "ABC"))).Fault)
}

func TestGarbledReportSpoilsItsScanAlone(t *testing.T) {
	j := joinerFor(t, "newland", "")
	assert.ErrorIs(t, one(t, j.Feed(start, report(60, 1, "AB"))).Fault, scanner.ErrGarbled)
	assert.Empty(t, j.Feed(start, report(2, 0, "CD")))
	assert.NoError(t, one(t, j.Feed(start, report(3, 0, "ABC"))).Fault)
}

// Whatever a device sends, a scan is within its limit, and good ones have content.
func FuzzReport(f *testing.F) {
	f.Add([]byte(report(8, 0, "]C1", "96385074")), true)
	f.Add([]byte(strings.Repeat(string(report(56, 1, "]Q0", strings.Repeat("A", 56))), 3)), false)
	honeywell, newland := joinerFor(f, "honeywell", ""), joinerFor(f, "newland", scanner.STXETX)
	f.Fuzz(func(t *testing.T, wire []byte, first bool) {
		j := newland
		if first {
			j = honeywell
		}
		j.Connect(start)
		now := start
		for len(wire) > 0 {
			n := min(len(wire), 64)
			for _, e := range append(j.Feed(now, wire[:n]), j.Silence(now)...) {
				assert.LessOrEqual(t, len(e.Data), scanner.MaxScan)
				assert.True(t, e.Fault != nil || len(e.Data) > 0)
			}
			now = now.Add(time.Duration(wire[n-1]) * time.Millisecond)
			wire = wire[n:]
		}
		j.Lost(now)
	})
}
