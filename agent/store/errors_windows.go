package store

import (
	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/windows"
)

// noRoom tells a full disk or a spent quota, which SQLite takes for a failing
// disk.
func noRoom(e sqlite3.Error) bool {
	return e.SystemErrno == windows.ERROR_DISK_FULL || e.SystemErrno == windows.ERROR_DISK_QUOTA_EXCEEDED
}
