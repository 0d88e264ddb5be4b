//go:build linux

package serial

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/link"
	"dockfill/scanner/scannertest"
)

const patience = 30 * time.Second

// cable is a pseudo-terminal behind a link, as a scanner's port is behind
// /dev/serial/by-id. The master is the device's end.
type cable struct {
	t      *testing.T
	link   string
	master *os.File
	slave  *os.File
}

func newCable(t *testing.T) *cable {
	c := &cable{t: t, link: filepath.Join(t.TempDir(), "usb-Test_Scanner_1-if00")}
	c.plug()
	t.Cleanup(c.unplug)
	return c
}

// plug makes a new terminal, as a replug makes a new device node.
func (c *cable) plug() {
	master, slave, err := pty.Open()
	require.NoError(c.t, err)
	c.master, c.slave = pollable(c.t, master), slave
	require.NoError(c.t, os.Symlink(slave.Name(), c.link+".new"))
	require.NoError(c.t, os.Rename(c.link+".new", c.link))
}

// pollable makes deadlines work, for which the descriptor must not block.
func pollable(t *testing.T, f *os.File) *os.File {
	fd, err := unix.Dup(int(f.Fd()))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, unix.SetNonblock(fd, true))
	return os.NewFile(uintptr(fd), "master")
}

func (c *cable) unplug() {
	_ = c.master.Close()
	_ = c.slave.Close()
}

func (c *cable) send(data string) {
	_, err := c.master.WriteString(data)
	require.NoError(c.t, err)
}

// expect reads bytes at the device's end.
func (c *cable) expect(hexBytes string) {
	c.t.Helper()
	want, err := hex.DecodeString(hexBytes)
	require.NoError(c.t, err)
	got := make([]byte, len(want))
	require.NoError(c.t, c.master.SetReadDeadline(time.Now().Add(patience)))
	for n := 0; n < len(got); {
		m, err := c.master.Read(got[n:])
		require.NoError(c.t, err, "got % X", got[:n])
		n += m
	}
	require.Equal(c.t, fmt.Sprintf("% X", want), fmt.Sprintf("% X", got))
}

func start(t *testing.T, c scanner.Config) (scanner.Source, <-chan scanner.Scan) {
	t.Helper()
	c.Station = "1"
	s, err := New(c)
	require.NoError(t, err)
	return s, scannertest.Run(t, s)
}

func connected(t *testing.T, s scanner.Source) {
	t.Helper()
	require.Eventually(t, func() bool { return s.Status().State == scanner.Connected }, patience, time.Millisecond)
}

// ssi makes a packet as a scanner does, written from the protocol's description.
func ssi(op, status byte, data string) string {
	b := append([]byte{byte(4 + len(data)), op, 0, status}, data...)
	var sum uint16
	for _, c := range b {
		sum += uint16(c)
	}
	return string(append(b, byte(-sum>>8), byte(-sum)))
}

const (
	setUp = "09C60400FFEE019F01FC9F"
	ack   = "04D00400FF28"
)

func TestScanInASCII(t *testing.T) {
	c := newCable(t)
	s, out := start(t, scanner.Config{Port: c.link, Terminator: scanner.CRLF})
	connected(t, s)
	assert.Equal(t, c.slave.Name(), s.Status().Device)
	c.send("]C1010950110153000310LOT7A\x1d21S1\r")
	c.send("\n4006381333931\r\n")
	scan := scannertest.Take(t, out)
	require.Nil(t, scan.Code.Err)
	assert.Equal(t, "LOT7A", scan.Code.Lot)
	assert.Equal(t, c.link, scan.Source)
	scan.Answer(allocation.Stock)
	assert.Equal(t, allocation.GTIN("04006381333931"), scannertest.Take(t, out).Code.GTIN)
}

func TestScanInSSI(t *testing.T) {
	c := newCable(t)
	_, out := start(t, scanner.Config{Port: c.link, Profile: scanner.SSI, Beep: true})
	c.expect("0BC60400FFEE019F013800FC65")
	c.send(ssi(0xD0, 0, ""))
	c.send(ssi(0xF3, 0, "\x0b4006381333931"))
	scan := scannertest.Take(t, out)
	assert.Equal(t, allocation.GTIN("04006381333931"), scan.Code.GTIN)
	c.send(ssi(0xF3, 1, "\x0b4006381333931"))
	scan.Answer(allocation.Allocated)
	c.expect(ack + "05E6040000FF11")
	c.send(ssi(0xD0, 0, ""))
	// The retransmission was on its way when the answer was given; whichever came
	// first, it is acknowledged and not delivered.
	select {
	case again := <-out:
		assert.Failf(t, "delivered twice", "%q", again.Raw)
	case <-time.After(300 * time.Millisecond):
	}
}

// Every byte value but the terminator passes as it is.
func TestLineIsEightBitClean(t *testing.T) {
	c := newCable(t)
	s, out := start(t, scanner.Config{Port: c.link, Terminator: scanner.CR})
	connected(t, s)
	var all []byte
	for b := range 256 {
		if b != '\r' && b != '\n' {
			all = append(all, byte(b))
		}
	}
	c.send(string(all) + "\r")
	scan := scannertest.Take(t, out)
	require.NoError(t, scan.Fault)
	assert.Equal(t, all, scan.Raw)
	require.NotNil(t, scan.Code.Err)
	assert.Equal(t, "not-text", scan.Code.Err.Code)
}

func TestMegabyteWithoutTerminatorIsOneFault(t *testing.T) {
	c := newCable(t)
	s, out := start(t, scanner.Config{Port: c.link})
	connected(t, s)
	go func() {
		_, _ = c.master.Write(bytes.Repeat([]byte("x"), 1<<20))
		_, _ = c.master.WriteString("\r4006381333931\r")
	}()
	assert.ErrorIs(t, scannertest.Take(t, out).Fault, scanner.ErrTooLong)
	assert.Equal(t, "4006381333931", string(scannertest.Take(t, out).Raw))
	require.Eventually(t, func() bool { return s.Status().Counts.Scans == 1 }, patience, time.Millisecond)
	assert.EqualValues(t, 1, s.Status().Counts.Faults)
}

func TestMissingTerminatorIsNeverAScan(t *testing.T) {
	c := newCable(t)
	s, out := start(t, scanner.Config{Port: c.link, IdleGap: scanner.MinIdleGap})
	connected(t, s)
	c.send("4006381333931")
	assert.ErrorIs(t, scannertest.Take(t, out).Fault, scanner.ErrUnterminated)
}

func TestReplugUnderAnotherNameGoesOn(t *testing.T) {
	c := newCable(t)
	s, out := start(t, scanner.Config{Port: c.link})
	for i := range 3 {
		require.Eventually(t, func() bool { return s.Status().Counts.Connects == int64(i+1) }, patience, time.Millisecond)
		c.send(fmt.Sprintf("SCAN%d\r", i))
		assert.Equal(t, fmt.Sprintf("SCAN%d", i), string(scannertest.Take(t, out).Raw))
		c.unplug()
		c.plug()
	}
}

// The link moves while the old device stays silent and open, as with drivers that
// report no loss.
func TestMovedLinkIsFollowed(t *testing.T) {
	c := newCable(t)
	s, out := start(t, scanner.Config{Port: c.link})
	connected(t, s)
	old := *c
	c.plug()
	defer old.unplug()
	require.Eventually(t, func() bool { return s.Status().Counts.Connects == 2 }, patience, time.Millisecond)
	c.send("MOVED\r")
	assert.Equal(t, "MOVED", string(scannertest.Take(t, out).Raw))
}

func TestAbsentPortIsSearchedFor(t *testing.T) {
	c := newCable(t)
	require.NoError(t, os.Remove(c.link))
	s, out := start(t, scanner.Config{Port: c.link})
	require.Eventually(t, func() bool { return s.Status().LastError != nil }, patience, time.Millisecond)
	assert.ErrorIs(t, s.Status().LastError, scanner.ErrNotFound)
	assert.Equal(t, scanner.Searching, s.Status().State)
	require.NoError(t, os.Symlink(c.slave.Name(), c.link))
	connected(t, s)
	c.send("HERE\r")
	assert.Equal(t, "HERE", string(scannertest.Take(t, out).Raw))
}

// What a device sent while no agent ran had no answer, and was scanned again.
func TestBytesFromBeforeTheOpeningAreNoScan(t *testing.T) {
	c := newCable(t)
	rawMode(t, c.slave)
	c.send("STALE\r")
	s, out := start(t, scanner.Config{Port: c.link})
	connected(t, s)
	stale := scannertest.Take(t, out)
	assert.Equal(t, "STALE", string(stale.Raw))
	assert.ErrorIs(t, stale.Fault, scanner.ErrStale)
	time.Sleep(time.Second) // a worker who is told looks, and scans again
	c.send("FRESH\r")
	fresh := scannertest.Take(t, out)
	assert.Equal(t, "FRESH", string(fresh.Raw))
	assert.NoError(t, fresh.Fault)
}

// An SSI scanner sends again what nobody acknowledged, so the old packet is no
// question.
func TestBytesFromBeforeTheOpeningAreDroppedWhereTheScannerRepeats(t *testing.T) {
	c := newCable(t)
	rawMode(t, c.slave)
	c.send(ssi(0xF3, 0, "\x03AGAIN"))
	_, out := start(t, scanner.Config{Port: c.link, Profile: scanner.SSI})
	c.expect(setUp)
	c.send(ssi(0xD0, 0, ""))
	c.send(ssi(0xF3, 1, "\x03AGAIN"))
	scan := scannertest.Take(t, out)
	assert.Equal(t, "AGAIN", string(scan.Raw))
	assert.NoError(t, scan.Fault)
}

func rawMode(t *testing.T, f *os.File) {
	t.Helper()
	termios, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	require.NoError(t, err)
	termios.Lflag &^= unix.ICANON | unix.ECHO
	termios.Oflag &^= unix.OPOST
	termios.Iflag &^= unix.ICRNL
	require.NoError(t, unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, termios))
}

// A scanner repeats what was not acknowledged, over a replug too. Each of its
// scans must come once.
func TestReplugUnderLoadDeliversEachScanOnce(t *testing.T) {
	const scans, replugEvery = 60, 7
	c := newCable(t)
	_, out := start(t, scanner.Config{Port: c.link, Profile: scanner.SSI})
	seen := map[string]int{}
	agent := make(chan struct{})
	go func() {
		defer close(agent)
		for s := range out {
			if s.Fault == nil {
				seen[string(s.Raw)]++
			}
			s.Answer(allocation.Stock)
			if string(s.Raw) == fmt.Sprintf("SERIAL%03d", scans-1) {
				return
			}
		}
	}()
	for i := range scans {
		status, pulled := byte(0), false
		for !c.transmit(status, fmt.Sprintf("\x03SERIAL%03d", i), i%replugEvery == replugEvery-1 && !pulled) {
			status, pulled = 1, true
		}
	}
	<-agent
	for i := range scans {
		assert.Equal(t, 1, seen[fmt.Sprintf("SERIAL%03d", i)], i)
	}
	assert.Len(t, seen, scans)
}

// transmit sends one packet and reports whether it was acknowledged. With pull
// the cable is pulled out before the acknowledgement can be read.
func (c *cable) transmit(status byte, data string, pull bool) bool {
	c.send(ssi(0xF3, status, data))
	if pull {
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond) // any moment of the exchange
		c.unplug()
		c.plug()
		return false
	}
	deadline := time.Now().Add(400 * time.Millisecond)
	require.NoError(c.t, c.master.SetReadDeadline(deadline))
	var got []byte
	buf := make([]byte, 256)
	for time.Now().Before(deadline) {
		n, err := c.master.Read(buf)
		if err != nil {
			return false
		}
		got = append(got, buf[:n]...)
		if i := bytes.Index(got, []byte{0x09, 0xC6, 0x04}); i >= 0 && len(got) >= i+11 {
			c.send(ssi(0xD0, 0, ""))
			got = append(got[:i], got[i+11:]...)
		}
		if bytes.Contains(got, []byte{0x04, 0xD0, 0x04, 0x00, 0xFF, 0x28}) {
			return true
		}
	}
	return false
}

// A device that takes no bytes must not hang the station for good.
func TestBlockedDeviceIsReportedAndRecovers(t *testing.T) {
	c := newCable(t)
	rawMode(t, c.slave)
	fill(t, c.slave)
	s, out := start(t, scanner.Config{Port: c.link, Profile: scanner.SSI})
	require.Eventually(t, func() bool { return s.Status().State == scanner.Stalled }, patience, time.Millisecond)
	assert.ErrorIs(t, s.Status().LastError, scanner.ErrWriteStalled)
	stop := make(chan struct{})
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		buf := make([]byte, 4096)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = c.master.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			_, _ = c.master.Read(buf)
		}
	}()
	defer func() { close(stop); <-drained }()
	require.Eventually(t, func() bool {
		st := s.Status()
		return st.State == scanner.Connected && time.Since(st.Since) > 50*time.Millisecond
	}, patience, 10*time.Millisecond)
	c.send(ssi(0xF3, 0, "\x03AGAIN"))
	assert.Equal(t, "AGAIN", string(scannertest.Take(t, out).Raw))
}

// fill writes until the device's end has no more room.
func fill(t *testing.T, slave *os.File) {
	t.Helper()
	fd, err := unix.Open(slave.Name(), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	defer func() { _ = unix.Close(fd) }()
	// The kernel carries bytes over to the other end a moment later, which makes
	// room again: the end is full when there is none for a while.
	for full := 0; full < 20; {
		switch _, err := unix.Write(fd, []byte{0}); {
		case err == nil:
			full = 0
		case errors.Is(err, unix.EAGAIN):
			full++
			time.Sleep(5 * time.Millisecond)
		default:
			require.NoError(t, err)
		}
	}
}

func TestTooManyOpenFilesAreRefusedWithAReason(t *testing.T) {
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if limit.Max < 1100 {
		t.Skipf("only %d files may be open here", limit.Max)
	}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: max(limit.Cur, 1100), Max: limit.Max}))
	c := newCable(t)
	for range 1010 {
		f, err := os.Open(os.DevNull)
		require.NoError(t, err)
		defer func() { _ = f.Close() }()
	}
	s, _ := start(t, scanner.Config{Port: c.link})
	require.Eventually(t, func() bool { return s.Status().LastError != nil }, patience, time.Millisecond)
	assert.ErrorIs(t, s.Status().LastError, scanner.ErrTooManyFiles)
	assert.ErrorContains(t, s.Status().LastError, "above 1023")
}

func TestDeviceServerOverTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	s, out := start(t, scanner.Config{Port: "tcp://" + l.Addr().String()})
	for i := range 2 {
		conn, err := l.Accept()
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "OVERTCP%d\r", i)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("OVERTCP%d", i), string(scannertest.Take(t, out).Raw))
		assert.Equal(t, l.Addr().String(), s.Status().Device)
		require.NoError(t, conn.Close())
	}
}

func TestADeviceServerThatHangsUpIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	near, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer func() { _ = near.Close() }()
	far, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, far.Close())
	for err == nil { // until the end has come through
		_, err = conn{near}.Read(make([]byte, 1))
	}
	assert.EqualError(t, err, "the device server tcp://"+l.Addr().String()+" closed the line; it is called again")
}

// What the system says of a device that is gone differs by its driver.
func TestAnUnpluggedDeviceIsGoneByAnyErrorOfItsDriver(t *testing.T) {
	for _, err := range []error{syscall.EIO, syscall.ENXIO, syscall.ENODEV} {
		assert.ErrorIs(t, gone(fmt.Errorf("read: %w", err)), scanner.ErrGone)
	}
	assert.NotErrorIs(t, gone(syscall.EAGAIN), scanner.ErrGone)
	assert.NoError(t, gone(nil))
}

func BenchmarkScanToAgent(b *testing.B) {
	master, slave, err := pty.Open()
	require.NoError(b, err)
	defer func() { _, _ = master.Close(), slave.Close() }()
	s, err := New(scanner.Config{Station: "1", Port: slave.Name(), Unstable: true})
	require.NoError(b, err)
	out := make(chan scanner.Scan)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _ = s.Run(ctx, out) }()
	for s.Status().State != scanner.Connected {
		time.Sleep(time.Millisecond)
	}
	for b.Loop() {
		_, _ = master.WriteString("]C101095011015300031727013110LOT7A\x1d21S-0042\r")
		<-out
	}
}

// After a replug two names can lead to one device: two readers would each get a
// part of every scan. The second is told which station has it.
func TestADeviceThatAnotherStationHasOpenIsRefused(t *testing.T) {
	c := newCable(t)
	second := filepath.Join(filepath.Dir(c.link), "dock2")
	require.NoError(t, os.Symlink(c.link, second))
	opener := func(station allocation.StationID, port string) link.Opener {
		o, err := openerOf(scanner.Config{Station: station, Port: port, Profile: scanner.ASCII, Baud: 9600, DataBits: 8, Parity: "none", StopBits: 1})
		require.NoError(t, err)
		return o
	}
	one, two := opener("1", c.link), opener("2", second)
	p, _, err := one.Open(t.Context())
	require.NoError(t, err)
	_, _, err = two.Open(t.Context())
	require.ErrorIs(t, err, scanner.ErrHeld)
	assert.ErrorContains(t, err, c.slave.Name()+" is open at station 1, under another name; give station 2 a port of its own")
	require.NoError(t, p.Close())
	p, _, err = two.Open(t.Context())
	require.NoError(t, err, "it is free again")
	require.NoError(t, p.Close())
}
