package scannertest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner/link"
)

// watched is a test that may fail without failing this one.
type watched struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (w *watched) Helper()          {}
func (w *watched) Cleanup(f func()) { w.cleanups = append(w.cleanups, f) }
func (w *watched) Error(args ...any) {
	w.failures = append(w.failures, args[0].(error).Error())
}
func (w *watched) Errorf(format string, _ ...any) { w.failures = append(w.failures, format) }

func open(t *testing.T, o link.Opener) link.Port {
	p, _, err := o.Open(context.Background())
	require.NoError(t, err)
	return p
}

func TestRecordedTrafficPlaysBack(t *testing.T) {
	var transcript strings.Builder
	talk := func(o link.Opener) {
		p := open(t, o)
		buf := make([]byte, 2)
		for n := 0; n < 3; {
			m, err := p.Read(buf)
			require.NoError(t, err)
			n += m
		}
		_, err := p.Write([]byte{6})
		require.NoError(t, err)
	}
	talk(Record(NewPlayback(t, "< 41 42 43\n> 06"), &transcript))
	assert.Equal(t, "< 41 42\n< 43\n> 06\n", transcript.String())
	talk(NewPlayback(t, transcript.String()))
}

func TestStepsThatRemainFailTheTest(t *testing.T) {
	w := &watched{TB: t}
	NewPlayback(w, "< 41")
	for _, f := range w.cleanups {
		f()
	}
	assert.Len(t, w.failures, 1)
}

func TestOtherBytesThanRecordedFailTheTest(t *testing.T) {
	w := &watched{TB: t}
	p := open(t, NewPlayback(w, "> 06"))
	_, err := p.Write([]byte{0x15})
	assert.ErrorContains(t, err, "wrote 15")
	assert.Len(t, w.failures, 1)
}

// Recordings of the simulator and of listen are transcripts as they are.
func TestARecordingIsATranscript(t *testing.T) {
	p := open(t, NewPlayback(t, "# a tape\n\n< 0.000213s \"A\\\"#\\r\"  # a scan\n> 1.000000s 06 \"B\"\n"))
	buf := make([]byte, 9)
	n, err := p.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "A\"#\r", string(buf[:n]))
	_, err = p.Write([]byte("\x06B"))
	require.NoError(t, err)
	for line, want := range map[string]string{`< "A`: "no end", "A 41": "stands first", "< 4x": "neither hexadecimal", `< "\q"`: "nor quoted"} {
		_, err := readStep(line)
		assert.ErrorContains(t, err, want)
	}
}
