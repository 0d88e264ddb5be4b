package hid

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// readTimeout paces the codec's timers and bounds how long a stop takes.
const readTimeout = 100 * time.Millisecond

// maxReport is above the longest report that a scanner sends.
const maxReport = 4096

// maxWaiting is more than a minute of reports at the full rate of USB, one a
// millisecond. The kernel keeps 63 and then drops without a word (measured), so
// they wait here.
const maxWaiting = 1 << 16

var errNoWriting = errors.New("the device takes no answers")

// drain is the port of an input device: a goroutine of its own reads whatever
// comes at once, however slow the agent is. Should ever more wait than fits, the
// port fails and says so, after all that waits was read.
type drain struct {
	device io.ReadCloser
	done   chan struct{} // the goroutine has ended
	came   chan struct{} // something waits, or the goroutine has ended

	mu      sync.Mutex
	waiting [][]byte
	err     error
}

// newDrain starts to read the device, each of whose reads gives one record.
func newDrain(device io.ReadCloser) *drain {
	d := &drain{device: device, done: make(chan struct{}), came: make(chan struct{}, 1)}
	go d.run()
	return d
}

func (d *drain) run() {
	defer close(d.done)
	buf := make([]byte, maxReport)
	for more := true; more; {
		n, err := d.device.Read(buf)
		more = d.keep(append([]byte(nil), buf[:n]...), err)
		select {
		case d.came <- struct{}{}:
		default:
		}
	}
}

// keep puts a record into the queue; false ends the reading.
func (d *drain) keep(record []byte, err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && len(d.waiting) == maxWaiting {
		err = fmt.Errorf("%d reports wait for the agent and what comes after is not read; scan again what got no verdict", maxWaiting)
	} else if len(record) > 0 {
		d.waiting = append(d.waiting, record)
	}
	d.err = err
	return err == nil
}

// Read implements link.Port: one record, or nothing after readTimeout. A record
// longer than p is an error.
func (d *drain) Read(p []byte) (int, error) {
	timeout := time.NewTimer(readTimeout)
	defer timeout.Stop()
	for {
		if n, ok, err := d.next(p); ok || err != nil {
			return n, err
		}
		select {
		case <-d.came:
		case <-timeout.C:
			return 0, nil
		}
	}
}

func (d *drain) next(p []byte) (int, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 {
		return 0, false, d.err
	}
	record := d.waiting[0]
	d.waiting[0] = nil
	if d.waiting = d.waiting[1:]; len(d.waiting) == 0 {
		d.waiting = nil
	}
	if len(record) > len(p) {
		return 0, false, io.ErrShortBuffer
	}
	return copy(p, record), true, nil
}

// Write implements link.Port. No codec here sends anything.
func (d *drain) Write([]byte) (int, error) { return 0, errNoWriting }

// Close implements link.Port, and frees the goroutine.
func (d *drain) Close() error {
	err := d.device.Close()
	<-d.done
	return err
}
