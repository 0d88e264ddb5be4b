package anchor

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// FileID tells the file at path from any copy of it: its inode with the time of its
// birth, see statx(2). The number of the device is left out where there is a birth, as
// disks are numbered anew at each boot; without one it stands in its place.
func FileID(path string) (string, error) {
	var s unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO|unix.STATX_BTIME, &s); err != nil {
		return "", &os.PathError{Op: "statx", Path: path, Err: err}
	}
	if s.Mask&unix.STATX_BTIME == 0 {
		return fmt.Sprintf("device %d:%d inode %d", s.Dev_major, s.Dev_minor, s.Ino), nil
	}
	return fmt.Sprintf("inode %d born %d.%09d", s.Ino, s.Btime.Sec, s.Btime.Nsec), nil
}

// Machine tells this machine from others, see machine-id(5); "" where it has no id,
// as in some containers.
func Machine() string {
	for _, path := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(path); err == nil {
			return ofMachine(strings.TrimSpace(string(id)))
		}
	}
	return ""
}
