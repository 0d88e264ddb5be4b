package agent

import (
	"os"

	"golang.org/x/sys/unix"
)

// flush is fdatasync, as the write-ahead log uses it.
func flush(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
