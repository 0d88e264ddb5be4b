package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
)

// maxStatements is how many prepared statements the writer keeps. There are far
// fewer texts; the bound is for the day when that is no longer so.
const maxStatements = 512

// writer owns the one connection that writes, with its prepared statements.
type writer struct {
	db *sql.DB

	mu         sync.Mutex
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

// Tx is one transaction of the writer. It must not outlive the function that
// Update gave it to.
type Tx struct {
	w      *writer
	kind   dialect
	centre string
	wrote  func(rows int) // told of rows as they are written, or nil
	guard  *guard
	notes  notes // for the rights witness
}

// Centre is the centre's own incarnation.
func (tx *Tx) Centre() string { return tx.centre }

func (w *writer) update(ctx context.Context, kind dialect, do func(*Tx) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.begin(ctx, kind); err != nil {
		return fmt.Errorf("the database does not begin a transaction: %w", err)
	}
	if err := do(&Tx{w: w, kind: kind}); err != nil {
		w.rollback()
		return err
	}
	if _, err := w.conn.ExecContext(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		w.rollback()
		return fmt.Errorf("the database did not commit: %w", err)
	}
	return nil
}

// begin opens the connection where there is none, and once more where the one
// that it had is dead: a PostgreSQL server may have been restarted meanwhile.
func (w *writer) begin(ctx context.Context, kind dialect) error {
	if w.conn != nil {
		if _, err := w.conn.ExecContext(ctx, kind.begin()); err == nil {
			return nil
		}
		w.drop()
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	w.conn, w.statements = conn, map[string]*sql.Stmt{}
	if err := kind.claim(ctx, conn); err != nil {
		w.drop()
		return err
	}
	_, err = conn.ExecContext(ctx, kind.begin())
	return err
}

// rollback must leave a connection without a transaction behind, or none.
func (w *writer) rollback() {
	if _, err := w.conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		w.drop()
	}
}

// drop closes the connection itself, not only its use of it.
func (w *writer) drop() {
	w.forget()
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.conn = nil
}

func (w *writer) forget() {
	for _, s := range w.statements {
		_ = s.Close()
	}
	w.statements = map[string]*sql.Stmt{}
}

func (w *writer) close(kind dialect) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	if w.conn != nil {
		w.forget()
		_ = kind.release(context.Background(), w.conn) // the end of the session does it too, later
		err = w.conn.Close()
	}
	return errors.Join(err, w.db.Close())
}

func (w *writer) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := w.statements[text]; ok {
		return s, nil
	}
	if len(w.statements) >= maxStatements {
		w.forget()
	}
	s, err := w.conn.PrepareContext(ctx, text)
	if err == nil {
		w.statements[text] = s
	}
	return s, err
}

func (tx *Tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	s, err := tx.w.prepare(ctx, text)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// row is a result of one row whose statement may have failed to prepare.
type row struct {
	*sql.Row
	err error
}

func (r row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.Row.Scan(dest...)
}

func (tx *Tx) queryRow(ctx context.Context, text string, args ...any) row {
	s, err := tx.w.prepare(ctx, text)
	if err != nil {
		return row{err: err}
	}
	return row{Row: s.QueryRowContext(ctx, args...)}
}

// each calls scan for every row of a query.
func (tx *Tx) each(ctx context.Context, scan func(*sql.Rows) error, text string, args ...any) error {
	s, err := tx.w.prepare(ctx, text)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	return eachRow(rows, err, scan)
}

func eachRow(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// kind is a column's type in a bulk statement.
type kind byte

const (
	text kind = iota
	number
	bytes
)

// bulk runs a statement over many rows, a run of them at a time. The format has
// one %s, in which the table of rows stands.
func (tx *Tx) bulk(ctx context.Context, format string, columns []kind, rows [][]any) error {
	for len(rows) > 0 {
		n := tx.kind.chunk(len(rows))
		statement := fmt.Sprintf(format, tx.kind.rows(n, columns))
		if _, err := tx.exec(ctx, statement, tx.kind.args(columns, rows[:n])...); err != nil {
			return err
		}
		rows = rows[n:]
		tx.tell(n)
	}
	return nil
}

// Watch has wrote told of rows as they are written, until the transaction ends.
func (tx *Tx) Watch(wrote func(rows int)) { tx.wrote = wrote }

func (tx *Tx) tell(rows int) {
	if tx.wrote != nil {
		tx.wrote(rows)
	}
}

// load inserts rows that are known to be new.
func (tx *Tx) load(ctx context.Context, table string, names []string, columns []kind, rows [][]any) error {
	done, err := tx.kind.load(ctx, tx.w.conn, table, names, rows)
	if err != nil {
		return err
	}
	if done {
		tx.tell(len(rows))
		return nil
	}
	return tx.bulk(ctx, "INSERT INTO "+table+" ("+join(names)+") %s", columns, rows)
}

// eachOf calls scan for the rows of a query that names one of ids, by the
// condition that stands where the format has its one %s; before are the
// arguments $1 and on.
func (tx *Tx) eachOf(ctx context.Context, scan func(*sql.Rows) error, format, column string, ids []string, before ...any) error {
	list, err := tx.kind.texts(ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	statement := fmt.Sprintf(format, tx.kind.anyOf(column, len(before)+1))
	return tx.each(ctx, scan, statement, append(before, list)...)
}
