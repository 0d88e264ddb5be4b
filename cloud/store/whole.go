package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// ErrDamaged says that a SQLite file is not whole, or lost what it held. Nothing
// was changed in its folder.
var ErrDamaged = errors.New("it is damaged")

// ErrForeign says that a SQLite file is not a centre's. Nothing was changed in its
// folder.
var ErrForeign = errors.New("it is no centre's database")

// damagedAdvice is what people do then. What a site was not told to be stored it
// keeps, however long the centre is away.
const damagedAdvice = "nothing was changed. Move it and the files beside it to another folder, put the newest copy of the data folder " +
	"in its place, and start again; sites go on receiving and keep what the centre has not confirmed"

const foreignAdvice = "nothing was changed. Move it away, or let the centre keep its data in another folder"

const (
	// usedMark stands in the lock file once the database holds its tables. From
	// then on a file without tables is no first start that was broken off.
	usedMark = "used\n"
	// quickCheckBytes bounds the check at the start to a few seconds.
	quickCheckBytes = 512 << 20
)

// checkWhole looks at the file before anything writes to it: SQLite takes an
// empty file for a new one and throws away the log beside it, and sites would
// meet a centre that knows nothing of what it confirmed. lost reports that a
// database was here which somebody took away.
func checkWhole(path string, lock *os.File) (lost bool, err error) {
	used, err := wasUsed(lock)
	if err != nil {
		return false, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return used, checkAbsent(path, lock)
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, errors.New("it is no file: move what stands there away, or let the centre keep its data in another folder")
	case info.Size() == 0 && used:
		return false, fmt.Errorf("%w: the file is empty, and was not", ErrDamaged)
	case info.Size() == 0: // a first start that was broken off
		return false, nil
	}
	return false, probe(path, used, info.Size() <= quickCheckBytes)
}

// checkAbsent makes room for a new database where people took one away with all
// that belongs to it. An empty log belongs to none.
func checkAbsent(path string, lock *os.File) error {
	if holds(path + "-wal") {
		return fmt.Errorf("%w: the file is lost, and %s-wal still belongs to it", ErrDamaged, path)
	}
	return lock.Truncate(0)
}

func holds(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// probe reads the file by a connection that cannot write: another one would
// bring the log into a damaged file when it closes. Only damage counts here, and
// whose the file is; anything else meets the connection that writes, too.
func probe(path string, used, all bool) (err error) {
	db, closed := openProbe(path)
	defer func() { err = errors.Join(err, closed()) }()
	var ours, tables int
	const count = `SELECT COUNT(*) FILTER (WHERE name IN ('centre', 'goose_db_version')),
		COUNT(*) FILTER (WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name <> 'goose_db_version') FROM sqlite_schema WHERE type = 'table'`
	if err := db.QueryRow(count).Scan(&ours, &tables); err != nil {
		return onlyDamage(err)
	}
	switch {
	case tables > 0 && ours < 2:
		return fmt.Errorf("%w: another program made it", ErrForeign)
	case tables == 0 && used:
		return fmt.Errorf("%w: it holds no tables, and did; %s-wal may be lost", ErrDamaged, path)
	case !all:
		return nil
	}
	var found string
	if err := db.QueryRow(`PRAGMA quick_check(1)`).Scan(&found); err != nil || found == "ok" {
		return onlyDamage(err)
	}
	return fmt.Errorf("%w: %s", ErrDamaged, oneLine(found))
}

// openProbe opens a file so that nothing is left beside it that was not there.
// Without a log the file alone is read, as nobody else is at work on it. With one,
// SQLite makes its index, which is taken away again.
func openProbe(path string) (_ *sql.DB, closed func() error) {
	if !holds(path+"-wal") && !holds(path+"-journal") {
		db := sql.OpenDB(sqliteConnector{path: path, probe: true, alone: true})
		return db, db.Close
	}
	_, absent := os.Stat(path + "-shm")
	db := sql.OpenDB(sqliteConnector{path: path, probe: true})
	return db, func() error {
		err := db.Close()
		if errors.Is(absent, fs.ErrNotExist) {
			_ = os.Remove(path + "-shm") // a leftover of no weight
		}
		return err
	}
}

// oneLine takes the library's heading and line breaks out of what it found.
func oneLine(found string) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(found, "*** in database main ***")), " ")
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
