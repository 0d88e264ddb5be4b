// Package broker is the MQTT broker inside the centre's program, for houses
// that do not run one of their own. It forwards and remembers nothing: the
// protocol above it repeats what is lost.
//
// Its bounds are its own, for the library's defaults have none: a packet is
// refused by its header, a client that does not introduce itself is closed, and
// the queue towards each client is finite. A site may speak and listen on its
// own two topics only.
package broker

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"

	"dockfill/sync/wire"
)

// DefaultListen is loopback: the sites of a real house come over TLS.
const DefaultListen = "127.0.0.1:1883"

// Bounds of what one client may cost.
const (
	maxPacket  = wire.MaxMessage + 1<<10 // the topic and the packet's own fields
	maxClients = 4096
	maxPending = 1024 // messages that wait for a slow reader; more are dropped and come again
	bufferSize = 32 << 10
)

// Options say where to listen.
type Options struct {
	Listen string // host:port; port 0 picks a free one; "" is DefaultListen
	Log    *slog.Logger
}

// Broker is running from Start to Stop.
type Broker struct {
	server   *mqtt.Server
	listener *listener
	password string
	clients  atomic.Int64 // connections of the centre so far
}

// Start listens and serves. Where the port is taken, or not this machine's, the
// error says so and what to do.
func Start(o Options) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Listen == "" {
		o.Listen = DefaultListen
	}
	l, err := listen(o.Listen)
	if err != nil {
		return nil, err
	}
	b := &Broker{listener: l, password: rand.Text()}
	if b.server, err = serve(l, &access{password: b.password, log: o.Log}, o.Log); err != nil {
		l.Close()
		return nil, fmt.Errorf("broker: %w", err)
	}
	if at := b.at(); at.IP.IsUnspecified() {
		o.Log.Info("broker is listening on every address of this machine", "port", at.Port)
	} else {
		o.Log.Info("broker is listening", "address", b.Address())
	}
	return b, nil
}

func listen(address string) (*listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("broker: %s is taken by another program, perhaps another broker: stop it, choose another --broker-listen, or use it with --broker", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("broker: %s is not an address of this machine: choose another with --broker-listen", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("broker: %s may not be opened by this user: ports below 1024 need a right; choose another with --broker-listen", address)
	case err != nil:
		return nil, fmt.Errorf("broker: %s cannot be listened on: %w; --broker-listen takes HOST:PORT", address, err)
	}
	return newListener(l), nil
}

func serve(l *listener, hook mqtt.Hook, log *slog.Logger) (*mqtt.Server, error) {
	server := mqtt.New(&mqtt.Options{
		Capabilities:             capabilities(),
		ClientNetReadBufferSize:  bufferSize,
		ClientNetWriteBufferSize: bufferSize,
		SysTopicResendInterval:   3600, // nobody may read them
		Logger:                   slog.New(brief{log.Handler()}),
	})
	if err := server.AddHook(hook, nil); err != nil {
		return nil, err
	}
	if err := server.AddListener(served{Net: listeners.NewNet("tcp", l), of: l, log: log}); err != nil {
		return nil, err
	}
	return server, server.Serve()
}

func capabilities() *mqtt.Capabilities {
	c := mqtt.NewDefaultServerCapabilities()
	c.MaximumPacketSize = maxPacket // the default has no limit
	c.MaximumClients = maxClients
	c.MaximumClientWritesPending = maxPending
	c.MaximumInflight = maxPending
	c.ReceiveMaximum = maxPending
	c.MaximumMessageExpiryInterval = 0 // the default forgets after a day what nobody here keeps
	c.MaximumSessionExpiryInterval = 0 // a session ends with its connection
	c.MinimumProtocolVersion = 4
	c.MaximumQos = 1
	c.RetainAvailable = 0
	c.SharedSubAvailable = 0
	return c
}

// Address is host:port as it is listened on.
func (b *Broker) Address() string { return b.at().String() }

// URL is the address for a client on this machine, such as
// "tcp://127.0.0.1:1883".
func (b *Broker) URL() string {
	at := *b.at()
	if at.IP.IsUnspecified() {
		return fmt.Sprintf("tcp://localhost:%d", at.Port)
	}
	return "tcp://" + at.String()
}

// Elsewhere is the address for a client on another machine: a broker that
// listens on every address of this one is reached by its name.
func (b *Broker) Elsewhere() string {
	at := b.at()
	name, err := os.Hostname()
	if err != nil || !at.IP.IsUnspecified() {
		return b.URL()
	}
	return fmt.Sprintf("tcp://%s:%d", name, at.Port)
}

func (b *Broker) at() *net.TCPAddr { return b.listener.Addr().(*net.TCPAddr) }

// Centre gives the credentials of the centre's own client, valid until Stop. No
// site can have its client ids.
func (b *Broker) Centre() (clientID func() string, username, password string) {
	clientID = func() string { return fmt.Sprintf("%s%d", centrePrefix, b.clients.Add(1)) }
	return clientID, centreUser, b.password
}

// Stats are totals since Start, but for Clients.
type Stats struct {
	Clients  int64 // connected now
	Messages int64 // received
	Dropped  int64 // towards readers that were too slow
}

// Stats may be called at any time.
func (b *Broker) Stats() Stats {
	i := b.server.Info
	return Stats{
		Clients:  atomic.LoadInt64(&i.ClientsConnected),
		Messages: atomic.LoadInt64(&i.MessagesReceived),
		Dropped:  atomic.LoadInt64(&i.MessagesDropped) + atomic.LoadInt64(&i.InflightDropped),
	}
}

// Stop closes all connections and the port, and returns when all is closed.
func (b *Broker) Stop() {
	b.listener.shut()
	b.server.Close()
	b.listener.atWork.Wait()
}
