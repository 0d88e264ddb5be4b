package agent

import (
	"golang.org/x/sys/windows"

	"dockfill/agent/dock"
)

// diskFree gives the bytes that the agent may still write; dock.UnknownBytes
// where the system does not say.
func diskFree(dir string) int64 {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return dock.UnknownBytes
	}
	var free uint64
	if windows.GetDiskFreeSpaceEx(path, &free, nil, nil) != nil {
		return dock.UnknownBytes
	}
	return int64(free)
}
