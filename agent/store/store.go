// Package store keeps one site in one SQLite file: its log, its lines and
// rights, its stock. It is the only place of SQL at the site. README.md beside
// the migrations says what each table means.
//
// One connection writes; a pool of others reads, each for a short moment, as a
// long reader would keep the write-ahead log from being reused.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Options say which database to open, and as whose.
type Options struct {
	Path string
	Site allocation.SiteID
	// Commit stands around each commit of the writer where it is set: tests
	// make commits fail with it.
	Commit func(commit func() error) error
	// Damaged is told, at least once, when a transaction has found the database damaged.
	Damaged func(error)
	// Now is the clock; nil is time.Now. A transaction is of one instant.
	Now func() time.Time
	// Unflushed gives up durability. It is for a replay into a temporary file
	// that nobody needs after a crash, never for a site.
	Unflushed bool
}

// Store is an open database. Its methods may be used from any goroutine;
// updates wait for each other.
type Store struct {
	o       Options
	writeDB *sql.DB
	readDB  *sql.DB
	lock    *os.File // held as long as the database is open

	mu  sync.Mutex // held by the one update
	w   *writer
	now state // of the last commit
	// about belongs to the one update.
	about abouts

	shown atomic.Pointer[state] // the same, for those who must not wait for an update
}

// state is what every transaction needs and only the writer changes: it is read
// once and kept in step with the commits.
type state struct {
	meta Meta
	by   ranking // of the policy in force
	head wire.Cursor
	// counts are kept by the writer alone: a view does not have them.
	counts Counts
	// keeps says that the table of unknown codes may hold some: without any, a
	// scan need not look there.
	keeps bool
	// named says the same of what a person said codes stand for, and standIns of
	// goods that may serve the lines of others.
	named, standIns bool
	// stations that this process has written; the map is never changed.
	stations map[allocation.StationID]Station
}

// Update runs fn in one write transaction and flushes it to the disk. Where fn
// or the commit fails, nothing of it stays. Errors of the disk wrap ErrFull,
// ErrDisk or ErrDamaged.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.w.exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", s.harmed(err))
	}
	tx := &Tx{c: s.w, state: s.now, at: s.o.Now(), about: &s.about}
	if err := fn(tx); err != nil {
		s.rollback()
		return s.harmed(err)
	}
	if err := s.commit(); err != nil {
		s.rollback()
		return fmt.Errorf("commit: %w", uncertain(err))
	}
	s.now = tx.state
	s.about.keep()
	s.shown.Store(&tx.state)
	if tx.adopted {
		// It is committed in any case; the next start does what failed here.
		_, _ = s.checkpoint(context.WithoutCancel(ctx))
	}
	return nil
}

func (s *Store) commit() error {
	commit := func() error { return s.w.exec("COMMIT") }
	if s.o.Commit != nil {
		return s.o.Commit(commit)
	}
	return commit()
}

func (s *Store) rollback() {
	s.w.rollback()
	s.about.forget()
}

// harmed tells of damage, and passes the error on.
func (s *Store) harmed(err error) error {
	if errors.Is(err, ErrDamaged) && s.o.Damaged != nil {
		s.o.Damaged(err)
	}
	return err
}

// uncertain is what a commit's error means where damage was met in it: whether the
// transaction is on the disk is not known.
func uncertain(err error) error {
	if errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: %s", ErrDisk, err.Error())
	}
	return err
}

// View runs fn on one consistent moment of the database.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	return s.harmed(s.view(ctx, fn))
}

func (s *Store) view(ctx context.Context, fn func(*Tx) error) error {
	c, err := s.readDB.Conn(ctx)
	if err != nil {
		return classify(err)
	}
	defer c.Close()
	r := &reader{ctx: ctx, c: c}
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		return classify(err)
	}
	defer c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	tx := &Tx{c: r, at: s.o.Now(), about: &abouts{}}
	if tx.state, err = loadState(tx); err != nil {
		return err
	}
	return fn(tx)
}

// Close ends the database cleanly: what the write-ahead log holds goes into the
// file. Updates and views must have ended.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.abandon()
}

// Verify reads the database back after a failed commit. Nil means that it is
// readable and stands where the last good commit left it.
func (s *Store) Verify(ctx context.Context) error {
	s.mu.Lock()
	want := s.now.head
	s.mu.Unlock()
	return s.View(ctx, func(tx *Tx) error {
		if tx.head != want {
			return fmt.Errorf("%w: the log ends at %d, the last commit was %d", ErrDamaged, tx.head.Seq, want.Seq)
		}
		return nil
	})
}
