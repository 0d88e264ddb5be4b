package agent

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/allocation"
)

// tinyDisk mounts a file system of the given size, or skips the test.
func tinyDisk(t *testing.T, megabytes int) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a small disk of its own needs root: mount -t tmpfs")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "dockfill-agent", dir).CombinedOutput(); err != nil {
		t.Skipf("no small disk could be mounted here: %s", out)
	}
	t.Cleanup(func() { assert.NoError(t, exec.Command("umount", dir).Run()) })
	return dir
}

// fillDisk leaves so many bytes free, and gives the file that takes the room.
func fillDisk(t *testing.T, disk string, leave int64) string {
	t.Helper()
	path := filepath.Join(disk, "filler")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer f.Close()
	block := make([]byte, 4096)
	for {
		if free, _ := diskSpace(disk); free <= leave {
			return path
		}
		if _, err := f.Write(block); err != nil {
			return path
		}
	}
}

// Scans stop before the disk is full, and what the site owes still has room.
func TestTheBallastLeavesRoomForWhatMustBeWritten(t *testing.T) {
	disk := tinyDisk(t, 32)
	h := newHouse(t, func(c *config.Config, _ *Deps) { c.Data = filepath.Join(disk, "data") })
	h.items()
	require.EqualValues(t, 2<<20, h.reserve.have())
	require.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict)
	filler := fillDisk(t, disk, 512<<10)
	head := h.head()
	f := h.scan(eachGTIN)
	assert.Equal(t, allocation.Stop, f.Verdict)
	assert.Equal(t, allocation.WhyUnsaved, f.Why)
	assert.Contains(t, f.Text, "make room")
	assert.Equal(t, head, h.head())
	assert.Zero(t, h.reserve.have())
	st, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.True(t, st.DiskFull)
	// There is room for acknowledgements, for a fence and what is set aside, and a stop.
	require.NoError(t, siteLog{h.Agent}.Acknowledge(t.Context(), head, head))
	h.halt()
	assert.Equal(t, allocation.Held, h.scan(eachGTIN).Verdict)
	fillDisk(t, disk, 0)
	stopped := false
	for i := range 200 {
		if f := h.scan(fmt.Sprintf("]C101%s21F%d", eachGTIN, i)); f.Verdict == allocation.Stop {
			stopped = true
			break
		}
	}
	assert.True(t, stopped, "without any room nothing is set aside")
	before, err := h.Status(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.Remove(filler))
	require.Eventually(t, func() bool { return !h.reserve.spent() }, 10*time.Second, 10*time.Millisecond)
	assert.EqualValues(t, 2<<20, h.reserve.have())
	h.restart()
	now, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before.Captured.Scans, now.Captured.Scans, "each HOLD is there, and no STOP")
	h.admit(nextLife)
	assert.EqualValues(t, before.Captured.Scans, h.received())
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict)
}

func TestTheBallastIsMadeAgainOnlyWithRoomToSpare(t *testing.T) {
	const size = int64(1 << 20)
	var free atomic.Int64
	free.Store(10 * size)
	dir := t.TempDir()
	r := newReserve(dir, func() (int64, int64) { return free.Load(), ballastShare * size }, slog.New(slog.DiscardHandler))
	for _, step := range []struct {
		free  int64
		have  int64
		spent bool
	}{
		{10 * size, size, false},
		{size / 2, size, false},
		{size/2 - 1, 0, true},
		{size + size/2, 0, true}, // the ballast's own room
		{2*size - 1, 0, true},
		{2 * size, size, false},
	} {
		free.Store(step.free)
		r.look()
		assert.Equal(t, step.have, r.have(), "%d free", step.free)
		assert.Equal(t, step.spent, r.spent(), "%d free", step.free)
	}
	free.Store(-1)
	r.look()
	assert.False(t, r.spent(), "a system that does not say")
}
