package mqtttest

import (
	"fmt"
	"sync"

	"dockfill/allocation"
	"dockfill/sync/outbox"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// Centre is a centre in memory: it keeps the rules of the protocol and nothing
// else. Feed it with Handle.
type Centre struct {
	Incarnation string
	// Send takes a message down; it may fail or lose it.
	Send func(topic string, payload []byte)

	mu    sync.Mutex
	sites map[allocation.SiteID]*client
	minted,
	refused int
}

// client is one site as the centre knows it.
type client struct {
	known    session.Known
	events   []outbox.Stored
	commands []wire.Command
	applied  int64 // commands that the site's events confirm
	greeted  bool  // said hello under the present incarnation: it may be commanded
}

// NewCentre is a centre that knows no site.
func NewCentre(incarnation string, send func(topic string, payload []byte)) *Centre {
	return &Centre{Incarnation: incarnation, Send: send, sites: map[allocation.SiteID]*client{}}
}

// Know makes incarnation, of which nothing is stored, the life of a site.
func (c *Centre) Know(site allocation.SiteID, incarnation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cl := c.of(site)
	cl.known.Incarnation = incarnation
	cl.known.Stored = wire.Cursor{Hash: wire.Genesis(site, incarnation)}
}

// Handle takes a message up.
func (c *Centre) Handle(topic string, payload []byte) {
	site, err := wire.SiteOf(topic)
	m, derr := wire.Decode(payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || derr != nil || m.Header().Site != site {
		c.refused++
		return
	}
	switch m := m.(type) {
	case *wire.Hello:
		c.hello(c.of(site), m)
	case *wire.Events:
		c.ingest(c.of(site), m)
	}
}

func (c *Centre) of(site allocation.SiteID) *client {
	if c.sites[site] == nil {
		cl := &client{}
		cl.known.Centre, cl.known.Holder = c.Incarnation, session.Silent
		cl.known.Followed = func(centre string) bool { return centre == c.Incarnation }
		cl.known.HashAt = func(seq int64) wire.Hash {
			if seq < 1 || seq > int64(len(cl.events)) {
				return wire.Hash{}
			}
			return cl.events[seq-1].Hash
		}
		cl.known.Kept = func(at wire.Cursor) bool { return at.Seq == 0 || cl.known.HashAt(at.Seq) == at.Hash }
		c.sites[site] = cl
	}
	return c.sites[site]
}

// hello is answered by the rules, but a database of this centre's sites is never
// replaced by another: where that would follow, the site is fenced.
func (c *Centre) hello(cl *client, h *wire.Hello) {
	cl.known.Minted = h.Incarnation == cl.known.Incarnation
	switch v := session.Weigh(cl.known, h); v {
	case session.Mint:
		c.minted++
		cl.known.Incarnation = fmt.Sprintf("%s-%d", c.Incarnation, c.minted)
		cl.known.Run, cl.known.Nonce = h.Run, h.Nonce
		cl.known.Stored = wire.Cursor{Hash: wire.Genesis(h.Site, cl.known.Incarnation)}
		cl.events, cl.applied, cl.greeted = nil, 0, false
		c.welcome(cl, h, true)
	case session.MintedBefore:
		c.welcome(cl, h, true)
	case session.Continue:
		cl.known.Run, cl.known.Nonce, cl.greeted = h.Run, h.Nonce, true
		c.welcome(cl, h, false)
		c.command(cl, h.Site)
	default:
		c.send(h.Site, &wire.Fence{Head: c.head(h.Head, h.Incarnation), Reason: string(v), Message: session.Explain(v)})
	}
}

func (c *Centre) welcome(cl *client, h *wire.Hello, minted bool) {
	c.send(h.Site, &wire.Welcome{
		Head:   c.head(h.Head, cl.known.Incarnation),
		Minted: minted, Followed: h.Commands.Centre,
		Centre: c.Incarnation,
		Stored: cl.known.Stored,
		Safe:   cl.known.Stored,
	})
}

func (c *Centre) head(to wire.Head, incarnation string) wire.Head {
	return wire.Head{Site: to.Site, Nonce: to.Nonce, Incarnation: incarnation}
}

// ingest stores what follows, acknowledges what it has, and moves nothing behind
// a gap.
func (c *Centre) ingest(cl *client, m *wire.Events) {
	if m.Incarnation != cl.known.Incarnation || m.Nonce != cl.known.Nonce {
		return
	}
	if hashes, ok := m.Verify(); ok {
		for i, raw := range m.Events {
			c.store(cl, m, m.First+int64(i), hashes[i], raw)
		}
	}
	c.send(m.Site, &wire.Ack{Head: c.head(m.Head, m.Incarnation), Centre: c.Incarnation, Stored: cl.known.Stored, Safe: cl.known.Stored})
}

func (c *Centre) store(cl *client, m *wire.Events, seq int64, hash wire.Hash, raw []byte) {
	follows := seq == cl.known.Stored.Seq+1
	if !follows || seq == m.First && m.Prev != cl.known.Stored.Hash {
		return
	}
	cl.known.Stored = wire.Cursor{Seq: seq, Hash: hash}
	cl.events = append(cl.events, outbox.Stored{Seq: seq, Hash: hash, Body: raw})
	if e, err := wire.ParseEvent(raw); err == nil && e.Applied != nil {
		cl.applied = e.Applied.Through.N
	}
}

// Command gives a site its next commands.
func (c *Centre) Command(site allocation.SiteID, cmds ...wire.Command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cl := c.of(site)
	cl.commands = append(cl.commands, cmds...)
	cl.known.Commands = wire.CommandCursor{Centre: c.Incarnation, N: int64(len(cl.commands))}
	c.command(cl, site)
}

// Repeat sends every site again what it has not confirmed.
func (c *Centre) Repeat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for site, cl := range c.sites {
		c.command(cl, site)
	}
}

// perMessage is small, so that a test sees many messages.
const perMessage = 3

func (c *Centre) command(cl *client, site allocation.SiteID) {
	if !cl.greeted {
		return
	}
	for n := cl.applied; n < int64(len(cl.commands)); n += perMessage {
		c.send(site, &wire.Commands{
			Head:     wire.Head{Site: site, Nonce: cl.known.Nonce, Incarnation: cl.known.Incarnation},
			Centre:   c.Incarnation,
			First:    n + 1,
			Commands: cl.commands[n:min(n+perMessage, int64(len(cl.commands)))],
		})
	}
}

func (c *Centre) send(site allocation.SiteID, m wire.Message) {
	if payload, err := wire.Encode(m); err == nil {
		c.Send(wire.Down(site), payload)
	}
}

// Events gives what is stored of a site, in order.
func (c *Centre) Events(site allocation.SiteID) []outbox.Stored {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]outbox.Stored(nil), c.of(site).events...)
}

// Stored is the number of the last event stored of a site.
func (c *Centre) Stored(site allocation.SiteID) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of(site).known.Stored.Seq
}

// Minted counts the lives given out.
func (c *Centre) Minted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.minted
}
