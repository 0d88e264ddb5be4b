package broker

import (
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// introduction is how long a connection may take until its CONNECT has come.
// From then on the client's keepalive counts.
const introduction = 10 * time.Second

// listener gives each connection its time to introduce itself, goes on after an
// error of the moment, and knows the connections, so that those which never said
// anything can be closed too.
type listener struct {
	net.Listener
	mu     sync.Mutex
	closed bool
	conns  map[*conn]struct{}
	atWork sync.WaitGroup // the connections that the library has not done with
}

// conn tells by its first Read that the library has counted the connection.
type conn struct {
	net.Conn
	l       *listener
	once    sync.Once
	counted chan struct{}
}

func newListener(l net.Listener) *listener {
	return &listener{Listener: l, conns: map[*conn]struct{}{}}
}

// Accept fails only when the listener is closed: the library would stop serving
// at any error, such as too many open files.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil, err
		case err != nil:
			time.Sleep(50 * time.Millisecond)
			continue
		}
		_ = c.SetDeadline(time.Now().Add(introduction))
		return l.register(c)
	}
}

func (l *listener) register(c net.Conn) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	k := &conn{Conn: c, l: l, counted: make(chan struct{})}
	l.conns[k] = struct{}{}
	l.atWork.Add(1)
	return k, nil
}

func (c *conn) Read(p []byte) (int, error) {
	c.once.Do(func() { close(c.counted) })
	return c.Conn.Read(p)
}

func (c *conn) Close() error {
	c.l.mu.Lock()
	delete(c.l.conns, c)
	c.l.mu.Unlock()
	return c.Conn.Close()
}

// shut closes the port and then every connection. The library counts its
// connections in their own goroutines and may not wait for them while one is
// still to be counted, so each is given the moment for that.
func (l *listener) shut() {
	l.Close()
	l.mu.Lock()
	l.closed = true
	all := slices.Collect(maps.Keys(l.conns))
	l.mu.Unlock()
	for _, c := range all {
		<-c.counted
		c.Close()
	}
}

// served is the listener as the library serves it.
type served struct {
	*listeners.Net
	of  *listener
	log *slog.Logger
}

// Serve hands each connection to the library and tells how it ended. The library
// would say so only after it has counted the connection out, and without a word.
func (s served) Serve(establish listeners.EstablishFn) {
	s.Net.Serve(func(id string, c net.Conn) error {
		defer s.of.atWork.Done()
		if err := establish(id, c); misspoke(err) {
			s.log.Warn("broker: a connection ended before it was introduced", "from", c.RemoteAddr().String(), "why", err)
		}
		return nil
	})
}

// misspoke tells a client that said something else than CONNECT, or too much of it,
// from one that went away.
func misspoke(err error) bool {
	var code packets.Code
	return err != nil && strings.HasPrefix(err.Error(), "read connection: ") && errors.As(err, &code)
}

// Close closes the port alone. All connections are closed by shut: what the library
// would do here asks for its table of clients while it holds it, and stands for ever
// if a client leaves in between (mochi-mqtt/server issue 488).
func (s served) Close(listeners.CloseFn) { s.Net.Close(func(string) {}) }
