//go:build !linux && !windows

package anchor

import (
	"fmt"
	"os"
	"syscall"
)

// FileID tells the file at path from any copy of it on the same disk.
func FileID(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", fmt.Errorf("%s has no identity on this system", path)
	}
	return fmt.Sprintf("device %d inode %d", s.Dev, s.Ino), nil
}

// Machine is "": this system has no id of its own that we read.
func Machine() string { return "" }
