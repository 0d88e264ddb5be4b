package agent

import (
	"slices"
	"sync"

	"dockfill/agent/dock"
	"dockfill/allocation"
)

// hub keeps the newest feedbacks and hands each one on as it is given. It never
// waits for a reader.
type hub struct {
	mu      sync.Mutex
	recent  []dock.Feedback // oldest first
	readers map[chan dock.Feedback]allocation.StationID
	closed  bool
}

const (
	// keepRecent is how many feedbacks of all stations are kept in memory.
	keepRecent = 1000
	// readerQueue is how far a page may fall behind before it loses the oldest.
	readerQueue = 64
)

func newHub() *hub { return &hub{readers: map[chan dock.Feedback]allocation.StationID{}} }

func (h *hub) publish(f dock.Feedback) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.recent = append(h.recent, f); len(h.recent) >= 2*keepRecent {
		h.recent = slices.Clone(h.recent[keepRecent:])
	}
	for ch, station := range h.readers {
		if station == "" || station == f.Station {
			push(ch, f)
		}
	}
}

// push makes room by dropping the oldest; the hub is the only sender.
func push(ch chan dock.Feedback, f dock.Feedback) {
	for {
		select {
		case ch <- f:
			return
		default:
		}
		select {
		case <-ch:
		default:
		}
	}
}

func (h *hub) last(station allocation.StationID, n int) []dock.Feedback {
	h.mu.Lock()
	defer h.mu.Unlock()
	var last []dock.Feedback
	for _, f := range slices.Backward(h.recent) {
		if len(last) >= n {
			break
		}
		if station == "" || f.Station == station {
			last = append(last, f)
		}
	}
	return last
}

// brought is units that a station's scans sent to a line.
type brought struct {
	station allocation.StationID
	qty     int64
}

// broughtTo says whose scans sent n units to a line, the newest first, as far back
// as the feedbacks go.
func (h *hub) broughtTo(line allocation.LineID, n int64) (all []brought) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range slices.Backward(h.recent) {
		for _, b := range f.Blocks {
			if b.Line != line || n == 0 {
				continue
			}
			k := min(n, b.Qty)
			n -= k
			i := slices.IndexFunc(all, func(x brought) bool { return x.station == f.Station })
			if i < 0 {
				all = append(all, brought{f.Station, k})
				continue
			}
			all[i].qty += k
		}
	}
	return all
}

func (h *hub) subscribe(station allocation.StationID) (<-chan dock.Feedback, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ch := make(chan dock.Feedback, readerQueue)
	if h.closed {
		close(ch)
		return ch, func() {}
	}
	h.readers[ch] = station
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if _, open := h.readers[ch]; open {
			delete(h.readers, ch)
			close(ch)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for ch := range h.readers {
		delete(h.readers, ch)
		close(ch)
	}
}
