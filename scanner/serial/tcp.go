package serial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"dockfill/scanner"
	"dockfill/scanner/link"
)

const dialTimeout = 3 * time.Second

// server is a device server: a box that offers a serial port over plain TCP.
type server struct{ address string }

func newServer(address string) (*server, error) {
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
		return nil, fmt.Errorf("port tcp://%s is not tcp://host:port", address)
	}
	return &server{address: address}, nil
}

// Open implements link.Opener. Keep-alive finds a box that lost its power within
// half a minute.
func (s *server) Open(ctx context.Context) (link.Port, string, error) {
	d := net.Dialer{Timeout: dialTimeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	c, err := d.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, "", fmt.Errorf("%w (device server tcp://%s: %w)", scanner.ErrNotFound, s.address, err)
	}
	return conn{c}, c.RemoteAddr().String(), nil
}

// Present implements link.Opener; a broken connection shows itself.
func (s *server) Present(string) error { return nil }

// conn reads as a serial port does: nothing for a while is no error.
type conn struct{ net.Conn }

// Discard implements link.Discarder: the close that follows sends nothing more.
func (c conn) Discard() error {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		return t.SetLinger(0)
	}
	return nil
}

func (c conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(readTimeout)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("the device server tcp://%s closed the line; it is called again", c.RemoteAddr())
	}
	return n, err
}
