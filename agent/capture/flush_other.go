//go:build !linux

package capture

import "os"

func flush(f *os.File) error { return f.Sync() }
