package agent

import "golang.org/x/sys/windows"

// diskFree gives the bytes that the agent may still write; 0 where the system
// does not say.
func diskFree(dir string) int64 {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0
	}
	var free uint64
	if windows.GetDiskFreeSpaceEx(path, &free, nil, nil) != nil {
		return 0
	}
	return int64(free)
}
