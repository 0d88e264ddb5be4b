package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"

	"dockfill/agent/store"
	"dockfill/allocation"
)

// ErrUnsaved is why Run ends when a commit failed and it is not known what the
// disk holds: the process must start again and look.
var ErrUnsaved = errors.New("a commit failed: the agent must start again and check its database")

// errClosed answers what comes after the writer has ended.
var errClosed = errors.New("the agent is stopping")

// job is one input that waits for the writer.
type job struct {
	// do runs in the common transaction under a savepoint of its own.
	do func(*store.Tx) error
	// done is called once: with nil after the flush, or with why nothing of the
	// job was saved.
	done func(error)
}

// maxBatch bounds how many inputs share one transaction, so that the first of
// them does not wait for hundreds.
const maxBatch = 128

// writer is the one goroutine that writes. All that waits at a moment goes into
// one transaction and one flush; nothing waits for company.
type writer struct {
	store   *store.Store
	moor    *moor
	log     *slog.Logger
	jobs    chan job
	long    chan job      // such as commands: one at a time, alone, and after the scans that wait
	ended   chan struct{} // closed when no job is taken any more
	grown   func()        // told after each commit
	doubt   bool          // a commit found the disk full: look before the next one
	dead    func() error  // why nothing may be written any more; nil where it may
	reserve *reserve
	mu      sync.Mutex                     // guards given
	given   map[allocation.StationID]int64 // newest scan whose feedback was given, not yet stored
}

func newWriter(s *store.Store, m *moor, log *slog.Logger, grown func()) *writer {
	return &writer{
		store: s, moor: m, log: log, grown: grown,
		jobs: make(chan job, maxBatch), long: make(chan job), ended: make(chan struct{}),
		given: map[allocation.StationID]int64{},
	}
}

// submit hands a job over. Where the writer has ended, or ctx ends first, done
// is told so at once.
func (w *writer) submit(ctx context.Context, j job) { w.submitTo(ctx, w.jobs, j) }

func (w *writer) submitTo(ctx context.Context, queue chan<- job, j job) {
	select {
	case <-w.ended:
		j.done(errClosed)
		return
	default:
	}
	select {
	case queue <- j:
	case <-w.ended:
		j.done(errClosed)
		return
	case <-ctx.Done():
		j.done(ctx.Err())
		return
	}
	select {
	case <-w.ended: // it may have ended between the two: nobody else would answer
		w.drain()
	default:
	}
}

// wait submits a write and waits for its flush. When ctx ends first it is not
// known whether the write was made.
func (w *writer) wait(ctx context.Context, do func(*store.Tx) error) error {
	return w.waitAt(ctx, w.jobs, do)
}

// waitLong is wait for a write that takes long: it shares its transaction with
// no scan, and between two of them the scans that wait go first.
func (w *writer) waitLong(ctx context.Context, do func(*store.Tx) error) error {
	return w.waitAt(ctx, w.long, do)
}

func (w *writer) waitAt(ctx context.Context, queue chan<- job, do func(*store.Tx) error) error {
	done := make(chan error, 1)
	w.submitTo(ctx, queue, job{do, func(err error) { done <- err }})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run writes until ctx ends, and then writes what waits and notes which feedback
// was given. Its error is ErrUnsaved or nil.
func (w *writer) run(ctx context.Context) error {
	defer w.drain()
	defer close(w.ended)
	for {
		select {
		case j := <-w.jobs:
			if err := w.commit(w.waiting([]job{j})); err != nil {
				return err
			}
		case j := <-w.long:
			if err := w.after(j); err != nil {
				return err
			}
		case <-ctx.Done():
			return w.commit(w.waiting(nil))
		}
	}
}

// after commits a long write, and before it what waits already.
func (w *writer) after(long job) error {
	if first := w.waiting(nil); len(first) > 0 {
		if err := w.commit(first); err != nil {
			long.done(errClosed)
			return err
		}
	}
	return w.commit([]job{long})
}

// drain answers what came too late.
func (w *writer) drain() {
	for _, j := range w.waiting(nil) {
		j.done(errClosed)
	}
}

// waiting takes what has come meanwhile, without waiting for more.
func (w *writer) waiting(batch []job) []job {
	for len(batch) < maxBatch {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch in one transaction and answers after its flush. A job
// that fails is taken back alone. An error of the disk takes all of them back,
// and it is ErrUnsaved where it is not certain what the disk holds now.
func (w *writer) commit(batch []job) error {
	if err := w.dead(); err != nil {
		return w.fail(batch, err)
	}
	w.reserve.look()
	if w.doubt {
		if err := w.store.Verify(context.Background()); err != nil {
			return w.fail(batch, err)
		}
		w.doubt = false
	}
	given := w.takeGiven()
	errs := make([]error, len(batch))
	err := w.store.Update(context.Background(), func(tx *store.Tx) error {
		before := tx.Head().Seq
		tx.Given(given)
		if err := perform(tx, batch, errs); err != nil {
			return err
		}
		if err := w.moor.reach(before, tx.Head().Seq); err != nil {
			return err
		}
		return tx.Prove()
	})
	if err != nil {
		w.giveBack(given)
	}
	if err != nil && (len(batch) != 1 || !errors.Is(err, errs[0]) || store.OfTheDisk(err)) {
		return w.fail(batch, err)
	}
	for i, j := range batch {
		j.done(errs[i])
	}
	w.grown() // the worker's tone comes first
	return nil
}

// perform runs the jobs, each under a savepoint, and stops at an error of the
// disk. A job that is alone needs no savepoint: what is taken back with it is the
// whole transaction.
func perform(tx *store.Tx, batch []job, errs []error) error {
	if len(batch) == 1 {
		errs[0] = batch[0].do(tx)
		return errs[0]
	}
	for i, j := range batch {
		errs[i] = tx.Savepoint(func() error { return j.do(tx) })
		if store.OfTheDisk(errs[i]) {
			return errs[i]
		}
	}
	return nil
}

// fail answers that nothing of a batch was saved. A full disk, a damaged database and one
// that somebody holds are known to have changed nothing: the agent goes on.
func (w *writer) fail(batch []job, err error) error {
	damaged := errors.Is(err, store.ErrDamaged)
	if errors.Is(err, store.ErrFull) {
		w.reserve.full()
	}
	if !damaged {
		w.log.Error("nothing was saved", "inputs", len(batch), "error", err)
	}
	for _, j := range batch {
		j.done(&unsaved{err})
	}
	if errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrInUse) {
		w.doubt = true
		return nil
	}
	if damaged { // nothing more is written, and scans are set aside
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnsaved, err)
}

// unsaved says that a whole transaction was lost.
type unsaved struct{ err error }

func (u *unsaved) Error() string { return u.err.Error() }
func (u *unsaved) Unwrap() error { return u.err }

// proven notes that the feedback of a scan was given. It is stored with a later
// transaction, as it is not worth a flush of its own.
func (w *writer) proven(station allocation.StationID, seq int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.given[station] = max(w.given[station], seq)
}

func (w *writer) takeGiven() map[allocation.StationID]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	given := maps.Clone(w.given)
	clear(w.given)
	return given
}

func (w *writer) giveBack(given map[allocation.StationID]int64) {
	for station, seq := range given {
		w.proven(station, seq)
	}
}
