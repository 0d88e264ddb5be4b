// Package docktest holds a twin of a site in memory, for tests of what stands
// before an agent: pages, API, command line.
package docktest

import (
	"context"
	"slices"
	"sync"
	"time"

	"dockfill/agent/dock"
	"dockfill/allocation"
	"dockfill/sync/session"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// Twin is a dock.Site without a disk. Change its fields only before it is
// shared; use Set and Tell afterwards.
type Twin struct {
	// Answer decides a scan; nil answers STOCK.
	Answer func(station allocation.StationID, code []byte) dock.Feedback
	// Perform does a deed; nil moves nothing.
	Perform func(wire.Deed) (dock.Done, error)
	// Decide answers questions; nil knows nothing.
	Decide func(why.ID, why.Page) (why.Answer, error)

	mu       sync.Mutex
	status   dock.Status
	balances dock.Balances
	tasks    []dock.Task
	kept     []dock.Kept
	recent   []dock.Feedback // newest first
	readers  map[chan dock.Feedback]allocation.StationID
}

// New makes a healthy site "leeds" with stations 1 and 2.
func New() *Twin {
	now := time.Now()
	connected := func(id, port string) dock.Station {
		return dock.Station{ID: allocation.StationID(id), Port: port, State: dock.StationConnected, Since: now, LastScan: now}
	}
	return &Twin{
		readers: map[chan dock.Feedback]allocation.StationID{},
		status: dock.Status{
			Site: "leeds", State: string(session.Active), Incarnation: "c1-leeds-1", Version: "0.1.0", Policy: "default",
			Started: now, Head: 1204, Stored: 1204, Safe: 1204, Link: dock.Link{Up: true, Since: now},
			Stations: []dock.Station{connected("1", "/dev/serial/by-id/usb-scanner-1"), connected("2", "tcp://10.0.0.7:4001")},
			Owed:     dock.Owed{Lines: 120, Orders: 96, Units: 1840}, Totals: dock.Totals{Scans: 1204, Units: 3100, Allocated: 2890, OrdersComplete: 87, LinesKnown: 400, Free: 210},
			DatabaseBytes: 12 << 20, DiskFreeBytes: 40 << 30,
		},
	}
}

// Set changes the status and the tasks under the twin's lock.
func (t *Twin) Set(change func(*dock.Status, *[]dock.Task, *dock.Balances)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.status, &t.tasks, &t.balances)
	t.status.Tasks = len(t.tasks)
}

// Keep sets the codes that wait, the oldest first.
func (t *Twin) Keep(kept ...dock.Kept) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = kept
}

// Tell publishes a feedback as if a scan had just been committed.
func (t *Twin) Tell(f dock.Feedback) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recent = append([]dock.Feedback{f}, t.recent...)
	for ch, station := range t.readers {
		if station != "" && station != f.Station {
			continue
		}
		if len(ch) == cap(ch) {
			<-ch
		}
		ch <- f
	}
}

// Readers counts the open subscriptions.
func (t *Twin) Readers() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.readers)
}

// Status implements dock.Site.
func (t *Twin) Status(context.Context) (dock.Status, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.status
	s.Stations = slices.Clone(s.Stations)
	return s, nil
}

// Scan implements dock.Site.
func (t *Twin) Scan(_ context.Context, station allocation.StationID, code []byte) (dock.Feedback, error) {
	s, _ := t.Status(context.Background())
	if !slices.ContainsFunc(s.Stations, func(x dock.Station) bool { return x.ID == station }) {
		return dock.Feedback{}, dock.ErrNoStation
	}
	f := dock.Feedback{Verdict: allocation.Stock, Why: allocation.WhyNoDemand, SKU: "X", Qty: 1, Text: "no order waits for it: put it away"}
	if t.Answer != nil {
		f = t.Answer(station, code)
	}
	f.Station, f.At, f.Code = station, time.Now(), dock.Visible(string(code))
	t.Tell(f)
	return f, nil
}

// Do implements dock.Site.
func (t *Twin) Do(_ context.Context, deed wire.Deed) (dock.Done, error) {
	if t.Perform == nil {
		return dock.Done{Seq: 1}, nil
	}
	return t.Perform(deed)
}

// Decision implements dock.Site.
func (t *Twin) Decision(_ context.Context, id why.ID, page why.Page) (why.Answer, error) {
	if t.Decide == nil {
		return why.Answer{}, why.Missingf("nothing is known of %s", id)
	}
	return t.Decide(id, page)
}

// Tasks implements dock.Site.
func (t *Twin) Tasks(context.Context) ([]dock.Task, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.tasks), nil
}

// Kept implements dock.Site.
func (t *Twin) Kept(_ context.Context, n int) ([]dock.Kept, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.kept[:min(n, len(t.kept))]), nil
}

// Recent implements dock.Site.
func (t *Twin) Recent(_ context.Context, station allocation.StationID, n int) ([]dock.Feedback, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []dock.Feedback
	for _, f := range t.recent {
		if len(out) < n && (station == "" || f.Station == station) {
			out = append(out, f)
		}
	}
	return out, nil
}

// Subscribe implements dock.Site.
func (t *Twin) Subscribe(station allocation.StationID) (<-chan dock.Feedback, func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ch := make(chan dock.Feedback, 64)
	t.readers[ch] = station
	return ch, sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.readers, ch)
		close(ch)
	})
}

// Copy implements dock.Site. A twin has no database.
func (t *Twin) Copy(context.Context) (dock.Copied, error) {
	return dock.Copied{}, &dock.Refused{Text: "a twin has no database"}
}

// Done implements dock.Site.
func (t *Twin) Done(_ context.Context, id int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.tasks, func(x dock.Task) bool { return x.ID == id })
	if i < 0 {
		return dock.ErrNoTask
	}
	t.tasks = slices.Delete(t.tasks, i, i+1)
	t.status.Tasks = len(t.tasks)
	return nil
}

// Balances implements dock.Site.
func (t *Twin) Balances(context.Context) (dock.Balances, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.balances, nil
}
