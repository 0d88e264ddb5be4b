// Package inbox is the site's receiver of numbered commands. They are applied
// in order and without a gap: what was applied before is dropped, and behind a
// gap nothing moves, for the centre sends again from the site's own cursor.
package inbox

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// Site applies commands. It is the agent's one writer.
type Site interface {
	// Applied gives the life of the site, and the last command applied in it.
	Applied(ctx context.Context) (life string, at wire.CommandCursor, err error)
	// Apply applies the commands first, first+1, ... of one life of the centre to one
	// life of the site, in one transaction or, in their order, in several; each moves the cursor
	// with its commands and appends the event that says so. Where it fails, what
	// the cursor has passed stays applied, and nothing else is.
	Apply(ctx context.Context, life, centre string, first int64, cmds []wire.Command) error
}

// Inbox queues what came and applies it. Use New.
type Inbox struct {
	site    Site
	log     *slog.Logger
	queue   chan *wire.Commands
	dropped atomic.Int64
}

// queueLength is how many messages may wait. The centre keeps a smaller window.
const queueLength = 64

// retryPause is kept after a failure, so that a broken disk is not hammered.
const retryPause = time.Second

// New makes an inbox; nothing is applied until Run.
func New(site Site, log *slog.Logger) *Inbox {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Inbox{site: site, log: log, queue: make(chan *wire.Commands, queueLength)}
}

// Deliver queues a message. It never blocks: where the queue is full the message
// is dropped and counted, and the centre sends it again.
func (in *Inbox) Deliver(m *wire.Commands) {
	select {
	case in.queue <- m:
	default:
		in.dropped.Add(1)
	}
}

// Dropped counts messages that found the queue full.
func (in *Inbox) Dropped() int64 { return in.dropped.Load() }

// Run applies what is delivered until the context ends, and then returns its
// error. A failure of the site is logged and the message is left for the centre
// to repeat.
func (in *Inbox) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-in.queue:
			if err := in.apply(ctx, m); err != nil && !errors.Is(err, context.Canceled) {
				in.log.Error("commands could not be applied; they will come again", "first", m.First, "count", len(m.Commands), "error", err)
				pause(ctx, retryPause)
			}
		}
	}
}

func (in *Inbox) apply(ctx context.Context, m *wire.Commands) error {
	life, at, err := in.site.Applied(ctx)
	if err != nil || life != m.Incarnation {
		return err // it waited here while the site began another life, which counts from 1
	}
	first, fresh := session.Fresh(at, m)
	if len(fresh) == 0 {
		return nil
	}
	return in.site.Apply(ctx, life, m.Centre, first, fresh)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
