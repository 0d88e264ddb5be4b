package demo

import (
	"context"
	"fmt"
	"time"
)

// patience is how long site and centre may take to become equal at the end: a
// site that was offline for long tries again only every minute.
const patience = 90 * time.Second

// finish makes all lines whole, waits until every site and the centre are equal,
// and prints what the demo came to.
func (h *house) finish(ctx context.Context) error {
	for _, s := range h.sites {
		if s.isCut() {
			h.restore()
		}
	}
	h.screen.say("-- Scanning has ended. Waiting until the centre has everything.")
	equal := h.settle(ctx)
	h.screen.show(nil)
	if err := h.summary(ctx, equal); err != nil {
		return err
	}
	if !equal {
		return ErrUnequal
	}
	return nil
}

// settle waits until all are equal, at most patience; a key ends it early.
func (h *house) settle(ctx context.Context) bool {
	late := time.After(patience)
	for {
		h.look(ctx)
		if h.equal(ctx) {
			return true
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-late:
			return false
		case key := <-h.Keys:
			if key == keyQuit || key == 'Q' {
				return false
			}
		case p := <-h.died:
			h.screen.say("%v", p.death())
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// equal compares the sites with the centre: the events, and what they came to.
func (h *house) equal(ctx context.Context) bool {
	var units, allocated int64
	for _, s := range h.sites {
		st := s.now()
		if !s.equal() || !st.Link.Up {
			return false
		}
		units, allocated = units+st.Totals.Units, allocated+st.Totals.Allocated
	}
	t, err := h.centre.totals(ctx)
	return err == nil && t.UnitsScanned == units && t.UnitsAllocated == allocated && t.Poison == 0
}

// summary prints the figures.
func (h *house) summary(ctx context.Context, equal bool) error {
	t, err := h.centre.totals(ctx)
	if err != nil {
		return fmt.Errorf("the centre's totals: %w", err)
	}
	say := h.screen.say
	say("")
	say("What the demo came to:")
	say("  scans                 %d, and %s", h.tally.scans, count(int64(h.tally.cards), "control card"))
	say("  tones heard           %s", &h.tally)
	say("  units received        %s", number(t.UnitsScanned))
	say("  units allocated       %s", number(t.UnitsAllocated))
	say("  orders completed      %s", number(t.OrdersCompleted))
	say("  units owed            %s before, %s after", number(h.owedBefore), number(t.OpenUnits))
	for _, s := range h.sites {
		say("  %-21s %s saved at the site, %s stored at the centre", "events of "+s.name, number(s.now().Saved), number(s.storedNow()))
	}
	for n, e := range h.heals {
		label := "after the cut"
		if len(h.heals) > 1 {
			label = fmt.Sprintf("after cut %d", n+1)
		}
		say("  %-21s %s", label, e)
	}
	say("  sites and centre      %s", map[bool]string{true: "equal", false: "NOT equal"}[equal])
	return nil
}

func (s *site) storedNow() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored
}

// String says what the centre lacked, what it got, and how long that took.
func (e heal) String() string {
	if e.took == 0 {
		return e.site.name + " has not caught up"
	}
	return fmt.Sprintf("%s: %s had waited, %s came in, equal after %s", e.site.name, count(e.waiting, "event"), number(e.cameIn), seconds(e.took))
}
