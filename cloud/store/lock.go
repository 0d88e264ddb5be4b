package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrInUse says that another centre works on the database. Two on one would
// each send commands that the other does not know of.
var ErrInUse = errors.New("another dockfill-cloud uses this database; stop it, or use another database")

// The SQLite file is locked by a file beside it for as long as it is open. On
// PostgreSQL the lock belongs to the session that writes, so that no session
// writes without it: begin takes it again for each new one.

// claimText waits for the lock, because PostgreSQL notices some time after the
// end of a session that it ended. The number is "dockfill" in ASCII; such locks
// are of one database alone.
const (
	claimText   = `SET lock_timeout = '3s'; SELECT pg_advisory_lock(x'646f636b66696c6c'::bigint); RESET lock_timeout`
	releaseText = `SELECT pg_advisory_unlock(x'646f636b66696c6c'::bigint)`
)

// lockNotAvailable is PostgreSQL's code for a wait that took too long.
const lockNotAvailable = "55P03"

func (sqlite) claim(context.Context, *sql.Conn) error   { return nil }
func (sqlite) release(context.Context, *sql.Conn) error { return nil }

func (postgres) claim(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, claimText)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == lockNotAvailable {
		return ErrInUse
	}
	return err
}

// release lets another centre in at once.
func (postgres) release(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, releaseText)
	return err
}
