package demo

import (
	"context"
	"time"

	"dockfill/firmware-sim/device"
)

// heal is one return of the network.
type heal struct {
	site            *site
	begin           time.Time
	stored          int64         // at the centre when it began
	waiting, cameIn int64         // events: those that the centre lacked then, and those that it got until it had all
	took            time.Duration // until it had them all; 0 while it has not
}

// newHeal is the return of a network that is just restored.
func newHeal(s *site) heal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return heal{site: s, begin: time.Now(), stored: s.stored, waiting: s.status.Saved - s.stored}
}

// look asks every program how it is, and shows it.
func (h *house) look(ctx context.Context) {
	for _, s := range h.sites {
		if s.ask(ctx) != nil {
			return // it may be dying, which is told elsewhere
		}
	}
	stored, err := h.centre.stored(ctx)
	if err != nil {
		return
	}
	for _, s := range h.sites {
		s.mu.Lock()
		s.stored = stored[s.name]
		s.mu.Unlock()
	}
	// What is said above the board must not be newer than the board.
	h.screen.show(h.board())
	h.healed()
}

// healed notes sites whose centre has everything again.
func (h *house) healed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n := range h.heals {
		e := &h.heals[n]
		if e.took > 0 || e.site.isCut() || !e.site.equal() || !e.site.now().Link.Up {
			continue
		}
		e.took, e.cameIn = time.Since(e.begin), e.site.storedNow()-e.stored
		h.screen.say("-- %s and the centre are equal again: %s came in within %s of the network's return.",
			e.site.name, count(e.cameIn, "event"), seconds(e.took))
	}
}

func (s *site) isCut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut
}

func (s *site) setCut(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
}

// tell shows one scan: on a terminal in the status, else as a line.
func (h *house) tell(w *worker, s step, tone device.Tone, f feedback) {
	text := s.what + ": " + h.screen.paint(f)
	if tone == device.None {
		text += ", and the scanner heard no tone"
	}
	w.site.mu.Lock()
	w.site.last = text
	w.site.mu.Unlock()
	if !h.Live {
		h.screen.say("%s %-8s %s | %s", time.Now().Format(time.TimeOnly), w.site.name, text, w.site.counts())
	}
}

// counts are a site's figures in one line.
func (s *site) counts() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := "online"
	if !s.status.Link.Up {
		line = "OFFLINE"
	}
	line += ", owed " + count(s.status.Owed.Units, "unit") + ", " + count(s.status.Saved, "event") + " saved"
	if waits := s.status.Waiting; waits > 0 && (!s.status.Link.Up || time.Since(s.oldest()) > soon) {
		line += ", " + number(waits) + " not yet at the centre"
	}
	return line
}

// soon is how long an event may be on its way to the centre without a word.
const soon = 2 * time.Second

// oldest is when the event was saved that waits longest; now where the agent names none.
func (s *site) oldest() time.Time {
	if s.status.Oldest == nil {
		return time.Now()
	}
	return *s.status.Oldest
}

// board is the status that a terminal refreshes in place.
func (h *house) board() []string {
	var lines []string
	for _, s := range h.sites {
		s.mu.Lock()
		last := s.last
		s.mu.Unlock()
		lines = append(lines, s.name+"  "+s.counts(), "    "+last)
	}
	if legend := h.legend(); legend != "" {
		lines = append(lines, legend)
	}
	return lines
}
