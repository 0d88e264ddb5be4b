// Package ingest is where everything that changes the centre's state passes
// through: what the sites say, and what is imported. It stores a site's events
// before it acknowledges them, keeps the registers of rights that follow from
// them, and sends each site the numbered commands that it must apply.
//
// A message is taken from the carrier without waiting, decoded beside others,
// and committed in the order of arrival together with whatever else is waiting.
// Only after the commit does an acknowledgement go out. The carrier may lose,
// repeat and reorder anything in either direction.
package ingest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

// Carrier takes a message to a topic, or fails. A nil error promises nothing
// but that more may be sent.
type Carrier interface {
	Publish(ctx context.Context, topic string, payload []byte) error
}

// Config says what an Ingest works on.
type Config struct {
	Store *store.Store
	Log   *slog.Logger // nil: none
	// Resend is how long commands go unanswered before they are sent again; it
	// doubles up to a minute. 0: 5 s.
	Resend time.Duration
	// Patience is how long a process that was welcomed may be silent, when it is asked,
	// before another one takes its place. 0: 5 s.
	Patience time.Duration
	// Mend is after how long a rights witness that took nothing is tried again. 0: 5 s.
	Mend time.Duration
}

// Ingest is the centre's side of every site's session. Make it with New; its
// methods may be called from any goroutine.
type Ingest struct {
	store    *store.Store
	log      *slog.Logger
	queue    chan *message
	queued   atomic.Int64 // bytes in queue
	counts   counters
	mouth    *mouth
	dispatch *dispatcher
	mend     time.Duration

	// Of the goroutine that takes messages:
	asks    *asks
	reports map[asker]*reporting
	facts   map[allocation.SiteID]string // the process that sends what it has and may not allocate
}

// New makes an Ingest that takes messages at once and acts on them in Run.
func New(c Config) *Ingest {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Resend == 0 {
		c.Resend = 5 * time.Second
	}
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	if c.Mend == 0 {
		c.Mend = 5 * time.Second
	}
	i := &Ingest{
		mend:  c.Mend,
		store: c.Store, log: c.Log, queue: make(chan *message, maxQueued),
		mouth: newMouth(c.Log), dispatch: newDispatcher(c.Store, c.Log, c.Resend), facts: map[allocation.SiteID]string{}, reports: map[asker]*reporting{},
	}
	i.asks = newAsks(c.Patience, i.silence)
	return i
}

// Run works until the context ends and then returns nil; it returns early, with
// an error, only where the database cannot be read at the start.
func (i *Ingest) Run(ctx context.Context, c Carrier) error {
	if err := i.retryPoison(ctx); err != nil {
		return err
	}
	if err := i.dispatch.resume(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	for _, work := range []func(){
		func() { i.mouth.run(ctx, c) },
		func() { i.dispatch.run(ctx, c) },
		func() { i.take(ctx, i.decode(ctx)) },
		func() { i.mendWitness(ctx) },
	} {
		all.Go(work)
	}
	all.Wait()
	if err := ctx.Err(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Link tells that the way to the broker is up, or down. Commands stop while it
// is down; after it came up, those that no site has applied are sent again.
func (i *Ingest) Link(up bool, _ string) { i.dispatch.link(up) }
