package device

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// This file is the bytes: who reads them, how they are written, and when the
// line counts as quiet.

// interCharacter is the host's limit between two bytes of one packet; what is
// half received by then is dropped.
const interCharacter = 200 * time.Millisecond

// read hands the host's bytes to the protocol until the plug is pulled.
func (d *Device) read(p *plug) {
	defer close(p.done)
	buf := make([]byte, 4096)
	for {
		p.end.readDeadline(time.Now().Add(interCharacter))
		n, err := p.end.Read(buf)
		switch {
		case n > 0:
			d.heard.Store(time.Now().UnixMicro())
			d.hear(buf[:n], p.end)
		case errors.Is(err, os.ErrDeadlineExceeded):
			p.end.relax()
			d.proto.silence()
		case errors.Is(err, errHostGone):
			continue
		case err != nil:
			return
		}
	}
}

// hear takes what the host sent, as the device's own speed lets it be read.
func (d *Device) hear(b []byte, end endpoint) {
	d.cfg.Record.note('>', b)
	d.proto.hear(garbled(b, end.speed(), int(d.baud.Load())))
}

// blockedAfter is how long a write may wait for the host to read.
const blockedAfter = 5 * time.Second

// send writes whole frames: nothing else comes between the bytes of b.
func (d *Device) send(ctx context.Context, b []byte) error {
	d.writes.Lock()
	defer d.writes.Unlock()
	return d.write(ctx, b)
}

// write writes bytes while writes is locked.
func (d *Device) write(ctx context.Context, b []byte) error {
	end := d.current()
	if end == nil {
		return ErrUnplugged
	}
	end.relax()
	deadline, own := time.Now().Add(blockedAfter), true
	if t, ok := ctx.Deadline(); ok && t.Before(deadline) {
		deadline, own = t, false
	}
	end.writeDeadline(deadline)
	b = garbled(b, int(d.baud.Load()), end.speed())
	d.cfg.Record.note('<', b)
	_, err := end.Write(b)
	switch {
	case err == nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded) && own:
		return ErrBlocked
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrBlocked, context.DeadlineExceeded)
	case errors.Is(err, os.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return ErrUnplugged
	}
	return err
}

// current is the plugged-in end of the wire, nil while unplugged.
func (d *Device) current() endpoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plug == nil {
		return nil
	}
	return d.plug.end
}

// pulled is closed when the present plug is pulled.
func (d *Device) pulled() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plug == nil {
		return closed
	}
	return d.plug.done
}

// closed is a channel that never makes anyone wait.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// sendBroken writes a frame, whose terminator or checksum is `end` bytes long,
// as the fault wants it. After a torn frame the device is unplugged.
func (d *Device) sendBroken(ctx context.Context, f Fault, frame []byte, end int) error {
	if err := d.sendPieces(ctx, f.onWire(frame, end)); err != nil || f != Torn {
		return err
	}
	if err := pause(ctx, interCharacter/4); err != nil { // else the host sees nothing of it
		return err
	}
	d.Unplug()
	return ErrUnplugged
}

// sendPieces writes a frame in pieces. What the device says besides waits until the
// last of them.
func (d *Device) sendPieces(ctx context.Context, pieces []piece) error {
	d.writes.Lock()
	defer d.writes.Unlock()
	for _, p := range pieces {
		if p.after > 0 {
			if err := pause(ctx, p.after); err != nil {
				return err
			}
		}
		if err := d.write(ctx, p.bytes); err != nil {
			return err
		}
	}
	return nil
}

// tell reports an event to whoever listens.
func (d *Device) tell(e Event) {
	if d.cfg.OnEvent == nil {
		return
	}
	e.At = time.Now()
	d.cfg.OnEvent(e)
}

// quiet is how long the line must be silent to count as quiet.
const quiet = 300 * time.Millisecond

// settle waits for a quiet line while the device is uneasy.
func (d *Device) settle(ctx context.Context) error {
	if d.uneasy == 0 {
		return nil
	}
	d.uneasy--
	for {
		wait := quiet - time.Since(time.UnixMicro(d.heard.Load()))
		if wait <= 0 {
			return nil
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// pause sleeps, unless the context ends first.
func pause(ctx context.Context, t time.Duration) error {
	select {
	case <-time.After(t):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
