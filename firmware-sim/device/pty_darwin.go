package device

import "golang.org/x/sys/unix"

const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
)

func flushUnread(fd int) { unix.IoctlSetPointerInt(fd, unix.TIOCFLUSH, unix.TCIFLUSH) }

func hostSpeed(fd int) int {
	t, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return 0
	}
	return int(t.Ospeed)
}
