package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"dockfill/firmware-sim/device"
)

// worker stands at one station and scans what comes.
type worker struct {
	house   *house
	site    *site
	station string
	scanner *device.Device
	shift   *shift
	asked   chan func(*shift) []step // what somebody wants to see now
}

// work scans until the context ends, and never stops between a scan and its
// tone. What is asked for comes before the next of the shift.
func (w *worker) work(ctx context.Context) error {
	for {
		steps := w.shift.next()
		for len(steps) > 0 {
			select {
			case wish := <-w.asked:
				if err := w.do(ctx, wish(w.shift)); err != nil {
					return err
				}
			case <-time.After(w.pause(steps[0])):
				if err := w.scan(ctx, steps[0]); err != nil {
					return err
				}
				steps = steps[1:]
			case <-ctx.Done():
				return nil
			}
		}
	}
}

func (w *worker) do(ctx context.Context, steps []step) error {
	for _, s := range steps {
		select {
		case <-time.After(w.pause(s)):
		case <-ctx.Done():
			return nil
		}
		if err := w.scan(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// pause is never quite the same: people are no machines.
func (w *worker) pause(s step) time.Duration {
	return time.Duration(float64(w.house.Pace) * s.wait * (0.7 + 0.6*rand.Float64()))
}

// scan pulls the trigger, waits for the tone, and tells what the display shows.
func (w *worker) scan(ctx context.Context, s step) error {
	label, err := device.ParseLabel(s.code)
	if err != nil {
		return fmt.Errorf("the demo's own label: %w", err)
	}
	whole := context.WithoutCancel(ctx)
	answer, err := w.scanner.Scan(whole, label)
	if err != nil {
		return err
	}
	w.house.tally.add(s, answer.Tone)
	f := w.site.verdict(whole, w.station)
	_ = w.site.ask(whole) // fresher figures; the last ones do too
	w.house.tell(w, s, answer.Tone, f)
	return nil
}

// tally counts what the pretend scanners did and heard.
type tally struct {
	mu           sync.Mutex
	scans, cards int
	tones        map[device.Tone]int
}

func (t *tally) add(s step, tone device.Tone) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.card {
		t.cards++
	} else {
		t.scans++
	}
	if t.tones == nil {
		t.tones = map[device.Tone]int{}
	}
	t.tones[tone]++
}

// String is the tones by kind: "41 good, 3 hold, 2 check, 1 stop".
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := fmt.Sprintf("%d good, %d hold, %d check, %d stop", t.tones[device.Good], t.tones[device.Hold], t.tones[device.Check], t.tones[device.Stop])
	if n := t.tones[device.Other]; n > 0 {
		text += fmt.Sprintf(", %d other", n)
	}
	if n := t.tones[device.None]; n > 0 {
		text += fmt.Sprintf(", %d without a tone", n)
	}
	return text
}
