package ingest

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

const (
	// window is how many messages of commands may be under way to one site.
	window    = 8
	maxResend = time.Minute
)

// dispatcher sends each site its numbered commands, in order, from where the
// site's own events say that it stands.
type dispatcher struct {
	store  *store.Store
	log    *slog.Logger
	resend time.Duration
	wake   chan struct{}

	mu       sync.Mutex
	up       bool
	couriers map[allocation.SiteID]*courier
}

// courier is what is under way to one process of one site.
type courier struct {
	head    wire.Head
	written int64   // number of the last command that there is
	applied int64   // and of the last one that the site applied
	sent    int64   // and of the last one sent
	ends    []int64 // of messages under way, the last number of each
	silence time.Duration
	due     time.Time // when what is under way is sent again
	hold    time.Time // until when nothing is tried, after a failure
}

func newDispatcher(s *store.Store, log *slog.Logger, resend time.Duration) *dispatcher {
	return &dispatcher{store: s, log: log, resend: resend, wake: make(chan struct{}, 1), up: true, couriers: map[allocation.SiteID]*courier{}}
}

// resume takes up the sites that were welcomed before the centre was restarted:
// their processes have no reason to say hello again.
func (d *dispatcher) resume(ctx context.Context) error {
	return d.store.Update(ctx, func(tx *store.Tx) error {
		sites, err := newHomes(tx).all(ctx)
		for _, s := range sites {
			if s.Open() && s.Fenced == "" {
				d.begin(s, false)
			}
		}
		return err
	})
}

// begin serves the process that was welcomed, from where its site stands. Where
// it is a process that is served already and says only that it is there, what is
// under way to it goes on.
func (d *dispatcher) begin(s *store.Site, there bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	head := wire.Head{Site: s.ID, Nonce: s.Nonce, Incarnation: s.Incarnation}
	if c := d.couriers[s.ID]; there && c != nil && c.head == head {
		return
	}
	d.couriers[s.ID] = &courier{head: head,
		written: s.Commands, applied: s.Applied, sent: s.Applied, silence: d.resend}
	signal(d.wake)
}

// reset serves nobody until it says hello: the centre took a new life.
func (d *dispatcher) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.couriers)
}

// stored learns from a transaction what was written for sites, and what sites
// applied. A site that was fenced is served no longer.
func (d *dispatcher) stored(h *homes) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, s := range h.rows {
		c := d.couriers[id]
		switch {
		case c == nil:
		case s.Fenced != "" || s.Incarnation != c.head.Incarnation:
			delete(d.couriers, id)
		default:
			c.learn(s, d.resend)
		}
	}
	signal(d.wake)
}

func (c *courier) learn(s *store.Site, resend time.Duration) {
	c.written = max(c.written, s.Commands)
	if s.Applied <= c.applied {
		return
	}
	c.applied, c.sent = s.Applied, max(c.sent, s.Applied)
	c.ends = slices.DeleteFunc(c.ends, func(end int64) bool { return end <= c.applied })
	c.silence, c.due = resend, time.Now().Add(resend)
}

func (d *dispatcher) link(up bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.up = up
	for _, c := range d.couriers {
		c.goBack()
		c.hold = time.Time{}
	}
	signal(d.wake)
}

// goBack forgets what is under way.
func (c *courier) goBack() { c.sent, c.ends = c.applied, nil }

func (d *dispatcher) run(ctx context.Context, carrier Carrier) {
	timer := time.NewTimer(d.resend)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-timer.C:
		}
		for again := true; again && ctx.Err() == nil; {
			again = d.round(ctx, carrier)
		}
		timer.Reset(d.rest())
	}
}

// round sends at most one message to each site, so that none waits for another's
// long list; it reports whether there was something to send.
func (d *dispatcher) round(ctx context.Context, carrier Carrier) bool {
	busy := false
	for _, job := range d.jobs() {
		commands, err := d.store.Commands(ctx, job.head.Site, job.sent, wire.MaxMessage-wire.CommandsOverhead)
		if err != nil || len(commands) == 0 {
			d.log.Error("commands could not be read", "site", job.head.Site, "after", job.sent, "problem", err)
			d.pause(job)
			continue
		}
		m := &wire.Commands{Head: job.head, Centre: d.centre(), First: job.sent + 1, Commands: commands}
		if err := publish(ctx, carrier, m); err != nil {
			d.log.Debug("commands were not sent; they are sent again", "site", job.head.Site, "problem", err)
			d.pause(job)
			continue
		}
		d.sent(job, job.sent+int64(len(commands)))
		busy = true
	}
	return busy
}

func (d *dispatcher) centre() string {
	id, _ := d.store.Centre()
	return id
}

// jobs are copies of the couriers that have something to send now.
func (d *dispatcher) jobs() []courier {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.up {
		return nil
	}
	now := time.Now()
	var jobs []courier
	for _, c := range slices.SortedFunc(maps.Values(d.couriers), bySiteOf) {
		if len(c.ends) > 0 && !now.Before(c.due) {
			c.goBack()
			c.silence = min(2*c.silence, maxResend)
		}
		if c.written > c.sent && len(c.ends) < window && !now.Before(c.hold) {
			jobs = append(jobs, *c)
		}
	}
	return jobs
}

func bySiteOf(a, b *courier) int { return cmp.Compare(a.head.Site, b.head.Site) }

// sent notes what was sent, unless the site moved on meanwhile.
func (d *dispatcher) sent(job courier, end int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.couriers[job.head.Site]
	if c == nil || c.head != job.head || c.sent != job.sent {
		return
	}
	c.sent = end
	c.ends = append(c.ends, end)
	if len(c.ends) == 1 {
		c.due = time.Now().Add(c.silence)
	}
}

func (d *dispatcher) pause(job courier) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.couriers[job.head.Site]; c != nil && c.head == job.head {
		c.goBack()
		c.hold = time.Now().Add(c.silence)
	}
}

// rest is how long nothing needs to be sent.
func (d *dispatcher) rest() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	rest := maxResend
	for _, c := range d.couriers {
		switch {
		case len(c.ends) > 0:
			rest = min(rest, time.Until(c.due))
		case c.written > c.sent:
			rest = min(rest, time.Until(c.hold))
		}
	}
	return max(rest, time.Millisecond)
}
