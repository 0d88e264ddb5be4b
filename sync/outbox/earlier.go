package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// earlier are the lives that the database left, until the centre has their logs safely.
// They are told of while the present life is welcomed: by a hello each, whose welcome
// and the receipts behind it say what is still to be sent, a batch at a time. What is
// lost on the way is asked for by the next hello.
type earlier struct {
	lives []Earlier
	at    time.Time // when to say the next hellos; zero while not welcomed
}

// The pauses between hellos about earlier lives: while events are missing, and while
// they are only not safe yet.
const (
	latePause = 15 * time.Second
	safePause = 5 * time.Minute
)

func (e *earlier) due(now time.Time) bool {
	return len(e.lives) > 0 && !e.at.IsZero() && !now.Before(e.at)
}

// next is when something is to be said; zero where nothing is.
func (e *earlier) next() time.Time {
	if len(e.lives) == 0 {
		return time.Time{}
	}
	return e.at
}

func (e *earlier) wake(now time.Time) {
	if e.at = (time.Time{}); len(e.lives) > 0 {
		e.at = now
	}
}

// said is told that the hellos went out.
func (e *earlier) said(now time.Time) {
	e.at = now.Add(safePause)
	for _, l := range e.lives {
		if l.Stored.Seq < l.Head.Seq {
			e.at = now.Add(latePause)
		}
	}
}

// mark raises the marks of a life, and lets go of it where all of it is safe. It gives
// the life, and whether there is one to be raised.
func (e *earlier) mark(incarnation string, stored, safe wire.Cursor) (l Earlier, found bool) {
	for i := range e.lives {
		at := &e.lives[i]
		if at.Incarnation != incarnation || stored.Seq > at.Head.Seq || safe.Seq > stored.Seq {
			continue
		}
		if stored.Seq > at.Stored.Seq {
			at.Stored = stored
		}
		if safe.Seq > at.Safe.Seq {
			at.Safe = safe
		}
		l = *at
		if l.Safe.Seq >= l.Head.Seq {
			e.lives = append(e.lives[:i:i], e.lives[i+1:]...)
		}
		return l, true
	}
	return l, false
}

// helloLate says hello about each log that was left.
func (s *Session) helloLate(ctx context.Context) error {
	s.sender.earlier.said(time.Now())
	pos, err := s.o.Log.Position(ctx)
	if err != nil {
		return fmt.Errorf("where the site stands: %w", err)
	}
	for _, l := range s.sender.earlier.lives {
		err := s.publish(ctx, &wire.Hello{
			Head: s.headOf(l.Incarnation), Run: pos.Run, HeadAt: l.Head, Stored: l.Stored, Safe: l.Safe,
			Commands: s.sender.cursor(pos.Commands), Program: s.o.Program, Late: true,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// welcomeLate takes the answer to a hello about a log that was left. Where the centre
// holds another history there, that is no matter of the present life.
func (s *Session) welcomeLate(ctx context.Context, w *wire.Welcome) {
	if !s.sender.welcomed || w.Followed != s.sender.site.Centre || w.Centre != s.sender.site.Centre {
		return // the present life's own welcome says what to make of that centre
	}
	s.confirmedLate(ctx, w.Incarnation, w.Stored, w.Safe)
}

// confirmedLate notes how far the centre has the log of a life that was left, and sends
// what follows.
func (s *Session) confirmedLate(ctx context.Context, incarnation string, stored, safe wire.Cursor) {
	if err := s.advance(ctx, incarnation, stored, safe); err != nil && ctx.Err() == nil {
		s.o.Slog.Warn("the log of an earlier life", "incarnation", incarnation, "error", err)
	}
}

func (s *Session) advance(ctx context.Context, incarnation string, stored, safe wire.Cursor) error {
	for _, c := range []wire.Cursor{stored, safe} {
		mine, err := s.o.Log.LifeHashAt(ctx, incarnation, c.Seq)
		if err != nil {
			return err
		}
		if c.Seq > 0 && !session.Believes(c, mine) {
			return fmt.Errorf("the centre's event %d is not the one that is here", c.Seq)
		}
	}
	l, found := s.sender.earlier.mark(incarnation, stored, safe)
	if !found {
		return nil
	}
	if err := s.o.Log.AcknowledgeLife(ctx, incarnation, l.Stored, l.Safe); err != nil {
		return err
	}
	if l.Stored.Seq >= l.Head.Seq {
		return nil
	}
	return s.sendLate(ctx, l)
}

func (s *Session) sendLate(ctx context.Context, l Earlier) error {
	batch, err := s.o.Log.ReadLife(ctx, l.Incarnation, l.Stored.Seq, s.o.BatchEvents, maxBatch)
	if err != nil || len(batch) == 0 {
		return err
	}
	if batch[0].Seq != l.Stored.Seq+1 {
		return fmt.Errorf("event %d is asked for, and was deleted when it was safe", l.Stored.Seq+1)
	}
	prev := l.Stored.Hash
	if l.Stored.Seq == 0 {
		prev = wire.Genesis(s.o.Site, l.Incarnation)
	}
	m := &wire.Events{Head: s.headOf(l.Incarnation), First: batch[0].Seq, Prev: prev, Last: batch[len(batch)-1].Hash}
	for _, e := range batch {
		m.Events = append(m.Events, json.RawMessage(e.Body))
	}
	return s.publish(ctx, m)
}

// tellGranted answers a centre that was put back to an older copy.
func (s *Session) tellGranted(ctx context.Context) error {
	all, err := s.o.Log.Granted(ctx)
	if err != nil {
		return fmt.Errorf("what was granted: %w", err)
	}
	parts := max(1, (len(all)+wire.ReportLines-1)/wire.ReportLines)
	for part := 1; part <= parts; part++ {
		n := min(len(all), wire.ReportLines)
		err := s.publish(ctx, &wire.Report{Head: s.head(), Centre: s.sender.site.Centre, Part: part, Parts: parts, Granted: all[:n]})
		if err != nil {
			return err
		}
		all = all[n:]
	}
	s.sender.reported()
	return nil
}
