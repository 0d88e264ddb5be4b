package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"dockfill/agent/store"
	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// BenchmarkLastByteToTransaction measures from the last byte that a scanner sends
// to the start of the transaction that takes the scan in: port, codec, parser and
// the writer's hand-over. Beside it, in turns, a bare terminal that echoes: what
// the system itself takes there and back.
func BenchmarkLastByteToTransaction(b *testing.B) {
	device, begun := openedPort(b)
	echo := echoing(b)
	var ours, bare []time.Duration
	code := func(i int) string { return fmt.Sprintf("]C101%s21S%08d\r", eachGTIN, i) }
	b.ResetTimer()
	for i := range b.N {
		sent := time.Now()
		_, err := device.WriteString(code(i))
		require.NoError(b, err)
		ours = append(ours, (<-begun).Sub(sent))
		<-begun // its end: the next one does not meet the flush of this one
		bare = append(bare, timed(func() { echo(code(i)) }))
	}
	b.StopTimer()
	report(b, "to-transaction", ours)
	report(b, "bare-echo", bare)
}

// openedPort is a site with one scanner, whose writer tells when each transaction
// begins, and then when its answer was given.
func openedPort(b *testing.B) (*os.File, <-chan time.Time) {
	h := newHouse(b)
	h.items()
	require.NoError(b, h.stop())
	device, link := terminal(b)
	var err error
	h.config.Stations[0], err = profile.Complete(scanner.Config{Station: "1", Port: link})
	require.NoError(b, err)
	a, err := New(h.config, h.deps)
	require.NoError(b, err)
	b.Cleanup(func() { a.close() })
	stop := a.startScanners(b.Context())
	times := make(chan time.Time, 1)
	go func() {
		for j := range a.writer.jobs {
			inner := j.do
			j.do = func(tx *store.Tx) error {
				times <- time.Now()
				return inner(tx)
			}
			if err := a.writer.commit(a.writer.waiting([]job{j})); err != nil {
				b.Error(err)
			}
			times <- time.Now()
		}
	}()
	b.Cleanup(stop)
	require.Eventually(b, func() bool { return a.stations[0].source.Status().State == scanner.Connected }, waitLong, waitStep)
	return device, times
}

// terminal is the device's end of a pseudo-terminal and a link to the other.
func terminal(b *testing.B) (*os.File, string) {
	master, slave, err := pty.Open()
	require.NoError(b, err)
	b.Cleanup(func() { _, _ = master.Close(), slave.Close() })
	link := filepath.Join(b.TempDir(), "usb-Test_Scanner")
	require.NoError(b, os.Symlink(slave.Name(), link))
	return master, link
}

// echoing gives a function that sends a text over a terminal and waits until all
// of it has come back.
func echoing(b *testing.B) func(string) {
	master, slave, err := pty.Open()
	require.NoError(b, err)
	b.Cleanup(func() { _, _ = master.Close(), slave.Close() })
	_, err = term.MakeRaw(int(slave.Fd()))
	require.NoError(b, err)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := slave.Read(buf)
			if err != nil {
				return
			}
			if _, err := slave.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	back := make([]byte, 4096)
	return func(text string) {
		if _, err := master.WriteString(text); err != nil {
			b.Error(err)
		}
		for n := 0; n < len(text); {
			m, err := master.Read(back[n:])
			if err != nil {
				b.Error(err)
				return
			}
			n += m
		}
	}
}
