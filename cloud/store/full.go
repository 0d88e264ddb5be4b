package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
)

// ErrFull says that the disk of the database has no room.
var ErrFull = errors.New("the disk of the database is full")

// noRoom puts ErrFull to an error of a driver that means it.
func noRoom(err error) error {
	var lite sqlite3.Error
	var pg *pgconn.PgError
	if errors.As(err, &lite) && lite.Code == sqlite3.ErrFull || errors.As(err, &pg) && pg.Code == "53100" {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// Ping reports whether the database answers; where the last transaction found no
// room, also whether there is room by now.
func (s *Store) Ping(ctx context.Context) error {
	if !s.full.Load() {
		return s.read.PingContext(ctx)
	}
	return s.Update(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE centre SET minted = minted`)
		return err
	})
}
