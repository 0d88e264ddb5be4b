package agent

import (
	"golang.org/x/sys/windows"

	"dockfill/agent/dock"
)

// diskSpace gives the bytes that the agent may still write, and the size of the disk;
// dock.UnknownBytes where the system does not say.
func diskSpace(dir string) (free, total int64) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return dock.UnknownBytes, dock.UnknownBytes
	}
	var avail, size uint64
	if windows.GetDiskFreeSpaceEx(path, &avail, &size, nil) != nil {
		return dock.UnknownBytes, dock.UnknownBytes
	}
	return int64(avail), int64(size)
}
