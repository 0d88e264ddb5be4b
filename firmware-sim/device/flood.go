package device

import (
	"context"
	"fmt"
	"time"
)

// This file is what comes faster than a hand can scan.

// typist is a protocol that sends a label as text and need not wait.
type typist interface {
	frame(l Label) (frame []byte, end int)
}

// Flood scans the labels one after the other without waiting for any answer,
// rate a second, or as fast as the host reads where rate is 0. Errors: a device
// that waits for its host, those of Scan.
func (d *Device) Flood(ctx context.Context, labels []Label, rate float64) (sent int, err error) {
	if err := d.Floods(); err != nil {
		return 0, d.err(err)
	}
	t := d.proto.(typist)
	var frames [][]byte
	for _, l := range labels {
		frame, _ := t.frame(l)
		frames = append(frames, frame)
	}
	d.trigger.Lock()
	defer d.trigger.Unlock()
	sent, err = d.stream(ctx, frames, rate)
	return sent, d.err(err)
}

// Floods says why the device cannot flood, or nil.
func (d *Device) Floods() error {
	if _, ok := d.proto.(typist); !ok || d.proto.listens() != nil {
		return fmt.Errorf("a device of profile %s waits for its host or for its upload, and cannot flood; one of profile %s can", d.cfg.Profile, ASCII)
	}
	return nil
}

// streamTick is how often a stream of frames is written: often enough for any
// reader, seldom enough for 10,000 frames a second.
const streamTick = 10 * time.Millisecond

// streamPart is how much is written at once: a host may take its time over a
// whole memory, but not over one part of it.
const streamPart = 4096

// stream writes frames, rate a second, or all at once where rate is 0.
func (d *Device) stream(ctx context.Context, frames [][]byte, rate float64) (sent int, err error) {
	start := time.Now()
	for sent < len(frames) {
		due := len(frames)
		if rate > 0 {
			due = min(due, 1+int(time.Since(start).Seconds()*rate))
		}
		var burst []byte
		for _, f := range frames[sent:due] {
			burst = append(burst, f...)
		}
		for part := range chunks(burst, streamPart) {
			if err := d.send(ctx, part); err != nil {
				return sent, err
			}
		}
		if sent = due; sent < len(frames) {
			if err := pause(ctx, streamTick); err != nil {
				return sent, err
			}
		}
	}
	return sent, nil
}
