// Package link keeps one scanner's port alive and moves what is said over it:
// bytes from the port into the codec, frames to the agent, answers back to the
// device.
//
// Three goroutines serve an open port. The reader is the only one that reads.
// The writer is the only one that writes, because a write to a dead port blocks
// for ever and closing the port does not free it; such a writer is abandoned and
// the port opened anew with a fresh one. Run watches both, and the port's
// presence, as some drivers never report an unplugged device.
package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// Port is an open line to a device. Read gives what has come, at least one byte,
// or 0 and no error after about 100 ms of silence. An error from Read or Write is
// final. Close is called once, and not during a Read that returns as it should.
type Port interface {
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	Close() error
}

// Leftover is what a Port may know of the time before it was opened: bytes that lay
// in the system's buffer then. They are asked for once, before the first Read. Of a
// device whose protocol repeats what nobody acknowledged they are only told of.
type Leftover interface {
	Leftover() []byte
}

// Discarder is a Port that can throw away what was written to it and has not gone out:
// a device that takes no bytes would sound it when nobody speaks to it any more.
type Discarder interface {
	Discard() error
}

// Opener finds a device by its stable name.
type Opener interface {
	// Open gives the port and the device that the name led to.
	Open(ctx context.Context) (Port, string, error)
	// Present reports why the name no longer leads to device, or nil.
	Present(device string) error
}

const (
	minBackoff   = 200 * time.Millisecond
	maxBackoff   = 2 * time.Second
	steadyAfter  = 5 * time.Second
	watchEvery   = 200 * time.Millisecond
	presentEvery = time.Second
	// writeLimit is what a write of a few bytes may take at 300 baud, and more.
	writeLimit = 2 * time.Second
	// readerLimit is how long a reader that was told to stop may take.
	readerLimit = 2 * time.Second
	// quarantineGap is the silence, beside the idle gap, after which a frame is
	// certain to be new. No worker scans this fast.
	quarantineGap = 300 * time.Millisecond
	// quarantineMost is how long scans in quick succession may prolong a quarantine.
	quarantineMost = 2 * time.Second
	// stallAfter is how long the agent may take to accept a scan.
	stallAfter = time.Second
	// maxAbandoned bounds the writers, each with a thread, that a dead device may
	// hold; beyond it the port stays closed until one comes free.
	maxAbandoned = 4
)

var errNotTaken = errors.New("the agent takes no scans")

// Device is a scanner.Source over any Port.
type Device struct {
	config    scanner.Config
	opener    Opener
	out       chan<- scanner.Scan
	abandoned atomic.Int32

	// mu guards what follows. It is never held while anything blocks.
	mu      sync.Mutex
	codec   profile.Codec
	current *session // nil while there is no port
	status  scanner.Status
	// offered is since when a scan waits to be taken; zero for none.
	offered time.Time
	hurry   hurry
	garbage garbage
	// staleUntil ends the quarantine of what lay in the port at its opening; stale
	// says that the codec was given such bytes, told that it has made a frame since.
	staleUntil  time.Time
	stale, told bool
	// flows says that the stream of the opening goes on without a pause, flowed
	// when its newest bytes came.
	flows  bool
	flowed time.Time
	// began is when the first byte behind a lull or an acknowledgement came, heard
	// when the newest did.
	began, heard time.Time
	newest       uint64 // the frame whose answer lets a device that waits go on
	// since is when the newest bytes may have come at the earliest, where the reader
	// was held up; else zero.
	since    time.Time
	unframed int // frames without their end since the last good one
}

var _ scanner.Puller = (*Device)(nil)

// New makes a Device of a completed configuration and the codec of its profile.
func New(c scanner.Config, o Opener, codec profile.Codec) *Device {
	return &Device{config: c, opener: o, codec: codec, status: scanner.Status{
		Station: c.Station, Port: c.Port, State: scanner.Searching, Since: time.Now(),
	}}
}

// Run implements scanner.Source.
func (d *Device) Run(ctx context.Context, out chan<- scanner.Scan) error {
	d.out = out
	for wait := minBackoff; ctx.Err() == nil; wait = min(2*wait, maxBackoff) {
		began := time.Now()
		d.ended(ctx, d.serve(ctx))
		if time.Since(began) > steadyAfter {
			wait = minBackoff
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return ctx.Err()
}

// Status implements scanner.Source.
func (d *Device) Status() scanner.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.status
	if !d.offered.IsZero() && time.Since(d.offered) > stallAfter {
		s.State, s.Since, s.LastError = scanner.Stalled, d.offered, errNotTaken
	}
	return s
}

// serve opens the port and stays with it until it fails or ctx ends.
func (d *Device) serve(ctx context.Context) error {
	if d.abandoned.Load() >= maxAbandoned {
		return scanner.ErrWriteStalled
	}
	port, device, err := d.opener.Open(ctx)
	if err != nil {
		return err
	}
	var s *session
	s = newSession(port, device, func() { d.answerLost(s) })
	d.connected(s)
	go func() { s.done <- d.read(ctx, s) }()
	err = d.watch(ctx, s)
	d.retire(s)
	return err
}

func (d *Device) connected(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current = s
	if d.hurry.last.IsZero() {
		d.hurry.last = time.Now() // the silence before the first code begins here
	}
	d.setState(scanner.Connected, nil)
	d.status.Device = s.device
	d.status.Counts.Connects++
	d.garbage = garbage{}
	d.staleUntil, d.stale, d.told = time.Time{}, false, false
	d.perform(d.codec.Connect(time.Now()))
}

func (d *Device) setState(state scanner.State, err error) {
	if d.status.State != state {
		d.status.State, d.status.Since = state, time.Now()
	}
	d.status.LastError = err
}

// watch waits for the first reason to give the port up.
func (d *Device) watch(ctx context.Context, s *session) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	checked := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.done:
			s.done <- nil
			return err
		case err := <-s.writer.failed:
			d.answerLost(s)
			return portError(err)
		case <-tick.C:
		}
		if s.writer.stuck() {
			d.answerLost(s)
			return scanner.ErrWriteStalled
		}
		if time.Since(checked) >= presentEvery {
			if err := d.opener.Present(s.device); err != nil {
				return err
			}
			checked = time.Now()
		}
	}
}

// retire ends the session's goroutines, then closes the port: a descriptor that
// is closed under a reader may be another file's by the time it is read.
func (d *Device) retire(s *session) {
	s.stop.Store(true)
	d.awaitReader(s)
	written := s.writer.finish()
	if !written {
		d.abandoned.Add(1)
		go func() {
			<-s.writer.finished
			d.abandoned.Add(-1)
		}()
	}
	s.close(!written)
}

// answerLost notes bytes that a session did not write.
func (d *Device) answerLost(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == s {
		d.unwritten()
	} else {
		d.status.Counts.LostAnswers++
	}
}

// unwritten notes that bytes did not get out to the device: a worker who heard nothing
// of a scan that was saved scans it again. mu is held.
func (d *Device) unwritten() {
	d.status.Counts.LostAnswers++
	if timed, ok := d.codec.(profile.Timed); ok {
		timed.Unwritten()
	}
}

// awaitReader gives up a reader that hangs in its driver, but not one that waits
// for the agent.
func (d *Device) awaitReader(s *session) {
	for {
		select {
		case <-s.done:
			return
		case <-time.After(readerLimit):
			d.mu.Lock()
			waiting := !d.offered.IsZero()
			d.mu.Unlock()
			if !waiting {
				return
			}
		}
	}
}

// ended records why there is no port, and delivers what the loss broke off.
func (d *Device) ended(ctx context.Context, why error) {
	d.mu.Lock()
	var events []profile.Event
	if d.current != nil {
		d.current = nil
		events = d.codec.Lost(time.Now())
	}
	d.status.Device = ""
	switch {
	case ctx.Err() != nil:
		d.setState(scanner.Searching, nil)
	case errors.Is(why, scanner.ErrWriteStalled):
		d.setState(scanner.Stalled, why)
	default:
		d.setState(scanner.Searching, why)
	}
	d.perform(events)
	d.mu.Unlock()
	d.deliver(ctx, time.Now(), events)
}

// read moves bytes from the port until it fails or is told to stop. What lay in
// the port already goes first: into quarantine, or away where the device repeats.
func (d *Device) read(ctx context.Context, s *session) error {
	seen := attention{emptied: time.Now()}
	if old, ok := s.port.(Leftover); ok {
		now, p := time.Now(), old.Leftover()
		switch {
		case len(bytes.Trim(p, "\r\n")) == 0:
		case d.config.Profile == scanner.SSI:
			d.thrownAway(now, p)
		default:
			d.advance(ctx, s, func() []profile.Event {
				d.flows, d.flowed, d.heard = true, now, now
				d.quarantine(now)
				return d.feed(now, p)
			})
		}
	}
	buf := make([]byte, 4096)
	for !s.stop.Load() {
		asked := time.Now()
		n, err := s.read(buf)
		now := time.Now()
		since := seen.read(asked, now, n == len(buf))
		switch {
		case n > 0:
			d.advance(ctx, s, func() []profile.Event {
				d.heldUp(since, now)
				return d.feed(now, buf[:n])
			})
		case err == nil:
			d.advance(ctx, s, func() []profile.Event { return d.silence(now) })
		}
		if err != nil {
			return portError(err)
		}
	}
	return nil
}

// heldUp takes account of when what is fed next may have come. mu is held.
func (d *Device) heldUp(since, now time.Time) {
	d.since = time.Time{}
	if since.Before(now) {
		d.since = since
	}
	if timed, ok := d.codec.(profile.Timed); ok && scanner.Elapsed(since, now) > inattentive {
		timed.Away(since)
	}
}

// portError is what a person is told of an error of an open port.
func portError(err error) error {
	if errors.Is(err, scanner.ErrGone) {
		return err
	}
	return fmt.Errorf("%w: %w", scanner.ErrPortFailed, err)
}

// advance takes one step of the conversation; nothing happens for a session that
// was given up.
func (d *Device) advance(ctx context.Context, s *session, step func() []profile.Event) {
	now := time.Now()
	d.mu.Lock()
	if d.current != s {
		d.mu.Unlock()
		return
	}
	events := step()
	d.perform(events)
	d.mu.Unlock()
	d.deliver(ctx, now, events)
}

// perform does what needs no waiting. mu is held.
func (d *Device) perform(events []profile.Event) {
	for _, e := range events {
		switch e.Kind {
		case profile.Send:
			d.tap(false, e.Data)
			if d.current == nil || !d.current.writer.push(e.Data) {
				d.unwritten()
			}
		case profile.Repeat:
			d.status.Counts.Repeats++
		case profile.Unheard:
			d.status.Counts.LostAnswers++
		case profile.Trouble:
			d.status.LastError = e.Fault
		case profile.Learned:
			d.status.Revision = oneLine(e.Data)
		}
	}
}

// oneLine writes what a device says of itself, often in lines, for one line.
func oneLine(text []byte) string {
	lines := strings.FieldsFunc(string(text), func(r rune) bool { return r == '\r' || r == '\n' })
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return l == "" }), ", ")
}

func (d *Device) tap(fromDevice bool, p []byte) {
	if d.config.Tap != nil {
		d.config.Tap(fromDevice, p)
	}
}

// deliver hands frames to the agent and waits until it takes them.
func (d *Device) deliver(ctx context.Context, now time.Time, events []profile.Event) {
	for _, e := range events {
		if e.Kind != profile.Deliver {
			continue
		}
		scan := d.scan(now, e)
		d.judge(e.ID, &scan, now)
		d.offer(now)
		select {
		case d.out <- scan:
			d.taken(scan)
		case <-ctx.Done():
			d.offer(time.Time{})
			return
		}
	}
}

func (d *Device) scan(now time.Time, e profile.Event) scanner.Scan {
	s := scanner.Scan{
		Station: d.config.Station, Source: d.config.Port, At: now, Since: now, Raw: e.Data, Fault: e.Fault,
		Late: e.Late, DeviceTime: e.DeviceTime, Batch: e.Batch,
	}
	if e.Fault == nil {
		s.Code = d.config.Rules.Parse(e.Symbology, e.Data, now.Year())
	}
	var once sync.Once
	s.Answer = func(v allocation.Verdict) { once.Do(func() { d.answer(e.ID, v) }) }
	return s
}

func (d *Device) answer(id uint64, v allocation.Verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.perform(d.codec.Answer(now, id, v))
	if d.config.Profile == scanner.SSI && id == d.newest && d.hurry.answered.IsZero() {
		d.hurry.answered = now
		d.heard = time.Time{} // what comes now is the next frame
	}
}

// Pull implements scanner.Puller.
func (d *Device) Pull(on bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, can := d.codec.(profile.Puller)
	if !can {
		return scanner.ErrNoTrigger
	}
	if d.current == nil {
		return scanner.ErrNotFound
	}
	events, can := p.Pull(time.Now(), on)
	if !can {
		return scanner.ErrNoTrigger
	}
	d.perform(events)
	return nil
}

func (d *Device) offer(since time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offered = since
}

func (d *Device) taken(s scanner.Scan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offered = time.Time{}
	d.status.LastScan = s.At
	if s.Fault != nil {
		d.status.Counts.Faults++
		return
	}
	d.status.Counts.Scans++
	if s.Late {
		d.status.Counts.Late++
	}
}
