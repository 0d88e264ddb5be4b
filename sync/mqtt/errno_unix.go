//go:build unix

package mqtt

import "syscall"

// What the system says of a connection that cannot be made, or was lost.
var (
	refused     = []error{syscall.ECONNREFUSED}
	unreachable = []error{syscall.EHOSTUNREACH, syscall.ENETUNREACH}
	broken      = []error{syscall.ECONNRESET, syscall.EPIPE}
)
