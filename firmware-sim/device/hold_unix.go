//go:build linux || darwin

package device

import (
	"os"

	"golang.org/x/sys/unix"
)

// HoldPort opens a port and takes it for this process alone, until release.
func HoldPort(port string) (release func(), err error) {
	f, err := os.OpenFile(port, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.IoctlSetInt(int(f.Fd()), unix.TIOCEXCL, 0); err != nil {
		f.Close()
		return nil, err
	}
	return func() {
		unix.IoctlSetInt(int(f.Fd()), unix.TIOCNXCL, 0)
		f.Close()
	}, nil
}
