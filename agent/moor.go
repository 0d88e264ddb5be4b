package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"

	"dockfill/agent/anchor"
	"dockfill/agent/store"
	"dockfill/sync/session"
)

// anchorBlock is how many events are logged before the anchor is flushed again.
const anchorBlock = 10_000

// moor holds the database to the anchor that is kept outside of it. Where they do not
// agree at the start, that is a doubt: nothing is logged, and the anchor stays as it is
// until the centre has given the database a new life.
type moor struct {
	file     anchor.File
	database string // path
	machine  string
	log      *slog.Logger

	mu    sync.Mutex
	now   session.Anchor // as it was flushed last; without a life where none vouches for the database
	doubt string
}

// newMoor finds the folder of the anchor. It comes before the database is opened:
// where the folder cannot be written, no start is counted.
func newMoor(dir, database string, log *slog.Logger) (*moor, error) {
	file, err := anchor.At(dir)
	if err != nil {
		return nil, diskError(err)
	}
	return &moor{file: file, database: database, machine: anchor.Machine(), log: log}, nil
}

// diskError tells the writer what to make of an anchor that cannot be written.
func diskError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return fmt.Errorf("%w: %w", store.ErrDisk, err)
}

// start compares the database, which has counted this start, with its anchor, and
// flushes the one of this process. A doubt is no error.
func (m *moor) start(ctx context.Context, s *store.Store) error {
	meta, head, _ := s.Now()
	if meta.Incarnation == "" {
		return nil
	}
	d, err := m.describe(meta)
	if err != nil {
		return err
	}
	d.Head = head
	if err := m.compare(meta, d); err != nil {
		m.doubt = err.Error()
		m.log.Error("this database is not vouched for: nothing is allocated until the centre has decided", "reason", m.doubt)
		// Its starts are counted, too, and would come up to the anchor's one day.
		return s.Update(ctx, func(tx *store.Tx) error { return tx.Fence(meta.FenceReason, meta.FenceText, m.doubt) })
	}
	if err := m.flush(session.Begin(d, anchorBlock)); err != nil || meta.Anchored {
		return err
	}
	return s.Update(ctx, (*store.Tx).SetAnchored)
}

func (m *moor) describe(meta store.Meta) (session.Database, error) {
	file, err := anchor.FileID(m.database)
	return session.Database{Incarnation: meta.Incarnation, Run: meta.Run, File: file, Machine: m.machine}, err
}

// compare says why the anchor does not vouch for a database. One of a program that kept
// no anchors gets its first.
func (m *moor) compare(meta store.Meta, d session.Database) error {
	if meta.Doubt != "" {
		return errors.New(meta.Doubt)
	}
	a, err := m.file.Read()
	if errors.Is(err, anchor.ErrMissing) && !meta.Anchored {
		m.log.Info("from now on an anchor of the database is kept outside of it")
		return nil
	}
	if err != nil {
		return err
	}
	d.Run-- // starts before this one
	return a.Agrees(d)
}

func (m *moor) flush(a session.Anchor) error {
	if err := m.file.Write(a); err != nil {
		return diskError(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now, m.doubt = a, ""
	return nil
}

// begin flushes the anchor of a life that the transaction begins, and gives what puts
// things back where that is not committed: the file then does not vouch for the old
// life, which is a doubt and no harm.
func (m *moor) begin(tx *store.Tx) (back func(), err error) {
	m.mu.Lock()
	before, doubt := m.now, m.doubt
	m.mu.Unlock()
	back = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.now, m.doubt = before, doubt
	}
	d, err := m.describe(tx.Meta())
	if err != nil {
		return back, err
	}
	d.Head = tx.Head()
	return back, m.flush(session.Begin(d, anchorBlock))
}

// reach is called before each commit: what a transaction has logged beyond the ceiling
// is not committed before a higher one is flushed. committed is the log's end before it.
func (m *moor) reach(committed, head int64) error {
	if head == committed || head <= m.now.Ceiling { // only the writer changes it
		return nil
	}
	if m.now.Incarnation == "" {
		return fmt.Errorf("event %d is not logged: no anchor vouches for the database", head)
	}
	next, _ := m.now.Raise(committed, head-committed, anchorBlock)
	return m.flush(next)
}

// stop flushes the anchor of a clean stop, after the last commit. Where that fails the
// next start finds the anchor as after a crash.
func (m *moor) stop(s *store.Store) {
	meta, head, _ := s.Now()
	if m.now.Incarnation == "" || m.now.Incarnation != meta.Incarnation {
		return
	}
	if err := m.flush(m.now.Stop(head)); err != nil {
		m.log.Warn("the clean stop could not be noted", "error", err)
	}
}

// doubts is why nothing vouches for the database; "" where the anchor does.
func (m *moor) doubts() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.doubt
}
