package ingest

import (
	"context"
	"fmt"
	"runtime"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Bounds of the queue. They lie above the windows of many sites; a message that
// finds it full is dropped and comes again.
const (
	maxQueued      = 4096
	maxQueuedBytes = 64 << 20
	maxDecoded     = 32 // messages decoded ahead of the commit, at most wire.MaxMessage each
)

// message is one payload on its way. Everything below ready is written before
// ready is closed.
type message struct {
	topic   string
	payload []byte
	ready   chan struct{}

	err    error
	silent *asker // no payload: the process that this one asked about did not answer
	hello  *wire.Hello
	report *wire.Report
	events *wire.Events
	hashes []wire.Hash
	parsed []parsed
}

// parsed is an event as its site wrote it, with what it does to lines. err: its
// bytes are none; wrong: it breaks a rule, whatever is stored.
type parsed struct {
	event wire.Event
	moves []move
	err   error
	wrong error
}

// parse reads the bytes of event seq.
func parse(body []byte, seq int64) (p parsed) {
	if p.event, p.err = wire.ParseEvent(body); p.err != nil {
		return p
	}
	p.moves = movesOf(p.event)
	p.err, p.wrong = checkSeq(p.event, seq), check(p.event)
	return p
}

// Handle takes a message from the carrier. It never waits: a handler that
// blocks would block the broker's pings too.
func (i *Ingest) Handle(topic string, payload []byte) {
	i.counts.messages.Add(1)
	m := &message{topic: topic, payload: payload, ready: make(chan struct{})}
	if i.queued.Add(int64(len(payload))) <= maxQueuedBytes {
		select {
		case i.queue <- m:
			return
		default:
		}
	}
	i.queued.Add(-int64(len(payload)))
	i.counts.full.Add(1)
}

// decode decodes queued messages on all cores and gives them on in the order in
// which they came; each is done when its ready is closed.
func (i *Ingest) decode(ctx context.Context) <-chan *message {
	ordered, work := make(chan *message, maxDecoded), make(chan *message, maxDecoded)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for m := range work {
				m.decode()
				close(m.ready)
			}
		}()
	}
	go func() {
		defer close(ordered)
		defer close(work)
		for {
			select {
			case <-ctx.Done():
				return
			case m := <-i.queue:
				i.queued.Add(-int64(len(m.payload)))
				if !forward(ctx, ordered, work, m) {
					return
				}
			}
		}
	}()
	return ordered
}

func forward(ctx context.Context, ordered, work chan<- *message, m *message) bool {
	for _, to := range []chan<- *message{work, ordered} {
		select {
		case <-ctx.Done():
			return false
		case to <- m:
		}
	}
	return true
}

func (m *message) decode() {
	if m.silent != nil {
		return
	}
	site, err := wire.SiteOf(m.topic)
	if err != nil {
		m.err = err
		return
	}
	any, err := wire.Decode(m.payload)
	m.payload = nil
	if err != nil {
		m.err = err
		return
	}
	if said := any.Header().Site; said != site {
		m.err = fmt.Errorf("the message says site %s", said)
		return
	}
	m.err = m.read(any)
}

func (m *message) read(any wire.Message) error {
	switch v := any.(type) {
	case *wire.Hello:
		if err := checkHead(v.Head); err != nil {
			return err
		}
		m.hello = v
		return nil
	case *wire.Report:
		if err := checkHead(v.Head); err != nil {
			return err
		}
		m.report = v
		return nil
	case *wire.Events:
		return m.readEvents(v)
	}
	return fmt.Errorf("a site does not say %q", any.Header().Type)
}

// checkHead keeps out what could not be stored or answered.
func checkHead(h wire.Head) error {
	if err := wire.CheckNonce(h.Nonce); err != nil {
		return err
	}
	if h.Incarnation == "" {
		return nil
	}
	return allocation.CheckID("incarnation", h.Incarnation)
}

func (m *message) readEvents(v *wire.Events) error {
	if err := checkHead(v.Head); err != nil {
		return err
	}
	hashes, ok := v.Verify()
	if !ok {
		return fmt.Errorf("the chain of events %d to %d does not end in the hash that the batch names", v.First, v.First+int64(len(v.Events))-1)
	}
	m.hashes, m.parsed = hashes, make([]parsed, len(v.Events))
	for n, raw := range v.Events {
		m.parsed[n] = parse(raw, v.First+int64(n))
	}
	m.events = v
	return nil
}

func checkSeq(e wire.Event, seq int64) error {
	if e.Seq != seq {
		return fmt.Errorf("it stands at %d and says that it is event %d", seq, e.Seq)
	}
	return nil
}
