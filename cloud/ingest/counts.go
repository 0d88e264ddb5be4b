package ingest

import "sync/atomic"

// Counts tell what happened since the program started.
type Counts struct {
	Messages   int64 // taken from the carrier
	Full       int64 // dropped: the queue was full, the site sends again
	Malformed  int64 // dropped: wrong topic, site, version, shape or size
	Hellos     int64
	Unknown    int64 // batches of lives that were never minted here
	Batches    int64 // batches whose events were stored
	Events     int64 // events stored
	Duplicates int64 // batches that were stored before
	Gaps       int64 // batches with a hole before them
	Forks      int64 // batches of another history
	Poison     int64 // events stored that could not be applied
	Commits    int64
	Failures   int64 // commits that failed; the sites send again
}

type counters struct {
	messages, full, malformed, hellos, unknown, batches, events, duplicates, gaps, forks, poison, commits, failures atomic.Int64
}

// Counts gives the counters as they stand.
func (i *Ingest) Counts() Counts {
	c := &i.counts
	return Counts{
		Messages: c.messages.Load(), Full: c.full.Load(), Malformed: c.malformed.Load(), Hellos: c.hellos.Load(),
		Unknown: c.unknown.Load(), Batches: c.batches.Load(), Events: c.events.Load(), Duplicates: c.duplicates.Load(),
		Gaps: c.gaps.Load(), Forks: c.forks.Load(), Poison: c.poison.Load(), Commits: c.commits.Load(), Failures: c.failures.Load(),
	}
}
