package outbox

import (
	"time"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// sender holds the rules: it is told what happened and when, and says what to
// do next. It reads no clock, no log and no network, so that a test can walk it
// through any history.
//
// What it does, in one breath: while connected it says hello until it is
// welcomed; the welcome says how far the centre is, and from there events go out
// with at most a window of batches unacknowledged; silence, or a centre that it
// does not know, is a doubt, and a doubt begins with hello again. While all is
// well a hello at every beat tells the centre that the site is there.
type sender struct {
	o    Options
	site session.Site

	up       bool
	welcomed bool
	adopt    *wire.Welcome // a minted life that is not stored yet
	follow   *wire.Welcome // of a life of the centre that the log does not follow yet
	report   bool          // the centre asks what was granted
	probe    *wire.Probe   // the centre asks whether this process lives
	fenced   Fence         // as the log has it
	facts    bool          // it may send and not allocate, and has sent something: when all is there it asks what follows
	earlier  earlier

	stored, safe wire.Cursor    // the centre's marks
	noted        [2]wire.Cursor // stored and safe as the log has them
	unnoted      bool           // the marks are ahead of the log
	lastAck      time.Time

	helloAt   time.Time // when to say it
	helloWait time.Duration

	sent     int64   // last event given to the carrier since the welcome
	window   []int64 // last event of each batch that is not acknowledged
	more     bool    // the log may hold events behind sent
	readAt   time.Time
	silentAt time.Time // when a window without acknowledgement becomes a doubt
	silence  time.Duration
	repeats  int // acknowledgements in a row that moved nothing
	highest  int64
	resends  int64
}

// slowest bounds the pauses that double.
const slowest = time.Minute

// gapRepeats is how many acknowledgements in a row must move nothing until the
// batches behind the mark are taken for lost: a carrier may repeat a single one.
const gapRepeats = 2

func newSender(o Options, pos Position) sender {
	site := session.Start(o.Nonce, pos.Incarnation, pos.Commands.Centre, pos.Fence.Doubt)
	if pos.Fence.Reason != "" {
		site.Fenced(pos.Fence.Reason, pos.Fence.Text)
	}
	site.Earlier = namesOf(pos.Earlier)
	return sender{
		o:         o,
		earlier:   earlier{lives: pos.Earlier},
		site:      site,
		fenced:    pos.Fence,
		stored:    pos.Stored,
		noted:     [2]wire.Cursor{pos.Stored, pos.Safe},
		safe:      pos.Safe,
		highest:   pos.Stored.Seq,
		silence:   o.Silence,
		helloWait: o.HelloFirst,
	}
}

func namesOf(lives []Earlier) (names []string) {
	for _, e := range lives {
		names = append(names, e.Incarnation)
	}
	return names
}

// deed is what is to be done next.
type deed int

const (
	idle     deed = iota
	doAdopt       // store the minted life, then adopted or adoptFailed
	doFollow      // store that another life of the centre is followed, then followed
	doLate        // say hello about the logs of earlier lives, then saidLate
	doReport      // say what was granted, then reported
	doFence       // store why nothing may be allocated, then fenceKept
	doNote        // compare the mark's hash and store the marks, then noted or diverged
	doHello       // say hello, then greeted
	doSend        // read behind sent and publish, then sentBatch, sentNothing or failed
)

// next says what to do now, and for idle when to ask again; a zero time means
// when something has happened.
func (s *sender) next(now time.Time) (deed, time.Time) {
	switch {
	case s.adopt != nil:
		return doAdopt, now
	case s.fence() != s.fenced:
		return doFence, now
	case s.follow != nil:
		return doFollow, now
	case s.unnoted:
		return doNote, now
	case !s.up:
		return idle, time.Time{}
	case s.probe != nil:
		return doHello, now
	case !s.welcomed:
		return due(doHello, now, s.helloAt)
	case len(s.window) > 0 && !now.Before(s.silentAt):
		s.silence = min(2*s.silence, slowest)
		s.doubt(now)
		return doHello, now
	case !now.Before(s.helloAt), s.facts && !s.more && len(s.window) == 0:
		return doHello, now
	case s.report && !now.Before(s.readAt):
		return doReport, now
	case s.earlier.due(now):
		return doLate, now
	}
	d, at := s.nextBatch(now)
	for _, other := range []time.Time{s.helloAt, s.earlier.next()} {
		if d == idle && !other.IsZero() && (at.IsZero() || other.Before(at)) {
			at = other
		}
	}
	return d, at
}

func (s *sender) nextBatch(now time.Time) (deed, time.Time) {
	room := s.more && len(s.window) < s.o.Window
	switch {
	case room && !now.Before(s.readAt):
		return doSend, now
	case room && (len(s.window) == 0 || s.readAt.Before(s.silentAt)):
		return idle, s.readAt
	case len(s.window) > 0:
		return idle, s.silentAt
	}
	return idle, time.Time{}
}

func due(d deed, now, at time.Time) (deed, time.Time) {
	if now.Before(at) {
		return idle, at
	}
	return d, now
}

// linked is told of a new connection, or of its end.
func (s *sender) linked(now time.Time, up bool) {
	s.up, s.silence = up, s.o.Silence
	s.doubt(now)
}

// doubt forgets what was believed about the centre; the next welcome says where
// to go on.
func (s *sender) doubt(now time.Time) {
	s.welcomed, s.report, s.facts = false, false, false
	s.window = nil
	s.earlier.at = time.Time{}
	s.helloAt, s.helloWait = now, s.o.HelloFirst
}

// grown is told that the log may have grown. A lone event waits for company.
func (s *sender) grown(now time.Time) {
	if !s.more {
		s.more, s.readAt = true, now.Add(s.o.Flush)
	}
}

// greeted is told that a hello went out. The pause is never the same at two
// sites: its last tenth comes from spread, 0 to 1.
func (s *sender) greeted(now time.Time, spread float64) {
	s.probe, s.facts = nil, false
	if s.welcomed {
		s.helloAt = now.Add(time.Duration(float64(s.o.Beat) * (0.9 + spread/10)))
		return
	}
	s.helloAt = now.Add(time.Duration(float64(s.helloWait) * (0.9 + spread/10)))
	s.helloWait = min(2*s.helloWait, slowest)
}

// welcome is told of a welcome that is meant for this process and life; mine is
// the log's hash at its stored cursor, and head the log's end.
func (s *sender) welcome(now time.Time, w *wire.Welcome, mine wire.Hash, head wire.Cursor) error {
	if s.welcomed && !w.Minted {
		s.report = s.report || w.Report && w.Centre == s.site.Centre
		return nil // a late copy, or it asks once more
	}
	turn, err := s.site.Welcomed(w, mine, head)
	switch {
	case err != nil:
		s.halt(now)
		return err
	case turn == session.Ignore:
		return nil
	case turn == session.Adopt:
		s.adopt = w
		return nil
	case turn == session.Ask:
		s.doubt(now)
		return nil
	case turn == session.Follow:
		s.follow = w
		return nil
	}
	s.welcomed, s.report = true, w.Report
	s.earlier.wake(now)
	s.helloAt = now.Add(s.o.Beat)
	if s.raise(now, w.Stored, w.Safe) {
		s.silence = s.o.Silence
	}
	s.from(now, s.stored.Seq)
	return nil
}

// from reads the log again behind seq.
func (s *sender) from(now time.Time, seq int64) {
	s.sent, s.window, s.repeats = seq, nil, 0
	s.more, s.readAt = true, now
}

// followed is told that the log follows the centre's other life. The marks are what that
// one holds, and less than before where it was put back to an older copy. left are the logs
// of earlier lives again, those that were let go of as safe included.
func (s *sender) followed(now time.Time, stored, safe wire.Cursor, left []Earlier) {
	s.stored, s.safe, s.noted, s.unnoted = stored, safe, [2]wire.Cursor{stored, safe}, false
	s.earlier, s.site.Earlier = earlier{lives: left}, namesOf(left)
	s.follow = nil
	s.doubt(now)
}

// adopted is told that the minted life is stored; it is used under a new hello,
// so that the centre grants nothing to a life that never began.
func (s *sender) adopted(now time.Time, left []Earlier) {
	s.site.Begun(s.adopt)
	s.earlier = earlier{lives: left}
	s.stored = wire.Cursor{Hash: wire.Genesis(s.o.Site, s.site.Incarnation)}
	s.safe = s.stored
	s.noted = [2]wire.Cursor{s.stored, s.safe}
	s.unnoted = false
	s.adopt, s.fenced = nil, Fence{}
	s.doubt(now)
}

// fence is why the site may not allocate.
func (s *sender) fence() Fence {
	return Fence{Reason: s.site.Reason, Text: s.site.Text, Doubt: s.site.Doubt}
}

// reported is told that all parts went out.
func (s *sender) reported() { s.report = false }

// fenceKept is told that the log has it.
func (s *sender) fenceKept() { s.fenced = s.fence() }

// adoptFailed forgets it: the next hello asks again.
func (s *sender) adoptFailed(now time.Time) {
	s.adopt = nil
	s.doubt(now)
	s.helloAt = now.Add(failurePause)
}

// ack is told of an acknowledgement that is meant for this process and life.
func (s *sender) ack(now time.Time, a *wire.Ack) {
	if !s.raise(now, a.Stored, a.Safe) {
		s.repeated(now, a)
		return
	}
	for len(s.window) > 0 && s.window[0] <= s.stored.Seq {
		s.window = s.window[1:]
	}
	s.facts = s.facts || s.site.State != session.Active
	s.sent = max(s.sent, s.stored.Seq)
	s.repeats, s.silence = 0, s.o.Silence
	s.silentAt = now.Add(s.silence)
}

// repeated takes an acknowledgement that moved nothing, which is what the
// centre says to a gap: several of them mean that the batch behind is lost.
func (s *sender) repeated(now time.Time, a *wire.Ack) {
	if a.Stored.Seq != s.stored.Seq || len(s.window) == 0 {
		return
	}
	if s.repeats++; s.repeats == gapRepeats {
		s.from(now, s.stored.Seq)
		s.repeats = gapRepeats // once for each mark; then silence decides
	}
}

// raise moves the marks up and reports whether stored moved.
func (s *sender) raise(now time.Time, stored, safe wire.Cursor) bool {
	if safe.Seq > s.safe.Seq {
		s.safe, s.unnoted = safe, true
	}
	if stored.Seq <= s.stored.Seq {
		return false
	}
	s.stored, s.unnoted, s.lastAck = stored, true, now
	return true
}

// marks are what is to be compared with the log: nothing stands before the
// first event, and mostly both marks are one.
func (s *sender) marks() []wire.Cursor {
	switch {
	case s.safe.Seq == 0, s.safe == s.stored:
		return []wire.Cursor{s.stored}
	}
	return []wire.Cursor{s.stored, s.safe}
}

// storedMarks is told that the log has the marks.
func (s *sender) storedMarks() {
	s.noted, s.unnoted = [2]wire.Cursor{s.stored, s.safe}, false
}

// diverged is told that the log holds another hash at the centre's mark than the
// centre, or does not reach it.
func (s *sender) diverged(now time.Time) {
	s.stored, s.safe, s.unnoted = s.noted[0], s.noted[1], false
	s.site.Fenced(string(session.Diverged), session.Explain(session.Diverged))
	s.halt(now)
}

// stop is told of a fence that is meant for this process and life.
func (s *sender) stop(now time.Time, f *wire.Fence) {
	s.site.Fenced(f.Reason, f.Message)
	s.halt(now)
}

// halt stops sending; the site goes on to say hello, slowly, for the centre may
// take its events one day.
func (s *sender) halt(now time.Time) {
	s.doubt(now)
	s.helloAt, s.helloWait = now.Add(slowest), slowest
}

// cursor is the place in the commands of the life of the centre that is followed. A new
// one counts from 1, and the log learns of it with its first command.
func (s *sender) cursor(applied wire.CommandCursor) wire.CommandCursor {
	if applied.Centre == s.site.Centre {
		return applied
	}
	return wire.CommandCursor{Centre: s.site.Centre}
}

// takes reports whether commands may be applied. A centre that is not the one
// that welcomed the site is a doubt.
func (s *sender) takes(now time.Time, m *wire.Commands) bool {
	if !s.welcomed {
		return false
	}
	if m.Centre != s.site.Centre {
		s.doubt(now)
		return false
	}
	return s.site.Takes(m)
}

// sentBatch is told that a batch up to and with last was given to the carrier,
// and whether more is known to wait.
func (s *sender) sentBatch(now time.Time, last int64, more bool) {
	if last <= s.highest {
		s.resends++
	}
	s.highest = max(s.highest, last)
	if len(s.window) == 0 {
		s.silentAt = now.Add(s.silence)
	}
	s.window = append(s.window, last)
	s.sent, s.more, s.readAt = last, more, now
}

// sentNothing is told that the log holds nothing behind sent.
func (s *sender) sentNothing() { s.more = false }

// failed is told that reading or the carrier failed: it is tried again later.
func (s *sender) failed(now time.Time) {
	s.more, s.readAt = true, now.Add(failurePause)
	s.helloAt = later(s.helloAt, now.Add(failurePause))
}

// failurePause is kept before what failed is tried again.
const failurePause = time.Second

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *sender) status() Status {
	return Status{
		State:    s.site.State,
		Reason:   s.site.Reason,
		Text:     s.site.Text,
		Welcomed: s.welcomed,
		LastAck:  s.lastAck,
		Stored:   s.stored.Seq,
		Safe:     s.safe.Seq,
		Resends:  s.resends,
	}
}
