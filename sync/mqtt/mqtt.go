// Package mqtt carries payloads over MQTT 3.1.1. It is the only importer of the
// MQTT client library, and it trusts neither the library nor the broker to keep
// anything: a session is clean, nothing is stored, nothing is published while
// there is no connection, and each connection is a new client of the library.
//
// Why so strict: with the library's own reconnect a token completes without the
// broker's receipt, a resend goes out of order, and 65,534 messages are taken
// while there is nobody to send them to.
package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// ErrDown says that there is no connection. Nothing was sent.
var ErrDown = errors.New("not connected to the broker")

// ErrUnknown says that the connection ended, or took too long, with the message
// under way: it may arrive or not.
var ErrUnknown = errors.New("the connection to the broker ended before it took the message")

// Options say where to and who. The settings below OnState have good defaults.
type Options struct {
	// URL is tcp://host:port or tls://host:port.
	URL string
	// ClientID is asked before each connection and should give a fresh id: under
	// an old one the embedded broker may lose the new connection's subscriptions
	// while it clears away the last connection.
	ClientID func() string
	Username string
	Password string
	TLS      *tls.Config // for tls://; nil means the system's roots
	// Subscribe lists the topic filters; the connection counts as up only when
	// the broker has granted all of them.
	Subscribe []string
	// Handle takes what arrives, in order, from one goroutine. Behind it stands
	// a bounded queue: while Handle takes long, messages are dropped and counted.
	Handle func(topic string, payload []byte)
	// OnState hears of every change and of every failed attempt, from the
	// goroutine of Run. Problem is a sentence for people, "" while up.
	OnState func(up bool, problem string)
	Log     *slog.Logger

	Queue      int           // messages that may wait for Handle; 256
	Window     int           // messages that may wait for the broker's receipt; 64
	MaxPayload int           // bytes; a larger packet ends the connection before memory is taken; 256 KiB
	KeepAlive  time.Duration // 30 s; whole seconds
	Timeout    time.Duration // for connecting, writing and receipts; 10 s
	RetryFirst time.Duration // between attempts, jittered and doubled up to RetryMax; 1 s
	RetryMax   time.Duration // 10 s
}

// Client is one end of the carrier. Use New, then Run.
type Client struct {
	o       Options
	queue   chan message
	dropped atomic.Int64

	mu   sync.Mutex
	conn *connection // nil while down
}

type message struct {
	topic   string
	payload []byte
}

// New checks the options; it does not connect.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("broker address: %w", err)
	}
	if u.Scheme != "tcp" && u.Scheme != "tls" || u.Hostname() == "" || u.Port() == "" {
		return nil, fmt.Errorf("broker address %q must be tcp://host:port or tls://host:port", o.URL)
	}
	if o.ClientID == nil {
		return nil, errors.New("mqtt: a client id is needed")
	}
	o = o.withDefaults()
	return &Client{o: o, queue: make(chan message, o.Queue)}, nil
}

func (o Options) withDefaults() Options {
	o.Queue = orElse(o.Queue, 256)
	o.Window = orElse(o.Window, 64)
	o.MaxPayload = orElse(o.MaxPayload, 256<<10)
	o.KeepAlive = orElse(o.KeepAlive, 30*time.Second)
	o.Timeout = orElse(o.Timeout, 10*time.Second)
	o.RetryFirst = orElse(o.RetryFirst, time.Second)
	o.RetryMax = orElse(o.RetryMax, 10*time.Second)
	if o.Handle == nil {
		o.Handle = func(string, []byte) {}
	}
	if o.OnState == nil {
		o.OnState = func(bool, string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func orElse[T ~int | ~int64](v, def T) T {
	if v > 0 {
		return v
	}
	return def
}

// Dropped counts messages that found the queue before Handle full.
func (c *Client) Dropped() int64 { return c.dropped.Load() }

// Run keeps a connection until the context ends, and then returns its error.
// What the library still has under way then ends within Options.Timeout.
func (c *Client) Run(ctx context.Context) error {
	var handling sync.WaitGroup
	handling.Go(func() { c.handle(ctx) })
	defer handling.Wait()
	wait := backoff{first: c.o.RetryFirst, max: c.o.RetryMax}
	for {
		lasted, err := c.connectOnce(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if lasted > stable {
			wait.reset()
		}
		problem, d := explain(c.o.URL, err), wait.next()
		c.o.OnState(false, problem)
		c.o.Log.Warn("no connection to the broker", "problem", problem, "retry_in", d.Round(time.Millisecond).String())
		if !sleep(ctx, d) {
			return ctx.Err()
		}
	}
}

// stable is how long a connection must have lasted for its loss to be news, and
// not one more failure in a row.
const stable = 5 * time.Second

// connectOnce connects, and returns how long the connection lasted and why it
// failed or ended.
func (c *Client) connectOnce(ctx context.Context) (lasted time.Duration, err error) {
	conn, err := dial(ctx, c.o, c.enqueue)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	c.hold(conn)
	c.o.Log.Info("connected to the broker", "broker", c.o.URL)
	c.o.OnState(true, "")
	select {
	case <-ctx.Done():
	case <-conn.ended:
	}
	c.hold(nil)
	return time.Since(began), conn.close()
}

func (c *Client) hold(conn *connection) {
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
}

// enqueue runs on the library's goroutine and therefore never blocks.
func (c *Client) enqueue(topic string, payload []byte) {
	select {
	case c.queue <- message{topic, payload}:
	default:
		c.dropped.Add(1)
	}
}

func (c *Client) handle(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-c.queue:
			c.o.Handle(m.topic, m.payload)
		}
	}
}

// Publish hands a message to the connection at QoS 1, not retained. Messages of
// one caller keep their order. It waits while the window is full, and not for
// the broker's receipt, which proves nothing. Nil means only that flow control
// let the message pass; ErrDown that there is no connection; ErrUnknown that the
// connection ended or stalled with the message under way; else it is the
// context's error.
func (c *Client) Publish(ctx context.Context, topic string, payload []byte) error {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	if conn == nil {
		return ErrDown
	}
	return conn.publish(ctx, topic, payload)
}
