package serial

import (
	"errors"
	"syscall"
)

// vanished tells the system's errors of a device that was unplugged:
// ERROR_BAD_COMMAND, ERROR_GEN_FAILURE, ERROR_OPERATION_ABORTED and
// ERROR_ACCESS_DENIED, as the drivers differ.
func vanished(err error) bool {
	for _, code := range []syscall.Errno{22, 31, 995, 5} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
