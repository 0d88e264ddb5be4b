package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
)

// hear scans and keeps the tone as a ledger would.
func hear(t testing.TB, d *device.Device, heard *[]ledger.Entry, serial string) device.Tone {
	t.Helper()
	tone := hears(t, d, carton(serial))
	*heard = append(*heard, ledger.Entry{At: time.Now(), Code: "01" + gtin + "21" + serial, Tone: string(tone)})
	return tone
}

// A full disk stops the dock and loses nothing; when there is room again, the
// dock goes on without anybody's help.
func TestFullDiskStopsTheDockAndLosesNothing(t *testing.T) {
	t.Parallel()
	whole(t)
	disk := smallDisk(t, 24)
	c, s := house(t, 500, 1, stations(1), func(s *site) { s.data = filepath.Join(disk, "data") })
	d := s.scanner(1)
	var heard []ledger.Entry
	for i := range 3 {
		require.Equal(t, device.Good, hear(t, d, &heard, fmt.Sprintf("F%d", i)))
	}
	filler := fill(t, disk)
	stopped := 0
	for i := range 400 {
		if tone := hear(t, d, &heard, fmt.Sprintf("G%d", i)); tone != device.Good {
			require.Equal(t, device.Stop, tone, "a scan that is not saved is a STOP")
			if stopped++; stopped == 5 {
				break
			}
		}
		fillUp(t, filler)
	}
	require.Equal(t, 5, stopped, "the disk was full")
	s.up()
	answer, err := http.Get(s.http + "/healthz")
	require.NoError(t, err, "the process answers")
	answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	fillUp(t, filler)
	ready, err := http.Get(s.http + "/readyz")
	require.NoError(t, err)
	text, err := io.ReadAll(ready.Body)
	ready.Body.Close()
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, ready.StatusCode, "it does not receive")
	assert.Contains(t, string(text), "The disk is full: ")

	require.NoError(t, os.Remove(filler.Name()))
	filler.Close()
	eventually(t, patience, "the dock goes on", func() bool {
		return hear(t, d, &heard, fmt.Sprintf("H%d", len(heard))) == device.Good
	})
	heal(t, s, c, patience)
	audit(t, s, c, heard)
}

// fill takes all the room that the disk has.
func fill(t testing.TB, disk string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "filler"))
	require.NoError(t, err)
	fillUp(t, f)
	return f
}

func fillUp(t testing.TB, f *os.File) {
	t.Helper()
	for _, size := range []int{1 << 20, 4096} {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}

// A disk that takes a write and fails to flush it gives no good tone. What it
// holds is not known then: the agent ends, looks at the file when it is started
// again, and goes on without having counted anything twice.
func TestFailedFlushGivesNoGoodTone(t *testing.T) {
	t.Parallel()
	whole(t)
	strace := program(t, "strace", "strace")
	c, s := house(t, 50, 1, stations(1))
	d := s.scanner(1)
	var heard []ledger.Entry
	for i := range 3 {
		require.Equal(t, device.Good, hear(t, d, &heard, fmt.Sprintf("E%d", i)))
	}
	breaker := start(t, "strace", exec.Command(strace, "-f", "-p", fmt.Sprint(s.cmd.Process.Pid), "-o", filepath.Join(s.dir, "broken"),
		"-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"))
	eventually(t, patience, "every flush fails", func() bool { return strings.Contains(breaker.text(), "attached") || ended(breaker) })
	if ended(breaker) {
		t.Skipf("strace may not attach to a process here: %s", breaker.tail())
	}
	tone := hear(t, d, &heard, "E3")
	assert.NotContains(t, []device.Tone{device.Good, device.Hold}, tone, "no good tone for what was not flushed")
	assert.NotZero(t, s.wait(patience), "the agent ends: only a new process may trust the disk")

	s.start()
	s.ready(d)
	for _, serial := range []string{"E3", "E4"} {
		tone = hear(t, d, &heard, serial)
	}
	assert.Equal(t, device.Good, tone, "the dock goes on")
	heal(t, s, c, patience)
	audit(t, s, c, heard)
}

func ended(p *process) bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// A database that lost its end is not received into. The agent says so, stays
// up to say so, sets scans aside meanwhile, and leaves the file as it is.
func TestTruncatedDatabaseIsSaidAndNotUsed(t *testing.T) {
	t.Parallel()
	whole(t)
	_, s := house(t, 50, 1, stations(1))
	d := s.scanner(1)
	for i := range 20 {
		require.Equal(t, device.Good, hears(t, d, carton(fmt.Sprintf("D%d", i))))
	}
	s.stop()
	file := filepath.Join(s.data, "agent.db")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(file, info.Size()/2/4096*4096))

	s.start()
	s.ready(d)
	assert.Equal(t, device.Hold, hears(t, d, carton("D99")), "it is kept, and nothing is allocated")
	s.up()
	now := s.status()
	assert.NotEqual(t, "ACTIVE", now.State)
	assert.Contains(t, s.text(), "agent.db", "the message names the file")
}
