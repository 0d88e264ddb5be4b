// Package scannertest records what goes over a scanner's port and plays it back
// in tests.
//
// A transcript is text, a step a line: "<" and bytes from the device, ">" and those
// to it, "." for a read that finds silence. A time may stand before the bytes and
// is passed over. Bytes are hexadecimal pairs and quoted Go strings. Empty lines,
// and what follows "#" outside of quotes, say nothing. Recordings of firmware-sim
// and of dockfill-agent listen are transcripts, up to the first unplugging.
//
//	> 09 C6 04 00 FF EE 01 9F 01 FC 9F   # set-up
//	< 0.012345s 04 D0 00 00 FF 2C
//	< "4006381333931\r"
package scannertest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
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
		s, err := readStep(line)
		if err != nil {
			t.Fatalf("transcript line %d %q: %v", i+1, line, err)
		}
		if s.kind != 0 {
			p.steps = append(p.steps, s)
		}
	}
	p.next(0)
	t.Cleanup(p.check)
	return p
}

var (
	word     = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|[^\s"#]+)`)
	timeWord = regexp.MustCompile(`^\d+\.\d+s$`)
)

// readStep reads a line; one that says nothing is a step of no kind.
func readStep(line string) (s step, err error) {
	rest := strings.TrimSpace(line)
	for n := 0; rest != "" && rest[0] != '#'; n++ {
		w := word.FindString(rest)
		rest = strings.TrimSpace(rest[len(w):])
		var data []byte
		switch {
		case w == "":
			return s, errors.New("a quote has no end")
		case n == 0 && strings.Contains("<>.", w):
			s.kind = w[0]
			continue
		case n == 0:
			return s, errors.New("none of <, > and . stands first")
		case n == 1 && timeWord.MatchString(w):
			continue
		case w[0] == '"':
			var text string
			text, err = strconv.Unquote(w)
			data = []byte(text)
		default:
			data, err = hex.DecodeString(w)
		}
		if err != nil {
			return s, fmt.Errorf("%s is neither hexadecimal nor quoted: %w", w, err)
		}
		s.data = append(s.data, data...)
	}
	return s, nil
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
