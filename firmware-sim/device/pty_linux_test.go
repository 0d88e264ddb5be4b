package device

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Serial libraries lock the port for themselves. On a pseudo-terminal the lock
// outlived a host that was killed, and the next one could not open the port.
func TestAKilledHostDoesNotLockTheNextOneOut(t *testing.T) {
	_, link := plugIn(t, Config{})
	fd, err := unix.Open(link, unix.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetInt(fd, unix.TIOCEXCL, 0))
	unix.Close(fd) // what the kernel does for a killed process

	watch, err := unix.Open(link, unix.O_RDWR|unix.O_NOCTTY, 0) // root passes the lock
	if err == nil {
		defer unix.Close(watch)
		require.Eventually(t, func() bool {
			locked, err := unix.IoctlGetInt(watch, unix.TIOCGEXCL)
			return err == nil && locked == 0
		}, 5*time.Second, 10*time.Millisecond)
		return
	}
	require.Eventually(t, func() bool {
		fd, err := unix.Open(link, unix.O_RDWR|unix.O_NOCTTY, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err == nil
	}, 5*time.Second, 10*time.Millisecond)
}

// setSpeed does to the port what a serial library does when it opens it.
func setSpeed(t *testing.T, link string, flag, baud uint32) {
	t.Helper()
	fd, err := unix.Open(link, unix.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	attr, err := unix.IoctlGetTermios(fd, getTermios)
	require.NoError(t, err)
	attr.Cflag = attr.Cflag&^unix.CBAUD | flag
	attr.Ispeed, attr.Ospeed = baud, baud
	require.NoError(t, unix.IoctlSetTermios(fd, setTermios, attr))
}

func exclusive(fd int) (bool, error) {
	locked, err := unix.IoctlGetInt(fd, unix.TIOCGEXCL)
	return locked != 0, err
}

// The end of the port that we hold ourselves would keep them for the next host.
func TestWhatWasSentToNoHostNeverArrives(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, quick())
	require.True(t, await(t, scanning(d, ean, "")).a.GaveUp)
	h := openHost(t, link)
	done := scanning(d, "96385074", "")
	assert.Equal(t, byte(0x0A), h.packet()[4])
	h.write(hostAck...)
	h.tell(opBeep, 0)
	assert.Equal(t, Good, await(t, done).a.Tone)
}

// A host that opened the port and does not read, as a stopped process does, finds all
// of it when it goes on.
func TestWhatAnOpenPortsHostHasNotReadStaysThere(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, quick())
	h := openHost(t, link)
	require.True(t, await(t, scanning(d, ean, "")).a.GaveUp)
	assert.Equal(t, eanPacket, h.packet())
	for range 2 {
		assert.Equal(t, withStatus(eanPacket, statusRetransmit), h.packet())
	}
}

func TestAHostThatWentIsNoLongerThere(t *testing.T) {
	t.Parallel()
	e, err := openPty()
	require.NoError(t, err)
	defer e.close()
	came, there, stop := watchHosts(e.node)
	defer stop()
	assert.False(t, there(), "our own end does not count")
	for range 2 {
		fd, err := unix.Open(e.node, unix.O_RDWR|unix.O_NOCTTY, 0)
		require.NoError(t, err)
		require.Eventually(t, there, 5*time.Second, time.Millisecond)
		<-came
		unix.Close(fd)
		require.Eventually(t, func() bool { return !there() }, 5*time.Second, time.Millisecond)
	}
}
