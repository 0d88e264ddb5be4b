package mqtt_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/sync/mqtt"
	"dockfill/sync/mqtttest"
)

var ids atomic.Int64

// run starts a client and gives what it reports: "up", or the problem.
func run(t testing.TB, o mqtt.Options) (*mqtt.Client, chan string, context.CancelFunc) {
	t.Helper()
	states := make(chan string, 1000)
	o.OnState = func(up bool, problem string) {
		if up {
			problem = "up"
		}
		states <- problem
	}
	if o.ClientID == nil {
		o.ClientID = func() string { return fmt.Sprintf("tester-%d", ids.Add(1)) }
	}
	o.RetryFirst, o.RetryMax = 50*time.Millisecond, 100*time.Millisecond
	c, err := mqtt.New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { assert.ErrorIs(t, c.Run(ctx), context.Canceled) })
	stop := func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return c, states, stop
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

func TestMessagesKeepTheirOrderAndComeBackAfterACut(t *testing.T) {
	b := mqtttest.Start(t)
	heard := make(chan string, 5000)
	_, listening, _ := run(t, mqtt.Options{URL: b.URL(), Subscribe: []string{"a/+"},
		Queue: 5000, Handle: func(topic string, p []byte) { heard <- topic + " " + string(p) }})
	require.Equal(t, "up", await(t, listening))
	c, states, _ := run(t, mqtt.Options{URL: b.URL()})
	require.Equal(t, "up", await(t, states))
	for i := range 1000 {
		require.NoError(t, c.Publish(t.Context(), "a/b", []byte{byte(i), byte(i >> 8)}))
	}
	for i := range 1000 {
		require.Equal(t, "a/b "+string([]byte{byte(i), byte(i >> 8)}), await(t, heard))
	}
	b.Cut()
	assert.Contains(t, await(t, states), "closed the connection")
	require.Equal(t, "up", await(t, states))
	await(t, listening)
	require.Equal(t, "up", await(t, listening))
	require.NoError(t, c.Publish(t.Context(), "a/b", []byte("again")))
	assert.Equal(t, "a/b again", await(t, heard))
}

func TestNothingIsTakenWhileThereIsNoConnection(t *testing.T) {
	b := mqtttest.Start(t)
	c, states, _ := run(t, mqtt.Options{URL: b.URL()})
	require.Equal(t, "up", await(t, states))
	b.Stop()
	await(t, states)
	require.ErrorIs(t, c.Publish(t.Context(), "a", nil), mqtt.ErrDown)
	assert.Contains(t, await(t, states), "connection refused at 127.0.0.1:")
	b.Resume()
	require.Eventually(t, func() bool { return c.Publish(t.Context(), "a", nil) == nil }, 10*time.Second, time.Millisecond)
}

func TestAProblemIsSaidInAPersonsWords(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	require.NoError(t, err)
	defer silent.Close()
	for url, want := range map[string]string{
		"tcp://nowhere.invalid:1883":        "the broker's name nowhere.invalid does not resolve",
		"tcp://127.0.0.1:1":                 "connection refused at 127.0.0.1:1: is the broker running?",
		"tcp://" + silent.Addr().String():   "does not answer in time",
		"tls://" + mqtttest.Start(t).Addr(): "closed the connection",
	} {
		_, states, stop := run(t, mqtt.Options{URL: url, Timeout: time.Second})
		assert.Contains(t, await(t, states), want)
		stop()
	}
}

// A JSON log would else tell nanoseconds without their unit.
func TestTheLogSaysHowLongUntilTheNextTry(t *testing.T) {
	lines := make(chan string, 100)
	log := slog.New(slog.NewJSONHandler(lineWriter(lines), nil))
	run(t, mqtt.Options{URL: "tcp://127.0.0.1:1", Log: log})
	assert.Regexp(t, `"retry_in":"[0-9.]+(m|µ|)s"`, await(t, lines))
}

type lineWriter chan string

func (l lineWriter) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

func TestAnAddressThatCannotBeMeantIsRefusedAtOnce(t *testing.T) {
	for _, url := range []string{"", "localhost:1883", "http://broker:1883", "tcp://broker", "tcp://:1883"} {
		_, err := mqtt.New(mqtt.Options{URL: url, ClientID: func() string { return "x" }})
		assert.Error(t, err, url)
	}
}

func TestASlowHandlerLosesMessagesAndNothingElse(t *testing.T) {
	b := mqtttest.Start(t)
	hold := make(chan struct{})
	var handled sync.WaitGroup
	handled.Add(1)
	first := sync.OnceFunc(handled.Done)
	slow, listening, _ := run(t, mqtt.Options{URL: b.URL(), Subscribe: []string{"a"}, Queue: 10,
		Handle: func(string, []byte) { first(); <-hold }})
	require.Equal(t, "up", await(t, listening))
	c, states, _ := run(t, mqtt.Options{URL: b.URL()})
	require.Equal(t, "up", await(t, states))
	for range 500 {
		require.NoError(t, c.Publish(t.Context(), "a", []byte("x")))
	}
	require.Eventually(t, func() bool { return slow.Dropped() >= 500-10-1 }, 10*time.Second, time.Millisecond)
	handled.Wait()
	require.NoError(t, slow.Publish(t.Context(), "b", nil), "its connection lives")
	close(hold)
}

// The broker of this test welcomes a client and then announces 200 MB.
func TestAnAnnouncedGiantEndsTheConnectionBeforeItTakesMemory(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 100))
			_, _ = conn.Write([]byte{0x20, 2, 0, 0, 0x30, 0x80, 0x80, 0x80, 0x64})
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, states, stop := run(t, mqtt.Options{URL: "tcp://" + l.Addr().String()})
	for ended := 0; ended < 10; {
		if state := await(t, states); state != "up" { // it may end before it was up
			assert.Contains(t, state, "larger than is allowed")
			ended++
		}
	}
	stop()
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(20<<20))
}

func TestAnEndedClientLeavesNoGoroutine(t *testing.T) {
	b := mqtttest.Start(t)
	before := runtime.NumGoroutine()
	for range 5 {
		c, states, stop := run(t, mqtt.Options{URL: b.URL(), Subscribe: []string{"a"}, Timeout: time.Second})
		require.Equal(t, "up", await(t, states))
		for range 3 {
			publishing, ended := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				begun := sync.OnceFunc(func() { close(publishing) })
				for c.Publish(t.Context(), "a", []byte(strings.Repeat("x", 10000))) == nil {
					begun()
				}
				begun()
			}()
			await(t, publishing)
			b.Cut()
			await(t, ended)
			for await(t, states) != "up" {
			}
		}
		stop()
	}
	// Eventually asks from a goroutine of its own.
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 20*time.Second, 10*time.Millisecond)
}

func TestPublishEndsWithItsContext(t *testing.T) {
	b := mqtttest.Start(t)
	c, states, _ := run(t, mqtt.Options{URL: b.URL()})
	require.Equal(t, "up", await(t, states))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Eventually(t, func() bool { return c.Publish(ctx, "a", nil) != nil }, 10*time.Second, time.Millisecond)
}
