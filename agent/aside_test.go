package agent

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/sync/outbox"
	"dockfill/sync/wire"
)

// halted is a house that was told to stop.
func halted(t testing.TB, change ...func(*config.Config, *Deps)) *house {
	h := newHouse(t, change...)
	h.items()
	h.order("A", 1, "X", 3)
	h.halt()
	return h
}

func (h *house) halt() {
	h.t.Helper()
	fence := outbox.Fence{Reason: "diverged", Text: "Another history.", Doubt: "diverged"}
	require.NoError(h.t, siteLog{h.Agent}.Fence(h.t.Context(), fence))
	h.restart()
}

// admit gives the house its next life, as the centre does, and waits until all that was
// set aside is in the log.
func (h *house) admit(life string) {
	h.t.Helper()
	p, err := siteLog{h.Agent}.Position(h.t.Context())
	require.NoError(h.t, err)
	require.NoError(h.t, siteLog{h.Agent}.Adopt(h.t.Context(), outbox.NewLife{Incarnation: life, Centre: testCentre, Instead: p.Incarnation, Kept: p.Head}))
	h.restart() // the session of this test has no centre that tells it
	h.allIn()
}

func (h *house) allIn() {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return !h.aside.holds() }, 20*time.Second, time.Millisecond)
}

// received sums the units that the log took in.
func (h *house) received() (units int64) {
	for _, e := range h.events() {
		if e.Scan != nil {
			for _, r := range e.Scan.Receipts {
				units += r.Qty
			}
		}
	}
	return units
}

func (h *house) scans() (all []wire.Event) {
	return slices.DeleteFunc(h.events(), func(e wire.Event) bool { return e.Scan == nil })
}

func TestWhatIsSetAsideIsDecidedOnceWithItsTime(t *testing.T) {
	start := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	var now atomic.Pointer[time.Time]
	now.Store(&start)
	h := halted(t, func(_ *config.Config, d *Deps) { d.Now = func() time.Time { return *now.Load() } })
	head := h.head()
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Held, f.Verdict)
	assert.Equal(t, allocation.WhyNotReady, f.Why)
	assert.Contains(t, f.Text, "received, set aside")
	assert.Zero(t, f.Seq)
	h.scan("DF:QTY 5")
	assert.Contains(t, h.scan(eachGTIN).Text, "counted 5 times")
	h.scan("DF:DAMAGED")
	assert.Contains(t, h.scan(eachGTIN).Text, "as damaged")
	h.scanAt("2", "DF:WORKER ann")
	h.scanAt("2", caseGTIN)
	h.scan("DF:QTY 7") // for the scan after the site may allocate again
	assert.Equal(t, head, h.head(), "nothing of it is in the log")
	st, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dock.Captured{Scans: 4, Since: start}, st.Captured)

	later := start.Add(time.Hour)
	now.Store(&later)
	h.admit(nextLife)
	assert.NoFileExists(t, h.captureFile())
	scans := h.scans()
	require.Len(t, scans, 4)
	for _, e := range scans {
		assert.Equal(t, start, *e.Scan.At)
		assert.Equal(t, later, e.At)
	}
	assert.EqualValues(t, 5, scans[1].Scan.Receipts[0].Qty)
	assert.Equal(t, allocation.Damaged, scans[2].Scan.Receipts[0].Disposition)
	assert.Equal(t, "ann", scans[3].Scan.Worker)
	assert.EqualValues(t, 7, h.scan(eachGTIN).Qty, "the card that was read before still counts")
	told := h.hub.last("1", 100)
	assert.True(t, slices.ContainsFunc(told, func(f dock.Feedback) bool {
		return f.Text == "3 scans that were set aside are taken in: 2 to stock, 1 still set aside; the tasks say what to carry"
	}), "%v", told)
}

// The goods lie where they were set aside: somebody must carry them.
func TestWhatWasSetAsideIsCarriedFromThere(t *testing.T) {
	h := halted(t)
	h.scan(eachGTIN)
	h.scan(eachGTIN)
	h.admit(nextLife)
	h.sendNext(1, nextGrant("A", 1))
	assert.EqualValues(t, 1, h.line("A/1").Allocated)
	assert.EqualValues(t, 1, h.free("X"))
	tasks, err := h.Tasks(t.Context())
	require.NoError(t, err)
	require.Len(t, tasks, 2)
	for _, task := range tasks {
		assert.Equal(t, "the set-aside place", task.From)
	}
	require.Equal(t, allocation.WhyUndone, h.scan("DF:UNDO").Why)
	require.Equal(t, allocation.WhyUndone, h.scan("DF:UNDO").Why)
	tasks, err = h.Tasks(t.Context())
	require.NoError(t, err)
	assert.Empty(t, tasks, "nothing is left to carry")
	assert.Zero(t, h.free("X"))
}

func TestAnUndoTakesBackWhatWasSetAside(t *testing.T) {
	h := halted(t)
	assert.Equal(t, allocation.WhyNothing, h.scan("DF:UNDO").Why, "what was logged before is not taken back now")
	h.scan(eachGTIN)
	h.scan("DF:QTY 4")
	h.scan(eachGTIN)
	serial := "]C101" + eachGTIN + "21S1"
	h.scanAt("2", serial)
	h.restart()
	assert.Equal(t, allocation.WhyUndone, h.scan("DF:UNDO").Why)
	assert.Equal(t, allocation.WhyUndone, h.scanAt("2", "DF:UNDO").Why)
	assert.Equal(t, allocation.Held, h.scanAt("2", serial).Verdict, "its serial may come again")
	st, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 2, st.Captured.Scans)
	h.admit(nextLife)
	assert.EqualValues(t, 2, h.received())
	assert.EqualValues(t, 1, h.scan(eachGTIN).Qty, "its card was used up")
}

func TestOneThingInTheWorldIsSetAsideOnce(t *testing.T) {
	const pallet = "]C100340123450000000017"
	serial := "]C101" + eachGTIN + "21S1"
	h := newHouse(t)
	h.items()
	known := "]C101" + eachGTIN + "21S0"
	require.Equal(t, allocation.Stock, h.scan(known).Verdict)
	h.halt()
	f := h.scan(known)
	assert.Equal(t, allocation.WhyDuplicate, f.Why, "as the database says")
	for _, code := range []string{pallet, serial} {
		require.Equal(t, allocation.Held, h.scan(code).Verdict)
		for range 2 {
			f := h.scanAt("2", code)
			assert.Equal(t, allocation.Stop, f.Verdict)
			assert.Equal(t, allocation.WhyDuplicate, f.Why)
			assert.Contains(t, f.Text, "was set aside before, at station 1")
			h.restart()
		}
	}
	assert.Equal(t, allocation.Held, h.scan(eachGTIN).Verdict)
	assert.Equal(t, allocation.Held, h.scan(eachGTIN).Verdict, "a second carton counts")
	h.admit(nextLife)
	assert.EqualValues(t, 3, h.received())
	assert.Len(t, h.scans(), 4, "the pallet is kept until it is announced")
}

func TestWhatIsNotAcceptableIsNotSetAside(t *testing.T) {
	h := halted(t)
	for code, want := range map[string]allocation.WhyCode{
		"15400141288764":               allocation.WhyUnread,
		"]C101" + caseGTIN + "3099999": allocation.WhyQuantity,
		"DF:QTY 0":                     allocation.WhyQuantity,
		"DF:SAME-AGAIN":                allocation.WhyCard,
		"DF:STAGE":                     allocation.WhyCard,
	} {
		f := h.scan(code)
		assert.Equal(t, allocation.Stop, f.Verdict, code)
		assert.Equal(t, want, f.Why, "%s: %s", code, f.Text)
	}
	assert.Equal(t, allocation.Check, h.scan("12345678").Verdict)
	assert.NoFileExists(t, h.captureFile())
	assert.Equal(t, allocation.Held, h.scan("X").Verdict, "a house's own name for its goods")
}

// The process dies between the flush and the tone: the worker scans again.
func TestAScanThatWasSetAsideWithoutATone(t *testing.T) {
	h := halted(t)
	h.scan(caseGTIN)
	h.scan(eachGTIN)
	disk := h.disk() // whose newest tone is not known to have been given
	require.NoError(t, h.stop())
	h.putBack(disk)
	h.start()
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Check, f.Verdict)
	assert.Equal(t, allocation.WhyRepeat, f.Why)
	assert.Equal(t, allocation.Held, h.scan("DF:SAME-AGAIN").Verdict)
	assert.Equal(t, allocation.Held, h.scan(eachGTIN).Verdict, "it has gone on")
	h.restart() // in order: all tones are known
	assert.Equal(t, allocation.Held, h.scan(eachGTIN).Verdict)
	h.admit(nextLife)
	assert.EqualValues(t, 12+4, h.received())
}

// Killed at any moment of the taking in, also between the last commit and the removal of
// the file, each scan is in the log once.
func TestACrashWhileTakingInCountsNothingTwice(t *testing.T) {
	var commits, stopAt atomic.Int64
	boom := errors.New("killed")
	var after atomic.Bool
	h := halted(t, func(_ *config.Config, d *Deps) {
		d.Commit = func(commit func() error) error {
			n := stopAt.Load()
			if n == 0 || commits.Add(1) < n {
				return commit()
			}
			if after.Load() {
				return errors.Join(commit(), boom)
			}
			return boom
		}
	})
	const scans = 3*takeInRecords + 5
	for i := range scans {
		require.Equal(t, allocation.Held, h.scanAt(fmt.Sprint(i%3+1), eachGTIN).Verdict)
	}
	p, err := siteLog{h.Agent}.Position(t.Context())
	require.NoError(t, err)
	require.NoError(t, h.stop())
	h.start()
	capture, err := os.ReadFile(h.captureFile())
	require.NoError(t, err)
	for at := int64(2); at < 7; at++ { // the first commit is the new life
		for _, behind := range []bool{false, true} {
			after.Store(behind)
			commits.Store(0)
			stopAt.Store(at)
			if at == 2 && !behind {
				require.NoError(t, siteLog{h.Agent}.Adopt(t.Context(), outbox.NewLife{Incarnation: nextLife, Centre: testCentre, Instead: p.Incarnation, Kept: p.Head}))
			}
			stopAt.Store(0)
			require.NoError(t, h.stop())
			commits.Store(0)
			stopAt.Store(at)
			a, err := New(h.config, h.deps)
			if err != nil {
				stopAt.Store(0)
				h.start()
				continue
			}
			require.NoError(t, a.close())
			stopAt.Store(0)
			h.start()
			h.allIn()
			require.EqualValues(t, scans, h.received())
			// The file comes back, as after a crash between the commit and its removal.
			require.NoError(t, h.stop())
			require.NoError(t, os.WriteFile(h.captureFile(), capture, 0o600))
			h.start()
			h.allIn()
			require.EqualValues(t, scans, h.received())
		}
	}
}

func TestScansThatComeWhileOthersAreTakenInWaitForThem(t *testing.T) {
	h := halted(t)
	for range 200 {
		require.Equal(t, allocation.Held, h.scan(eachGTIN).Verdict)
	}
	p, err := siteLog{h.Agent}.Position(t.Context())
	require.NoError(t, err)
	require.NoError(t, siteLog{h.Agent}.Adopt(t.Context(), outbox.NewLife{Incarnation: nextLife, Centre: testCentre, Instead: p.Incarnation, Kept: p.Head}))
	h.restart()
	var done sync.WaitGroup
	for s := range 4 {
		done.Go(func() {
			for i := range 30 {
				f := h.scanAt(fmt.Sprint(s+1), fmt.Sprintf("]C101%s21L%d-%d", eachGTIN, s, i))
				assert.NotEqual(t, allocation.Stop, f.Verdict)
			}
		})
	}
	done.Wait()
	h.allIn()
	assert.EqualValues(t, 200+4*30, h.received())
	last := map[allocation.StationID]string{}
	for _, e := range h.scans() { // each station's serials are in their order
		if serial := e.Scan.Receipts[0].Serial; serial != "" {
			n := fmt.Sprintf("%4s", strings.Split(serial, "-")[1])
			assert.Greater(t, n, last[e.Scan.Station])
			last[e.Scan.Station] = n
		}
	}
}

func TestWhatCannotBeTakenInIsToldToItsStation(t *testing.T) {
	h := halted(t)
	const pallet = "340123450000000024"
	require.Equal(t, allocation.Held, h.scan("]C100"+pallet).Verdict)
	require.Equal(t, allocation.Held, h.scan(eachGTIN).Verdict)
	require.NoError(t, h.store.Update(t.Context(), func(tx *store.Tx) error {
		return tx.PutElsewhere(&wire.Elsewhere{Site: "york", SSCCs: []string{pallet}})
	}))
	h.admit(nextLife)
	assert.EqualValues(t, 1, h.received())
	told := h.hub.last("1", 100)
	i := slices.IndexFunc(told, func(f dock.Feedback) bool { return f.Why == allocation.WhyWrongSite })
	require.GreaterOrEqual(t, i, 0, "%v", told)
	assert.Contains(t, told[i].Text, "and not counted: pallet 340123450000000024 was announced for site york")
	assert.Equal(t, allocation.Check, told[i].Verdict)
}

func TestAMemoryThatIsSentTwiceWhileSetAsideCountsOnce(t *testing.T) {
	h := halted(t)
	send := func(at time.Time) {
		up := &scanner.Upload{At: at, Records: []scanner.Record{{Key: "a", Timed: true}, {Key: "b", Timed: true}}}
		for n := range up.Records {
			s := scan{station: "1", raw: []byte(eachGTIN), at: at, late: true, deviceTime: at.Add(-time.Hour), batch: scanner.Batch{Upload: up, N: n + 1}}
			s.code = h.desk.rules.Parse("", s.raw, 2027)
			answer := make(chan dock.Feedback, 1)
			h.take(t.Context(), s, func(f dock.Feedback) { answer <- f })
			assert.Equal(t, allocation.Held, (<-answer).Verdict)
		}
	}
	at := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	send(at)
	h.restart()
	send(at.Add(time.Minute))
	h.admit(nextLife)
	assert.EqualValues(t, 2, h.received())
	assert.Equal(t, at.Add(-time.Hour), *h.scans()[0].Scan.DeviceAt)
}

// After a flush that failed nobody knows what the disk holds: STOP, and a new process.
func TestAFailedFlushOfTheCaptureFileEndsTheAgent(t *testing.T) {
	var fails atomic.Bool
	h := halted(t, func(_ *config.Config, d *Deps) {
		d.Flush = func(f *os.File) error {
			if fails.Load() {
				return syscall.EIO
			}
			return f.Sync()
		}
	})
	require.Equal(t, allocation.Held, h.scan(caseGTIN).Verdict)
	fails.Store(true)
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Stop, f.Verdict)
	assert.Equal(t, allocation.WhyUnsaved, f.Why)
	require.ErrorIs(t, h.stop(), ErrUnsaved)
	fails.Store(false)
	h.start()
	assert.Equal(t, allocation.WhyRepeat, h.scan(eachGTIN).Why, "it may be in the file")
}
