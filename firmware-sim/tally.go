package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dockfill/firmware-sim/device"
)

// tally counts what scans got. Control cards are counted apart: they book
// nothing, so their tones promise nothing.
type tally struct {
	mu       sync.Mutex
	start    time.Time
	sent     int // labels
	attempts int // pulls of the trigger
	tones    map[device.Tone]int
	typed    int // by scanners that hear nothing
	kept     int // readings that a memory took in and that were not sent then
	cards    int
	refused  int // control cards that did not get the tone of a card that was read
	took     []time.Duration
}

func newTally() *tally { return &tally{start: time.Now(), tones: map[device.Tone]int{}} }

// isCard tells a control card from goods.
func isCard(text string) bool { return strings.HasPrefix(text, "DF:") }

// add counts the final answer to a label, after so many attempts.
func (t *tally) add(text string, p device.Profile, a device.Answer, attempts int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attempts += attempts
	switch {
	case a.Kept:
		t.kept++
		return
	case isCard(text):
		t.cards++
		// The good tone is kept for units: a card that was read sounds as CHECK does.
		if p.Hears() && a.Tone != device.Check {
			t.refused++
		}
		return
	}
	t.sent++
	if !p.Hears() {
		t.typed++
		return
	}
	t.tones[a.Tone]++
	if a.Tone != device.None {
		t.took = append(t.took, a.Took)
	}
}

// paste counts scans that came in one stream and of which nothing was heard.
func (t *tally) paste(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent += n
	t.typed += n
}

func (t *tally) unanswered() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tones[device.None]
}

// String is the one-line summary, as key=value words.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds := time.Since(t.start).Seconds()
	line := fmt.Sprintf("sent=%d good=%d hold=%d check=%d stop=%d other=%d unanswered=%d typed=%d kept=%d cards=%d cards_refused=%d attempts=%d seconds=%.3f per_second=%.0f",
		t.sent, t.tones[device.Good], t.tones[device.Hold], t.tones[device.Check], t.tones[device.Stop],
		t.tones[device.Other], t.tones[device.None], t.typed, t.kept, t.cards, t.refused, t.attempts,
		seconds, float64(t.sent+t.cards)/max(seconds, 1e-9))
	slices.Sort(t.took)
	return line + fmt.Sprintf(" p50_ms=%.2f p99_ms=%.2f max_ms=%.2f", t.quantile(0.50), t.quantile(0.99), t.quantile(1))
}

// quantile is the nearest rank's scan-to-tone time, in ms; 0 without any.
func (t *tally) quantile(q float64) float64 {
	if len(t.took) == 0 {
		return 0
	}
	i := max(0, int(q*float64(len(t.took))+0.5)-1)
	return float64(t.took[min(i, len(t.took)-1)].Microseconds()) / 1000
}
