package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"dockfill/allocation"
)

// Tx is a transaction: it may read, and inside of Update write. It is an
// allocation.View.
type Tx struct {
	c conn
	state
	at      time.Time
	about   *abouts
	given   map[allocation.StationID]int64 // feedback given, not written yet
	known   map[allocation.LineID]*Line    // lines that were read, as they are now
	serials map[serialKey]int64            // written now, with the event that is to tell of them
	absent  serialKey                      // the serial that was asked for last, and is not here
	adopted bool                           // it gave the database its life
}

var _ allocation.View = (*Tx)(nil)

// conn runs statements; the writer prepares each once and keeps it.
//
// Joins say "= +?" instead of "= ?": SQLite prepares a join anew each time that
// a bare parameter of it gets a value, which costs five times the query itself.
type conn interface {
	exec(query string, args ...any) error
	// change is exec, and gives how many rows it changed.
	change(query string, args ...any) (rows int64, err error)
	query(query string, args ...any) (*rows, error)
}

// rows are the answer to a query. Closing them lets go of their statement: as long
// as they are read it serves nobody else.
type rows struct {
	*sql.Rows
	free func()
}

func (r *rows) Close() error {
	err := r.Rows.Close()
	if r.free != nil {
		r.free()
		r.free = nil
	}
	return err
}

// Savepoint runs fn so that it alone is taken back where it fails; its error is
// passed on. After an error of the disk the whole transaction must end.
func (tx *Tx) Savepoint(fn func() error) error {
	if err := tx.c.exec("SAVEPOINT one"); err != nil {
		return err
	}
	before := tx.state
	err := fn()
	if err == nil {
		return tx.c.exec("RELEASE one")
	}
	tx.state, tx.known, tx.serials, tx.absent = before, nil, nil, serialKey{}
	tx.about.forget()
	if OfTheDisk(err) {
		return err
	}
	return errors.Join(err, tx.c.exec("ROLLBACK TO one"), tx.c.exec("RELEASE one"))
}

// one reads a single row into dest and reports whether there was any.
func (tx *Tx) one(query string, args []any, dest ...any) (bool, error) {
	rows, err := tx.c.query(query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, classify(rows.Err())
	}
	return true, classify(errors.Join(rows.Scan(dest...), rows.Close()))
}

// each calls scan for every row.
func (tx *Tx) each(query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := tx.c.query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Rows); err != nil {
			return classify(err)
		}
	}
	return classify(rows.Err())
}

// writer is the one connection that writes. Its statements run without a
// context that could end: the driver would start a goroutine for each to watch
// it, and a commit must not be broken off.
type writer struct {
	c     *sql.Conn
	ready map[string][]*sql.Stmt // not in use
}

// prepared takes a statement; each is read by one at a time, so the same text may
// be prepared more than once.
func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if idle := w.ready[query]; len(idle) > 0 {
		w.ready[query] = idle[:len(idle)-1]
		return idle[len(idle)-1], nil
	}
	s, err := w.c.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("%w (in %.60s)", classify(err), query)
	}
	return s, nil
}

func (w *writer) free(query string, s *sql.Stmt) { w.ready[query] = append(w.ready[query], s) }

func (w *writer) exec(query string, args ...any) error {
	_, err := w.change(query, args...)
	return err
}

func (w *writer) change(query string, args ...any) (int64, error) {
	s, err := w.prepared(query)
	if err != nil {
		return 0, err
	}
	defer w.free(query, s)
	result, err := s.Exec(args...)
	if err != nil {
		return 0, classify(err)
	}
	return result.RowsAffected()
}

func (w *writer) query(query string, args ...any) (*rows, error) {
	s, err := w.prepared(query)
	if err != nil {
		return nil, err
	}
	r, err := s.Query(args...)
	if err != nil {
		w.free(query, s)
		return nil, classify(err)
	}
	return &rows{r, func() { w.free(query, s) }}, nil
}

// rollback ends the transaction where there still is one: a full disk can have
// ended it already, and then this fails without meaning anything.
func (w *writer) rollback() { _ = w.exec("ROLLBACK") }

func (w *writer) close() error {
	for _, idle := range w.ready {
		for _, s := range idle {
			s.Close()
		}
	}
	return w.c.Close()
}

// reader is a connection of the pool for the length of one view.
type reader struct {
	ctx context.Context
	c   *sql.Conn
}

var errView = errors.New("a view cannot write")

func (r *reader) exec(string, ...any) error { return errView }

func (r *reader) change(string, ...any) (int64, error) { return 0, errView }

func (r *reader) query(query string, args ...any) (*rows, error) {
	answer, err := r.c.QueryContext(r.ctx, query, args...)
	if err != nil {
		return nil, classify(err)
	}
	return &rows{Rows: answer}, nil
}
