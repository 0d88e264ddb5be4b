package capture

import (
	"os"

	"golang.org/x/sys/unix"
)

// flush spares the journal's write of times that nobody reads; a file's new length
// comes along.
func flush(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return err
		}
	}
}
