package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"dockfill/cloud/store"
)

const (
	coalesce     = 300 * time.Millisecond // commits this close together make one picture
	tick         = 10 * time.Second       // ages move on although nothing is committed
	maxListeners = 256
	writeTime    = 10 * time.Second
)

// picture is the page's moving parts at one moment. It never changes; the next
// one replaces it.
type picture struct {
	at       time.Time
	revision int64 // counts commits seen
	filled   bool  // something was imported
	parts    map[string]string
	trouble  string // why there is no newer picture
}

// hub makes one picture for all listeners. Each listener remembers what it has
// sent and sends what differs, so a slow one skips pictures and loses nothing.
type hub struct {
	s       *Server
	failure error // of the listener's server, set before run returns
	done    chan struct{}
	joined  chan struct{} // wakes run when somebody listens, or there is more to show

	mu        sync.Mutex
	listeners int
	now       *picture
	next      chan struct{} // closed when now is replaced
}

func newHub(s *Server) *hub {
	return &hub{s: s, done: make(chan struct{}), joined: make(chan struct{}, 1), next: make(chan struct{})}
}

// run makes pictures while somebody listens, until ctx ends or the server
// stopped by itself.
func (h *hub) run(ctx context.Context, stopped <-chan error) {
	defer close(h.done)
	var revision int64
	rest := coalesce
	for {
		changed := h.s.Reads.Changed() // before reading, so that no commit is missed
		if h.listening() {
			begun := time.Now()
			h.show(h.draw(ctx, revision))
			// Pictures never take more than a fifth of the time: the scans
			// that come in need the database too.
			rest = max(coalesce, 4*time.Since(begun))
		}
		select {
		case <-ctx.Done():
			return
		case h.failure = <-stopped:
			return
		case <-changed:
			revision++
			if !pause(ctx, rest) {
				return
			}
		case <-time.After(tick):
		case <-h.joined:
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (h *hub) listening() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listeners > 0
}

// draw reads and renders; where that fails the old parts stay, with the reason.
func (h *hub) draw(ctx context.Context, revision int64) *picture {
	p := &picture{at: h.s.Now(), revision: revision}
	v, err := h.s.view(ctx, store.OwedQuery{Limit: 1})
	if err == nil {
		p.filled, p.parts, err = v.Empty == nil, map[string]string{}, nil
		for name, data := range v.parts() {
			var b bytes.Buffer
			if err = pages.ExecuteTemplate(&b, name, data); err != nil {
				break
			}
			p.parts[name] = b.String()
		}
	}
	if err != nil && ctx.Err() == nil {
		h.s.Log.Error("live figures cannot be read", "err", err)
		p.parts, p.trouble = nil, "The database does not answer; the figures shown are old. Trying again"
	}
	return p
}

func (h *hub) show(p *picture) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = p
	close(h.next)
	h.next = make(chan struct{})
}

func (h *hub) join() (next chan struct{}, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners >= maxListeners {
		return nil, false
	}
	h.listeners++
	h.wake() // the first picture after a silence may be old
	return h.next, true
}

// wake has a new picture made.
func (h *hub) wake() {
	select {
	case h.joined <- struct{}{}:
	default:
	}
}

func (h *hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners--
}

func (h *hub) current() (*picture, chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now, h.next
}

// serve is a listener: server-sent events until the browser goes or the server
// stops.
func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	next, ok := h.join()
	if !ok {
		problem(w, http.StatusServiceUnavailable, fmt.Sprintf("%d pages listen already. Close some, or read the page without its live part.", maxListeners))
		return
	}
	defer h.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	out := stream{w: w, c: http.NewResponseController(w), sent: map[string]string{}}
	if out.comment("listening") != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case <-h.done:
			return
		case <-next:
		}
		var p *picture
		if p, next = h.current(); out.send(p) != nil {
			return
		}
	}
}

// stream writes events and remembers what the browser has.
type stream struct {
	w        http.ResponseWriter
	c        *http.ResponseController
	sent     map[string]string
	revision int64
	begun    bool
}

// news is the JSON of one event.
type news struct {
	At     time.Time         `json:"at"`
	Clock  string            `json:"clock"`
	Filled bool              `json:"filled"` // there is data to show
	Lines  bool              `json:"lines"`  // the list of backorders may have changed
	Parts  map[string]string `json:"parts,omitempty"`
}

func (s *stream) send(p *picture) error {
	if p.trouble != "" {
		return s.event("trouble", []byte(p.trouble))
	}
	n := news{At: p.at.UTC(), Clock: clock(p.at), Filled: p.filled, Parts: map[string]string{}}
	// A commit may have come between the page and its first picture.
	n.Lines = !s.begun || p.revision != s.revision
	s.revision, s.begun = p.revision, true
	for name, html := range p.parts {
		if s.sent[name] != html {
			n.Parts[name], s.sent[name] = html, html
		}
	}
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return s.event("parts", text)
}

func (s *stream) event(name string, data []byte) error {
	return s.write("event: %s\ndata: %s\n\n", name, data)
}

func (s *stream) comment(text string) error { return s.write(": %s\n\n", text) }

func (s *stream) write(format string, args ...any) error {
	// The stream has no end, so each write has its own.
	_ = s.c.SetReadDeadline(time.Time{})
	_ = s.c.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil {
		return err
	}
	return s.c.Flush()
}
