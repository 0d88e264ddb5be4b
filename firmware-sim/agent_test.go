//go:build linux || darwin

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fakeAgent is a host written by hand, just good enough to answer: it asks for
// packets, acknowledges scans, and gives each new one the beep that `verdict`
// wants for its data.
type fakeAgent struct {
	verdict func(data string) (beep byte, ok bool)

	mu   sync.Mutex
	seen []string // scans in order, retransmitted ones once
}

func good(string) (byte, bool) { return 0x00, true }

// serve keeps the link's port open, through replugs, until the test ends.
func serve(t *testing.T, a *fakeAgent, links ...string) *fakeAgent {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, link := range links {
		wg.Go(func() {
			for ctx.Err() == nil {
				if port, err := openRaw(link); err == nil {
					a.talk(ctx, port)
					port.Close()
				}
				rest(ctx, 5*time.Millisecond)
			}
		})
	}
	t.Cleanup(func() { stop(); wg.Wait() })
	return a
}

func openRaw(link string) (*os.File, error) {
	fd, err := unix.Open(link, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), link), nil
}

func (a *fakeAgent) talk(ctx context.Context, port *os.File) {
	port.Write(hostPacket(0xC6, 0xFF, 0xEE, 0x01, 0x9F, 0x01))
	var buf []byte
	last := ""
	for ctx.Err() == nil {
		chunk := make([]byte, 4096)
		port.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := port.Read(chunk)
		if n == 0 && !os.IsTimeout(err) {
			return
		}
		if n == 0 {
			buf = nil // the inter-character limit, roughly
		}
		buf = append(buf, chunk[:n]...)
		for len(buf) > 0 && len(buf) >= int(buf[0])+2 {
			size := max(int(buf[0])+2, 1)
			last = a.take(port, buf[:size], last)
			buf = buf[size:]
		}
	}
}

// take handles one packet and returns the data of the last scan.
func (a *fakeAgent) take(port *os.File, p []byte, last string) string {
	if len(p) < 6 || p[1] != 0xF3 {
		return last
	}
	if !bytes.Equal(p, seal(p[:len(p)-2])) {
		port.Write(hostPacket(0xD1, 0x01))
		return last
	}
	data, again := string(p[5:len(p)-2]), p[3]&1 != 0
	port.Write(hostPacket(0xD0))
	if again && data == last {
		return last
	}
	a.mu.Lock()
	a.seen = append(a.seen, data)
	a.mu.Unlock()
	if beep, ok := a.verdict(data); ok {
		port.Write(hostPacket(0xE6, beep))
	}
	return data
}

func (a *fakeAgent) scans() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.seen...)
}

func hostPacket(op byte, data ...byte) []byte {
	return seal(append([]byte{byte(4 + len(data)), op, 4, 0}, data...))
}

// seal adds the checksum.
func seal(b []byte) []byte {
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	return append(append([]byte(nil), b...), byte(-sum>>8), byte(-sum))
}

// do runs the program as a user would.
func do(t *testing.T, in string, args ...string) (status int, out, err string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var stdout, stderr syncBuffer
	status = run(ctx, args, streams{strings.NewReader(in), &stdout, &stderr})
	return status, stdout.String(), stderr.String()
}

// syncBuffer takes events from other goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
