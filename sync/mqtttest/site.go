package mqtttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"dockfill/allocation"
	"dockfill/sync/outbox"
	"dockfill/sync/wire"
)

// Site is a site's log and command cursor in memory. It serves outbox.Log and
// inbox.Site.
type Site struct {
	ID allocation.SiteID
	// Grown is called after each event; set it before the site is used.
	Grown func()

	mu       sync.Mutex
	pos      outbox.Position
	log      []outbox.Stored
	commands []wire.Command
}

// NewSite is a site without a life, in its first run.
func NewSite(id allocation.SiteID) *Site {
	return &Site{ID: id, Grown: func() {}, pos: outbox.Position{Run: 1}}
}

// Restart is the next run of the same database.
func (s *Site) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pos.Run++
}

// Scan appends a scan of code as an event and gives its number. It fails while
// the site has no life.
func (s *Site) Scan(code string) (int64, error) {
	return s.Append(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte(code), Verdict: allocation.Stock}})
}

// Append gives an event its number and nonce, and logs it.
func (s *Site) Append(e wire.Event) (int64, error) {
	defer s.Grown()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.append(e)
}

func (s *Site) append(e wire.Event) (int64, error) {
	if s.pos.Incarnation == "" {
		return 0, errors.New("the site has no life yet")
	}
	e.Seq = s.pos.Head.Seq + 1
	e.Nonce = fmt.Sprintf("%016x", e.Seq)
	body, err := e.Marshal()
	if err != nil {
		return 0, err
	}
	s.pos.Head = wire.Cursor{Seq: e.Seq, Hash: s.pos.Head.Hash.Next(body)}
	s.log = append(s.log, outbox.Stored{Seq: e.Seq, Hash: s.pos.Head.Hash, Body: body})
	return e.Seq, nil
}

// Commands gives what was applied, in order.
func (s *Site) Commands() []wire.Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]wire.Command(nil), s.commands...)
}

// Log gives all events.
func (s *Site) Log() []outbox.Stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]outbox.Stored(nil), s.log...)
}

// Position serves outbox.Log.
func (s *Site) Position(context.Context) (outbox.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pos, nil
}

// Read serves outbox.Log.
func (s *Site) Read(_ context.Context, after int64, maxEvents, maxBytes int) ([]outbox.Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, bytes := 0, 0
	for _, e := range s.log[min(after, int64(len(s.log))):] {
		bytes += len(e.Body) + 1
		if n == maxEvents || n > 0 && bytes > maxBytes {
			break
		}
		n++
	}
	return append([]outbox.Stored(nil), s.log[after:][:n]...), nil
}

// HashAt serves outbox.Log.
func (s *Site) HashAt(_ context.Context, seq int64) (wire.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case seq == 0:
		return wire.Genesis(s.ID, s.pos.Incarnation), nil
	case seq > int64(len(s.log)):
		return wire.Hash{}, nil
	}
	return s.log[seq-1].Hash, nil
}

// Acknowledge serves outbox.Log.
func (s *Site) Acknowledge(_ context.Context, stored, safe wire.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stored.Seq > s.pos.Stored.Seq {
		s.pos.Stored = stored
	}
	if safe.Seq > s.pos.Safe.Seq {
		s.pos.Safe = safe
	}
	return nil
}

// Adopt serves outbox.Log.
func (s *Site) Adopt(_ context.Context, incarnation, centre string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pos.Incarnation != "" {
		return errors.New("the site has a life already")
	}
	start := wire.Cursor{Hash: wire.Genesis(s.ID, incarnation)}
	s.pos.Incarnation, s.pos.Head, s.pos.Stored, s.pos.Safe = incarnation, start, start, start
	s.pos.Commands = wire.CommandCursor{Centre: centre}
	return nil
}

// Applied serves inbox.Site.
func (s *Site) Applied(context.Context) (wire.CommandCursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pos.Commands, nil
}

// Apply serves inbox.Site.
func (s *Site) Apply(_ context.Context, centre string, first int64, cmds []wire.Command) error {
	defer s.Grown()
	s.mu.Lock()
	defer s.mu.Unlock()
	if centre == s.pos.Commands.Centre && first != s.pos.Commands.N+1 {
		return fmt.Errorf("command %d does not follow %d", first, s.pos.Commands.N)
	}
	s.pos.Commands = wire.CommandCursor{Centre: strings.Clone(centre), N: first + int64(len(cmds)) - 1}
	s.commands = append(s.commands, cmds...)
	_, err := s.append(wire.Event{Applied: &wire.Applied{Through: s.pos.Commands}})
	return err
}
