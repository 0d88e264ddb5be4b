package sim

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// world is one house while it is played. The goroutine of run alone decides what happens
// next; the programs' own goroutines answer to that and to their timers.
type world struct {
	t     *testing.T
	plan  plan
	dir   string
	dice  *rand.Rand // of run alone
	began time.Time
	end   time.Time

	queue  agenda
	asked  int // actions planned so far: of two at one moment the first asked goes first
	step   int
	net    *network
	centre *centre
	sites  []*site
	feed   *feed
	oracle *oracle
	faults *faults
	tally  *tally
	log    *slog.Logger

	mu     sync.Mutex // guards what deliveries and dying processes write
	trace  uint64
	fallen []*process
}

// tally is what a run says at its end, summed over its houses.
type tally struct {
	hours                               float64
	faults, scans, tones                int
	lost, doubled, over, apart, strange int
	rare                                map[string]int
}

func (t *tally) visit(state string) { t.rare[state]++ }

// play runs one house in a bubble of its own and adds to the tally; it gives the trace.
func play(t *testing.T, p plan, all *tally) (trace uint64) {
	dir, err := os.MkdirTemp(p.folder, "dockfill-sim-")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, p, dir, all)
		w.run()
		trace = w.trace
	})
	return trace
}

// monday is when every house opens.
var monday = time.Date(2027, 3, 1, 6, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, p plan, dir string, all *tally) *world {
	time.Sleep(time.Until(monday))
	w := &world{t: t, plan: p, dir: dir, dice: p.dice("house"), tally: all, log: p.log(), began: time.Now()}
	w.end = w.began.Add(p.hours)
	w.net = newNetwork(w)
	w.oracle = newOracle(w)
	w.feed = newFeed(w)
	w.faults = newFaults(w)
	w.centre = newCentre(w)
	for i := range p.sites {
		w.sites = append(w.sites, newSite(w, i))
	}
	return w
}

func (w *world) run() {
	defer w.stop()
	w.centre.start()
	w.feed.open()
	for _, s := range w.sites {
		s.install()
	}
	w.after(time.Hour, "look", w.look)
	w.after(w.plan.healEvery, "heal", w.heal)
	w.faults.begin()
	for w.queue.Len() > 0 && !w.t.Failed() {
		a := heap.Pop(&w.queue).(*action)
		if a.at.After(w.end) {
			break
		}
		time.Sleep(time.Until(a.at))
		synctest.Wait()
		w.step++
		w.note("act " + a.name)
		a.do()
		synctest.Wait()
		w.pickUp()
	}
	time.Sleep(time.Until(w.end))
	if w.settle(); !w.t.Failed() {
		w.oracle.final()
	}
	w.tally.hours += w.plan.hours.Hours() * float64(len(w.sites))
}

func (w *world) stop() {
	for _, s := range w.sites {
		for _, m := range s.machines() {
			m.kill()
		}
	}
	w.centre.stop()
	synctest.Wait()
}

// look is the hourly glance of the oracle.
func (w *world) look() {
	w.oracle.look()
	w.after(time.Hour, "look", w.look)
}

// heal ends all faults, waits until all agree, and lets them begin again.
func (w *world) heal() {
	w.settle()
	w.after(w.plan.healEvery, "heal", w.heal)
}

// patience is how long a healed house may take to agree: two beats, each of which may find
// the centre in another life, and the slowest pauses of a side that was in doubt.
const patience = 2*beat + 6*time.Minute

func (w *world) settle() {
	w.faults.rest()
	defer w.faults.resume()
	apart := ""
	for waited := time.Duration(0); waited < patience; waited += 5 * time.Second {
		time.Sleep(5 * time.Second)
		synctest.Wait()
		w.faults.admit()
		if apart = w.oracle.apart(); apart == "" {
			w.tally.visit("healed")
			w.oracle.settled()
			return
		}
	}
	w.bad("unconverged", "%v after the heal: %s", patience, apart)
	w.tally.apart++
	w.oracle.settled()
}

// bad says that a promise was broken, and how to see it again.
func (w *world) bad(what, format string, args ...any) {
	w.t.Errorf("%s: %s (seed %d, house %d, step %d, %s)", what, fmt.Sprintf(format, args...),
		w.plan.seed, w.plan.house, w.step, time.Since(w.began))
}

// note takes something that happened into the trace. Order within one instant is not part
// of it.
func (w *world) note(what string) { w.noteAs(what, what) }

// noteAs is note of something that people read in other words.
func (w *world) noteAs(what, said string) {
	h := fnv.New64a()
	var at [8]byte
	binary.LittleEndian.PutUint64(at[:], uint64(time.Now().UnixNano()))
	h.Write(at[:])
	h.Write([]byte(what))
	w.mu.Lock()
	w.trace += h.Sum64()
	w.mu.Unlock()
	if w.plan.verbose {
		fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().Format("02 15:04:05.000000000"), said)
	}
}

// copyAnchor takes along what an agent knows of its database, as a clone of a whole machine
// does.
func (w *world) copyAnchor(from, to *machine) {
	dir := to.config().AnchorDir()
	require.NoError(w.t, os.MkdirAll(dir, 0o750))
	copyOf(w, from.config().AnchorDir(), "anchor.json").back(w, dir)
}

func (w *world) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

// action is something that happens at a moment.
type action struct {
	at   time.Time
	n    int
	name string
	do   func()
}

// agenda is a heap of actions.
type agenda []*action

func (q agenda) Len() int { return len(q) }
func (q agenda) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].n < q[j].n
	}
	return q[i].at.Before(q[j].at)
}
func (q agenda) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *agenda) Push(a any)   { *q = append(*q, a.(*action)) }
func (q *agenda) Pop() any {
	last := len(*q) - 1
	a := (*q)[last]
	*q = (*q)[:last]
	return a
}

func (w *world) after(d time.Duration, name string, do func()) {
	w.asked++
	// No two planned things fall on one nanosecond with each other or with a timer.
	d += time.Duration(w.dice.IntN(1e6))
	heap.Push(&w.queue, &action{time.Now().Add(d), w.asked, name, do})
}

// about is a random time around a mean, so that most are shorter.
func (w *world) about(mean time.Duration) time.Duration {
	return min(time.Duration(w.dice.ExpFloat64()*float64(mean)), 8*mean) + time.Millisecond
}

func (w *world) chance(p float64) bool { return w.dice.Float64() < p }

func pick[T any](w *world, all []T) T { return all[w.dice.IntN(len(all))] }
