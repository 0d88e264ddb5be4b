package anchor

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// FileID tells the file at path from any copy of it: the volume's serial number, the
// file's index on it, and the time of its birth.
func FileID(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var i windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &i); err != nil {
		return "", &os.PathError{Op: "GetFileInformationByHandle", Path: path, Err: err}
	}
	index := uint64(i.FileIndexHigh)<<32 | uint64(i.FileIndexLow)
	return fmt.Sprintf("volume %08x file %d born %d", i.VolumeSerialNumber, index, i.CreationTime.Nanoseconds()), nil
}

// Machine tells this machine from others by the id that Windows made at its
// installation; "" where it cannot be read.
func Machine() string {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer k.Close()
	id, _, err := k.GetStringValue("MachineGuid")
	if err != nil {
		return ""
	}
	return ofMachine(id)
}
