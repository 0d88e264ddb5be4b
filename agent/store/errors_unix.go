//go:build unix

package store

import (
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// noRoom tells a spent quota, which SQLite takes for a failing disk.
func noRoom(e sqlite3.Error) bool {
	return e.SystemErrno == syscall.ENOSPC || e.SystemErrno == syscall.EDQUOT
}
