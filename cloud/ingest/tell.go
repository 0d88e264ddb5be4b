package ingest

import (
	"context"
	"log/slog"
	"sync"

	"dockfill/allocation"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// tell says what people must know of a commit, and answers what it stored.
func (i *Ingest) tell(c *commit) {
	i.count(c.counts)
	for _, m := range c.forks {
		i.log.Error("a site told another history than the stored one: it is kept in quarantine, and who told it may not allocate",
			"site", m.Site, "incarnation", m.Incarnation, "nonce", m.Nonce, "first", m.First, "events", len(m.Events))
	}
	for _, l := range c.lives {
		for _, p := range l.poison {
			i.log.Error("an event could not be applied; it is kept, and its lines wait",
				"site", p.Site, "incarnation", p.Incarnation, "event", p.Seq, "problem", p.Reason)
		}
	}
	for _, a := range c.answers {
		head := wire.Head{Site: a.to.Site, Nonce: a.to.Nonce, Incarnation: a.to.Incarnation}
		at := a.life.stored
		if a.fork.Seq > 0 {
			at = a.fork
			if i.facts[head.Site] != head.Nonce {
				i.mouth.say(&wire.Fence{Head: head, Reason: string(session.Diverged), Message: session.Explain(session.Diverged)})
			}
		}
		i.mouth.say(&wire.Ack{Head: head, Centre: i.centre(), Stored: at, Safe: at})
	}
	i.dispatch.stored(c.homes)
}

func (i *Ingest) count(n Counts) {
	c := &i.counts
	c.commits.Add(1)
	c.unknown.Add(n.Unknown)
	c.batches.Add(n.Batches)
	c.events.Add(n.Events)
	c.duplicates.Add(n.Duplicates)
	c.gaps.Add(n.Gaps)
	c.forks.Add(n.Forks)
	c.poison.Add(n.Poison)
}

// mouth says what must not hold up a commit: welcomes, fences, and of
// acknowledgements only the newest of a process. What the carrier does not take
// is forgotten; the site asks again.
type mouth struct {
	log  *slog.Logger
	mu   sync.Mutex
	next []topicKey
	last map[topicKey]wire.Message
	wake chan struct{}
}

type topicKey struct {
	site  allocation.SiteID
	nonce string
	kind  byte
}

func newMouth(log *slog.Logger) *mouth {
	return &mouth{log: log, last: map[topicKey]wire.Message{}, wake: make(chan struct{}, 1)}
}

func (o *mouth) say(m wire.Message) {
	k := topicKey{site: m.Header().Site, nonce: m.Header().Nonce, kind: 'a'}
	switch m.(type) {
	case *wire.Ack:
	case *wire.Probe:
		k.kind = 'p'
	default:
		k.kind = 's'
	}
	o.mu.Lock()
	if o.last[k] == nil {
		o.next = append(o.next, k)
	}
	o.last[k] = m
	o.mu.Unlock()
	signal(o.wake)
}

func (o *mouth) take() []wire.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []wire.Message
	for _, k := range o.next {
		all = append(all, o.last[k])
	}
	o.next = o.next[:0]
	clear(o.last)
	return all
}

func (o *mouth) run(ctx context.Context, c Carrier) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		}
		for _, m := range o.take() {
			if err := publish(ctx, c, m); err != nil {
				o.log.Debug("an answer was not sent; the site will ask again", "site", m.Header().Site, "problem", err)
			}
		}
	}
}

func publish(ctx context.Context, c Carrier, m wire.Message) error {
	payload, err := wire.Encode(m)
	if err != nil {
		return err
	}
	return c.Publish(ctx, wire.Down(m.Header().Site), payload)
}

// signal leaves one wake-up behind, however often it is called.
func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
