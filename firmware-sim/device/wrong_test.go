//go:build linux

package device

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// This file is what goes wrong with a port as a whole.

// A bit at 9600 baud is read twelve times at 115200: '0' is 30h, on the line low,
// 0000 11 00, high. The first start bit and the four low bits are one long low
// level, read as NUL bytes.
func TestAWrongSpeedMakesGarbage(t *testing.T) {
	t.Parallel()
	text := []byte("4006381333931\r")
	assert.Equal(t, text, garbled(text, 0, 9600))
	assert.Equal(t, text, garbled(text, 9600, 0))
	assert.Equal(t, text, garbled(text, 9600, 9600))
	assert.Equal(t, text, garbled(text, 9600, 9700), "a UART forgives 3 %")
	for _, speeds := range [][2]int{{9600, 19200}, {9600, 115200}, {19200, 9600}, {115200, 9600}, {115200, 57600}} {
		got := garbled(text, speeds[0], speeds[1])
		assert.NotContains(t, string(got), "4006", "%v", speeds)
		assert.NotEmpty(t, got, "%v", speeds)
	}
	// At half the speed U, which is 0101..., alternates: each sample falls into
	// the second half of one bit of two.
	assert.Less(t, len(garbled(text, 115200, 9600)), len(text), "a slow reader loses bytes")
	assert.Greater(t, len(garbled(text, 9600, 115200)), len(text), "a fast reader finds more")
}

func TestADeviceWithAnotherSpeedThanTheHostIsNotUnderstood(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Baud: 19200})
	h := openHost(t, link)
	setSpeed(t, link, unix.B9600, 9600)
	_, err := d.Scan(t.Context(), MustLabel(ean))
	require.NoError(t, err)
	want := garbled([]byte(ean+"\r"), 19200, 9600)
	assert.Equal(t, want, h.read(len(want)))
	d.SetBaud(9600)
	_, err = d.Scan(t.Context(), MustLabel(ean))
	require.NoError(t, err)
	assert.Equal(t, ean+"\r", string(h.read(14)))
}

func TestADeviceComesBackUnderAnotherName(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	other := filepath.Join(t.TempDir(), "other")
	d.Unplug()
	require.NoError(t, d.ReplugAs(Plugging{Link: other}))
	_, err := os.Lstat(link)
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.Equal(t, other, d.Address())
	openHost(t, other)
}

func TestStaleBytesWaitForTheHost(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	d.Unplug()
	require.NoError(t, d.ReplugAs(Plugging{Stale: []byte("stale\r")}))
	h := openHost(t, link)
	assert.Equal(t, "stale\r", string(h.read(6)))
}

func TestAPortIsHeldOrDeniedUntilItIsReleased(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	locked := func() bool {
		fd, err := unix.Open(link, unix.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			return true
		}
		defer unix.Close(fd)
		got, err := exclusive(fd)
		return err == nil && got
	}
	d.Unplug()
	require.NoError(t, d.ReplugAs(Plugging{Hold: HoldPort}))
	time.Sleep(interCharacter + 100*time.Millisecond) // a lock of a killed host would be taken off by now
	assert.True(t, locked())
	d.Release()
	assert.False(t, locked())

	d.Unplug()
	require.NoError(t, d.ReplugAs(Plugging{Denied: true}))
	mode := func() os.FileMode {
		info, err := os.Stat(link)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	assert.Zero(t, mode())
	d.Release()
	assert.NotZero(t, mode())
}

func TestTCPRefusesWhatOnlyATerminalCan(t *testing.T) {
	t.Parallel()
	d, _ := plugIn(t, Config{Listen: "127.0.0.1:0"})
	d.Unplug()
	require.ErrorContains(t, d.ReplugAs(Plugging{Hold: HoldPort}), "use a pseudo-terminal")
}

func TestInKeyboardModeThePortStaysSilent(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	h := openHost(t, link)
	d.Keyboard(true)
	_, err := d.Scan(t.Context(), MustLabel("1"))
	require.ErrorIs(t, err, ErrKeyboard)
	d.Keyboard(false)
	_, err = d.Scan(t.Context(), MustLabel("2"))
	require.NoError(t, err)
	assert.Equal(t, "2\r", string(h.read(2)))
}

func TestABouncingTriggerReadsTwice(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	h := openHost(t, link)
	d.Bounce(150 * time.Millisecond)
	done := scanning(d, "1", Double)
	h.read(2)
	first := time.Now()
	h.read(2)
	assert.Greater(t, time.Since(first), 100*time.Millisecond)
	require.NoError(t, await(t, done).err)
}

// Junk's own answer comes late. It was taken for the next scan's.
func TestJunkTakesTheAnswerThatBelongsToIt(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{Profile: SSI, Packets: true})
	h := openHost(t, link)
	done := scanning(d, "1", Junk)
	h.read(1 << 20)
	time.Sleep(500 * time.Millisecond) // the agent waits for an end
	h.tell(opBeep, 0x09)
	s := await(t, done)
	require.NoError(t, s.err)
	assert.Equal(t, Stop, s.a.Tone)

	next := scanning(d, ean, "")
	require.Equal(t, eanPacket, h.packet())
	h.write(hostAck...)
	h.tell(opBeep, 0)
	assert.Equal(t, Good, await(t, next).a.Tone)
}

func TestADeviceThatOnlyTypesWaitsForNobodyAfterJunk(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	h := openHost(t, link)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := d.ScanBadly(ctx, MustLabel("1"), Junk)
		done <- err
	}()
	h.read(1 << 20)
	require.NoError(t, <-done)
}
