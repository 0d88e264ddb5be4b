package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"dockfill/allocation"
)

// Tx is a transaction: it may read, and inside of Update write. It is an
// allocation.View.
type Tx struct {
	c conn
	state
	given   map[allocation.StationID]int64 // feedback given, not written yet
	waiting map[allocation.LineID]Line     // lines as Waiting read them and nothing changed since
	adopted bool                           // it gave the database its life
}

var _ allocation.View = (*Tx)(nil)

// conn runs statements; the writer prepares each once and keeps it.
//
// Joins say "= +?" instead of "= ?": SQLite prepares a join anew each time that
// a bare parameter of it gets a value, which costs five times the query itself.
type conn interface {
	exec(query string, args ...any) error
	query(query string, args ...any) (*sql.Rows, error)
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
	tx.state, tx.waiting = before, nil
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
		if err := scan(rows); err != nil {
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
	ready map[string]*sql.Stmt
}

func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if s := w.ready[query]; s != nil {
		return s, nil
	}
	s, err := w.c.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("%w (in %.60s)", classify(err), query)
	}
	w.ready[query] = s
	return s, nil
}

func (w *writer) exec(query string, args ...any) error {
	s, err := w.prepared(query)
	if err != nil {
		return err
	}
	_, err = s.Exec(args...)
	return classify(err)
}

func (w *writer) query(query string, args ...any) (*sql.Rows, error) {
	s, err := w.prepared(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.Query(args...)
	return rows, classify(err)
}

// rollback ends the transaction where there still is one: a full disk can have
// ended it already, and then this fails without meaning anything.
func (w *writer) rollback() { _ = w.exec("ROLLBACK") }

func (w *writer) close() error {
	for _, s := range w.ready {
		s.Close()
	}
	return w.c.Close()
}

// reader is a connection of the pool for the length of one view.
type reader struct {
	ctx context.Context
	c   *sql.Conn
}

func (r *reader) exec(string, ...any) error {
	return errors.New("a view cannot write")
}

func (r *reader) query(query string, args ...any) (*sql.Rows, error) {
	rows, err := r.c.QueryContext(r.ctx, query, args...)
	return rows, classify(err)
}
