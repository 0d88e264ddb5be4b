package mqtttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	safely   []outbox.Earlier // lives whose logs one life of the centre had safely
	log      []outbox.Stored
	left     map[string][]outbox.Stored // logs of earlier lives
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
	pos := s.pos
	pos.Earlier = append([]outbox.Earlier(nil), pos.Earlier...)
	return pos, nil
}

// Read serves outbox.Log.
func (s *Site) Read(_ context.Context, after int64, maxEvents, maxBytes int) ([]outbox.Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return read(s.log, after, maxEvents, maxBytes), nil
}

// ReadLife serves outbox.Log.
func (s *Site) ReadLife(_ context.Context, incarnation string, after int64, maxEvents, maxBytes int) ([]outbox.Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return read(s.left[incarnation], after, maxEvents, maxBytes), nil
}

func read(log []outbox.Stored, after int64, maxEvents, maxBytes int) []outbox.Stored {
	n, bytes := 0, 0
	for _, e := range log[min(after, int64(len(log))):] {
		bytes += len(e.Body) + 1
		if n == maxEvents || n > 0 && bytes > maxBytes {
			break
		}
		n++
	}
	return append([]outbox.Stored(nil), log[after:][:n]...)
}

// HashAt serves outbox.Log.
func (s *Site) HashAt(_ context.Context, seq int64) (wire.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hashAt(s.pos.Incarnation, s.log, seq), nil
}

// LifeHashAt serves outbox.Log.
func (s *Site) LifeHashAt(_ context.Context, incarnation string, seq int64) (wire.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hashAt(incarnation, s.left[incarnation], seq), nil
}

func (s *Site) hashAt(incarnation string, log []outbox.Stored, seq int64) wire.Hash {
	switch {
	case seq == 0:
		return wire.Genesis(s.ID, incarnation)
	case seq > int64(len(log)):
		return wire.Hash{}
	}
	return log[seq-1].Hash
}

// AcknowledgeLife serves outbox.Log.
func (s *Site) AcknowledgeLife(_ context.Context, incarnation string, stored, safe wire.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.pos.Earlier {
		if l := &s.pos.Earlier[i]; l.Incarnation == incarnation {
			l.Stored, l.Safe = stored, safe
		}
	}
	s.pos.Earlier = slices.DeleteFunc(s.pos.Earlier, func(l outbox.Earlier) bool {
		safe := l.Safe.Seq == l.Head.Seq
		if safe {
			s.safely = append(s.safely, l)
		}
		return safe
	})
	return nil
}

// Follow serves outbox.Log.
func (s *Site) Follow(_ context.Context, centre string, stored, safe wire.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pos.Commands, s.pos.Stored, s.pos.Safe = wire.CommandCursor{Centre: centre}, stored, safe
	s.pos.Earlier, s.safely = append(s.safely, s.pos.Earlier...), nil
	for i := range s.pos.Earlier {
		s.pos.Earlier[i].Stored, s.pos.Earlier[i].Safe = wire.Cursor{}, wire.Cursor{}
	}
	return nil
}

// Granted serves outbox.Log: the newest grant of each line.
func (s *Site) Granted(context.Context) (all []wire.Granted, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		if c.Grant != nil {
			all = slices.DeleteFunc(all, func(g wire.Granted) bool { return g.Line == c.Grant.Line })
			all = append(all, wire.Granted{Line: c.Grant.Line, N: c.Grant.Total})
		}
	}
	return all, nil
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

// Fence serves outbox.Log.
func (s *Site) Fence(_ context.Context, f outbox.Fence) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pos.Fence = f
	return nil
}

// Adopt serves outbox.Log.
func (s *Site) Adopt(_ context.Context, l outbox.NewLife) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.pos; old.Incarnation != "" {
		if old.Incarnation != l.Instead || old.Head != l.Kept {
			return errors.New("more was logged, or in another life")
		}
		if s.left == nil {
			s.left = map[string][]outbox.Stored{}
		}
		s.left[l.Instead] = s.log
		s.pos.Earlier = append(s.pos.Earlier, outbox.Earlier{Incarnation: l.Instead, Head: old.Head, Stored: old.Head, Safe: old.Safe})
	}
	start := wire.Cursor{Hash: wire.Genesis(s.ID, l.Incarnation)}
	s.pos.Incarnation, s.pos.Head, s.pos.Stored, s.pos.Safe = l.Incarnation, start, start, start
	s.pos.Commands, s.pos.Fence = wire.CommandCursor{Centre: l.Centre}, outbox.Fence{}
	s.log, s.commands = nil, nil
	return nil
}

// Applied serves inbox.Site.
func (s *Site) Applied(context.Context) (string, wire.CommandCursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pos.Incarnation, s.pos.Commands, nil
}

// Apply serves inbox.Site.
func (s *Site) Apply(_ context.Context, life, centre string, first int64, cmds []wire.Command) error {
	defer s.Grown()
	s.mu.Lock()
	defer s.mu.Unlock()
	if life != s.pos.Incarnation {
		return fmt.Errorf("commands to life %s", life)
	}
	if centre == s.pos.Commands.Centre && first != s.pos.Commands.N+1 {
		return fmt.Errorf("command %d does not follow %d", first, s.pos.Commands.N)
	}
	s.pos.Commands = wire.CommandCursor{Centre: strings.Clone(centre), N: first + int64(len(cmds)) - 1}
	s.commands = append(s.commands, cmds...)
	_, err := s.append(wire.Event{Applied: &wire.Applied{Through: s.pos.Commands}})
	return err
}
