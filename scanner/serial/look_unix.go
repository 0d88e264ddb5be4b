//go:build !windows

package serial

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Look tells of a device without opening it which other programs have it open, as
// far as this user may know, and why this user may not open it; nil where nothing
// is known to stand in the way.
func Look(device string) (programs []string, forbids error) {
	if !strings.HasPrefix(device, "/dev/pts/") {
		for _, p := range holders("/proc", device) {
			programs = append(programs, p.String())
		}
	}
	if unix.Access(device, unix.R_OK|unix.W_OK) == unix.EACCES {
		forbids = forbidden(device)
	}
	return programs, forbids
}
