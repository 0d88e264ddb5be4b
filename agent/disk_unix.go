//go:build unix

package agent

import (
	"golang.org/x/sys/unix"

	"dockfill/agent/dock"
)

// diskSpace gives the bytes that the agent may still write, and the size of the disk;
// dock.UnknownBytes where the system does not say.
func diskSpace(dir string) (free, total int64) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return dock.UnknownBytes, dock.UnknownBytes
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize)
}
