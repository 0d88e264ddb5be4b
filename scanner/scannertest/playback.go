// Package scannertest records what goes over a scanner's port and plays it back
// in tests.
//
// A transcript is text, a step a line: "<" and hexadecimal bytes from the device,
// ">" and those to it, "." for a read that finds silence. Empty lines and what
// follows "#" say nothing.
//
//	> 09 C6 04 00 FF EE 01 9F 01 FC 9F   # set-up
//	< 04 D0 00 00 FF 2C
package scannertest

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"dockfill/scanner"
	"dockfill/scanner/link"
)

// pause is how long a read waits before it reports silence.
const pause = 5 * time.Millisecond

type step struct {
	kind byte // '<', '>' or '.'
	data []byte
}

// Playback is a Port that plays a transcript, and the Opener that gives it once.
// A write that differs, and steps that remain at the end of the test, fail it.
type Playback struct {
	t     testing.TB
	mu    sync.Mutex
	steps []step
	taken bool
	ended chan struct{}
}

var _ link.Opener = (*Playback)(nil)

// NewPlayback reads a transcript.
func NewPlayback(t testing.TB, transcript string) *Playback {
	t.Helper()
	p := &Playback{t: t, ended: make(chan struct{})}
	for i, line := range strings.Split(transcript, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		data, err := hex.DecodeString(strings.ReplaceAll(line[1:], " ", ""))
		if err != nil || !strings.Contains("<>.", line[:1]) {
			t.Fatalf("transcript line %d %q is no step", i+1, line)
		}
		p.steps = append(p.steps, step{line[0], data})
	}
	p.next(0)
	t.Cleanup(p.check)
	return p
}

// Ended is closed when all steps have been played.
func (p *Playback) Ended() <-chan struct{} { return p.ended }

func (p *Playback) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.steps) > 0 {
		p.t.Errorf("%d steps of the transcript were not played, the next is %c % X", len(p.steps), p.steps[0].kind, p.steps[0].data)
	}
}

// next drops the first n steps.
func (p *Playback) next(n int) {
	p.steps = p.steps[n:]
	if len(p.steps) == 0 {
		close(p.ended)
	}
}

// Open implements link.Opener.
func (p *Playback) Open(context.Context) (link.Port, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken {
		return nil, "", scanner.ErrNotFound
	}
	p.taken = true
	return p, "playback", nil
}

// Present implements link.Opener.
func (p *Playback) Present(string) error { return nil }

// Read gives the device's next bytes, or silence while the host's turn lasts.
func (p *Playback) Read(b []byte) (int, error) {
	p.mu.Lock()
	if len(p.steps) > 0 && p.steps[0].kind == '<' {
		defer p.mu.Unlock()
		n := copy(b, p.steps[0].data)
		if p.steps[0].data = p.steps[0].data[n:]; len(p.steps[0].data) == 0 {
			p.next(1)
		}
		return n, nil
	}
	if len(p.steps) > 0 && p.steps[0].kind == '.' {
		p.next(1)
	}
	p.mu.Unlock()
	time.Sleep(pause)
	return 0, nil
}

// Write compares with the host's next bytes.
func (p *Playback) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for rest := b; len(rest) > 0; {
		if len(p.steps) == 0 || p.steps[0].kind != '>' || !strings.HasPrefix(string(p.steps[0].data), string(rest[:min(len(rest), len(p.steps[0].data))])) {
			err := fmt.Errorf("wrote % X, which the transcript does not expect here", b)
			p.t.Error(err)
			return 0, err
		}
		n := min(len(rest), len(p.steps[0].data))
		if p.steps[0].data = p.steps[0].data[n:]; len(p.steps[0].data) == 0 {
			p.next(1)
		}
		rest = rest[n:]
	}
	return len(b), nil
}

// Close does nothing.
func (p *Playback) Close() error { return nil }

// Record gives an Opener whose ports write a transcript of what goes over them.
func Record(o link.Opener, to io.Writer) link.Opener { return &recorder{Opener: o, to: to} }

type recorder struct {
	link.Opener
	mu sync.Mutex
	to io.Writer
}

func (r *recorder) Open(ctx context.Context) (link.Port, string, error) {
	p, device, err := r.Opener.Open(ctx)
	if err != nil {
		return nil, "", err
	}
	return recorded{p, r}, device, nil
}

func (r *recorder) note(kind byte, b []byte) {
	if len(b) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintf(r.to, "%c % X\n", kind, b)
}

type recorded struct {
	link.Port
	r *recorder
}

func (p recorded) Read(b []byte) (int, error) {
	n, err := p.Port.Read(b)
	p.r.note('<', b[:n])
	return n, err
}

// Write notes before it writes, so that the device's answer stands after it.
func (p recorded) Write(b []byte) (int, error) {
	p.r.note('>', b)
	return p.Port.Write(b)
}
