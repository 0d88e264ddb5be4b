package sim

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// sins are how often a message meets one.
type sins struct {
	drop, repeat float64
	late         float64 // arrives up to a minute later, behind many others
}

// network is a broker and the lines to it. What befalls a message is a function of the
// seed, the moment and its bytes, whichever goroutine hands it over first.
type network struct {
	w  *world
	mu sync.Mutex
	// ports are the processes that are connected, or try to be.
	ports []*port
	sins  sins
	// How many faults hold the broker down, a way deaf ("up leeds", "down leeds"), a line cut.
	down int
	mute map[string]int
	cut  map[allocation.SiteID]int
	salt uint64
}

func newNetwork(w *world) *network {
	return &network{w: w, sins: w.plan.sins, mute: map[string]int{}, cut: map[allocation.SiteID]int{}, salt: w.plan.dice("net").Uint64()}
}

// port is one process's connection. site is "" of the centre.
type port struct {
	net    *network
	site   allocation.SiteID
	handle func(topic string, payload []byte)
	state  func(up bool, problem string)

	// Guarded by net.mu.
	running bool
	up      bool
	life    int // of the connection: what was under way in an older one is lost
}

func (n *network) port(site allocation.SiteID, handle func(string, []byte), state func(bool, string)) *port {
	return &port{net: n, site: site, handle: handle, state: state}
}

// Run is connected whenever the line is, until ctx ends.
func (p *port) Run(ctx context.Context) error {
	p.net.mu.Lock()
	p.running = true
	p.net.ports = append(p.net.ports, p)
	p.net.mu.Unlock()
	p.net.refresh()
	<-ctx.Done()
	p.leave()
	return ctx.Err()
}

func (p *port) leave() {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.running, p.up = false, false
	for i, other := range p.net.ports {
		if other == p {
			p.net.ports = append(p.net.ports[:i:i], p.net.ports[i+1:]...)
		}
	}
}

// refresh tells each port whether it is connected now.
func (n *network) refresh() {
	n.mu.Lock()
	var tell []func()
	for _, p := range n.ports {
		up := p.running && n.down == 0 && n.cut[p.site] == 0
		if up == p.up {
			continue
		}
		p.up = up
		p.life++
		tell = append(tell, func() { p.state(up, map[bool]string{false: "the line is cut"}[up]) })
	}
	n.mu.Unlock()
	for _, f := range tell {
		f()
	}
}

// set changes what befalls the lines. What is under way when one is cut is lost.
func (n *network) set(change func(*network)) {
	n.mu.Lock()
	change(n)
	n.mu.Unlock()
	n.refresh()
}

// calm is a network without sins, and rage gives them back.
func (n *network) calm() { n.set(func(n *network) { n.sins = sins{} }) }
func (n *network) rage() { n.set(func(n *network) { n.sins = n.w.plan.sins }) }

var errCut = errors.New("the line is cut")

// Publish takes a message from a process.
func (p *port) Publish(_ context.Context, topic string, payload []byte) error {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if !p.up {
		return errCut
	}
	way, site := "down ", p.site
	if p.site != "" {
		way = "up "
	} else if m, err := wire.Decode(payload); err == nil {
		site = m.Header().Site
	}
	luck := n.luck(topic, payload)
	if n.mute[way+string(site)] > 0 || luck.below(n.sins.drop) {
		return nil
	}
	copies := 1
	if luck.below(n.sins.repeat) {
		copies = 2 + int(luck.next()%2)
	}
	for range copies {
		delay := 2*time.Millisecond + time.Duration(luck.next()%uint64(150*time.Millisecond))
		if luck.below(n.sins.late) {
			delay += time.Duration(luck.next() % uint64(time.Minute))
		}
		n.send(p, site, topic, payload, delay)
	}
	return nil
}

// send brings a copy to all who listen, in the connections that they have now.
func (n *network) send(from *port, site allocation.SiteID, topic string, payload []byte, delay time.Duration) {
	for _, to := range n.ports {
		if (to.site == "") == (from.site == "") || !to.up || to.site != "" && to.site != site {
			continue
		}
		life := to.life
		time.AfterFunc(delay, func() {
			n.mu.Lock()
			here := to.up && to.life == life
			n.mu.Unlock()
			if here {
				n.note(topic, payload)
				to.handle(topic, payload)
			}
		})
	}
}

// luck is the chance of one message.
type luck struct{ state uint64 }

func (n *network) luck(topic string, payload []byte) *luck {
	h := fnv.New64a()
	var at [16]byte
	binary.LittleEndian.PutUint64(at[:], uint64(time.Now().UnixNano()))
	binary.LittleEndian.PutUint64(at[8:], n.salt)
	h.Write(at[:])
	h.Write([]byte(topic))
	h.Write(payload)
	return &luck{h.Sum64()}
}

// next is splitmix64.
func (l *luck) next() uint64 {
	l.state += 0x9e3779b97f4a7c15
	z := l.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (l *luck) below(p float64) bool { return float64(l.next()>>11)/(1<<53) < p }

func (n *network) note(topic string, payload []byte) {
	said := ""
	if n.w.plan.verbose {
		m, _ := wire.Decode(payload)
		text, _ := json.Marshal(m)
		said = fmt.Sprintf("%T %s", m, text[:min(len(text), 600)])
	}
	n.w.noteAs(topic+string(payload), said)
}
