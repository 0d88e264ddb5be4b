package link

import (
	"fmt"
	"sync/atomic"
	"time"
)

// session is one opening of a port.
type session struct {
	port   Port
	device string
	writer *writer
	stop   atomic.Bool
	done   chan error // the reader's end
}

func newSession(p Port, device string, lost func()) *session {
	return &session{port: p, device: device, writer: newWriter(p, lost), done: make(chan error, 1)}
}

// read reads once. A driver that panics has a broken port; one that comes back at
// once with nothing must not spin.
func (s *session) read(buf []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("driver panicked: %v", r)
		}
	}()
	began := time.Now()
	n, err = s.port.Read(buf)
	if n == 0 && err == nil && time.Since(began) < time.Millisecond {
		time.Sleep(20 * time.Millisecond)
	}
	return n, err
}

// close bounds the driver's Close, which hangs in some. Where unwritten says so, what
// the system holds for the device goes nowhere.
func (s *session) close(unwritten bool) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		defer func() { _ = recover() }()
		if p, ok := s.port.(Discarder); ok && unwritten {
			_ = p.Discard()
		}
		_ = s.port.Close()
	}()
	select {
	case <-closed:
	case <-time.After(readerLimit):
	}
}
