package store

import (
	"errors"
	"io/fs"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/windows"
)

// noRoom tells a full disk or a spent quota, which SQLite takes for a failing
// disk.
func noRoom(e sqlite3.Error) bool {
	return e.SystemErrno == windows.ERROR_DISK_FULL || e.SystemErrno == windows.ERROR_DISK_QUOTA_EXCEEDED
}

// denied tells a missing right, or a medium that is locked against writing.
func denied(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, windows.ERROR_WRITE_PROTECT)
}
