package profile

import (
	"bytes"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
)

// text speaks for devices that send plain text: the engines honeywell, datalogic
// and ascii. A framer cuts the text; what stands between the frames and is no
// scan goes to the asides; voice and waiting give the answers.
type text struct {
	frames  *Framer
	trigger *Trigger // nil where the device cannot be told to read
	asides  []aside
	menu    *menu // nil but for Honeywell's
	start   []Start
	voice   voice
	waiting *waiting // nil where the device does not wait for answers
	memory  *memory  // nil where the device keeps nothing

	away   time.Time // since when what is fed next may have come; zero for just now
	open   []byte    // what an aside has begun with
	deaf   bool      // what arrives is passed over until the line is silent
	last   time.Time
	up     bool
	lastID uint64
	events []Event
}

// aside reads what a device says beside scans, from the start of a frame on. It
// gets all bytes since then, and is asked again with one more until it has it all
// or wants none of it.
type aside interface {
	hear(now time.Time, said []byte) (heard, []Event)
}

type heard int

const (
	notMine heard = iota
	more
	whole
	// ruined: it was the aside's, and is broken; nothing before the next silence
	// can be trusted.
	ruined
)

// maxAside bounds what is kept for an aside.
const maxAside = scanner.MaxScan + 64

func newText(p *Profile, c scanner.Config) *text {
	t := &text{frames: NewFramer(c.Terminator, c.IdleGap), trigger: p.Trigger, start: p.Start, voice: voice{profile: p, beep: c.Beep && p.Verdicts()}}
	if p.Menu != nil {
		t.menu = &menu{facts: p.Menu}
		t.asides = append(t.asides, t.menu)
	}
	if p.Header != nil {
		t.asides = append(t.asides, header{p.Header})
	}
	if p.Reply != nil {
		t.asides = append(t.asides, reply{p.Reply})
	}
	if p.Answer != nil {
		t.waiting = &waiting{facts: p.Answer, guard: max(0, c.Guard)}
	}
	if p.Memory != nil {
		t.memory = newMemory(p)
	}
	return t
}

// Connect implements Codec.
func (t *text) Connect(now time.Time) []Event {
	t.frames.Connect(now)
	t.open, t.deaf, t.last, t.up = t.open[:0], false, now, true
	t.voice.stop()
	for _, s := range t.start {
		t.emit(Event{Kind: Send, Data: bytes.Clone(s.Send.raw)})
	}
	if t.menu != nil {
		t.menu.begin()
	}
	if t.waiting != nil {
		t.waiting.reconnected()
	}
	return t.finish(now)
}

// Away implements Timed.
func (t *text) Away(since time.Time) { t.away = since }

// Unwritten implements Timed.
func (t *text) Unwritten() {
	if t.waiting != nil {
		t.waiting.newest.heard = false
	}
}

// Feed implements Codec.
func (t *text) Feed(now time.Time, p []byte) []Event {
	if len(t.asides) == 0 {
		t.take(now, t.frames.Feed(now, p))
	} else {
		for _, b := range p {
			t.hear(now, b)
		}
	}
	t.last, t.away = now, time.Time{}
	return t.finish(now)
}

// hear offers a byte to the asides first where a frame would begin.
func (t *text) hear(now time.Time, b byte) {
	switch {
	case t.deaf:
		return
	case len(t.open) == 0 && !t.frames.atStart():
		t.take(now, t.frames.Feed(now, []byte{b}))
		return
	}
	t.open = append(t.open, b)
	switch got := t.ask(now); {
	case got == more && len(t.open) < maxAside:
	case got == whole:
		t.open = t.open[:0]
	case got == ruined:
		t.deaf, t.open = true, t.open[:0]
	default:
		t.yield(now)
	}
}

// ask offers what is open to each aside.
func (t *text) ask(now time.Time) heard {
	best := notMine
	for _, a := range t.asides {
		got, events := a.hear(now, t.open)
		if got == whole || got == ruined {
			t.take(now, events)
			return got
		}
		best = max(best, got)
	}
	return best
}

// yield gives the framer what no aside wanted. Behind its first byte an aside may
// begin anew.
func (t *text) yield(now time.Time) {
	said := bytes.Clone(t.open)
	t.open = t.open[:0]
	t.take(now, t.frames.Feed(now, said[:1]))
	for _, b := range said[1:] {
		t.hear(now, b)
	}
}

// take passes on what was heard; scans get their numbers.
func (t *text) take(now time.Time, events []Event) {
	for _, e := range events {
		switch {
		case e.Kind != Deliver:
			t.emit(e)
		case t.waiting != nil:
			t.await(now, e)
		case t.memory != nil:
			if t.memory.add(now, e) {
				t.upload(now)
			}
		default:
			t.deliver(e)
		}
	}
}

// await delivers a scan that waits for its answer, unless it was sent before.
func (t *text) await(now time.Time, e Event) {
	w, came := t.waiting, t.came(now)
	switch {
	case w.askAgain(now, e.Fault):
		t.emit(Event{Kind: Send, Data: bytes.Clone(w.facts.Resend.raw)})
	case w.isRepeat(now, came, e):
		t.emit(Event{Kind: Repeat})
		if w.repeated(now, came) {
			t.say(now, w.newest.verdict)
		}
	default:
		e.Fault = w.doubt(now, came, e)
		t.deliver(e)
		w.sent(now, came, t.lastID, e)
	}
}

// came is when what is fed now may have come at the earliest.
func (t *text) came(now time.Time) time.Time {
	if t.away.IsZero() {
		return now
	}
	return t.away
}

func (t *text) deliver(e Event) {
	t.lastID++
	e.ID = t.lastID
	t.emit(e)
}

func (t *text) emit(e Event) { t.events = append(t.events, e) }

// Silence implements Codec.
func (t *text) Silence(now time.Time) []Event {
	quiet := now.Sub(t.last)
	if quiet >= t.frames.gap {
		t.deaf = false
		t.take(now, t.frames.cutShort(now, t.open))
		t.open = t.open[:0]
	}
	t.take(now, t.frames.Silence(now))
	if t.memory != nil && quiet >= t.memory.end {
		t.upload(now)
	}
	if t.waiting != nil && t.waiting.overdue(now) {
		t.take(now, []Event{{Kind: Deliver, Fault: scanner.ErrGarbled}})
	}
	return t.finish(now)
}

// upload delivers what the device's memory held.
func (t *text) upload(now time.Time) {
	for _, e := range t.memory.whole(now) {
		t.deliver(e)
	}
}

// Answer implements Codec. A good tone that would come when a later scan was
// made already would be heard as that one's, so it is left out; the others
// always sound.
func (t *text) Answer(now time.Time, id uint64, v allocation.Verdict) []Event {
	switch {
	case t.waiting == nil && !t.voice.beep:
		return nil
	case t.waiting != nil && !t.waiting.answer(now, id, v, t.up),
		t.waiting == nil && (!t.up || id < t.lastID && v.Saved()):
		t.emit(Event{Kind: Unheard, ID: id})
	default:
		t.say(now, v)
	}
	return t.finish(now)
}

// Pull implements Puller.
func (t *text) Pull(now time.Time, on bool) ([]Event, bool) {
	if t.trigger == nil || !t.up {
		return nil, t.trigger != nil
	}
	send := t.trigger.End
	if on {
		send = t.trigger.Begin
	}
	t.emit(Event{Kind: Send, Data: bytes.Clone(send.raw)})
	return t.finish(now), true
}

// say tells the device the verdict. Without tones an acknowledgement is all that
// it has for a good one, so that only a saved scan gets it.
func (t *text) say(now time.Time, v allocation.Verdict) {
	var data []byte
	if t.waiting != nil && (t.voice.beep || v.Saved()) {
		data = append(data, t.waiting.facts.Ack.raw...)
	}
	if data = append(data, t.voice.show(now, v)...); len(data) > 0 {
		t.emit(Event{Kind: Send, Data: data})
	}
}

// Lost implements Codec. What a device kept and sent in part will come again as a
// whole; what had come is no upload.
func (t *text) Lost(now time.Time) []Event {
	t.up, t.deaf = false, false
	t.take(now, t.frames.cutShort(now, t.open))
	t.open = t.open[:0]
	t.take(now, t.frames.Lost(now))
	t.voice.stop()
	if t.memory != nil {
		for _, e := range t.memory.broken() {
			t.deliver(e)
		}
	}
	return t.flush()
}

// finish adds what is due.
func (t *text) finish(now time.Time) []Event {
	if t.up {
		t.events = append(t.events, t.voice.due(now)...)
		if t.menu != nil {
			t.events = append(t.events, t.menu.due(now)...)
		}
	}
	return t.flush()
}

func (t *text) flush() []Event {
	out := t.events
	t.events = nil
	return out
}
