//go:build unix

package witness

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

const foldersAreNotSynced = false

// lockFile keeps a second process off the same file, for as long as it is open.
func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrTaken
	}
	if err != nil {
		return fmt.Errorf("it cannot be locked: %w; is its disk one that can lock files?", err)
	}
	return nil
}
