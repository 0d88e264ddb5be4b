package mqtttest

import (
	"maps"
	"net"
	"slices"
	"sync"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// listener knows which connections the broker's library has counted: it counts
// them in their own goroutines, and may not be closed while one is still to come.
type listener struct {
	net.Listener
	mu     sync.Mutex
	closed bool
	conns  map[*conn]struct{}
}

// conn is counted before its first Read.
type conn struct {
	net.Conn
	once    sync.Once
	counted chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	k := &conn{Conn: c, counted: make(chan struct{})}
	l.conns[k] = struct{}{}
	return k, nil
}

func (c *conn) Read(p []byte) (int, error) {
	c.once.Do(func() { close(c.counted) })
	return c.Conn.Read(p)
}

// shut closes the port and every connection.
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

// served closes nothing but itself: shut has closed the connections, and the
// library's own way of it may stand for ever (mochi-mqtt/server issue 488).
type served struct{ *listeners.Net }

func (s served) Close(listeners.CloseFn) { s.Net.Close(func(string) {}) }
