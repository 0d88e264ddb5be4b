//go:build unix

package serial

import (
	"errors"
	"syscall"
)

// vanished tells the system's errors of a device that was unplugged.
func vanished(err error) bool {
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV)
}
