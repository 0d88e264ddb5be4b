//go:build !linux

package agent

import "os"

func flush(f *os.File) error { return f.Sync() }
