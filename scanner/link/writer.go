package link

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// writeQueue is far above what one scan's answer takes.
	writeQueue = 64
	// drainTime is what the last answers get when the port is to be closed.
	drainTime = 200 * time.Millisecond
)

var errShortWrite = errors.New("the port took no bytes")

// writer owns all writing to one port.
type writer struct {
	port     Port
	failed   chan error
	finished chan struct{}

	mu    sync.Mutex
	queue chan []byte
	ended bool      // nothing more is queued
	dead  bool      // nothing more is written
	since time.Time // of the write that is under way; zero for none
}

func newWriter(p Port) *writer {
	w := &writer{port: p, failed: make(chan error, 1), finished: make(chan struct{}), queue: make(chan []byte, writeQueue)}
	go w.run()
	return w
}

// push queues bytes; false says that they are lost.
func (w *writer) push(b []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return false
	}
	select {
	case w.queue <- b:
		return true
	default:
		return false
	}
}

func (w *writer) run() {
	defer close(w.finished)
	for b := range w.queue {
		if err := w.write(b); err != nil {
			w.failed <- err
			return
		}
	}
}

// write goes on after a short write: signals cut long ones.
func (w *writer) write(b []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("driver panicked: %v", r)
		}
	}()
	for len(b) > 0 && w.begin() {
		n, err := w.port.Write(b)
		w.end()
		if err != nil {
			return err
		}
		if n == 0 {
			return errShortWrite
		}
		b = b[n:]
	}
	return nil
}

func (w *writer) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.dead {
		w.since = time.Now()
	}
	return !w.dead
}

func (w *writer) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Time{}
}

// stuck reports whether a write has taken too long.
func (w *writer) stuck() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.since.IsZero() && time.Since(w.since) > writeLimit
}

// finish writes what is queued, for a short time only. It reports whether the
// writer has ended; if not, it hangs in the driver and writes nothing more after
// it.
func (w *writer) finish() bool {
	w.mu.Lock()
	w.ended = true
	close(w.queue)
	w.mu.Unlock()
	select {
	case <-w.finished:
		return true
	case <-time.After(drainTime):
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
	return false
}
