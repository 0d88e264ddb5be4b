package sim

import (
	"context"
	"fmt"
	"testing/synctest"
	"time"

	"dockfill/agent/dock"
	"dockfill/allocation"
)

// floor is one station: a worker with a scanner.
type floor struct {
	s       *site
	station allocation.StationID
	serial  int
	last    string // code of the last scan, which the worker may scan again
}

func newFloor(s *site, station allocation.StationID) *floor { return &floor{s: s, station: station} }

func (f *floor) begin() { f.s.w.after(f.s.w.about(f.s.w.plan.scanEvery), "scan", f.work) }

// work is a handful of scans, some of them at the same moment as other stations'.
func (f *floor) work() {
	w := f.s.w
	for range 1 + w.dice.IntN(3) {
		f.scan(f.choose())
		time.Sleep(time.Duration(1+w.dice.IntN(4000))*time.Millisecond + time.Duration(w.dice.IntN(1e6)))
	}
	f.begin()
}

// choose says what is scanned next: mostly the next unit of some goods.
func (f *floor) choose() string {
	w := f.s.w
	switch n := w.dice.IntN(40); {
	case n == 0 && f.last != "":
		return f.last // a worker who did not hear the tone
	case n == 1:
		return "DF:UNDO"
	case n == 2:
		return fmt.Sprintf("nobody knows %d", w.dice.IntN(5))
	}
	f.serial++
	i := w.feed.item(w.dice.IntN(len(w.feed.skus)))
	return fmt.Sprintf("]C101%s21S%d-%s-%d", i.gtin(w.chance(0.1)), f.s.n, f.station, f.serial)
}

// scan reads a code and waits for the tone.
func (f *floor) scan(code string) {
	m := f.s.main
	if f.s.other != nil && f.s.w.chance(0.3) {
		m = f.s.other
	}
	p := m.agent
	if p == nil {
		return // the screen is dark: nobody scans
	}
	f.last = code
	w := f.s.w
	w.tally.scans++
	heard := make(chan dock.Feedback, 1)
	go func() {
		t, err := p.Scan(context.Background(), f.station, []byte(code))
		if err == nil && !p.dead.Load() {
			heard <- t
		}
		close(heard)
	}()
	synctest.Wait()
	select {
	case t, ok := <-heard:
		if ok {
			w.note(fmt.Sprintf("tone %s %s %s %s %d", f.s.id, f.station, code, t.Verdict, t.Seq))
			w.oracle.tone(m, f.station, code, t)
		}
	default:
		w.bad("strange", "the scan of %s at %s was never answered", code, f.s.id)
		w.tally.strange++
	}
}

// forget is for workers whose site no longer knows what it received.
func (s *site) forget() {
	for _, f := range s.floors {
		f.last = ""
	}
}
