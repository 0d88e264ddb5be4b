//go:build unix

package store

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// noRoom tells a spent quota, which SQLite takes for a failing disk.
func noRoom(e sqlite3.Error) bool {
	return e.SystemErrno == syscall.ENOSPC || e.SystemErrno == syscall.EDQUOT
}

// denied tells a missing right; a file system that is mounted read-only, as a
// service's often is, is none of the disk's faults either.
func denied(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
