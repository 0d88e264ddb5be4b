package dock

import (
	"context"
	"errors"

	"dockfill/allocation"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// ErrNoStation means that the site's configuration names no such station.
var ErrNoStation = errors.New("no such station")

// ErrNoTask means that the task does not exist or was done before.
var ErrNoTask = errors.New("no such open task")

// Site is what the pages, the API and the command line need of a running
// agent. The agent implements it; tests have a twin in memory.
type Site interface {
	// Status is the site after its last commit; a feedback that was given is in
	// it. Errors are the store's.
	Status(ctx context.Context) (Status, error)
	// Scan takes a code as if the station's scanner had read it and returns
	// after the commit. A code that was refused is a Feedback with verdict
	// STOP and no error. Errors: ErrNoStation; the context's, after which the
	// scan may or may not have been taken.
	Scan(ctx context.Context, station allocation.StationID, code []byte) (Feedback, error)
	// Tasks are the open ones, oldest first.
	Tasks(ctx context.Context) ([]Task, error)
	// Recent gives the last n feedbacks of a station ("" for all), newest first.
	Recent(ctx context.Context, station allocation.StationID, n int) ([]Feedback, error)
	// Subscribe delivers every feedback of a station ("" for all) from now on.
	// A reader that is too slow loses the oldest. Cancel ends it; the channel
	// is closed by cancel or when the agent stops.
	Subscribe(station allocation.StationID) (ch <-chan Feedback, cancel func())
	// Done closes a task. Errors: ErrNoTask; the store's.
	Done(ctx context.Context, task int64) error
	// Do does what a person says was done with goods, and returns after the commit.
	// Errors: *Refused, ErrNoStation; the store's or the context's, after which it
	// may or may not have been saved.
	Do(ctx context.Context, deed wire.Deed) (Done, error)
	// Kept are the codes that wait until somebody says what they are, the oldest
	// first, at most n.
	Kept(ctx context.Context, n int) ([]Kept, error)
	// Decision answers what a person asks about an event, a line or a serial. The error
	// is a *why.Missing where nobody can be told here, or the store's.
	Decision(ctx context.Context, id why.ID, page why.Page) (why.Answer, error)
	// Copy writes a closed copy of the database as it stands now, for a program on this
	// machine that reads and removes it. Errors: *Refused where too many lie there; the
	// store's.
	Copy(ctx context.Context) (Copied, error)
	// Balances is what every line and every SKU came to.
	Balances(ctx context.Context) (Balances, error)
}

// Copied is a closed copy of the database.
type Copied struct {
	Path  string // whole
	Seq   int64  // of the last event in it
	Bytes int64
}

// Balances is the site's account of its lines and of the goods that no line
// holds, all in base units. It mirrors the last line of a replay.
type Balances struct {
	Lines   map[allocation.LineID]LineBalance
	Free    map[allocation.SKU]int64 // good units that no line took
	Damaged map[allocation.SKU]int64
	Hold    map[allocation.SKU]int64
}

// LineBalance is one line. Open = Ordered - Cancelled - Allocated, never below
// zero; Staged is a part of Allocated.
type LineBalance struct {
	Ordered, Cancelled, Allocated, Staged, Open int64
}
