package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// Run talks to the centre until the context ends, and returns its error. What
// fails meanwhile is logged and tried again.
func (s *Session) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		s.takeWaiting(ctx)
		deed, at := s.sender.next(time.Now())
		s.publishStatus()
		if deed != idle {
			s.perform(ctx, deed)
			continue
		}
		timer.Reset(until(at))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.relink:
			s.takeLink()
		case <-s.wake:
			s.sender.grown(time.Now())
		case p := <-s.inbound:
			s.receive(ctx, p)
		}
	}
	return ctx.Err()
}

// until is how long to sleep for a time; a zero time is far away.
func until(at time.Time) time.Duration {
	if at.IsZero() {
		return time.Hour
	}
	return time.Until(at)
}

// takeWaiting takes all that has come, so that one deed answers many messages.
func (s *Session) takeWaiting(ctx context.Context) {
	for {
		select {
		case <-s.relink:
			s.takeLink()
		case <-s.wake:
			s.sender.grown(time.Now())
		case p := <-s.inbound:
			s.receive(ctx, p)
		default:
			return
		}
	}
}

func (s *Session) takeLink() {
	s.mu.Lock()
	l := s.link
	s.mu.Unlock()
	if l.count != s.linkSeen {
		s.linkSeen = l.count
		s.sender.linked(time.Now(), l.up)
	}
}

// publishStatus lets others see the state, and tells of a change.
func (s *Session) publishStatus() {
	now := s.sender.status()
	s.mu.Lock()
	before := s.status
	s.status = now
	s.mu.Unlock()
	if now.State != before.State || now.Reason != before.Reason {
		s.o.Slog.Info("session state", "state", string(now.State), "reason", now.Reason)
		s.o.OnChange(s.Status())
	}
}

// receive takes a message that is meant for this process and life; others are
// ignored, and a broken one is counted. The connection that it came on is told
// first.
func (s *Session) receive(ctx context.Context, payload []byte) {
	s.takeLink()
	m, err := wire.Decode(payload)
	if err != nil {
		s.dropped.Add(1)
		s.o.Slog.Warn("a message from the centre cannot be read", "error", err)
		return
	}
	if m.Header().Site != s.o.Site || !s.sender.site.Meant(m) {
		return
	}
	left := m.Header().Incarnation != s.sender.site.Incarnation
	switch now := time.Now(); m := m.(type) {
	case *wire.Welcome:
		if left && !m.Minted {
			s.welcomeLate(ctx, m)
			return
		}
		s.welcome(ctx, m)
	case *wire.Ack:
		switch {
		case !s.sender.site.Confirms(m):
		case left:
			s.confirmedLate(ctx, m.Incarnation, m.Stored, m.Safe)
		default:
			s.sender.ack(now, m)
		}
	case *wire.Probe:
		s.sender.probe = m
	case *wire.Fence:
		s.o.Slog.Error("the centre has fenced this site", "reason", m.Reason, "message", m.Message)
		s.sender.stop(now, m)
	case *wire.Commands:
		if s.sender.takes(now, m) {
			s.o.Commands(m)
		}
	}
}

func (s *Session) welcome(ctx context.Context, w *wire.Welcome) {
	mine, err := s.o.Log.HashAt(ctx, w.Stored.Seq)
	if err != nil {
		s.o.Slog.Error("the log cannot be compared with the centre's", "error", err)
		return
	}
	pos, err := s.o.Log.Position(ctx)
	if err != nil {
		s.o.Slog.Error("the log's end cannot be read", "error", err)
		return
	}
	if err := s.sender.welcome(time.Now(), w, mine, pos.Head); err != nil {
		s.o.Slog.Error("the centre holds another history than this site", "error", err)
	}
}

// perform does a deed and tells the sender how it went.
func (s *Session) perform(ctx context.Context, d deed) {
	var err error
	switch d {
	case doAdopt:
		err = s.adopt(ctx)
	case doFollow:
		err = s.follow(ctx)
	case doLate:
		err = s.helloLate(ctx)
	case doReport:
		err = s.tellGranted(ctx)
	case doFence:
		err = s.keepFence(ctx)
	case doNote:
		err = s.note(ctx)
	case doHello:
		err = s.hello(ctx)
	case doSend:
		err = s.send(ctx)
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	s.o.Slog.Warn("towards the centre", "error", err)
	s.sender.failed(time.Now())
}

func (s *Session) adopt(ctx context.Context) error {
	w := s.sender.adopt
	err := s.o.Log.Adopt(ctx, NewLife{Incarnation: w.Incarnation, Centre: w.Centre, Instead: w.Instead, Kept: w.Kept})
	var pos Position
	if err == nil {
		pos, err = s.o.Log.Position(ctx)
	}
	if err != nil {
		s.sender.adoptFailed(time.Now())
		return fmt.Errorf("the minted life could not be stored: %w", err)
	}
	s.tail = wire.Cursor{}
	s.sender.adopted(time.Now(), pos.Earlier)
	return nil
}

// follow notes the other life of the centre, and what it holds. That the log fits its
// stored mark was found by its welcome; its safe one is only believed where it fits, too.
func (s *Session) follow(ctx context.Context) error {
	w := s.sender.follow
	safe := w.Safe
	mine, err := s.o.Log.HashAt(ctx, safe.Seq)
	if err == nil {
		if !session.Believes(safe, mine) {
			safe = wire.Cursor{}
		}
		err = s.o.Log.Follow(ctx, w.Centre, w.Stored, safe)
	}
	var pos Position
	if err == nil {
		pos, err = s.o.Log.Position(ctx)
	}
	if err != nil {
		breathe(ctx)
		return fmt.Errorf("that the centre has another life could not be stored: %w", err)
	}
	s.sender.followed(time.Now(), w.Stored, safe, pos.Earlier)
	return nil
}

// note stores the marks, but only after the log was found to agree with them:
// what is below them may be deleted one day.
func (s *Session) note(ctx context.Context) error {
	for _, c := range s.sender.marks() {
		mine, err := s.o.Log.HashAt(ctx, c.Seq)
		if err != nil {
			return s.noteLater(ctx, err)
		}
		if !session.Believes(c, mine) {
			s.sender.diverged(time.Now())
			return fmt.Errorf("the centre acknowledged event %d with another hash than this site's", c.Seq)
		}
	}
	if err := s.o.Log.Acknowledge(ctx, s.sender.stored, s.sender.safe); err != nil {
		return s.noteLater(ctx, err)
	}
	s.sender.storedMarks()
	return nil
}

// keepFence stores why the site may not allocate: a process that starts without a
// network must not forget it.
func (s *Session) keepFence(ctx context.Context) error {
	if err := s.o.Log.Fence(ctx, s.sender.fence()); err != nil {
		breathe(ctx)
		return fmt.Errorf("that this site may not allocate could not be stored: %w", err)
	}
	s.sender.fenceKept()
	return nil
}

func (s *Session) noteLater(ctx context.Context, err error) error {
	breathe(ctx)
	return fmt.Errorf("the acknowledged mark could not be stored: %w", err)
}

// breathe keeps a broken log from being asked without a pause.
func breathe(ctx context.Context) {
	t := time.NewTimer(failurePause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (s *Session) hello(ctx context.Context) error {
	pos, err := s.o.Log.Position(ctx)
	if err != nil {
		return fmt.Errorf("where the site stands: %w", err)
	}
	welcomed, word := s.sender.welcomed, ""
	if p := s.sender.probe; p != nil {
		welcomed, word = true, p.Word
	}
	s.sender.greeted(time.Now(), s.pace.Float64())
	return s.publish(ctx, &wire.Hello{
		Head:      s.head(),
		Run:       pos.Run,
		HeadAt:    pos.Head,
		Stored:    pos.Stored,
		Safe:      pos.Safe,
		Commands:  s.sender.cursor(pos.Commands),
		Registers: pos.Registers,
		Program:   s.o.Program,
		Doubt:     s.sender.site.Doubt,
		Welcomed:  welcomed,
		Word:      word,
	})
}

// send reads one batch and gives it to the carrier.
func (s *Session) send(ctx context.Context) error {
	after := s.sender.sent
	batch, err := s.o.Log.Read(ctx, after, s.o.BatchEvents, maxBatch)
	if err != nil {
		return fmt.Errorf("reading the log behind event %d: %w", after, err)
	}
	if len(batch) == 0 {
		s.sender.sentNothing()
		return nil
	}
	m, err := s.message(ctx, after, batch)
	if err != nil {
		return err
	}
	if err := s.publish(ctx, m); err != nil {
		return err
	}
	s.sender.sentBatch(time.Now(), batch[len(batch)-1].Seq, s.full(batch))
	return nil
}

// maxBatch is what the events of one message may take, a comma each included.
const maxBatch = wire.MaxMessage - wire.EventsOverhead

// full reports whether the batch ended because of a limit.
func (s *Session) full(batch []Stored) bool {
	bytes := 0
	for _, e := range batch {
		bytes += len(e.Body) + 1
	}
	return len(batch) >= s.o.BatchEvents || bytes+wire.MaxEvent > maxBatch
}

func (s *Session) message(ctx context.Context, after int64, batch []Stored) (*wire.Events, error) {
	if batch[0].Seq != after+1 {
		return nil, fmt.Errorf("the log gives event %d where %d follows", batch[0].Seq, after+1)
	}
	prev, err := s.hashBefore(ctx, after)
	if err != nil {
		return nil, fmt.Errorf("hash of event %d: %w", after, err)
	}
	s.tail = wire.Cursor{Seq: batch[len(batch)-1].Seq, Hash: batch[len(batch)-1].Hash}
	m := &wire.Events{
		Head:   s.head(),
		First:  batch[0].Seq,
		Prev:   prev,
		Last:   s.tail.Hash,
		Events: make([]json.RawMessage, len(batch)),
	}
	for i, e := range batch {
		m.Events[i] = e.Body
	}
	return m, nil
}

// hashBefore spares the log a question for each batch that follows another.
func (s *Session) hashBefore(ctx context.Context, seq int64) (wire.Hash, error) {
	if seq > 0 && seq == s.tail.Seq {
		return s.tail.Hash, nil
	}
	return s.o.Log.HashAt(ctx, seq)
}

func (s *Session) head() wire.Head { return s.headOf(s.sender.site.Incarnation) }

func (s *Session) headOf(incarnation string) wire.Head {
	return wire.Head{Site: s.o.Site, Nonce: s.o.Nonce, Incarnation: incarnation}
}

func (s *Session) publish(ctx context.Context, m wire.Message) error {
	payload, err := wire.Encode(m)
	if err != nil {
		return err
	}
	return s.o.Carrier.Publish(ctx, wire.Up(s.o.Site), payload)
}
