package hid

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// reports reads an open hidraw device, a whole report at a time, without the zeros
// at its end: most of a report is padding, which layout.read adds again.
//
// The device keeps a few reports for its reader and drops what comes then, without a
// word. When it drops one, as many as it keeps are still to be read. So a reader
// that takes as many in a row may have missed some by then or soon after, until it
// finds the device empty; it says where that begins and where it ends.
type reports struct {
	file  *os.File
	raw   syscall.RawConn
	kept  int
	inRow int // reports since the device was empty
	doubt bool
}

func newReports(f *os.File, kept int) (*reports, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &reports{file: f, raw: raw, kept: kept}, nil
}

// Read waits for a report, or gives holeBegins or holeEnds.
func (r *reports) Read(p []byte) (int, error) {
	if r.inRow >= r.kept && !r.doubt {
		r.doubt = true
		return copy(p, holeBegins), nil
	}
	n, err := 0, error(nil)
	waited := r.raw.Read(func(fd uintptr) bool {
		n, err = r.take(int(fd), p)
		return err != unix.EAGAIN
	})
	switch {
	case waited != nil:
		return 0, waited
	case err != nil:
		return 0, unplugged(&os.PathError{Op: "read", Path: r.file.Name(), Err: err})
	case n == 0:
		return 0, unplugged(&os.PathError{Op: "read", Path: r.file.Name(), Err: unix.ENODEV})
	}
	for n > 1 && p[n-1] == 0 {
		n--
	}
	return n, nil
}

// take reads without waiting. An empty device ends a doubt, and gives
// unix.EAGAIN else.
func (r *reports) take(fd int, p []byte) (int, error) {
	n, err := unix.Read(fd, p)
	for err == unix.EINTR {
		n, err = unix.Read(fd, p)
	}
	r.inRow++
	if err != unix.EAGAIN {
		return n, err
	}
	r.inRow = 0
	if r.doubt {
		r.doubt = false
		return copy(p, holeEnds), nil
	}
	return 0, err
}

// Close closes the device.
func (r *reports) Close() error { return r.file.Close() }
