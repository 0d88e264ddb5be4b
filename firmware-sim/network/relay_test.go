package network

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// echo is a target that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func relay(t *testing.T) *Relay {
	t.Helper()
	r, err := Listen("127.0.0.1:0", echo(t))
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func dial(t *testing.T, r *Relay) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func say(t *testing.T, c net.Conn, word string) {
	t.Helper()
	_, err := c.Write([]byte(word))
	require.NoError(t, err)
}

func hear(t *testing.T, c net.Conn, word string) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, len(word))
	_, err := io.ReadFull(c, b)
	require.NoError(t, err)
	require.Equal(t, word, string(b))
}

// silent asserts that nothing comes although the connection stands.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout(), "the connection ended: %v", err)
}

func TestAWholeLineCarriesBothWays(t *testing.T) {
	c := dial(t, relay(t))
	say(t, c, "pallet")
	hear(t, c, "pallet")
}

func TestACutBreaksOldAndNewConnectionsUntilRestore(t *testing.T) {
	r := relay(t)
	c := dial(t, r)
	say(t, c, "a")
	hear(t, c, "a")
	r.Cut()
	broken(t, c)
	if c, err := net.Dial("tcp", r.Addr()); err == nil {
		broken(t, c)
		c.Close()
	}
	r.Restore()
	c = dial(t, r)
	say(t, c, "b")
	hear(t, c, "b")
}

func broken(t *testing.T, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	var timeout net.Error
	if assert.ErrorAs(t, err, &timeout, "a cut is a reset, not a peaceful end") {
		assert.False(t, timeout.Timeout(), "the connection still stands")
	}
}

func TestADropLetsNewConnectionsThrough(t *testing.T) {
	r := relay(t)
	old := dial(t, r)
	say(t, old, "a")
	hear(t, old, "a")
	r.Drop()
	broken(t, old)
	c := dial(t, r)
	say(t, c, "b")
	hear(t, c, "b")
}

func TestAStallIsABlackHoleThatLosesNothing(t *testing.T) {
	for _, d := range []Direction{Up, Down, Both} {
		r := relay(t)
		c := dial(t, r)
		say(t, c, "a")
		hear(t, c, "a")
		r.Stall(d)
		say(t, c, "b")
		silent(t, c)
		r.Restore()
		hear(t, c, "b")
	}
}

func TestAStalledLineCanBeCut(t *testing.T) {
	r := relay(t)
	c := dial(t, r)
	r.Stall(Both)
	say(t, c, "b")
	silent(t, c)
	r.Cut()
	broken(t, c)
}

func TestDelayHoldsBytesBackAndKeepsTheirOrder(t *testing.T) {
	r := relay(t)
	r.Delay(50 * time.Millisecond)
	c := dial(t, r)
	start := time.Now()
	say(t, c, "one")
	say(t, c, "two")
	hear(t, c, "onetwo")
	assert.GreaterOrEqual(t, time.Since(start), 100*time.Millisecond)
}

func TestTheEndOfAConversationPassesThrough(t *testing.T) {
	r := relay(t)
	c := dial(t, r)
	say(t, c, "last words")
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	all, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "last words", string(all))
}

func TestAMissingTargetResetsTheCaller(t *testing.T) {
	r, err := Listen("127.0.0.1:0", "127.0.0.1:1")
	require.NoError(t, err)
	defer r.Close()
	if c, err := net.Dial("tcp", r.Addr()); err == nil {
		broken(t, c)
	}
}

func TestStateIsSaidInWords(t *testing.T) {
	r := relay(t)
	assert.Equal(t, "whole, 0 connections, 0 bytes up, 0 down", r.State())
	c := dial(t, r)
	say(t, c, "abc")
	hear(t, c, "abc")
	assert.Equal(t, "whole, 1 connection, 3 bytes up, 3 down", r.State())
	r.Stall(Up)
	r.Delay(time.Second)
	assert.Contains(t, r.State(), "stalled up, delayed 1s")
	r.Cut()
	assert.Contains(t, r.State(), "cut, delayed 1s, 0 connections")
}
