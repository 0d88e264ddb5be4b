package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// span is how long the story takes where no end is given; then it begins again.
const span = time.Minute

// act is one turn of the story, at its share of the span.
type act struct {
	at   float64
	what func(*house)
}

// story is what --auto plays. All of it happens at the first site, the scans
// between the cut and the heal without a line to the centre.
var story = []act{
	{0.25, (*house).cut}, {0.35, (*house).bad}, {0.45, (*house).undo}, {0.55, (*house).restore},
}

// play lets the workers work until somebody or the time ends it, and then shows
// what it came to.
func (h *house) play(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, len(h.workers))
	for _, w := range h.workers {
		go func() { failed <- w.work(working) }()
	}
	err := h.direct(working, failed)
	stop()
	for range h.workers {
		if e := <-failed; err == nil {
			err = e
		}
	}
	if err != nil || ctx.Err() != nil {
		return err
	}
	return h.finish(ctx)
}

// direct follows keys and story until the end. What it takes from failed it puts
// back, for its owner to count.
func (h *house) direct(ctx context.Context, failed chan error) error {
	var end <-chan time.Time
	if h.For > 0 {
		end = time.After(h.For)
	}
	if h.Auto {
		defer h.tellStory(ctx)()
	}
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case key := <-h.Keys:
			if h.press(key) {
				return nil
			}
		case <-tick.C:
			h.look(ctx)
		case p := <-h.died:
			return h.lost(ctx, p)
		case err := <-failed:
			failed <- nil
			if err == nil { // a worker ends without one only when all are stopped
				return nil
			}
			return h.broken(ctx, err)
		case <-end:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// tellStory begins the story, and gives what ends it.
func (h *house) tellStory(ctx context.Context) (end func()) {
	ctx, stop := context.WithCancel(ctx)
	var told sync.WaitGroup
	told.Go(func() { h.perform(ctx) })
	return func() { stop(); told.Wait() }
}

// perform plays the acts at their times.
func (h *house) perform(ctx context.Context) {
	length := h.For
	if length == 0 {
		length = span
	}
	for begin := time.Now(); ; begin = begin.Add(length) {
		for _, a := range story {
			select {
			case <-time.After(time.Until(begin.Add(time.Duration(a.at * float64(length))))):
				a.what(h)
			case <-ctx.Done():
				return
			}
		}
	}
}

// press does what a key asks for and reports whether it ends the demo.
func (h *house) press(key byte) (end bool) {
	if 'A' <= key && key <= 'Z' {
		key += 'a' - 'A'
	}
	switch key {
	case keyNetwork:
		if h.sites[0].isCut() {
			h.restore()
		} else {
			h.cut()
		}
	case keyBad:
		h.bad()
	case keyUndo:
		h.undo()
	case keyQuit:
		return true
	default:
		h.screen.say("-- No key of the demo. %s", h.legend())
	}
	return false
}

func (h *house) cut() {
	s := h.sites[0]
	s.setCut(true)
	s.line.Cut()
	h.screen.say("-- The network of %s is cut. Scanning goes on: its scans are safe on its own disk.", s.name)
}

func (h *house) restore() {
	s := h.sites[0]
	s.setCut(false)
	e := newHeal(s)
	h.mu.Lock()
	h.heals = append(h.heals, e)
	h.mu.Unlock()
	s.line.Restore()
	h.screen.say("-- The network of %s is back, with %s not yet at the centre. Its agent tries again within 10 s; then the centre catches up.",
		s.name, count(e.waiting, "event"))
}

func (h *house) bad() {
	h.screen.say("-- A bad label at %s: listen for STOP. The next good scan clears it.", h.sites[0].name)
	h.ask((*shift).badScan)
}

func (h *house) undo() {
	h.screen.say("-- The worker at %s takes the last scan back.", h.sites[0].name)
	h.ask((*shift).undo)
}

// ask gives the first worker something to do, unless a lot waits already.
func (h *house) ask(wish func(*shift) []step) {
	select {
	case h.workers[0].asked <- wish:
	default:
	}
}

// lost is a child's death, unless the demo is being stopped: then whoever
// stopped it may have stopped the child too.
func (h *house) lost(ctx context.Context, p *program) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(300 * time.Millisecond):
		return p.death()
	}
}

// broken is a worker's error. Where an agent died, its death is the reason.
func (h *house) broken(ctx context.Context, err error) error {
	select {
	case p := <-h.died:
		return errors.Join(h.lost(ctx, p), err)
	case <-time.After(300 * time.Millisecond):
		return fmt.Errorf("a pretend scanner failed: %w", err)
	}
}
