package mqtt

import "golang.org/x/sys/windows"

// What the system says of a connection that cannot be made, or was lost. The
// names in package syscall do not match what Windows returns.
var (
	refused     = []error{windows.WSAECONNREFUSED}
	unreachable = []error{windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH}
	broken      = []error{windows.WSAECONNRESET, windows.WSAECONNABORTED}
)
