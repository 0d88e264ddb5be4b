package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/mattn/go-sqlite3"
)

// ErrDamaged says that a SQLite file is not whole, or lost what it held. Nothing
// of it was changed.
var ErrDamaged = errors.New("it is damaged")

// damagedAdvice is what people do then. What a site was not told to be stored it
// keeps, however long the centre is away.
const damagedAdvice = "nothing was changed. Move it and the files beside it to another folder, put the newest copy of the data folder " +
	"in its place, and start again; sites go on receiving and keep what the centre has not confirmed"

const (
	// usedMark stands in the lock file once the database holds its tables. From
	// then on a file without tables is no first start that was broken off.
	usedMark = "used\n"
	// quickCheckBytes bounds the check at the start to a few seconds.
	quickCheckBytes = 512 << 20
)

// checkWhole looks at the file before anything writes to it: SQLite takes an
// empty file for a new one and throws away the log beside it, and sites would
// meet a centre that knows nothing of what it confirmed.
func checkWhole(path string, lock *os.File) error {
	info, err := os.Stat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return err
	}
	if missing || info.Size() == 0 {
		return checkAbsent(path, lock, missing)
	}
	used, err := wasUsed(lock)
	if err != nil {
		return err
	}
	return probe(path, used, info.Size() <= quickCheckBytes)
}

// checkAbsent decides whether there is room for a new database. A file that
// people took away with all that belongs to it makes room; an empty one only
// where a first start was broken off.
func checkAbsent(path string, lock *os.File, missing bool) error {
	for _, beside := range []string{path + "-wal", path + "-shm"} {
		if _, err := os.Stat(beside); err == nil && missing {
			return fmt.Errorf("%w: the file is lost, and %s still belongs to it", ErrDamaged, beside)
		}
	}
	used, err := wasUsed(lock)
	switch {
	case err != nil || !used:
		return err
	case missing:
		return lock.Truncate(0)
	}
	return fmt.Errorf("%w: the file is empty, and was not", ErrDamaged)
}

// probe reads the file by a connection that cannot write: another one would
// bring the log into a damaged file when it closes. Only damage counts here;
// anything else meets the connection that writes, too.
func probe(path string, used, all bool) error {
	db := sql.OpenDB(sqliteConnector{path: path, probe: true})
	defer db.Close()
	var tables int
	if err := db.QueryRow(`SELECT COUNT(*) FROM sqlite_schema WHERE name = 'centre'`).Scan(&tables); err != nil {
		return onlyDamage(err)
	}
	if used && tables == 0 {
		return fmt.Errorf("%w: it holds no tables, and did; %s-wal may be lost", ErrDamaged, path)
	}
	if !all {
		return nil
	}
	var found string
	if err := db.QueryRow(`PRAGMA quick_check(1)`).Scan(&found); err != nil || found == "ok" {
		return onlyDamage(err)
	}
	return fmt.Errorf("%w: %s", ErrDamaged, found)
}

func onlyDamage(err error) error {
	if err = damage(err); errors.Is(err, ErrDamaged) {
		return err
	}
	return nil
}

// damage puts ErrDamaged to an error of the driver that means it.
func damage(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && (e.Code == sqlite3.ErrCorrupt || e.Code == sqlite3.ErrNotADB) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func wasUsed(lock *os.File) (bool, error) {
	text := make([]byte, len(usedMark))
	n, err := lock.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return string(text[:n]) == usedMark, nil
}

// markUsed notes that the database holds its tables.
func markUsed(lock *os.File) error {
	if used, err := wasUsed(lock); used || err != nil {
		return err
	}
	if _, err := lock.WriteAt([]byte(usedMark), 0); err != nil {
		return err
	}
	return lock.Sync()
}
