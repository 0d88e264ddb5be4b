//go:build linux || darwin

package device

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// host is the other end of the wire, written by hand: it opens the link as an
// agent would and sees bytes.
type host struct {
	t *testing.T
	f *os.File
}

func openHost(t *testing.T, link string) *host {
	t.Helper()
	fd, err := unix.Open(link, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	require.NoError(t, err)
	h := &host{t, os.NewFile(uintptr(fd), link)}
	t.Cleanup(func() { h.f.Close() })
	return h
}

// read waits for exactly n bytes.
func (h *host) read(n int) []byte {
	h.t.Helper()
	h.f.SetReadDeadline(time.Now().Add(5 * time.Second))
	got := make([]byte, 0, n)
	for len(got) < n {
		b := make([]byte, n-len(got))
		k, err := h.f.Read(b)
		require.NoError(h.t, err, "after %q", got)
		got = append(got, b[:k]...)
	}
	return got
}

// gone waits until the device has hung up.
func (h *host) gone() {
	h.t.Helper()
	h.f.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, err := h.f.Read(make([]byte, 64)); err != nil {
			require.NotErrorIs(h.t, err, os.ErrDeadlineExceeded)
			return
		}
	}
}

func (h *host) write(hex ...byte) {
	h.t.Helper()
	_, err := h.f.Write(hex)
	require.NoError(h.t, err)
}

// packet reads one packet by its length byte and checks nothing else.
func (h *host) packet() []byte {
	h.t.Helper()
	head := h.read(1)
	return append(head, h.read(int(head[0])+1)...)
}

// tell sends a host packet and swallows the device's ACK.
func (h *host) tell(op byte, data ...byte) {
	h.t.Helper()
	h.write(packet{op: op, source: fromHost, data: data}.bytes()...)
	require.Equal(h.t, []byte{0x04, 0xD0, 0x00, 0x00, 0xFF, 0x2C}, h.read(6))
}

var hostAck = []byte{0x04, 0xD0, 0x04, 0x00, 0xFF, 0x28}

func plugIn(t *testing.T, cfg Config) (*Device, string) {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Link = filepath.Join(t.TempDir(), "scanner")
	}
	d, err := Open(cfg)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d, cfg.Link
}

// scanned is a scan that runs while the test plays the host.
type scanned struct {
	a   Answer
	err error
}

func scanning(d *Device, code string, f Fault) <-chan scanned {
	done := make(chan scanned, 1)
	go func() {
		a, err := d.ScanBadly(context.Background(), MustLabel(code), f)
		done <- scanned{a, err}
	}()
	return done
}

func await(t *testing.T, done <-chan scanned) scanned {
	t.Helper()
	select {
	case s := <-done:
		return s
	case <-time.After(20 * time.Second):
		require.Fail(t, "the scan did not end")
		return scanned{}
	}
}

func withStatus(p []byte, status byte) []byte {
	p = bytes.Clone(p[:len(p)-2])
	p[3] |= status
	sum := checksum(p)
	return append(p, byte(sum>>8), byte(sum))
}
