package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/mattn/go-sqlite3"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// A checkpoint is a closed copy of a site's database: one file without a write-ahead
// log, of one moment. It is an older state as soon as the next scan is saved, and a
// site that went on from it would promise units twice. So it carries another mark
// than a site's database, which Open refuses.

// checkpointID marks a checkpoint ("DckC").
const checkpointID = 0x44636b43

// Checkpoint is what a checkpoint is of.
type Checkpoint struct {
	Path        string
	Site        allocation.SiteID
	Incarnation string
	Head        wire.Cursor // the log's end in it
	At          time.Time   // when it was made
	Bytes       int64
}

// The pace of a copy: so much at once, then a pause in which the disk and the
// processor are the scans' alone, and a flush so often that none is a large one.
const (
	copyPages = 256
	copyPause = 4 * time.Millisecond
	copyFlush = 32 // steps
)

// partSuffix is the end of the name of a file that is not whole yet.
const partSuffix = ".part"

// CopyTo writes a checkpoint of the last commit to path, which appears whole and
// flushed or not at all; a file of that name is replaced. Scans go on meanwhile. What
// a crash leaves behind is called path + ".part".
func (s *Store) CopyTo(ctx context.Context, path string, now time.Time) (Checkpoint, error) {
	part := path + partSuffix
	err := s.copyPages(ctx, part)
	if err == nil {
		err = closeCopy(ctx, part, now)
	}
	if err == nil {
		err = flushFile(part)
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return Checkpoint{}, errors.Join(classify(err), removeFile(part))
	}
	if err := flushDir(filepath.Dir(path)); err != nil {
		return Checkpoint{}, ofFile(err)
	}
	return ReadCheckpoint(ctx, path)
}

// copyPages copies page by page out of one read transaction. While that is open, what
// the writer commits stands in the write-ahead log and does not begin the copy anew.
func (s *Store) copyPages(ctx context.Context, to string) error {
	if err := errors.Join(removeFile(to), makeFile(to)); err != nil {
		return ofFile(err)
	}
	file, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return ofFile(err)
	}
	defer file.Close()
	c, err := s.readDB.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	if err := c.QueryRowContext(ctx, "SELECT count(*) FROM meta").Scan(new(int)); err != nil {
		return err
	}
	return c.Raw(func(from any) error {
		into, err := (&sqlite3.SQLiteDriver{}).Open(fileURI(to) + "?_journal_mode=OFF&_synchronous=OFF")
		if err != nil {
			return err
		}
		return errors.Join(pace(ctx, into.(*sqlite3.SQLiteConn), from.(*sqlite3.SQLiteConn), file), into.Close())
	})
}

// pace copies in small steps.
func pace(ctx context.Context, into, from *sqlite3.SQLiteConn, file *os.File) error {
	b, err := into.Backup("main", from, "main")
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		done, err := b.Step(copyPages)
		if done || err != nil {
			return errors.Join(err, b.Finish())
		}
		if n%copyFlush == 0 {
			if err := file.Sync(); err != nil {
				return errors.Join(ofFile(err), b.Finish())
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), b.Finish())
		case <-time.After(copyPause):
		}
	}
}

// closeCopy gives a copy the marks of a checkpoint, and makes it a file that needs no
// other beside it.
func closeCopy(ctx context.Context, path string, now time.Time) error {
	return alter(ctx, path, fmt.Sprintf(`PRAGMA journal_mode = DELETE;
		CREATE TABLE checkpoint (at INTEGER NOT NULL) STRICT;
		INSERT INTO checkpoint (at) VALUES (%d);
		PRAGMA application_id = %d`, now.UnixNano(), checkpointID))
}

func alter(ctx context.Context, path, statements string) error {
	db, err := sql.Open("sqlite3", fileURI(path)+"?_synchronous=OFF")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statements)
	return errors.Join(err, db.Close())
}

// ReadCheckpoint tells what a checkpoint is of. Errors wrap ErrForeign where the file
// is none, ErrDamaged, ErrDenied or ErrDisk.
func ReadCheckpoint(ctx context.Context, path string) (Checkpoint, error) {
	s, err := OpenCheckpoint(ctx, path)
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Path: path}
	err = s.View(ctx, func(tx *Tx) error {
		var at int64
		_, err := tx.one(`SELECT at FROM checkpoint`, nil, &at)
		c.Site, c.Incarnation, c.Head, c.At = tx.meta.Site, tx.meta.Incarnation, tx.head, time.Unix(0, at)
		return err
	})
	if info, statErr := os.Stat(path); statErr == nil {
		c.Bytes = info.Size()
	}
	return c, errors.Join(err, s.Close())
}

// OpenCheckpoint opens a checkpoint for views alone; the file is not changed by a
// byte. Errors are those of ReadCheckpoint.
func OpenCheckpoint(ctx context.Context, path string) (*Store, error) {
	if err := isCheckpoint(path); err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", path, err)
	}
	db, err := sql.Open("sqlite3", fileURI(path)+"?mode=ro&immutable=1")
	if err != nil {
		return nil, err
	}
	return &Store{o: Options{Path: path, Now: time.Now}, readDB: db}, nil
}

func isCheckpoint(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return ofFile(err)
	}
	defer f.Close()
	switch _, err = readHeader(f); {
	case errors.Is(err, ErrCheckpoint):
		return nil
	case err == nil:
		err = fmt.Errorf("%w: it is no checkpoint", ErrForeign)
	}
	return err
}

// Revive makes a database of a checkpoint that Open takes, at a new path. It is for
// a temporary copy to replay in, never for a site.
func Revive(ctx context.Context, checkpoint, to string) error {
	if err := isCheckpoint(checkpoint); err != nil {
		return fmt.Errorf("checkpoint %s: %w", checkpoint, err)
	}
	if err := copyFile(checkpoint, to); err != nil {
		return err
	}
	return classify(alter(ctx, to, fmt.Sprintf(`DROP TABLE checkpoint; PRAGMA application_id = %d`, applicationID)))
}

// CopyStopped makes a checkpoint at a new path of a database that no agent holds; the
// database itself is not changed. It is ErrInUse where one does.
func CopyStopped(ctx context.Context, path, to string, now time.Time) error {
	if _, err := os.Stat(path); err != nil {
		return ofFile(err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	for _, end := range []string{"", "-wal"} {
		if err := copyFile(path+end, to+end); err != nil && (end == "" || !errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	db, err := sql.Open("sqlite3", fileURI(to)+"?_synchronous=OFF")
	if err != nil {
		return err
	}
	if err := errors.Join(migrate(ctx, db), db.Close()); err != nil {
		return classify(err)
	}
	return classify(closeCopy(ctx, to, now))
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return ofFile(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return ofFile(err)
	}
	if _, err = io.Copy(out, in); err != nil {
		err = ofFile(err)
	}
	return errors.Join(err, out.Close())
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func flushFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// flushDir makes the names in a folder safe. Windows has no such call, and flushes
// names with its own journal.
func flushDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
