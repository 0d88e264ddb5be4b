package device

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// Difference is where a host did not say what the recording says.
type Difference struct {
	Step      Step   // of the recording
	Want, Got []byte // from the first byte of the step on
	Offset    int    // the first byte that differs
}

func (d *Difference) Error() string {
	if len(d.Got) <= d.Offset {
		return fmt.Sprintf("line %d: the host did not say %q (after %q)", d.Step.Line, d.Want[d.Offset:], d.Want[:d.Offset])
	}
	return fmt.Sprintf("line %d: the host said %q instead of %q, byte %d differs", d.Step.Line, d.Got, d.Want, d.Offset+1)
}

// hostPatience is how much longer than in the recording the host may take.
const hostPatience = 10 * time.Second

// Playback plays the device's side of a recording to a host.
type Playback struct {
	d    *Device
	wait time.Duration
	said chan []byte // what the host says
	rest []byte      // said and not yet compared
}

// NewPlayback makes a device at a symlink or a TCP address, one of them empty,
// that waits so long for a host. It is plugged in by Play.
func NewPlayback(link, listen string, wait time.Duration) (*Playback, error) {
	d, err := New(Config{Link: link, Listen: listen})
	if err != nil {
		return nil, err
	}
	p := &Playback{d: d, wait: wait, said: make(chan []byte, 1024)}
	d.proto = &tape{ascii{d}, p.said}
	return p, nil
}

// tape is the protocol of a device that only plays.
type tape struct {
	ascii
	said chan []byte
}

func (t *tape) hear(b []byte) {
	select {
	case t.said <- bytes.Clone(b):
	default: // nobody compares any more
	}
}

// Play plugs the device in, waits for the host, and plays the steps: it sends
// what the device sent, after the same pauses, and waits for what the host said.
// The first difference ends it with a *Difference. Silence at the end proves
// nothing: what the host says after the last step is not compared. Other errors
// are those of Scan and Ready. played counts the steps.
func (p *Playback) Play(ctx context.Context, steps []Step) (played int, err error) {
	defer p.d.Close()
	if err := p.plug(ctx); err != nil {
		return 0, err
	}
	last := time.Duration(0)
	for i, s := range steps {
		since := max(0, s.At-last)
		if last = max(last, s.At); s.Direction != '>' {
			if err := pause(ctx, since); err != nil {
				return i, err
			}
		}
		if err := p.step(ctx, s, since); err != nil {
			return i, err
		}
	}
	return len(steps), nil
}

func (p *Playback) step(ctx context.Context, s Step, since time.Duration) error {
	switch s.Direction {
	case '<':
		return p.d.send(ctx, s.Bytes)
	case '>':
		return p.compare(ctx, s, since+hostPatience)
	case '.':
		return pause(ctx, interCharacter+50*time.Millisecond)
	}
	if string(s.Bytes) == "unplug" {
		if err := pause(ctx, interCharacter/4); err != nil { // else the host loses what came last
			return err
		}
		p.d.Unplug()
		p.forget()
		return nil
	}
	return p.plug(ctx)
}

// forget drops what the host said before the cable was pulled and nobody heard.
func (p *Playback) forget() {
	p.rest = nil
	for len(p.said) > 0 {
		<-p.said
	}
}

// plug plugs the device in, unless it is, and waits for the host.
func (p *Playback) plug(ctx context.Context) error {
	if p.d.Address() != "" {
		return nil
	}
	if err := p.d.Replug(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	return p.d.Ready(ctx)
}

// compare waits until the host has said as much as the step holds, or something
// else.
func (p *Playback) compare(ctx context.Context, s Step, within time.Duration) error {
	limit := time.After(within)
	for {
		n := min(len(p.rest), len(s.Bytes))
		if at := differ(p.rest[:n], s.Bytes[:n]); at < n {
			return &Difference{s, s.Bytes, p.rest, at}
		}
		if n == len(s.Bytes) {
			p.rest = p.rest[n:]
			return nil
		}
		select {
		case b := <-p.said:
			p.rest = append(p.rest, b...)
		case <-limit:
			return &Difference{s, s.Bytes, p.rest, n}
		case <-ctx.Done():
			return errors.Join(&Difference{s, s.Bytes, p.rest, n}, ctx.Err())
		}
	}
}

// differ is the first place at which two texts of one length differ, or the
// length.
func differ(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}
