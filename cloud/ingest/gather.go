package ingest

import (
	"context"
	"errors"
	"time"
)

// A commit takes what waits, up to groupRows events or groupWait of waiting. The
// events of a backlog name the same lines again and again, and a commit writes
// each line once: 8,000 drained a third faster than 2,000. They are half of what
// a site sends ahead, so that it sends on while they are committed.
const (
	groupRows = 8000
	groupWait = 20 * time.Millisecond
	// pause follows a commit that failed: the database needs a moment, and the
	// sites send again.
	pause = 500 * time.Millisecond
)

// take commits decoded messages in their order until there are no more.
func (i *Ingest) take(ctx context.Context, messages <-chan *message) {
	for {
		batches, last, more := i.gather(messages)
		i.commitAll(ctx, batches)
		switch {
		case last == nil:
		case last.silent != nil:
			i.unheard(ctx, *last.silent)
		case last.report != nil:
			i.report(ctx, last.report)
		default:
			i.greet(ctx, last.hello)
		}
		if !more {
			return
		}
	}
}

// gather waits for a message and takes what follows it without delay. What is no batch
// ends the group: it must see all that was said before it.
func (i *Ingest) gather(messages <-chan *message) (batches []*message, last *message, more bool) {
	m, more := <-messages
	late := time.NewTimer(groupWait)
	defer late.Stop()
	for rows := 0; more; {
		<-m.ready
		switch {
		case m.err != nil:
			i.counts.malformed.Add(1)
			i.log.Warn("dropped a malformed message", "topic", m.topic, "problem", m.err)
		case m.events == nil:
			return batches, m, true
		default:
			batches, rows = append(batches, m), rows+len(m.parsed)
		}
		if rows >= groupRows {
			return batches, nil, true
		}
		select {
		case m, more = <-messages:
		case <-late.C:
			return batches, nil, true
		}
	}
	return batches, nil, false
}

// commitAll commits the batches together, and one by one where that fails, so
// that one site's trouble is not everybody's.
func (i *Ingest) commitAll(ctx context.Context, batches []*message) {
	if len(batches) == 0 || i.commit(ctx, batches) == nil {
		return
	}
	for _, m := range batches {
		if err := i.commit(ctx, []*message{m}); err != nil && !errors.Is(err, context.Canceled) {
			i.counts.failures.Add(1)
			i.log.Error("events were not stored; the site keeps them and sends again",
				"site", m.events.Site, "first", m.events.First, "events", len(m.parsed), "problem", err)
			wait(ctx, pause)
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
