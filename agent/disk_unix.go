//go:build unix

package agent

import (
	"golang.org/x/sys/unix"

	"dockfill/agent/dock"
)

// diskFree gives the bytes that the agent may still write; dock.UnknownBytes
// where the system does not say.
func diskFree(dir string) int64 {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return dock.UnknownBytes
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
