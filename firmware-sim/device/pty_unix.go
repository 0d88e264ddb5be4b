//go:build linux || darwin

package device

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// ptyWire is a pseudo-terminal behind a symlink. The host opens the symlink;
// each plugging-in makes another terminal and moves the symlink to it.
type ptyWire struct {
	link string
	last string // the terminal of the life before
}

func (w *ptyWire) open(how Plugging) (endpoint, error) {
	w.link = cmp.Or(how.Link, w.link)
	if err := freeForLink(w.link); err != nil {
		return nil, err
	}
	e, err := w.another()
	if err != nil {
		return nil, err
	}
	e.came, e.there, e.unwatch = watchHosts(e.node)
	// All is as asked before the link leads here: no host may come earlier.
	if err := errors.Join(e.prepare(how), pointLink(w.link, e.node)); err != nil {
		e.close()
		return nil, err
	}
	e.link, w.last = w.link, e.node
	return e, nil
}

// another is a terminal that is not the one of the life before.
func (w *ptyWire) another() (*ptyEndpoint, error) {
	e, err := openPty()
	if err != nil {
		return nil, err
	}
	if e.node == w.last {
		// The kernel gives the lowest number again. Holding it a moment
		// longer makes the next one differ, as after a real replug.
		held := e
		e, err = openPty()
		held.close()
		if err != nil {
			return nil, err
		}
	}
	return e, nil
}

// freeForLink refuses to replace anything but a symlink.
func freeForLink(link string) error {
	info, err := os.Lstat(link)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return os.MkdirAll(filepath.Dir(link), 0o755)
	case err != nil:
		return err
	case info.Mode()&os.ModeSymlink == 0:
		return fmt.Errorf("%s exists and is no symlink: choose another path", link)
	}
	return nil
}

// pointLink moves the link in one step, so that a host never finds none.
func pointLink(link, node string) error {
	fresh := fmt.Sprintf("%s.%d", link, os.Getpid())
	if err := os.Symlink(node, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, link)
}

// ptyEndpoint holds both ends of the terminal. Holding the host's end too
// keeps bytes and settings alive while no host has it open, lets unread bytes
// be dropped, and lets a killed host's lock be taken off.
type ptyEndpoint struct {
	master, slave *os.File
	node          string // /dev/pts/7
	link          string
	mode          os.FileMode            // to give back after Denied
	holding       atomic.Pointer[func()] // ends another program's hold; nil where there is none
	came          <-chan struct{}        // closed when a host has opened the terminal
	there         func() bool            // whether one has it open now
	unwatch       func()
}

// prepare does what is wrong with the port from the start.
func (e *ptyEndpoint) prepare(how Plugging) error {
	if how.Hold != nil {
		release, err := how.Hold(e.node)
		if err != nil {
			return err
		}
		e.holding.Store(&release)
	}
	if how.Denied {
		info, err := os.Stat(e.node)
		if err != nil {
			return err
		}
		e.mode = info.Mode().Perm()
		if err := os.Chmod(e.node, 0); err != nil {
			return err
		}
	}
	_, err := e.master.Write(how.Stale)
	return err
}

// release undoes Held and Denied.
func (e *ptyEndpoint) release() {
	e.letGo()
	e.relax()
	if e.mode != 0 {
		os.Chmod(e.node, e.mode)
	}
}

// letGo ends another program's hold.
func (e *ptyEndpoint) letGo() {
	if release := e.holding.Swap(nil); release != nil {
		(*release)()
	}
}

func openPty() (*ptyEndpoint, error) {
	m, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("no pseudo-terminal to be had: %w", err)
	}
	master, err := pollable(m)
	if err != nil {
		slave.Close()
		return nil, err
	}
	e := &ptyEndpoint{master: master, slave: slave, node: slave.Name()}
	if err := e.raw(); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// pollable reopens f, which it closes, without blocking: only then have reads
// and writes deadlines, and only then does a close end them.
func pollable(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// raw switches echo, signals and translation off. The host does so too, but
// only after bytes could have been echoed.
func (e *ptyEndpoint) raw() error {
	fd := int(e.slave.Fd())
	t, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	t.Iflag = 0
	t.Oflag = 0
	t.Lflag = 0
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8 | unix.CREAD | unix.CLOCAL
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(fd, setTermios, t)
}

func (e *ptyEndpoint) Read(b []byte) (int, error)  { return e.master.Read(b) }
func (e *ptyEndpoint) Write(b []byte) (int, error) { return e.master.Write(b) }
func (e *ptyEndpoint) address() string             { return e.link }
func (e *ptyEndpoint) readDeadline(t time.Time)    { e.master.SetReadDeadline(t) }
func (e *ptyEndpoint) writeDeadline(t time.Time)   { e.master.SetWriteDeadline(t) }

func (e *ptyEndpoint) opened() <-chan struct{} { return e.came }

// discard leaves an open port its bytes: the kernel keeps them for a host that does
// not read now. Only our own end keeps them for nobody.
func (e *ptyEndpoint) discard() {
	if !e.there() {
		e.onSlave(flushUnread)
	}
}

// always is said where it is not known whether a host is there.
func always() bool { return true }

// relax takes off the exclusive lock that serial libraries put on a port. The
// lock outlives a killed host for as long as our own end is open, and would
// keep every later host out unless it runs as root.
func (e *ptyEndpoint) relax() {
	if e.holding.Load() != nil {
		return // the lock is the other program's
	}
	e.onSlave(func(fd int) { unix.IoctlSetInt(fd, unix.TIOCNXCL, 0) })
}

// speed is what the host has set; before that it is the system's default.
func (e *ptyEndpoint) speed() (baud int) {
	e.onSlave(func(fd int) { baud = hostSpeed(fd) })
	return baud
}

// onSlave runs f unless the terminal is closed at the same moment.
func (e *ptyEndpoint) onSlave(f func(fd int)) {
	if c, err := e.slave.SyscallConn(); err == nil {
		c.Control(func(fd uintptr) { f(int(fd)) })
	}
}

// close takes the link away first: a host that looks for the device while it
// is going must not find the way to a dead terminal.
func (e *ptyEndpoint) close() {
	if node, err := os.Readlink(e.link); err == nil && node == e.node {
		os.Remove(e.link)
	}
	if e.unwatch != nil {
		e.unwatch()
	}
	e.letGo()
	e.master.Close()
	e.slave.Close()
}
