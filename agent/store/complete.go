package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// completeMark stands in the lock file once the database file itself, without
// its write-ahead log, holds the schema and whose it is. From then on a file
// without tables is no first start that was broken off: it lost what it held,
// and must not be taken for a new site.
const completeMark = "complete\n"

func wasComplete(lock *os.File) (bool, error) {
	text := make([]byte, len(completeMark))
	n, err := lock.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, ofFile(err)
	}
	return string(text[:n]) == completeMark, nil
}

// setComplete writes the mark, or takes it away, and flushes it.
func setComplete(lock *os.File, to bool) error {
	err := lock.Truncate(0)
	if to && err == nil {
		_, err = lock.WriteAt([]byte(completeMark), 0)
	}
	if err == nil {
		err = lock.Sync()
	}
	if err != nil {
		return ofFile(err)
	}
	return nil
}

// checkTables refuses a file without tables that had some.
func (s *Store) checkTables(ctx context.Context, wasComplete bool) error {
	if !wasComplete {
		return nil
	}
	var tables int
	if err := s.writeDB.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'").Scan(&tables); err != nil {
		return err
	}
	if tables == 0 {
		return fmt.Errorf("%w: it holds no tables, and did; %s-wal may be lost", ErrDamaged, s.o.Path)
	}
	return nil
}

// complete brings the schema and whose it is into the database file and notes
// that. Where another program reads the file just now, the next start does it.
func (s *Store) complete(ctx context.Context, wasComplete bool) error {
	all, err := s.checkpoint(ctx)
	if err != nil || !all || wasComplete {
		return err
	}
	return setComplete(s.lock, true)
}

// checkpoint brings all of the write-ahead log into the database file. It is
// not all where a reader stood in the way.
func (s *Store) checkpoint(ctx context.Context) (all bool, err error) {
	var busy, frames, moved int
	err = s.w.c.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	return busy == 0, err
}
