package witness

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// database is a witness in a PostgreSQL database of its own: a row is a record.
type database struct {
	name string
	db   *sql.DB

	mu     sync.Mutex
	last   int64
	unsure bool // the last commit may have gone through, or not
}

// patience is how long the other database may take: a grant waits for it.
const patience = 10 * time.Second

// openDatabase never tells the address again, which may hold a password.
func openDatabase(ctx context.Context, address, house string) (*database, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("--witness is no address of a database; one looks like postgres://user:password@host:port/database")
	}
	config.RuntimeParams["synchronous_commit"] = "on" // a server may have it off, and then a commit is no flush
	config.ConnectTimeout = patience
	w := &database{name: fmt.Sprintf("database %s at %s:%d", config.Database, config.Host, config.Port), db: stdlib.OpenDB(*config)}
	w.db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := w.begin(ctx, house); err != nil {
		return nil, errors.Join(explain(w.name, brief(err)), w.db.Close())
	}
	return w, nil
}

// brief leaves of a refused connection what a person needs.
func brief(err error) error {
	var connect *pgconn.ConnectError
	var told *pgconn.PgError
	switch {
	case !errors.As(err, &connect):
		return err
	case errors.As(err, &told):
		return fmt.Errorf("%s; see that it runs there, and that user, password and database are right in --witness", told.Message)
	}
	return errors.New("it does not answer; see that PostgreSQL runs there, and that host and port are right in --witness")
}

const witnessTables = `CREATE TABLE IF NOT EXISTS dockfill_witness_house (one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1), house TEXT NOT NULL);
	CREATE TABLE IF NOT EXISTS dockfill_witness (n BIGINT NOT NULL PRIMARY KEY, body BYTEA NOT NULL, crc BIGINT NOT NULL)`

func (w *database) begin(ctx context.Context, house string) error {
	if _, err := w.db.ExecContext(ctx, witnessTables); err != nil {
		return err
	}
	if _, err := w.db.ExecContext(ctx, `INSERT INTO dockfill_witness_house (one, house) VALUES (1, $1) ON CONFLICT DO NOTHING`, house); err != nil {
		return err
	}
	var of string
	if err := w.db.QueryRowContext(ctx, `SELECT house FROM dockfill_witness_house`).Scan(&of); err != nil {
		return err
	}
	if of != house {
		return fmt.Errorf("%w: name this centre's own with --witness", ErrForeign)
	}
	var records int64
	if err := w.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(n), 0), COUNT(*) FROM dockfill_witness`).Scan(&w.last, &records); err != nil {
		return err
	}
	if records < foldFrom {
		return nil
	}
	return w.fold(ctx)
}

// fold writes all that the rows tell anew, each thing once, and takes the others away,
// in one transaction. The number of the last record stays.
func (w *database) fold(ctx context.Context) error {
	state := NewState()
	if err := w.each(ctx, state.Take); err != nil {
		return err
	}
	parts, err := bodies(state.Entries())
	if err != nil {
		return err
	}
	return w.inOne(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM dockfill_witness WHERE n <= $1`, w.last); err != nil {
			return err
		}
		return insert(ctx, tx, w.last-int64(len(parts)), parts)
	})
}

func (w *database) inOne(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// insert writes records behind number after. One that is there already was written by
// somebody else.
func insert(ctx context.Context, tx *sql.Tx, after int64, parts [][]byte) error {
	for i, b := range parts {
		n := after + 1 + int64(i)
		_, err := tx.ExecContext(ctx, `INSERT INTO dockfill_witness (n, body, crc) VALUES ($1, $2, $3)`, n, b, int64(sum(n, b)))
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == uniqueViolation {
			return fmt.Errorf("%w: record %d is there already. Stop the other one, and start this one again", ErrTaken, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// uniqueViolation is PostgreSQL's code for a key that is there already.
const uniqueViolation = "23505"

func (w *database) Last() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *database) Name() string { return w.name }

// Append writes records in one transaction. Where its commit was not answered, the next
// one begins behind what is there.
func (w *database) Append(ctx context.Context, entries []Entry) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	parts, err := bodies(entries)
	if err != nil || len(parts) == 0 {
		return w.last, explain(w.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := w.lookUp(ctx); err != nil {
		return 0, explain(w.name, brief(err))
	}
	err = w.inOne(ctx, func(tx *sql.Tx) error { return insert(ctx, tx, w.last, parts) })
	if err != nil {
		w.unsure = !errors.Is(err, ErrTaken)
		return 0, explain(w.name, brief(err))
	}
	w.last += int64(len(parts))
	return w.last, nil
}

// lookUp finds out where the records end, after a commit of which nobody said how it
// went.
func (w *database) lookUp(ctx context.Context) error {
	if !w.unsure {
		return nil
	}
	if err := w.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(n), 0) FROM dockfill_witness`).Scan(&w.last); err != nil {
		return err
	}
	w.unsure = false
	return nil
}

func (w *database) Each(ctx context.Context, tell func(Entry) error) error {
	return explain(w.name, w.each(ctx, tell))
}

func (w *database) each(ctx context.Context, tell func(Entry) error) error {
	rows, err := w.db.QueryContext(ctx, `SELECT n, body, crc FROM dockfill_witness ORDER BY n`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var before int64
	for rows.Next() {
		var n, crc int64
		var b []byte
		if err := rows.Scan(&n, &b, &crc); err != nil {
			return err
		}
		if crc != int64(sum(n, b)) || before > 0 && n != before+1 {
			return fmt.Errorf("%w at record %d. Put a good copy of it back; where there is none, start once with --witness none, and then with another one", ErrDamaged, n)
		}
		before = n
		if err := eachEntry(b, tell); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (w *database) Close() error { return w.db.Close() }
