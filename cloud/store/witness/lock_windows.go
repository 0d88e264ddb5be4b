package witness

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Windows flushes no folder; the name of a file is part of its journal.
const foldersAreNotSynced = true

// lockFile keeps a second process off the same file, for as long as it is open. It locks
// a byte far behind the end, as what is locked nobody else can read.
func lockFile(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrTaken
	}
	if err != nil {
		return fmt.Errorf("it cannot be locked: %w; is its disk one that can lock files?", err)
	}
	return nil
}
