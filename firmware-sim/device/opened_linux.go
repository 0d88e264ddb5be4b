package device

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// settingUp is for what a host does between opening a port and listening: it sets
// the speed and throws away what lies there. A busy machine takes its time.
const settingUp = 300 * time.Millisecond

// watchOpened tells when another process has opened the terminal. Where the
// system lends no more watches it claims so at once. stop ends the watch.
func watchOpened(node string) (came <-chan struct{}, stop func()) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return closed, func() {}
	}
	if _, err := unix.InotifyAddWatch(fd, node, unix.IN_OPEN); err != nil {
		unix.Close(fd)
		return closed, func() {}
	}
	watch, opened := os.NewFile(uintptr(fd), "inotify"), make(chan struct{})
	go func() {
		if n, err := watch.Read(make([]byte, 4096)); n > 0 && err == nil {
			time.Sleep(settingUp)
			close(opened)
		}
	}()
	return opened, func() { watch.Close() }
}
