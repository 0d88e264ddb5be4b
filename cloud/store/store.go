// Package store keeps what the centre knows: every site's events as they came,
// the cursors and registers that follow from them, orders, items and announced
// supply, and the numbered commands that go down. It is the only package of the
// centre that speaks SQL, and it speaks one set of it to SQLite and PostgreSQL.
//
// One connection writes and a pool reads. Writing is one transaction at a time
// in either database: a site's counter, its cursor and its registers move
// together, and a second writer could only wait for the first.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options say where the database is: a PostgreSQL address, or a SQLite file.
type Options struct {
	Path string       // of the SQLite file, which is made where it is missing
	URL  string       // postgres://user:password@host:port/database; it wins over Path
	Log  *slog.Logger // hears that a database was lost; nil: nobody does
}

// Store is the centre's database. Its methods may be called from any goroutine.
type Store struct {
	kind   dialect
	writer *writer
	read   *sql.DB
	lock   *os.File               // beside a SQLite file, held as long as it is open; nil elsewhere
	centre atomic.Pointer[string] // the present life

	mu      sync.Mutex
	changed chan struct{}

	full  atomic.Bool // the last transaction found no room
	house string      // names the centre in all copies of its database
	guard guard
}

// dialect is all in which the two databases differ.
type dialect interface {
	name() string
	// rows is the text of a table of n rows with columns of these kinds.
	rows(n int, columns []kind) string
	// chunk is how many of n rows one statement takes.
	chunk(n int) int
	// args gives the rows in the form that the text of rows wants.
	args(columns []kind, rows [][]any) []any
	// anyOf is a condition that a column is one of the texts of argument n.
	anyOf(column string, n int) string
	texts(ids []string) (any, error)
	// holds is a condition that the bytes of a column hold those of argument n.
	holds(column string, n int) string
	// lock ends a SELECT whose rows are then changed in the same transaction.
	lock() string
	// bytewise makes a text sort by its bytes in the database's ORDER BY.
	bytewise() string
	begin() string
	// claim locks the database for the session, and release lets it go. They
	// do nothing where a file is the lock.
	claim(ctx context.Context, c *sql.Conn) error
	release(ctx context.Context, c *sql.Conn) error
	// load puts many rows into a table, where it knows a faster way than
	// INSERT; it reports false where it does not.
	load(ctx context.Context, c *sql.Conn, table string, columns []string, rows [][]any) (bool, error)
}

// Open opens the database, brings its tables up to date and mints the centre's
// incarnation where there is none yet. Errors name the database and what to do;
// some wrap ErrInUse, ErrDamaged or ErrForeign.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{changed: make(chan struct{})}
	var err error
	var write *sql.DB
	if o.URL != "" {
		write, s.read, s.kind, err = openPostgres(ctx, o.URL)
	} else {
		write, err = s.openSQLite(ctx, o.Path, o.Log)
	}
	if err != nil {
		return nil, errors.Join(err, s.unlock())
	}
	s.writer = &writer{db: write}
	if err := s.mintCentre(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close waits for the transaction under way and closes the database.
func (s *Store) Close() error {
	return errors.Join(s.writer.close(s.kind), s.read.Close(), s.unlock())
}

func (s *Store) unlock() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// Centre gives the centre's own incarnation, and "sqlite" or "postgres".
func (s *Store) Centre() (incarnation, kind string) { return *s.centre.Load(), s.kind.name() }

// Changed is closed by the next commit. Take it before reading, then wait.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Store) announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Update runs do in one transaction, durable when Update returns nil. An error
// of do or of the commit undoes all of it. What the transaction grants is in the rights
// witness before it commits; an error of that wraps ErrWitness.
func (s *Store) Update(ctx context.Context, do func(*Tx) error) error {
	centre := *s.centre.Load()
	err := s.writer.update(ctx, s.kind, func(tx *Tx) error {
		tx.centre, tx.guard = *s.centre.Load(), &s.guard
		err := do(tx)
		centre = tx.centre
		if err != nil {
			return err
		}
		return tx.testify(ctx)
	})
	if err == nil {
		s.centre.Store(&centre)
	}
	err = noRoom(err)
	s.full.Store(errors.Is(err, ErrFull))
	if err == nil {
		s.announce()
	}
	return err
}

func (s *Store) mintCentre(ctx context.Context) error {
	return s.writer.update(ctx, s.kind, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO centre (one, incarnation, minted) VALUES (1, $1, $2) ON CONFLICT DO NOTHING`,
			NewIncarnation(""), time.Now().UnixNano())
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE centre SET house = $1 WHERE house = ''`, NewIncarnation("")); err != nil {
			return err
		}
		var centre string
		err = tx.queryRow(ctx, `SELECT incarnation, house FROM centre`).Scan(&centre, &s.house)
		s.centre.Store(&centre)
		return err
	})
}

// NewIncarnation mints the name of a new life: 64 random bits in hex, behind
// the centre's own incarnation where it is a site's.
func NewIncarnation(centre string) string {
	b := make([]byte, 8)
	rand.Read(b) // it never fails: crypto/rand stops the program first
	return strings.TrimPrefix(centre+"."+hex.EncodeToString(b), ".")
}

// renewed mints another life of a centre, which names its house: the first life that it
// ever had.
func renewed(centre string) string {
	b := make([]byte, 4)
	rand.Read(b)
	return house(centre) + "-" + hex.EncodeToString(b)
}

func house(centre string) string {
	first, _, _ := strings.Cut(centre, "-")
	return first
}

// SameHouse reports whether a life of a centre that a site follows may be one of the
// centre's own; that of a site that follows none is.
func SameHouse(followed, centre string) bool {
	return followed == "" || house(followed) == house(centre)
}

func unixTime(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// explain puts what was being done before an error, and leaves nil alone.
func explain(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
