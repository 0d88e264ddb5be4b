package agent

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
)

// hand is a scanner in a test's hand: it delivers what the test gives it.
type hand struct {
	config scanner.Config
	read   chan scanner.Scan
}

func (s *hand) Run(ctx context.Context, out chan<- scanner.Scan) error {
	for {
		select {
		case read := <-s.read:
			out <- read
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *hand) Status() scanner.Status {
	return scanner.Status{Station: s.config.Station, State: scanner.Connected, Port: s.config.Port}
}

// scanned is the morning on which the tests' scans arrive.
var scanned = time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)

// trigger reads a code at a station, so long after the morning began, and gives
// what the worker is told.
type trigger func(station string, after time.Duration, code string, change ...func(*scanner.Scan)) dock.Feedback

// hands gives a house with scanners.
func hands(t *testing.T, configs ...scanner.Config) (*house, trigger) {
	all := map[allocation.StationID]*hand{}
	h := newHouse(t, func(c *config.Config, d *Deps) {
		c.Stations = nil
		for _, sc := range configs {
			sc.Port = "hand " + string(sc.Station)
			c.Stations = append(c.Stations, sc)
		}
		d.Source = func(c scanner.Config) (scanner.Source, error) {
			all[c.Station] = &hand{config: c, read: make(chan scanner.Scan)}
			return all[c.Station], nil
		}
	})
	h.items()
	return h, func(station string, after time.Duration, code string, change ...func(*scanner.Scan)) dock.Feedback {
		t.Helper()
		told := make(chan allocation.Verdict, 1)
		s := scanner.Scan{Station: allocation.StationID(station), Raw: []byte(code), At: scanned.Add(after), Since: scanned.Add(after), Answer: func(v allocation.Verdict) { told <- v }}
		s.Code = (barcode.Rules{}).Parse("", s.Raw, 2027)
		for _, f := range change {
			f(&s)
		}
		shown, cancel := h.Subscribe(s.Station)
		defer cancel()
		all[s.Station].read <- s
		f := <-shown
		for ; !f.At.Equal(s.At); f = <-shown { // the screen may still be told of the scan before
		}
		assert.Equal(t, f.Verdict, <-told, "screen and scanner say the same")
		return f
	}
}

var guarded = scanner.Config{Station: "1", Guard: scanner.DefaultGuard}

func TestATriggerThatBouncesCountsOnce(t *testing.T) {
	h, scan := hands(t, guarded)
	require.Equal(t, allocation.Stock, scan("1", 0, eachGTIN).Verdict)
	head := h.head()
	for _, ms := range []time.Duration{150, 450, 800} { // a scanner that stares at the label
		f := scan("1", ms*time.Millisecond, eachGTIN)
		assert.Equal(t, allocation.Check, f.Verdict)
		assert.Equal(t, allocation.WhyBounce, f.Why)
		assert.Equal(t, "same code again within 0.4 s: not counted; if it is a second carton scan it again", f.Text)
	}
	assert.Equal(t, head, h.head(), "nothing of it is in the log")
	assert.EqualValues(t, 1, h.free("X"))
	require.Equal(t, allocation.Stock, scan("1", 1200*time.Millisecond, eachGTIN).Verdict, "the second carton")
	assert.EqualValues(t, 2, h.free("X"))
}

func TestEqualCartonsCountOutsideOfTheWindowAndBehindOtherCodes(t *testing.T) {
	h, scan := hands(t, guarded, scanner.Config{Station: "2", Guard: scanner.DefaultGuard})
	scan("1", 0, eachGTIN)
	scan("1", 400*time.Millisecond, eachGTIN)
	scan("1", 500*time.Millisecond, "Y")
	scan("1", 600*time.Millisecond, eachGTIN)
	scan("2", 610*time.Millisecond, eachGTIN)
	assert.EqualValues(t, 4, h.free("X"))
}

// The agent stood still behind a scan, and a bounce of its trigger lay in the system's
// buffer meanwhile. Or a second carton did: nobody can know, so the worker is asked.
func TestTheSameCodeThatLayUnreadIsAQuestionAndCountsOnce(t *testing.T) {
	h, scan := hands(t, guarded)
	unread := func(since time.Duration) func(*scanner.Scan) {
		return func(s *scanner.Scan) { s.Since = scanned.Add(since) }
	}
	require.Equal(t, allocation.Stock, scan("1", 0, eachGTIN).Verdict)
	f := scan("1", time.Minute, eachGTIN, unread(50*time.Millisecond))
	assert.Equal(t, allocation.Check, f.Verdict)
	assert.Equal(t, "same code again, and the agent read nothing for a while, so the time between is not known: not counted; if it is a second carton scan it again", f.Text)
	assert.EqualValues(t, 1, h.free("X"))
	require.Equal(t, allocation.Stock, scan("1", time.Minute+time.Second, eachGTIN).Verdict, "it was, and the worker did")

	f = scan("1", 2*time.Minute, eachGTIN, unread(time.Minute+1500*time.Millisecond))
	assert.Equal(t, allocation.Stock, f.Verdict, "however early it came, no trigger bounces so long after")
	require.Equal(t, allocation.Stock, scan("1", 3*time.Minute, "Y", unread(2*time.Minute)).Verdict)
	assert.Equal(t, allocation.WhyBounce, scan("1", 3*time.Minute, "Y", unread(2*time.Minute)).Why, "both lay there")
	assert.EqualValues(t, 3, h.free("X"))
	assert.EqualValues(t, 1, h.free("Y"))

	require.Equal(t, allocation.WhyUndone, scan("1", 4*time.Minute, "DF:UNDO").Why)
	f = scan("1", 5*time.Minute, "DF:UNDO", unread(4*time.Minute))
	assert.Contains(t, f.Text, "is not known: the card was read once; if it was meant twice scan it again")
	assert.EqualValues(t, 3, h.free("X"))
}

func TestAGuardOfNothingCountsEveryReading(t *testing.T) {
	h, scan := hands(t, scanner.Config{Station: "1", Guard: -1})
	for range 20 {
		require.Equal(t, allocation.Stock, scan("1", 0, eachGTIN).Verdict)
	}
	assert.EqualValues(t, 20, h.free("X"))
}

// What names one unit is known by its name, whenever it comes.
func TestASerialIsADuplicateInsideOfTheWindowToo(t *testing.T) {
	_, scan := hands(t, guarded)
	code := "]C101" + eachGTIN + "21S1"
	scan("1", 0, code)
	assert.Equal(t, allocation.WhyDuplicate, scan("1", 100*time.Millisecond, code).Why)
}

func TestAScanThatWasNotSavedLeavesTheNextOneAlone(t *testing.T) {
	var full atomic.Bool
	h, scan := hands(t, guarded)
	require.NoError(t, h.stop())
	h.deps.Commit = func(commit func() error) error {
		if full.Swap(false) {
			return fmt.Errorf("%w: no room", store.ErrFull)
		}
		return commit()
	}
	h.start()
	full.Store(true)
	require.Equal(t, allocation.WhyUnsaved, scan("1", 0, eachGTIN).Why)
	assert.Equal(t, allocation.Stock, scan("1", 100*time.Millisecond, eachGTIN).Verdict)
	assert.EqualValues(t, 1, h.free("X"))
}

// An UNDO that bounced would take two cartons back.
func TestACardThatBouncesIsReadOnce(t *testing.T) {
	h, scan := hands(t, guarded)
	scan("1", 0, eachGTIN)
	scan("1", time.Second, eachGTIN)
	require.Equal(t, allocation.WhyUndone, scan("1", 2*time.Second, "DF:UNDO").Why)
	f := scan("1", 2100*time.Millisecond, "DF:UNDO")
	assert.Equal(t, allocation.WhyBounce, f.Why)
	assert.Contains(t, f.Text, "the card was read once")
	assert.EqualValues(t, 1, h.free("X"))
	scan("1", 3*time.Second, "DF:UNDO")
	assert.Zero(t, h.free("X"))
}

// A handheld that was out of range sends its cartons faster than any hand.
func TestLateScansCountThoughTheyAreEqualAndKeepBothTimes(t *testing.T) {
	h, scan := hands(t, guarded)
	read := scanned.Add(-time.Hour)
	for i := range 3 {
		f := scan("1", time.Duration(i)*time.Millisecond, eachGTIN, func(s *scanner.Scan) {
			s.Late, s.DeviceTime = true, read.Add(time.Duration(i)*time.Minute)
		})
		assert.Contains(t, f.Text, fmt.Sprintf("; the scanner kept it since 1 Mar 07:0%d:00 and sent it late", i))
	}
	assert.EqualValues(t, 3, h.free("X"))
	e := h.events()[h.head().Seq-1]
	assert.True(t, e.Scan.Late)
	assert.Equal(t, scanned.Add(2*time.Millisecond), *e.Scan.At)
	assert.Equal(t, read.Add(2*time.Minute), *e.Scan.DeviceAt)
}

func TestTwoChannelsOfOneScannerCountOnce(t *testing.T) {
	h, scan := hands(t, guarded, scanner.Config{Station: "2", Guard: scanner.DefaultGuard, TwinOf: "1"})
	for i, code := range []string{eachGTIN, eachGTIN, "]C101" + eachGTIN + "21S1"} {
		at := time.Duration(i) * time.Second
		require.Equal(t, allocation.Stock, scan("1", at, code).Verdict)
		f := scan("2", at+700*time.Millisecond, code) // a keyboard types slowly
		assert.Equal(t, allocation.Check, f.Verdict)
		assert.Equal(t, "station 1 has this scan already, over the other channel of the same scanner: not counted twice", f.Text)
	}
	assert.EqualValues(t, 3, h.free("X"))
	require.Equal(t, allocation.Stock, scan("2", time.Minute, eachGTIN).Verdict)
	assert.Equal(t, allocation.WhyBounce, scan("1", time.Minute-50*time.Millisecond, eachGTIN).Why, "whichever comes first")
	assert.EqualValues(t, 4, h.free("X"))
}

// A keyboard types slowly: the next code may be through on the other channel
// before it has typed the one before.
func TestTheSlowChannelOfAScannerMayBeCodesBehind(t *testing.T) {
	h, scan := hands(t, guarded, scanner.Config{Station: "2", Guard: scanner.DefaultGuard, TwinOf: "1"})
	other := "]C101" + caseGTIN
	for i, code := range []string{eachGTIN, other, eachGTIN, "]C0DF:QTY 2"} {
		require.NotEqual(t, allocation.Stop, scan("1", time.Duration(500*i)*time.Millisecond, code).Verdict)
	}
	head := h.head()
	for i, code := range []string{"]I1" + eachGTIN, other, "]I1" + eachGTIN, "DF:QTY 2"} {
		assert.Equal(t, allocation.WhyBounce, scan("2", time.Duration(500*i+1200)*time.Millisecond, code).Why, code)
	}
	assert.Equal(t, head, h.head())
	late := func(s *scanner.Scan) { s.Late = true }
	require.Equal(t, allocation.Stock, scan("1", time.Minute, eachGTIN, late).Verdict)
	assert.Equal(t, allocation.WhyBounce, scan("2", time.Minute+time.Second, eachGTIN, late).Why, "kept by the scanner, and sent over both")
}

// One channel was read before the agent stood still, the other only after it.
func TestAChannelThatLayUnreadCountsNothingTwice(t *testing.T) {
	h, scan := hands(t, guarded, scanner.Config{Station: "2", Guard: scanner.DefaultGuard, TwinOf: "1"})
	require.Equal(t, allocation.Stock, scan("1", 0, eachGTIN).Verdict)
	f := scan("2", time.Minute, eachGTIN, func(s *scanner.Scan) { s.Since = scanned.Add(50 * time.Millisecond) })
	assert.Equal(t, allocation.WhyBounce, f.Why)
	assert.Contains(t, f.Text, "station 1 may have this scan already")
	assert.Contains(t, f.Text, "if it is a second carton scan it again")
	assert.EqualValues(t, 1, h.free("X"))
}

func TestTwoStationsOnOnePortAreRefused(t *testing.T) {
	_, err := New(config.Config{Site: "leeds", Data: t.TempDir(), Stations: []scanner.Config{
		{Station: "1", Port: "tcp://10.0.0.7:4001"}, {Station: "2", Port: "tcp://10.0.0.7:4001"}}}, Deps{})
	assert.ErrorContains(t, err, "stations 1 and 2 both have port tcp://10.0.0.7:4001")
}

func TestATwinThatIsNotThereIsRefused(t *testing.T) {
	_, err := New(config.Config{Site: "leeds", Data: t.TempDir(), Stations: []scanner.Config{{Station: "1", TwinOf: "9"}}}, Deps{})
	assert.ErrorContains(t, err, "station 1: twin_of names station 9, which is not there")
}

func TestWhatLayInThePortIsAQuestionAndNeverCounted(t *testing.T) {
	h, scan := hands(t, guarded)
	f := scan("1", 0, eachGTIN, func(s *scanner.Scan) { s.Fault = scanner.ErrStale })
	assert.Equal(t, allocation.Check, f.Verdict)
	assert.Contains(t, f.Text, "while nobody listened")
	assert.Zero(t, h.free("X"))
}

// One channel sends the identifier in the text, the other beside it; one sends the
// product code as an element, the other bare.
func TestTwoChannelsThatDressACodeDifferentlyCountOnce(t *testing.T) {
	for _, dress := range [][3]string{
		{"]E0", eachGTIN[1:], "]E0" + eachGTIN[1:]}, {"]C0", "Y", "]C0Y"}, {"]C1", "01" + eachGTIN + "10L1", "]C101" + eachGTIN + "10L1"},
		{"]E0", eachGTIN[1:], "]C101" + eachGTIN}, {"]C1", "01" + eachGTIN + "10L1\x1d30200", "]C101" + eachGTIN + "3020010L1"},
	} {
		h, scan := hands(t, guarded, scanner.Config{Station: "2", Guard: scanner.DefaultGuard, TwinOf: "1"})
		beside := func(s *scanner.Scan) { s.Code = (barcode.Rules{}).Parse(dress[0], s.Raw, 2027) }
		first := scan("1", 0, dress[1], beside)
		require.NotEqual(t, allocation.Stop, first.Verdict, first.Text)
		head := h.head()
		assert.Equal(t, allocation.WhyBounce, scan("2", 700*time.Millisecond, dress[2]).Why, "%q", dress)
		assert.Equal(t, allocation.WhyBounce, scan("1", 100*time.Millisecond, dress[2]).Why, "and on one station, %q", dress)
		assert.Equal(t, head, h.head())
	}
}

func TestCartonsOfOneProductThatSayMoreAreTwo(t *testing.T) {
	h, scan := hands(t, guarded)
	scan("1", 0, "]C101"+eachGTIN+"10L1")
	scan("1", 100*time.Millisecond, "]C101"+eachGTIN+"10L2")
	scan("1", 200*time.Millisecond, "]C101"+eachGTIN+"10L2\x1d240A")
	assert.EqualValues(t, 3, h.free("X"))
}
