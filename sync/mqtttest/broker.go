// Package mqtttest gives tests a broker that behaves as badly as a network may:
// it drops, repeats and delays messages, cuts connections, and stops. Beside it
// stand a site and a centre that live in memory, to talk through it.
package mqtttest

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"
)

// Faults say how the broker treats a message. The first three are probabilities,
// tried in this order; a message that was delayed is overtaken by later ones.
type Faults struct {
	Drop, Repeat, Delay float64
	MaxDelay            time.Duration
	Seed                uint64
}

// Broker is a broker on a free loopback port. It takes every client.
type Broker struct {
	t       testing.TB
	address string

	mu     sync.Mutex
	server *mqtt.Server // nil while stopped
	listen *listener
	faults Faults
	random *rand.Rand
	// What was done to messages, by kind of fault.
	dropped, repeated, delayed int
}

// Start runs a broker without faults until the test ends.
func Start(t testing.TB) *Broker {
	t.Helper()
	b := &Broker{t: t, address: "127.0.0.1:0", random: rand.New(rand.NewPCG(0, 0))}
	b.Resume()
	t.Cleanup(b.Stop)
	return b
}

// URL is what a client connects to; it stays the same over Stop and Resume.
func (b *Broker) URL() string { return "tcp://" + b.address }

// Addr is its host and port.
func (b *Broker) Addr() string { return b.address }

// Stop closes all connections and the port. It may be called when stopped.
func (b *Broker) Stop() {
	b.mu.Lock()
	server, l := b.server, b.listen
	b.server = nil
	b.mu.Unlock()
	if server != nil {
		l.shut()
		server.Close()
	}
}

// Resume opens the port again, with nothing remembered.
func (b *Broker) Resume() {
	b.t.Helper()
	port, err := net.Listen("tcp", b.address)
	require.NoError(b.t, err)
	l := &listener{Listener: port, conns: map[*conn]struct{}{}}
	server := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler), InlineClient: true})
	require.NoError(b.t, server.AddHook(&faultHook{b: b, server: server}, nil))
	require.NoError(b.t, server.AddListener(served{listeners.NewNet("tcp", l)}))
	require.NoError(b.t, server.Serve())
	b.mu.Lock()
	b.address, b.server, b.listen = l.Addr().String(), server, l
	b.mu.Unlock()
}

// SetFaults changes how messages are treated from now on.
func (b *Broker) SetFaults(f Faults) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults, b.random = f, rand.New(rand.NewPCG(f.Seed, 0))
}

var errCut = errors.New("cut by the test")

// Cut ends every connection without a word; clients may come again at once.
func (b *Broker) Cut() {
	b.mu.Lock()
	server := b.server
	b.mu.Unlock()
	if server == nil {
		return
	}
	for _, cl := range server.Clients.GetAll() {
		if !cl.Net.Inline {
			cl.Stop(errCut)
		}
	}
}

// Misdeeds counts messages that were dropped, repeated and delayed.
func (b *Broker) Misdeeds() (dropped, repeated, delayed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped, b.repeated, b.delayed
}

// fate is what becomes of one message.
type fate struct {
	gone bool          // not forwarded now
	copy bool          // forwarded once more, after
	wait time.Duration // this long
}

func (b *Broker) fate() fate {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := time.Duration(b.random.Int64N(int64(b.faults.MaxDelay) + 1))
	switch {
	case b.random.Float64() < b.faults.Drop:
		b.dropped++
		return fate{gone: true}
	case b.random.Float64() < b.faults.Repeat:
		b.repeated++
		return fate{copy: true, wait: wait}
	case b.random.Float64() < b.faults.Delay:
		b.delayed++
		return fate{gone: true, copy: true, wait: wait}
	}
	return fate{}
}

// faultHook stands where the broker takes a message in.
type faultHook struct {
	mqtt.HookBase
	b      *Broker
	server *mqtt.Server
}

func (h *faultHook) ID() string { return "faults" }

func (h *faultHook) Provides(event byte) bool {
	return event == mqtt.OnPublish || event == mqtt.OnConnectAuthenticate || event == mqtt.OnACLCheck
}

func (h *faultHook) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

func (h *faultHook) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// OnPublish answers the sender as if all were well: a broker's receipt proves
// nothing.
func (h *faultHook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	f := h.b.fate()
	if f.copy {
		topic, payload := pk.TopicName, pk.Payload
		time.AfterFunc(f.wait, func() { _ = h.server.Publish(topic, payload, false, 1) })
	}
	if f.gone {
		return pk, packets.CodeSuccessIgnore
	}
	return pk, nil
}
