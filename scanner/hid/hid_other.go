//go:build !linux

package hid

import (
	"errors"
	"fmt"

	"dockfill/scanner"
)

// errLinuxOnly: HID POS is read through Linux hidraw.
var errLinuxOnly = errors.New("USB HID scanners are read on Linux only; scan the maker's setup barcode for serial (COM) mode and choose the port with `dockfill-agent ports`")

// New refuses every port: its error says what the scanner must be set to. It is a
// WedgeError for a keyboard.
func New(c scanner.Config) (scanner.Source, error) {
	n, err := parseName(c.Port)
	switch {
	case err != nil:
	case n.wedge:
		err = &WedgeError{Device: Device{VID: n.vid, PID: n.pid, Serial: n.serial, Wedge: true}, Why: errNoWedges}
	default:
		err = errLinuxOnly
	}
	return nil, fmt.Errorf("station %s: port %s: %w", c.Station, c.Port, err)
}

// List gives the devices that New would take: none here.
func List() ([]Device, error) { return nil, nil }
