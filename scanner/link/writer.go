package link

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"dockfill/scanner"
)

const (
	// writeQueue is far above what one scan's answer takes.
	writeQueue = 64
	// drainTime is what the last answers get when the port is to be closed.
	drainTime = 200 * time.Millisecond
	// answerLife is how long after an answer was given it may be written. Later it
	// would be heard as the next scan's, or as that of an agent that has stopped.
	answerLife = writeLimit
)

var errShortWrite = errors.New("the port took no bytes")

// writer owns all writing to one port.
type writer struct {
	port     Port
	failed   chan error
	finished chan struct{}
	lost     func() // told of each answer that grew too old to be written

	mu    sync.Mutex
	queue chan answer
	ended bool      // nothing more is queued
	dead  bool      // nothing more is written
	since time.Time // of the write that is under way; zero for none
}

// answer is bytes that wait to be written since a moment.
type answer struct {
	bytes []byte
	since time.Time
}

func newWriter(p Port, lost func()) *writer {
	w := &writer{port: p, failed: make(chan error, 1), finished: make(chan struct{}), lost: lost, queue: make(chan answer, writeQueue)}
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
	case w.queue <- answer{b, time.Now()}:
		return true
	default:
		return false
	}
}

func (w *writer) run() {
	defer close(w.finished)
	for a := range w.queue {
		if scanner.Elapsed(a.since, time.Now()) > answerLife {
			w.lost()
			continue
		}
		if err := w.write(a.bytes); err != nil {
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
