package cloud

import (
	"context"
	"errors"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"dockfill/cloud/ingest"
)

// link remembers whether the broker is reached.
type link struct {
	mu      sync.Mutex
	up      bool
	problem string
}

func (l *link) set(up bool, problem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up, l.problem = up, problem
}

func (l *link) isUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up
}

// ready is nil while sites can be heard.
func (l *link) ready(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.up:
		return nil
	case l.problem == "":
		return errors.New("the broker is not reached yet")
	}
	return errors.New("the broker is not reached: " + l.problem)
}

// counts shows what ingest and the broker count.
type counts struct{ c *Centre }

// counted names each of ingest's counters.
var counted = []struct {
	name, help string
	of         func(ingest.Counts) int64
}{
	{"ingest_messages_total", "Messages taken from the broker.", func(c ingest.Counts) int64 { return c.Messages }},
	{"ingest_dropped_total", "Messages dropped: malformed, or the queue was full and the sites send them again.", func(c ingest.Counts) int64 { return c.Full + c.Malformed }},
	{"ingest_malformed_total", "Of those dropped, messages of a wrong topic, site, nonce, version, shape or size.", func(c ingest.Counts) int64 { return c.Malformed }},
	{"ingest_events_total", "Events stored.", func(c ingest.Counts) int64 { return c.Events }},
	{"ingest_duplicates_total", "Batches that were stored before.", func(c ingest.Counts) int64 { return c.Duplicates }},
	{"ingest_gaps_total", "Batches with a hole before them.", func(c ingest.Counts) int64 { return c.Gaps }},
	{"ingest_forks_total", "Batches of another history than the stored one.", func(c ingest.Counts) int64 { return c.Forks }},
	{"ingest_poison_total", "Events stored that could not be applied.", func(c ingest.Counts) int64 { return c.Poison }},
	{"ingest_commits_total", "Commits of events.", func(c ingest.Counts) int64 { return c.Commits }},
	{"ingest_commit_failures_total", "Commits that failed; the sites send again.", func(c ingest.Counts) int64 { return c.Failures }},
}

func desc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("dockfill_"+name, help, nil, nil)
}

// Describe names no metric in advance: the broker's exist only where it is
// embedded.
func (k *counts) Describe(chan<- *prometheus.Desc) {}

// Collect reads all counters.
func (k *counts) Collect(out chan<- prometheus.Metric) {
	now := k.c.ingest.Counts()
	for _, m := range counted {
		out <- prometheus.MustNewConstMetric(desc(m.name, m.help), prometheus.CounterValue, float64(m.of(now)))
	}
	up := 0.0
	if k.c.link.isUp() {
		up = 1
	}
	out <- prometheus.MustNewConstMetric(desc("broker_up", "1 while the broker is reached."), prometheus.GaugeValue, up)
	out <- prometheus.MustNewConstMetric(desc("client_dropped_total", "Messages that the centre's own client dropped because ingest did not take them in time; the sites send them again."), prometheus.CounterValue, float64(k.c.client.Dropped()))
	if k.c.broker == nil {
		return
	}
	s := k.c.broker.Stats()
	out <- prometheus.MustNewConstMetric(desc("broker_clients", "Clients of the embedded broker."), prometheus.GaugeValue, float64(s.Clients))
	out <- prometheus.MustNewConstMetric(desc("broker_dropped_total", "Messages that the embedded broker dropped towards slow readers."), prometheus.CounterValue, float64(s.Dropped))
}
