package device

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// wire is a place where a device can be plugged in again and again.
type wire interface {
	open(how Plugging) (endpoint, error)
}

// endpoint is the device's end of a wire while it is plugged in.
type endpoint interface {
	io.ReadWriter
	address() string
	readDeadline(time.Time)
	writeDeadline(time.Time)
	// discard drops what no host has read, as a wire does that leads to no open
	// port. What an open port's host has not read yet stays.
	discard()
	// opened is closed if a host has the wire open, or may have.
	opened() <-chan struct{}
	// relax undoes what a killed host leaves behind on the port.
	relax()
	// release gives back a port that was held or denied.
	release()
	// speed is the host's baud rate, 0 where the wire has none.
	speed() int
	close()
}

// errHostGone is a read error after which the wire is still plugged in: the
// host has closed its end and may open it again.
var errHostGone = errors.New("the host has closed the port")

// tcpWire listens; the host dials. One host at a time: a new one replaces the
// old one, as on a device server.
type tcpWire struct{ address string }

func (w *tcpWire) open(how Plugging) (endpoint, error) {
	if how.Link != "" || how.Hold != nil || how.Denied || len(how.Stale) > 0 {
		return nil, errors.New("a TCP address cannot be moved, held or denied, and keeps no stale bytes; use a pseudo-terminal")
	}
	l, err := net.Listen("tcp", w.address)
	if err != nil {
		return nil, err
	}
	w.address = l.Addr().String() // a replug keeps the port that was taken
	e := &tcpEndpoint{listener: l, came: make(chan struct{})}
	go e.accept()
	return e, nil
}

type tcpEndpoint struct {
	listener net.Listener

	mu     sync.Mutex
	host   net.Conn
	came   chan struct{} // closed and replaced when a host comes
	closed bool
	readBy time.Time
}

func (e *tcpEndpoint) accept() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			return
		}
		e.mu.Lock()
		if e.host != nil {
			e.host.Close()
		}
		if e.closed {
			conn.Close()
		}
		e.host = conn
		close(e.came)
		e.came = make(chan struct{})
		e.mu.Unlock()
	}
}

func (e *tcpEndpoint) Read(b []byte) (int, error) {
	host, err := e.connected()
	if err != nil {
		return 0, err
	}
	if host == nil {
		return 0, e.awaitHost()
	}
	host.SetReadDeadline(e.readBy)
	n, err := host.Read(b)
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		return n, err
	}
	e.lost(host)
	return n, errHostGone
}

// awaitHost waits for a host until the read deadline.
func (e *tcpEndpoint) awaitHost() error {
	e.mu.Lock()
	came := e.came
	e.mu.Unlock()
	select {
	case <-came:
	case <-time.After(time.Until(e.readBy)):
	}
	return errHostGone
}

func (e *tcpEndpoint) Write(b []byte) (int, error) {
	host, err := e.connected()
	if err != nil {
		return 0, err
	}
	if host == nil {
		return 0, ErrNoHost
	}
	n, err := host.Write(b)
	var timeout net.Error
	if err != nil && !(errors.As(err, &timeout) && timeout.Timeout()) {
		e.lost(host)
		return n, ErrNoHost
	}
	return n, err
}

// connected is the present host, or nil; an error once the plug is pulled.
func (e *tcpEndpoint) connected() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, net.ErrClosed
	}
	return e.host, nil
}

func (e *tcpEndpoint) lost(host net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	host.Close()
	if e.host == host {
		e.host = nil
	}
}

func (e *tcpEndpoint) address() string          { return e.listener.Addr().String() }
func (e *tcpEndpoint) readDeadline(t time.Time) { e.readBy = t } // read by the reader alone

func (e *tcpEndpoint) writeDeadline(t time.Time) {
	if host, _ := e.connected(); host != nil {
		host.SetWriteDeadline(t)
	}
}

func (e *tcpEndpoint) opened() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.host != nil {
		return closed
	}
	return e.came
}

// discard has nothing to take back: what TCP took may be on its way.
func (e *tcpEndpoint) discard() {}

func (e *tcpEndpoint) relax()     {}
func (e *tcpEndpoint) release()   {}
func (e *tcpEndpoint) speed() int { return 0 }

func (e *tcpEndpoint) close() {
	e.listener.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.host != nil {
		e.host.Close()
	}
	close(e.came)
	e.came = make(chan struct{})
}
