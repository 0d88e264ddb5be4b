package broker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/cloud/broker"
	"dockfill/sync/mqtt"
	"dockfill/sync/wire"
)

func start(t testing.TB) *broker.Broker {
	t.Helper()
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(b.Stop)
	return b
}

// peer is a client of the broker and what it heard.
type peer struct {
	*mqtt.Client
	heard    chan string
	up       chan struct{}
	problems chan string
}

func join(t testing.TB, url string, o mqtt.Options) *peer {
	t.Helper()
	p := &peer{heard: make(chan string, 100), up: make(chan struct{}, 100), problems: make(chan string, 100)}
	o.URL = url
	o.Handle = func(topic string, payload []byte) { p.heard <- topic + " " + string(payload) }
	o.OnState = func(up bool, problem string) {
		if up {
			p.up <- struct{}{}
		} else {
			p.problems <- problem
		}
	}
	var err error
	p.Client, err = mqtt.New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = p.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return p
}

func await[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		require.Fail(t, "nothing came in time")
		panic("unreachable")
	}
}

func fixed(id string) func() string { return func() string { return id } }

func centre(t testing.TB, b *broker.Broker) *peer {
	id, user, password := b.Centre()
	p := join(t, b.URL(), mqtt.Options{ClientID: id, Username: user, Password: password, Subscribe: []string{wire.AllUp()}})
	await(t, p.up)
	return p
}

func TestASiteAndTheCentreHearEachOther(t *testing.T) {
	b := start(t)
	c := centre(t, b)
	s := join(t, b.URL(), mqtt.Options{ClientID: fixed("leeds.abcdefgh"), Subscribe: []string{wire.Down("leeds")}})
	await(t, s.up)
	require.NoError(t, s.Publish(t.Context(), wire.Up("leeds"), []byte("hello")))
	assert.Equal(t, wire.Up("leeds")+" hello", await(t, c.heard))
	require.NoError(t, c.Publish(t.Context(), wire.Down("leeds"), []byte("welcome")))
	assert.Equal(t, wire.Down("leeds")+" welcome", await(t, s.heard))
	assert.EqualValues(t, 2, b.Stats().Clients)
}

func TestASiteCannotListenToAnother(t *testing.T) {
	b := start(t)
	for i, topic := range []string{wire.Down("york"), wire.Up("leeds"), wire.AllUp(), "#", "dockfill/1/+/+/down", "$SYS/#", "$share/x/" + wire.Down("leeds")} {
		s := join(t, b.URL(), mqtt.Options{ClientID: fixed(fmt.Sprintf("leeds.abcdefg%d", i)), Subscribe: []string{topic}})
		assert.Contains(t, await(t, s.problems), "refuses this client the topic", topic)
	}
}

func TestASiteCannotSpeakForAnother(t *testing.T) {
	b := start(t)
	c := centre(t, b)
	for i, topic := range []string{wire.Up("york"), wire.Down("york"), wire.Down("leeds"), "other"} {
		s := join(t, b.URL(), mqtt.Options{ClientID: fixed(fmt.Sprintf("leeds.abcdefg%d", i))})
		await(t, s.up)
		_ = s.Publish(t.Context(), topic, []byte("forged"))
		await(t, s.problems) // the broker closed the connection
	}
	s := join(t, b.URL(), mqtt.Options{ClientID: fixed("leeds.ijklmnop")})
	await(t, s.up)
	require.NoError(t, s.Publish(t.Context(), wire.Up("leeds"), []byte("mine")))
	assert.Equal(t, wire.Up("leeds")+" mine", await(t, c.heard), "and nothing forged before it")
}

func TestStrangersAreRefused(t *testing.T) {
	b := start(t)
	for name, o := range map[string]mqtt.Options{
		"no nonce":             {ClientID: fixed("leeds")},
		"not a site":           {ClientID: fixed("Leeds.abcdefgh")},
		"a nonce too short":    {ClientID: fixed("leeds.a")},
		"the centre's id":      {ClientID: fixed("_centre.1")},
		"the centre's name":    {ClientID: fixed("leeds.abcdefgh"), Username: "_centre", Password: "guess"},
		"a guess for the both": {ClientID: fixed("_centre.1"), Username: "_centre", Password: "guess"},
	} {
		s := join(t, b.URL(), o)
		assert.Contains(t, await(t, s.problems), "refuses this client", name)
	}
}

// connect is CONNECT (MQTT 3.1.1, clean session, keepalive 30 s).
func connect(flags byte, rest ...string) []byte {
	body := "\x00\x04MQTT\x04" + string(flags) + "\x00\x1e"
	for _, s := range rest {
		body += string([]byte{0, byte(len(s))}) + s
	}
	return append([]byte{0x10, byte(len(body))}, body...)
}

func TestAWillIsRefusedBecauseItPassesTheRulesForTopics(t *testing.T) {
	b := start(t)
	conn, err := net.Dial("tcp", b.Address())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write(connect(0x06, "leeds.abcdefgh", wire.Up("york"), "forged"))
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, []byte{0x20, 2, 0, 5}, answer[:4], "CONNACK that refuses")
}

// A header of five bytes announces 200 MB. The broker must not believe it.
func TestAnAnnouncedGiantTakesNoMemory(t *testing.T) {
	giant := []byte{0x30, 0x80, 0x80, 0x80, 0x64} // 100 << 21
	for name, first := range map[string][]byte{"before CONNECT": nil, "after it": connect(2, "leeds.abcdefgh")} {
		b := start(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 20 {
			conn, err := net.Dial("tcp", b.Address())
			require.NoError(t, err)
			r := bufio.NewReader(conn)
			if first != nil {
				_, err = conn.Write(first)
				require.NoError(t, err)
				_, err = io.ReadFull(r, make([]byte, 4))
				require.NoError(t, err)
				giant[0] = 0x32
			} else {
				giant[0] = 0x10
			}
			_, err = conn.Write(giant)
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
			_, err = r.ReadByte()
			assert.False(t, err == nil || isTimeout(err), "the broker closes the connection at once (%s): %v", name, err)
			conn.Close()
		}
		runtime.ReadMemStats(&after)
		taken := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d KiB for 20 connections", name, taken>>10)
		assert.Less(t, taken, uint64(20<<20), name)
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestALargestMessagePasses(t *testing.T) {
	b := start(t)
	c := centre(t, b)
	s := join(t, b.URL(), mqtt.Options{ClientID: fixed("leeds.abcdefgh")})
	await(t, s.up)
	require.NoError(t, s.Publish(t.Context(), wire.Up("leeds"), []byte(strings.Repeat("x", wire.MaxMessage))))
	assert.Len(t, await(t, c.heard), len(wire.Up("leeds"))+1+wire.MaxMessage)
}

func TestATakenPortIsSaidClearly(t *testing.T) {
	b := start(t)
	_, err := broker.Start(broker.Options{Listen: b.Address()})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "is taken by another program")
	_, err = broker.Start(broker.Options{Listen: "192.0.2.1:0"})
	assert.ErrorContains(t, err, "not an address of this machine")
}

func TestStopClosesEveryConnectionAtOnce(t *testing.T) {
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	silent, err := net.Dial("tcp", b.Address())
	require.NoError(t, err)
	defer silent.Close()
	c := centre(t, b)
	began := time.Now()
	b.Stop()
	assert.Less(t, time.Since(began), 5*time.Second, "a client that never introduced itself does not hold it up")
	assert.Contains(t, await(t, c.problems), "closed the connection")
	again, err := broker.Start(broker.Options{Listen: b.Address()})
	require.NoError(t, err, "the port is free again")
	again.Stop()
}

func TestNothingIsRetained(t *testing.T) {
	b := start(t)
	conn, err := net.Dial("tcp", b.Address())
	require.NoError(t, err)
	defer conn.Close()
	topic := wire.Up("leeds")
	publish := append([]byte{0x33, byte(2 + len(topic) + 2 + 1), 0, byte(len(topic))}, topic...)
	publish = append(publish, 0, 1, 'x', 0xc0, 0) // and a ping behind it, answered when it is done
	_, err = conn.Write(append(connect(2, "leeds.abcdefgh"), publish...))
	require.NoError(t, err)
	_, err = io.ReadFull(conn, make([]byte, 10)) // CONNACK, PUBACK, PINGRESP
	require.NoError(t, err)
	c := centre(t, b)
	s := join(t, b.URL(), mqtt.Options{ClientID: fixed("leeds.ijklmnop")})
	await(t, s.up)
	require.NoError(t, s.Publish(t.Context(), topic, []byte("fresh")))
	assert.Equal(t, topic+" fresh", await(t, c.heard))
}

// Whoever looks for a client that cannot get through finds it in the log.
func TestTheLogSaysWhyAConnectionWasClosed(t *testing.T) {
	var out syncBuffer
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&out, nil))})
	require.NoError(t, err)
	for _, said := range [][]byte{
		append(connect(2, "leeds.abcdefgh"), 0x32, 0x80, 0x80, 0x80, 0x64),      // announces 200 MB
		append(connect(2, "york.abcdefgh"), 0x32, 0xff, 0xff, 0xff, 0xff, 0xff), // no length at all
		{0x10, 0x80, 0x80, 0x80, 0x64},
	} {
		conn, err := net.Dial("tcp", b.Address())
		require.NoError(t, err)
		_, err = conn.Write(said)
		require.NoError(t, err)
		_, err = io.ReadAll(conn)
		assert.False(t, isTimeout(err))
		conn.Close()
	}
	b.Stop()
	assert.Regexp(t, `client=leeds.abcdefgh from=127.0.0.1:\d+ why="its packet is larger than 263168 bytes"`, out.String())
	assert.Regexp(t, `client=york.abcdefgh from=127.0.0.1:\d+ why="malformed packet: variable byte integer out of range"`, out.String())
	assert.Regexp(t, `a connection ended before it was introduced" from=127.0.0.1:\d+ why="read connection: `, out.String())
}

func TestTheLogHoldsNoPayload(t *testing.T) {
	var out syncBuffer
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&out, nil))})
	require.NoError(t, err)
	s := join(t, b.URL(), mqtt.Options{ClientID: fixed("leeds.abcdefgh")})
	await(t, s.up)
	_ = s.Publish(t.Context(), wire.Up("york"), []byte("secret-payload"))
	await(t, s.problems)
	b.Stop()
	assert.Contains(t, out.String(), "topic="+wire.Up("york")+` why="this client may speak on `+wire.Up("leeds")+` alone"`)
	assert.NotContains(t, out.String(), "secret-payload")
	assert.NotContains(t, out.String(), "pk=")
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
