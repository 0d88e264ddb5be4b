package store

import (
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// The ways in which a database can fail its site. Errors of this package wrap
// one of them where it applies; their text says what to do.
var (
	// ErrDamaged: the file is not whole. Nothing may be received with it.
	ErrDamaged = errors.New("the site's database is damaged")
	// ErrForeign: the file is a database of something or somebody else.
	ErrForeign = errors.New("the file is not this site's database")
	// ErrCheckpoint: the file is a checkpoint, an older state of a site, and no site.
	ErrCheckpoint = errors.New("the file is a checkpoint, which is an older state of the site")
	// ErrNewer: a newer program has written the file.
	ErrNewer = errors.New("the site's database was written by a newer program")
	// ErrInUse: another process holds the database.
	ErrInUse = errors.New("the site's database is in use by another process")
	// ErrFull: the disk has no room. Nothing of the transaction was saved, and
	// what was saved before is whole.
	ErrFull = errors.New("the disk is full")
	// ErrDenied: the user that runs the program may not write the folder, or a file
	// in it. Nothing was changed.
	ErrDenied = errors.New("this user cannot write the folder")
	// ErrDisk: the disk failed to read, write or flush. Whether the transaction
	// is on the disk is not known: stop, and look again at the next start.
	ErrDisk = errors.New("the disk failed")
	// ErrUpgrade: the tables could not be brought to what this program needs. Each
	// step is a transaction: what the program before it wrote is whole.
	ErrUpgrade = errors.New("the site's database could not be upgraded")
	// ErrUnsafe: SQLite did not take a setting without which a commit could be
	// lost, or is too old.
	ErrUnsafe = errors.New("the database library is not safe to use")
)

// classify puts the sentinel that fits before an error of the driver. Other
// errors are given back as they are.
func classify(err error) error {
	var e sqlite3.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrFull:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrFormat:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.ErrIoErr, sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrNomem, sqlite3.ErrPerm:
		if noRoom(e) {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
		if denied(e.SystemErrno) {
			return fmt.Errorf("%w: %w", ErrDenied, err)
		}
		return fmt.Errorf("%w: %w", ErrDisk, err)
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return err
}

// ofFile puts before an error of a file or folder whether the user may not write
// there, or the disk failed.
func ofFile(err error) error {
	if denied(err) {
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return fmt.Errorf("%w: %w", ErrDisk, err)
}

// OfTheDisk reports whether err ends the whole transaction and not only the one
// input that met it.
func OfTheDisk(err error) bool {
	for _, e := range []error{ErrFull, ErrDenied, ErrDisk, ErrDamaged, ErrInUse} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
