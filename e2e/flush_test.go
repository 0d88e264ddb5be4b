package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
)

const (
	traceRead   = `11 read(9</dev/pts/7>, "\x0b\xf3\x00\x00\x0b\x31\x32\x33\x34\x35\x36\xfe\x00", 4096) = 13`
	traceWrite  = `12 pwrite64(5</tmp/agent.db-wal>, "\x00\x00", 24, 0) = 24`
	traceFlush  = `12 fdatasync(5</tmp/agent.db-wal>) = 0`
	traceFlush1 = `12 fdatasync(5</tmp/agent.db-wal> <unfinished ...>`
	traceFlush2 = `12 <... fdatasync resumed>)            = 0`
	traceBeep   = `13 write(9</dev/pts/7>, "\x05\xe6\x04\x00\x00\xff\x11", 7) = 7`
	traceRazz   = `13 write(9</dev/pts/7>, "\x05\xe6\x04\x00\x05\xff\x0c", 7) = 7`
)

// The checker has to be able to say no.
func TestTraceCheckerTellsFlushBeforeToneFromTheRest(t *testing.T) {
	for name, trace := range map[string]struct {
		lines []string
		says  string
	}{
		"good":            {[]string{traceRead, traceWrite, traceFlush, traceBeep}, ""},
		"torn in two":     {[]string{traceRead, traceWrite, traceFlush1, "14 read(3</x>, \"\", 1) = 0", traceFlush2, traceBeep}, ""},
		"never flushed":   {[]string{traceRead, traceWrite, traceBeep}, "without a completed flush"},
		"flush after":     {[]string{traceRead, traceWrite, traceBeep, traceFlush}, "without a completed flush"},
		"still flushing":  {[]string{traceRead, traceWrite, traceFlush1, traceBeep, traceFlush2}, "without a completed flush"},
		"flush of before": {[]string{traceWrite, traceFlush, traceRead, traceBeep}, "without a write to the log"},
		"write after":     {[]string{traceRead, traceFlush, traceWrite, traceBeep}, "without a completed flush"},
		"flush failed":    {[]string{traceRead, traceWrite, `12 fdatasync(5</tmp/agent.db-wal>) = -1 EIO (Input/output error)`, traceBeep}, "without a completed flush"},
		"no scan":         {[]string{traceBeep}, "without a scan"},
	} {
		t.Run(name, func(t *testing.T) {
			calls, err := readTrace(strings.NewReader(strings.Join(trace.lines, "\n")))
			require.NoError(t, err)
			promises, early := beepsTooEarly(calls, "/dev/pts/7")
			assert.Equal(t, 1, promises)
			if trace.says == "" {
				assert.Empty(t, early)
				return
			}
			require.Len(t, early, 1)
			assert.Contains(t, early[0], trace.says)
		})
	}
	calls, err := readTrace(strings.NewReader(traceRazz))
	require.NoError(t, err)
	promises, _ := beepsTooEarly(calls, "/dev/pts/7")
	assert.Zero(t, promises, "a razz promises nothing")
}

// The order of the house, read from outside the program: the scan's bytes, the
// log written, the log flushed, and only then the tone.
func TestFlushComesBeforeTheTone(t *testing.T) {
	t.Parallel()
	promises, early := traced(t, "")
	assert.Equal(t, 5, promises, "a good tone for each scan")
	assert.Empty(t, early)
}

// The same proof must fail where the database is told not to flush. Otherwise
// it proves nothing.
func TestTheProofFailsWithoutAFlush(t *testing.T) {
	t.Parallel()
	for _, synchronous := range []string{"OFF", "NORMAL"} {
		t.Run(synchronous, func(t *testing.T) {
			promises, early := traced(t, synchronous)
			assert.Equal(t, 5, promises)
			assert.Len(t, early, promises, "every tone came too early")
		})
	}
}

// traced scans five cartons at an agent whose system calls are traced, and
// reads the trace.
func traced(t *testing.T, synchronous string) (promises int, early []string) {
	t.Helper()
	whole(t)
	if synchronous != "" {
		failing(t)
	}
	_, s := house(t, 10, 1, stations(1), func(s *site) {
		s.trace = filepath.Join(s.dir, "trace")
		if synchronous != "" {
			s.program = failing(t)
			s.env = []string{"DOCKFILL_TEST_SYNCHRONOUS=" + synchronous}
		}
	})
	d := s.scanner(1)
	terminal, err := filepath.EvalSymlinks(d.Address())
	require.NoError(t, err)
	for i := range 5 {
		require.Equal(t, device.Good, hears(t, d, carton(fmt.Sprintf("T%d", i))))
	}
	s.stop()
	// strace ends a moment after the program that it watched.
	var text []byte
	eventually(t, patience, "the trace whole", func() bool {
		text, err = os.ReadFile(s.trace)
		return err == nil && strings.Contains(string(text), "+++ exited with")
	})
	calls, err := readTrace(strings.NewReader(string(text)))
	require.NoError(t, err)
	require.NotEmpty(t, calls)
	return beepsTooEarly(calls, terminal)
}
