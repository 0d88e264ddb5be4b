//go:build linux || darwin

package device

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABatchScannerKeepsItsMemoryUntilItIsCleared(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Batch})
	d.Unplug()
	for _, code := range []string{"1", "2", "2"} {
		a, err := d.Scan(t.Context(), MustLabel(code)) // carried around without a cable
		require.NoError(t, err)
		assert.True(t, a.Kept)
	}
	_, err := d.Upload(t.Context(), 0)
	require.ErrorIs(t, err, ErrUnplugged)
	require.NoError(t, d.Replug())
	h := openHost(t, link)
	for range 2 {
		sent, err := d.Upload(t.Context(), 0)
		require.NoError(t, err)
		assert.Equal(t, 3, sent)
		assert.Equal(t, "1\r2\r2\r", string(h.read(6)))
	}
	require.NoError(t, d.Clear())
	sent, err := d.Upload(t.Context(), 0)
	require.NoError(t, err)
	assert.Zero(t, sent)
}

func TestABatchScannerTellsItsOwnTime(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Batch, TimeLayout: time.RFC3339, ClockSlow: time.Hour})
	h := openHost(t, link)
	_, err := d.Scan(t.Context(), MustLabel("82582"))
	require.NoError(t, err)
	_, err = d.Upload(t.Context(), 0)
	require.NoError(t, err)
	line := string(h.read(len("82582,") + len(time.Now().Format(time.RFC3339)) + 1))
	at, err := time.Parse(time.RFC3339, strings.TrimSuffix(strings.TrimPrefix(line, "82582,"), "\r"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(-time.Hour), at, 10*time.Second)
}

func TestAnUploadKeepsItsRate(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: Batch})
	h := openHost(t, link)
	for range 100 {
		_, err := d.Scan(t.Context(), MustLabel("12"))
		require.NoError(t, err)
	}
	began := time.Now()
	_, err := d.Upload(t.Context(), 200)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), 480*time.Millisecond)
	assert.Equal(t, strings.Repeat("12\r", 100), string(h.read(300)))
}

func TestAFloodComesWholeAndInOrder(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	h := openHost(t, link)
	var labels []Label
	var want strings.Builder
	for n := range 10_000 {
		l := MustLabel("A" + string(rune('a'+n%26)))
		labels = append(labels, l)
		want.WriteString(l.Text + "\r")
	}
	done := make(chan error, 1)
	go func() {
		_, err := d.Flood(context.Background(), labels, 10_000)
		done <- err
	}()
	assert.Equal(t, want.String(), string(h.read(want.Len())))
	require.NoError(t, <-done)
}

func TestADeviceThatWaitsCannotFlood(t *testing.T) {
	t.Parallel()
	d, _ := plugIn(t, Config{Profile: SSI, Packets: true})
	_, err := d.Flood(t.Context(), []Label{MustLabel("1")}, 0)
	require.ErrorContains(t, err, "waits for its host")
	_, err = d.Upload(t.Context(), 0)
	require.ErrorContains(t, err, "no memory")
	require.ErrorContains(t, d.Clear(), "no memory")
	require.ErrorContains(t, d.Delete(1), "no memory")
}
