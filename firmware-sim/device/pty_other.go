//go:build !linux && !darwin

package device

import (
	"fmt"
	"runtime"
)

// ptyWire cannot be opened here: the system has no pseudo-terminals that a
// serial library could open.
type ptyWire struct{ link string }

func (w *ptyWire) open(Plugging) (endpoint, error) {
	return nil, fmt.Errorf("%s: %s has no pseudo-terminals; let the device listen on TCP instead", w.link, runtime.GOOS)
}

// HoldPort cannot take a port here.
func HoldPort(port string) (release func(), err error) {
	return nil, fmt.Errorf("%s: on %s no port can be held", port, runtime.GOOS)
}
