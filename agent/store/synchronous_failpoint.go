//go:build failpoint

package store

import "os"

// A program built for tests can be told to flush less, so that the proof of
// "flush, then tone" can be seen to fail.
var synchronous, synchronousIs = weakened(os.Getenv("DOCKFILL_TEST_SYNCHRONOUS"))

func weakened(to string) (name, is string) {
	switch to {
	case "OFF":
		return to, "0"
	case "NORMAL":
		return to, "1"
	}
	return "FULL", "2"
}
