package device

import (
	"encoding/binary"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// settingUp is for what a host does between opening a port and listening: it sets
// the speed and throws away what lies there. A busy machine takes its time.
const settingUp = 300 * time.Millisecond

// watchHosts tells when another process has opened the terminal for the first time,
// and whether any has it open now. Where the system lends no more watches it claims
// both at once. stop ends the watch.
func watchHosts(node string) (came <-chan struct{}, there func() bool, stop func()) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return closed, always, func() {}
	}
	if _, err := unix.InotifyAddWatch(fd, node, unix.IN_OPEN|unix.IN_CLOSE); err != nil {
		unix.Close(fd)
		return closed, always, func() {}
	}
	watch, opened := os.NewFile(uintptr(fd), "inotify"), make(chan struct{})
	var hosts atomic.Int32
	go countHosts(watch, &hosts, func() { time.AfterFunc(settingUp, func() { close(opened) }) })
	return opened, func() bool { return hosts.Load() > 0 }, func() { watch.Close() }
}

// countHosts keeps the number of those that have the terminal open until the watch is
// closed. The kernel tells equal events that nobody read yet as one, so the number may
// be too small for a host that opens twice at once, and never falls below none.
func countHosts(watch *os.File, hosts *atomic.Int32, first func()) {
	events := make([]byte, 4096)
	for came := false; ; {
		n, err := watch.Read(events)
		if err != nil {
			return
		}
		for e := events[:n]; len(e) >= unix.SizeofInotifyEvent; {
			switch mask := binary.NativeEndian.Uint32(e[4:]); {
			case mask&unix.IN_OPEN != 0:
				hosts.Add(1)
				if !came {
					came = true
					first()
				}
			case mask&unix.IN_CLOSE != 0 && hosts.Load() > 0:
				hosts.Add(-1)
			}
			e = e[unix.SizeofInotifyEvent+int(binary.NativeEndian.Uint32(e[12:])):]
		}
	}
}
