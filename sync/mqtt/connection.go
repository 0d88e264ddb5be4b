package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// connection is one client of the library, which lives as long as its socket.
type connection struct {
	client  paho.Client
	timeout time.Duration
	socket  atomic.Pointer[guarded]
	out     chan *outgoing
	tokens  chan paho.Token // waiting for the broker's receipt, oldest first: the window
	ended   chan struct{}   // closed when the connection is lost
	endOnce sync.Once
	cause   error // why; read after ended
}

// outgoing is a message that a caller waits to see handed over.
type outgoing struct {
	message
	handed chan error
}

// subackFailure is the return code that refuses a subscription (MQTT 3.1.1, 3.9.3).
const subackFailure = 0x80

// dial connects and subscribes. It fails where either takes longer than the
// time-out or the broker refuses.
func dial(ctx context.Context, o Options, enqueue func(string, []byte)) (*connection, error) {
	c := &connection{
		timeout: o.Timeout,
		out:     make(chan *outgoing),
		tokens:  make(chan paho.Token, o.Window),
		ended:   make(chan struct{}),
	}
	c.client = paho.NewClient(c.options(ctx, o, enqueue))
	err := c.wait(ctx, c.client.Connect())
	if err == nil {
		err = c.subscribe(ctx, o.Subscribe)
	}
	if err != nil {
		c.end(err)
		c.close()
		return nil, err
	}
	go c.send()
	go c.receipts()
	return c, nil
}

func (c *connection) options(ctx context.Context, o Options, enqueue func(string, []byte)) *paho.ClientOptions {
	p := paho.NewClientOptions()
	p.AddBroker(o.URL)
	p.SetClientID(o.ClientID()).SetUsername(o.Username).SetPassword(o.Password)
	p.SetProtocolVersion(4).SetCleanSession(true).SetStore(paho.NewMemoryStore())
	p.SetAutoReconnect(false).SetConnectRetry(false)
	p.SetKeepAlive(o.KeepAlive).SetPingTimeout(o.Timeout).SetConnectTimeout(o.Timeout).SetWriteTimeout(o.Timeout)
	p.SetOrderMatters(true)
	p.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) { enqueue(m.Topic(), m.Payload()) })
	p.SetConnectionLostHandler(func(_ paho.Client, err error) { c.end(err) })
	p.SetCustomOpenConnectionFn(func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
		socket, err := open(ctx, u, o)
		if err != nil {
			return nil, err
		}
		g := &guarded{Conn: socket, limit: o.MaxPayload + packetSlack}
		c.socket.Store(g)
		return g, nil
	})
	return p
}

// packetSlack is room for the topic and the packet's own fields.
const packetSlack = 1 << 10

func open(ctx context.Context, u *url.URL, o Options) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if u.Scheme == "tls" {
		d := &tls.Dialer{Config: o.TLS}
		return d.DialContext(ctx, "tcp", u.Host)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", u.Host)
}

// wait waits for a token, but never longer than the time-out, the connection or
// the context: the library forgets tokens.
func (c *connection) wait(ctx context.Context, t paho.Token) error {
	timer := time.NewTimer(c.timeout)
	defer timer.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-c.ended:
		return c.cause
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errStalled
	}
}

var errStalled = errors.New("the broker did not answer in time")

func (c *connection) subscribe(ctx context.Context, filters []string) error {
	if len(filters) == 0 {
		return nil
	}
	want := map[string]byte{}
	for _, f := range filters {
		want[f] = 1
	}
	t := c.client.SubscribeMultiple(want, nil)
	if err := c.wait(ctx, t); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	for filter, code := range t.(*paho.SubscribeToken).Result() {
		if code == subackFailure {
			return fmt.Errorf("the broker refuses this client the topic %s", filter)
		}
	}
	return nil
}

// publish hands a message to send and waits until the library has it. It never
// waits beyond the end of the connection, which the library would for as long
// as its write time-out.
func (c *connection) publish(ctx context.Context, topic string, payload []byte) error {
	m := &outgoing{message{topic, payload}, make(chan error, 1)}
	select {
	case c.out <- m:
	case <-c.ended:
		return ErrDown
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-m.handed:
		return err
	case <-c.ended:
		return ErrUnknown
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send is the one caller of the library's Publish, so that order is kept. After
// the end it may hang in the library, at most for the write time-out.
func (c *connection) send() {
	for {
		select {
		case <-c.ended:
			return
		case m := <-c.out:
			m.handed <- c.handOver(m)
		}
	}
}

func (c *connection) handOver(m *outgoing) error {
	t := c.client.Publish(m.topic, 1, false, m.payload)
	select {
	case c.tokens <- t:
		return nil
	case <-c.ended:
		return ErrUnknown
	}
}

// receipts makes room in the window as the broker takes the messages. A broker
// that does not for too long is given up.
func (c *connection) receipts() {
	for {
		select {
		case <-c.ended:
			return
		case t := <-c.tokens:
			if err := c.wait(context.Background(), t); err != nil {
				c.end(err)
			}
		}
	}
}

// end marks the connection as over. The first cause counts.
func (c *connection) end(cause error) {
	c.endOnce.Do(func() {
		c.cause = cause
		close(c.ended)
	})
}

// close ends what the library started and returns why the connection ended.
func (c *connection) close() error {
	c.end(nil)
	c.client.Disconnect(uint(farewell.Milliseconds()))
	if g := c.socket.Load(); g != nil {
		g.Close()
	}
	return c.cause
}

// farewell is how long the library may take to say goodbye.
const farewell = 100 * time.Millisecond
