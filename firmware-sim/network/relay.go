// Package network pretends to be the line between a site and its centre: a TCP
// relay that can be cut, stalled and slowed down, and made whole again.
package network

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Direction is a way through the relay. The site dials, the centre listens.
type Direction int

// The directions. Both is meant for Stall.
const (
	Up   Direction = 1 << iota // from who dialled to the target
	Down                       // from the target back
	Both = Up | Down
)

// Relay passes TCP connections on to one target. Its methods may be called
// from several goroutines.
type Relay struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	changed sync.Cond // broadcast when stalled, cut or links change
	cut     bool
	stalled Direction
	delay   time.Duration
	links   map[*link]bool
	carried [2]int64 // bytes up and down
	wg      sync.WaitGroup
}

// Listen starts a relay from a TCP address to another one. The target need not
// be there yet; connections to it are made one for one.
func Listen(address, target string) (*Relay, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	r := &Relay{listener: l, target: target, links: map[*link]bool{}}
	r.changed.L = &r.mu
	r.wg.Go(r.accept)
	return r, nil
}

// Addr is the address to dial, with the port that was really taken.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Cut breaks the line: connections are reset, bytes on their way are lost, and
// new connections are reset at once, until Restore.
func (r *Relay) Cut() { r.set(func() { r.cut = true; r.dropAll() }) }

// Drop resets the present connections; new ones work.
func (r *Relay) Drop() { r.set(r.dropAll) }

// Stall makes the line a black hole in a direction: connections stay up and
// nothing arrives, until Restore. Nothing is lost either.
func (r *Relay) Stall(d Direction) { r.set(func() { r.stalled |= d }) }

// Delay holds every byte back for t, in both directions; 0 ends it.
func (r *Relay) Delay(t time.Duration) { r.set(func() { r.delay = t }) }

// Restore undoes Cut, Stall and Delay. Stalled connections go on with the bytes
// that they hold.
func (r *Relay) Restore() {
	r.set(func() { r.cut, r.stalled, r.delay = false, 0, 0 })
}

// Close resets all connections and stops listening.
func (r *Relay) Close() {
	r.listener.Close()
	r.Cut()
	r.wg.Wait()
}

// State is the relay in words for a person: "whole, 2 connections, 10 bytes up,
// 20 down".
func (r *Relay) State() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := "whole"
	switch {
	case r.cut:
		state = "cut"
	case r.stalled == Both:
		state = "stalled both ways"
	case r.stalled == Up:
		state = "stalled up"
	case r.stalled == Down:
		state = "stalled down"
	}
	if r.delay > 0 {
		state += fmt.Sprintf(", delayed %s", r.delay)
	}
	connections := "connections"
	if len(r.links) == 1 {
		connections = "connection"
	}
	return fmt.Sprintf("%s, %d %s, %d bytes up, %d down", state, len(r.links), connections, r.carried[0], r.carried[1])
}

func (r *Relay) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	r.changed.Broadcast()
}

func (r *Relay) dropAll() {
	for l := range r.links {
		l.reset()
		delete(r.links, l)
	}
}

func (r *Relay) accept() {
	for {
		site, err := r.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // too many open files: let some close
			continue
		}
		r.wg.Go(func() { r.join(site) })
	}
}

// join dials the target and carries bytes until one side ends or the line is
// cut.
func (r *Relay) join(site net.Conn) {
	if r.isCut() {
		reset(site)
		return
	}
	centre, err := net.DialTimeout("tcp", r.target, 10*time.Second)
	if err != nil {
		reset(site)
		return
	}
	l := &link{r: r, site: site, centre: centre, ended: make(chan struct{})}
	if !r.add(l) {
		l.reset()
		return
	}
	r.wg.Go(func() { l.carry(Down, centre, site) })
	l.carry(Up, site, centre)
}

func (r *Relay) isCut() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cut
}

func (r *Relay) add(l *link) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut {
		return false
	}
	r.links[l] = true
	return true
}

// link is one connection through the relay.
type link struct {
	r            *Relay
	site, centre net.Conn
	once         sync.Once
	ended        chan struct{}
}

// chunk is bytes and the time before which they must not arrive.
type chunk struct {
	bytes []byte
	due   time.Time
}

// carry copies one direction. The end of the stream passes through the line
// like bytes do: a stalled line does not tell that the other side has left.
func (l *link) carry(d Direction, from, to net.Conn) {
	queue := make(chan chunk, 64)
	l.r.wg.Go(func() { l.deliver(d, queue, to) })
	defer close(queue)
	for {
		b := make([]byte, 32<<10)
		n, err := from.Read(b)
		if n > 0 {
			select {
			case queue <- chunk{b[:n], time.Now().Add(l.r.latency())}:
			case <-l.ended:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (r *Relay) latency() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.delay
}

// deliver writes what carry has read, when it is due and the line lets it pass.
func (l *link) deliver(d Direction, queue <-chan chunk, to net.Conn) {
	for c := range queue {
		select {
		case <-time.After(time.Until(c.due)):
		case <-l.ended:
			return
		}
		if !l.pass(d, len(c.bytes)) {
			return
		}
		if _, err := to.Write(c.bytes); err != nil {
			l.end()
			return
		}
	}
	if l.pass(d, 0) {
		closeWrite(to)
	}
	if d == Down {
		l.end()
	}
}

// pass waits while the direction is stalled; false if the link has ended.
func (l *link) pass(d Direction, bytes int) bool {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	for l.r.stalled&d != 0 && l.r.links[l] {
		l.r.changed.Wait()
	}
	if !l.r.links[l] {
		return false
	}
	l.r.carried[d>>1] += int64(bytes)
	return true
}

// end closes the link in peace, once the target has said all it had.
func (l *link) end() {
	l.r.set(func() { delete(l.r.links, l) })
	l.once.Do(func() {
		close(l.ended)
		l.site.Close()
		l.centre.Close()
	})
}

// reset closes the link like a cut: what is on its way is lost.
func (l *link) reset() {
	l.once.Do(func() {
		close(l.ended)
		reset(l.site)
		reset(l.centre)
	})
}

func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	c.Close()
}

func closeWrite(c io.Closer) {
	if t, ok := c.(*net.TCPConn); ok {
		t.CloseWrite()
	}
}
