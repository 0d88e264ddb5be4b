// Package source attaches a station's scanner, whatever it is attached by: the
// name of its port says which.
//
//	hid:..., evdev:...                  scanner/hid
//	usb:..., bt:..., COM3, /dev/...     scanner/serial
//	tcp://host:port                     scanner/serial
package source

import (
	"dockfill/scanner"
	"dockfill/scanner/hid"
	"dockfill/scanner/serial"
)

// New builds the Source of a station. Nothing is opened, and whether the port is
// there is no matter. The errors are those of profile.Complete, a name that is
// none, scanner.ErrUnstableName, and hid.WedgeError where a keyboard cannot be
// used.
func New(c scanner.Config) (scanner.Source, error) {
	if hid.Names(c.Port) {
		return hid.New(c)
	}
	return serial.New(c)
}
