package device

import (
	"context"
	"sync"
	"time"
)

// This file is how a device, and the worker beside it, wait for what the host
// says to a scan.

// reply is something that the host said and that can answer a scan.
type reply struct {
	kind  Kind   // Acked, Nak or Beep; empty when a limit was reached
	code  byte   // the cause of a NAK, the pattern of SSI's beep
	notes []note // what sounds, for a Beep
}

// ear keeps the host's replies until a scan takes them.
type ear chan reply

func newEar() ear { return make(ear, 64) }

// hear keeps a reply. A host that says more than anyone waits for is not kept
// waiting itself.
func (e ear) hear(r reply) {
	select {
	case e <- r:
	default:
	}
}

// forget drops replies that came while no scan waited.
func (e ear) forget() {
	for {
		select {
		case <-e:
		default:
			return
		}
	}
}

// waiter collects what the host says to one scan.
type waiter struct {
	Answer
	ear    ear
	start  time.Time
	pulled <-chan struct{}
	notes  []note
}

// listen begins to wait, from the first byte of a scan on.
func (d *Device) listen(e ear) *waiter {
	e.forget()
	return &waiter{Answer: Answer{Tries: 1}, ear: e, start: time.Now(), pulled: d.pulled()}
}

// acknowledged waits for an ACK or NAK. It returns with neither when the time is
// over or the host asks to send again.
func (w *waiter) acknowledged(ctx context.Context, within time.Duration) error {
	limit := time.After(within)
	for !w.Acked {
		r, err := w.next(ctx, limit)
		if err != nil || r.kind == "" {
			return err
		}
		w.note(r)
		if r.kind == Nak {
			return nil
		}
	}
	return nil
}

// melodyGap is how long after a sound the next one still belongs to it.
const melodyGap = 40 * time.Millisecond

// tone waits for the sound that means something to the worker, at most so long.
func (w *waiter) tone(ctx context.Context, within time.Duration) error {
	limit := time.After(within)
	for w.Tone == None {
		r, err := w.next(ctx, limit)
		if err != nil || r.kind == "" {
			return err
		}
		w.note(r)
	}
	return w.finish(ctx)
}

// finish takes the rest of a melody whose first sounds can mean several things.
func (w *waiter) finish(ctx context.Context) error {
	for !final(w.notes) {
		r, err := w.next(ctx, time.After(melodyGap))
		if err != nil || r.kind == "" {
			return err
		}
		w.note(r)
	}
	return nil
}

// next is the host's next reply; its kind is empty when the limit is reached.
func (w *waiter) next(ctx context.Context, limit <-chan time.Time) (reply, error) {
	select {
	case r := <-w.ear:
		return r, nil
	case <-limit:
		return reply{}, nil
	case <-w.pulled:
		return reply{}, ErrUnplugged
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

func (w *waiter) note(r reply) {
	switch r.kind {
	case Acked:
		w.Acked = true
	case Nak:
		if r.code != nakResend {
			w.Nak = r.code
		}
	case Beep:
		if w.Tone == None {
			w.Pattern, w.Took = r.code, time.Since(w.start)
		}
		w.notes = append(w.notes, r.notes...)
		w.Tone = meaning(w.notes)
	}
}

// gate is a device's switch for scanning, which the host turns.
type gate struct {
	mu   sync.Mutex
	shut bool
	open chan struct{} // closed while scanning is enabled; nil before the first turn
}

// turn opens or shuts the gate.
func (g *gate) turn(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case open && g.shut:
		close(g.open)
	case !open && !g.shut:
		g.open = make(chan struct{})
	}
	g.shut = !open
}

// await gives the host so long to enable scanning again.
func (g *gate) await(ctx context.Context, within time.Duration) error {
	g.mu.Lock()
	open := g.open
	if !g.shut {
		open = closed
	}
	g.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-time.After(within):
		return ErrDisabled
	case <-ctx.Done():
		return ctx.Err()
	}
}
