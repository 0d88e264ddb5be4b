package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// plugIn gives a house this many scanners on real terminals and waits until all
// their ports are open. The files are the devices' ends.
func plugIn(t testing.TB, n int, change ...func(*scanner.Config)) (*house, []*os.File) {
	t.Helper()
	dir := t.TempDir()
	var devices []*os.File
	h := newHouse(t, func(c *config.Config, _ *Deps) {
		c.Stations = nil
		for i := range n {
			master, slave, err := pty.Open()
			require.NoError(t, err)
			t.Cleanup(func() { _, _ = master.Close(), slave.Close() })
			link := filepath.Join(dir, fmt.Sprintf("usb-Test_Scanner_%d", i+1))
			require.NoError(t, os.Symlink(slave.Name(), link))
			sc := scanner.Config{Station: allocation.StationID(fmt.Sprint(i + 1)), Port: link}
			for _, f := range change {
				f(&sc)
			}
			sc, err = profile.Complete(sc)
			require.NoError(t, err)
			c.Stations, devices = append(c.Stations, sc), append(devices, master)
		}
	})
	h.items()
	require.Eventually(t, func() bool {
		for _, s := range h.stationStatus() {
			if s.State != string(scanner.Connected) {
				return false
			}
		}
		return true
	}, waitLong, waitStep, "all ports open")
	return h, devices
}

func TestSixtyFourScannersOnOneAgent(t *testing.T) {
	const ports, each = 64, 5
	h, devices := plugIn(t, ports)
	before := h.head().Seq
	var scanning sync.WaitGroup
	for i, d := range devices {
		scanning.Go(func() {
			for k := range each {
				_, err := fmt.Fprintf(d, "]C101%s21P%d-%d\r", eachGTIN, i+1, k)
				assert.NoError(t, err)
			}
		})
	}
	scanning.Wait()
	codes := h.codesBehind(before, ports*each)
	for i := range ports {
		for k := range each {
			assert.Equal(t, 1, codes[fmt.Sprintf("%d ]C101%s21P%d-%d", i+1, eachGTIN, i+1, k)], "port %d, scan %d", i+1, k)
		}
	}
	assert.Len(t, codes, ports*each)
	assert.EqualValues(t, ports*each, h.free("X"))
}

// The whole way of a double trigger: the port, the window from the defaults, the
// screen; then the second carton.
func TestADoubleTriggerOverARealPortCountsOnce(t *testing.T) {
	h, devices := plugIn(t, 1)
	shown, cancel := h.Subscribe("1")
	defer cancel()
	pull := func() dock.Feedback {
		_, err := fmt.Fprintf(devices[0], "]E0%s\r", eachGTIN[1:])
		require.NoError(t, err)
		select {
		case f := <-shown:
			return f
		case <-time.After(waitLong):
			require.FailNow(t, "no verdict came")
			return dock.Feedback{}
		}
	}
	require.Equal(t, allocation.Stock, pull().Verdict)
	again := pull()
	assert.Equal(t, allocation.WhyBounce, again.Why)
	assert.Equal(t, allocation.Check, again.Verdict)
	time.Sleep(scanner.DefaultGuard + 100*time.Millisecond) // the next carton
	assert.Equal(t, allocation.Stock, pull().Verdict)
	assert.EqualValues(t, 2, h.free("X"))
}

// A worker who heard nothing puts the handheld into its cradle again.
func TestAMemoryPastedTwiceOverARealPortCountsOnce(t *testing.T) {
	h, devices := plugIn(t, 1, func(c *scanner.Config) { c.Profile = "batch" })
	const records = readerQueue - 4 // as many feedbacks as are kept for a page
	shown, cancel := h.Subscribe("1")
	defer cancel()
	paste := func(told int) map[allocation.Verdict]int {
		verdicts := map[allocation.Verdict]int{}
		for i := range records {
			_, err := fmt.Fprintf(devices[0], "]E0%s\r", []string{eachGTIN[1:], "0036000291452"}[i%2])
			require.NoError(t, err)
		}
		for range told {
			select {
			case f := <-shown:
				verdicts[f.Verdict]++
			case <-time.After(waitLong):
				require.FailNow(t, "a record got no verdict", "%v", verdicts)
			}
		}
		return verdicts
	}
	assert.Equal(t, map[allocation.Verdict]int{allocation.Stock: records / 2, allocation.Held: records / 2}, paste(records))
	assert.Equal(t, map[allocation.Verdict]int{allocation.Check: 1}, paste(1), "said once for all")
	_, err := fmt.Fprintf(devices[0], "]E0%s\r", eachGTIN[1:]) // behind what was not told
	require.NoError(t, err)
	assert.Equal(t, allocation.Stock, (<-shown).Verdict)
	assert.EqualValues(t, records/2+1, h.free("X"))
}

// A device that sends far faster than a disk can flush waits.
func TestAFloodOfTenThousandScansLosesNothing(t *testing.T) {
	const scans = 10_000
	h, devices := plugIn(t, 1)
	before := h.head().Seq
	began := time.Now()
	for i := range scans {
		_, err := fmt.Fprintf(devices[0], "]C101%s21F-%05d\r", eachGTIN, i)
		require.NoError(t, err)
	}
	codes := h.codesBehind(before, scans)
	t.Logf("%d scans saved in %s", scans, time.Since(began).Round(time.Millisecond))
	assert.Len(t, codes, scans)
	assert.EqualValues(t, scans, h.free("X"))
}

// Four handhelds paste their whole memories at once: as many codes as the largest
// holds, as fast as the fastest usual line carries them.
func TestFourMemoriesPastedAtOnceLoseNothing(t *testing.T) {
	const ports, records, rate = 4, 2671, 524
	h, devices := plugIn(t, ports)
	before := h.head().Seq
	began := time.Now()
	var pasting sync.WaitGroup
	for i, d := range devices {
		pasting.Go(func() {
			for k := range records {
				time.Sleep(time.Until(began.Add(time.Duration(k) * time.Second / rate))) // the line's pace
				if _, err := fmt.Fprintf(d, "]C101%s21%d-%04d\r", eachGTIN, i+1, k); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	pasting.Wait()
	sent := time.Since(began)
	codes := h.codesBehind(before, ports*records)
	t.Logf("%d codes sent in %s, all saved %s later", ports*records, sent.Round(time.Millisecond), (time.Since(began) - sent).Round(time.Millisecond))
	assert.Len(t, codes, ports*records)
	for code, times := range codes {
		assert.Equal(t, 1, times, code)
	}
	assert.EqualValues(t, ports*records, h.free("X"))
}

// codesBehind waits until so many scans stand in the log behind an event, and
// gives how often each station and code does.
func (h *house) codesBehind(seq int64, scans int) map[string]int {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return h.head().Seq >= seq+int64(scans) }, waitLong, waitStep, "all scans saved")
	codes := map[string]int{}
	for _, e := range h.events() {
		if e.Seq > seq && e.Scan != nil {
			codes[string(e.Scan.Station)+" "+string(e.Scan.Code)]++
		}
	}
	return codes
}
