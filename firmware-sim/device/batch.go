package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// batch is a handheld with a memory: it is carried away from its cradle, keeps
// what it reads, and pastes all of it when it is told to. It keeps its memory
// until it is cleared, also without power, so that an upload can be repeated.
type batch struct {
	d *Device

	mu     sync.Mutex
	memory []memo
}

// memo is one reading and when the device's clock says that it was.
type memo struct {
	label Label
	at    time.Time
}

func newBatch(d *Device) *batch { return &batch{d: d} }

func (b *batch) hear([]byte)              {}
func (b *batch) silence()                 {}
func (b *batch) powerUp()                 {}
func (b *batch) listens() ear             { return nil }
func (b *batch) greeted() <-chan struct{} { return b.d.Opened() }

// scan keeps the label. A double trigger keeps it twice; what goes wrong on a
// wire goes wrong in UploadBadly.
func (b *batch) scan(_ context.Context, l Label, f Fault) (Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	reading := memo{f.spoil(l), time.Now().Add(-b.d.cfg.ClockSlow)}
	b.memory = append(b.memory, reading)
	if f == Double {
		b.memory = append(b.memory, reading)
	}
	return Answer{Kept: true}, nil
}

// frames is the whole memory as it goes over the wire.
func (b *batch) frames() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all [][]byte
	for _, m := range b.memory {
		text := b.d.cfg.typed(m.label)
		if b.d.cfg.TimeLayout != "" {
			text += "," + m.at.Format(b.d.cfg.TimeLayout)
		}
		frame, _ := b.d.cfg.Framing.frame(text)
		all = append(all, frame)
	}
	return all
}

// Kept counts the readings in a batch device's memory.
func (d *Device) Kept() int {
	if b, ok := d.proto.(*batch); ok {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.memory)
	}
	return 0
}

// Upload pastes the memory, rate readings a second, or at once where rate is 0.
// The memory stays as it is. Errors: no batch device, those of Scan.
func (d *Device) Upload(ctx context.Context, rate float64) (sent int, err error) {
	b, ok := d.proto.(*batch)
	if !ok {
		return 0, d.err(errNoMemory(d.cfg.Profile, "upload"))
	}
	d.trigger.Lock()
	defer d.trigger.Unlock()
	sent, err = d.stream(ctx, b.frames(), rate)
	return sent, d.err(err)
}

// UploadBadly is Upload at once, with one thing wrong on the wire at the reading in
// the middle. Errors: an empty memory, those of Upload.
func (d *Device) UploadBadly(ctx context.Context, f Fault) error {
	b, ok := d.proto.(*batch)
	if !ok {
		return d.err(errNoMemory(d.cfg.Profile, "upload"))
	}
	d.trigger.Lock()
	defer d.trigger.Unlock()
	frames := b.frames()
	if len(frames) == 0 {
		return d.err(errors.New("the memory is empty: scan before the upload"))
	}
	middle := len(frames) / 2
	if _, err := d.stream(ctx, frames[:middle], 0); err != nil {
		return d.err(err)
	}
	if err := d.pasteBadly(ctx, f, frames[middle]); err != nil {
		return d.err(err)
	}
	_, err := d.stream(ctx, frames[middle+1:], 0)
	return d.err(err)
}

func (d *Device) pasteBadly(ctx context.Context, f Fault, frame []byte) error {
	if f == Junk {
		_, err := d.stream(ctx, [][]byte{junk()}, 0)
		return err
	}
	_, end := d.cfg.Framing.frame("")
	return d.sendBroken(ctx, f, frame, end)
}

// Remembers says why the device cannot do what needs a memory, or nil.
func (d *Device) Remembers(what string) error {
	if _, ok := d.proto.(*batch); !ok {
		return errNoMemory(d.cfg.Profile, what)
	}
	return nil
}

func errNoMemory(p Profile, what string) error {
	return fmt.Errorf("a device of profile %s has no memory to %s; the profile batch has", p, what)
}

// Delete takes reading n out of the memory, counted from 1, as a worker does who has
// scanned the wrong carton.
func (d *Device) Delete(n int) error {
	b, ok := d.proto.(*batch)
	if !ok {
		return d.err(errNoMemory(d.cfg.Profile, "delete from"))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n < 1 || n > len(b.memory) {
		return d.err(fmt.Errorf("the memory has no reading %d to delete, it keeps %d", n, len(b.memory)))
	}
	b.memory = slices.Delete(b.memory, n-1, n)
	return nil
}

// Clear empties the memory, as a worker does once the upload was seen to arrive.
func (d *Device) Clear() error {
	b, ok := d.proto.(*batch)
	if !ok {
		return d.err(errNoMemory(d.cfg.Profile, "clear"))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.memory = nil
	return nil
}
