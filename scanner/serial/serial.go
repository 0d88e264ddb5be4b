// Package serial finds and opens serial ports, and device servers that offer
// them over TCP. It is the only importer of the serial library.
//
// A port is configured by a name that a replug does not change:
//
//	/dev/serial/by-id/usb-...   a link that the system keeps (any link will do)
//	/dev/ttyS0                  a port that is soldered to its place
//	COM3                        on Windows, where the system keeps the number
//	usb:05E0:1701               the only such device, by vendor and product id
//	usb:05E0:1701:S3CR3T        the same with its serial number
//	tcp://10.0.0.7:4001         a device server
//
// Measured facts that the code relies on: a read time-out gives 0 bytes and no
// error, so nothing here buffers or reads in full; after the far end has closed,
// unread bytes are lost; a descriptor above 1023 makes the library panic; opening
// a port to learn what it is can hang, so ports are told apart without opening.
package serial

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"go.bug.st/serial"

	"dockfill/scanner"
	"dockfill/scanner/link"
	"dockfill/scanner/profile"
)

// readTimeout paces the codec's timers and bounds how long a stop takes.
const readTimeout = 100 * time.Millisecond

// New builds the Source of a station. The errors are those of Config.Complete, a
// port name that is none, and scanner.ErrUnstableName; whether the port is there
// is no matter.
func New(c scanner.Config) (scanner.Source, error) {
	c, err := c.Complete()
	if err != nil {
		return nil, err
	}
	o, err := openerOf(c)
	if err != nil {
		return nil, fmt.Errorf("station %s: %w", c.Station, err)
	}
	return link.New(c, o, profile.New(c)), nil
}

func openerOf(c scanner.Config) (link.Opener, error) {
	if address, ok := strings.CutPrefix(c.Port, "tcp://"); ok {
		return newServer(address)
	}
	find, err := finder(c.Port, c.Unstable)
	if err != nil {
		return nil, err
	}
	return &opener{find: find, mode: modeOf(c)}, nil
}

func modeOf(c scanner.Config) *serial.Mode {
	parity := map[string]serial.Parity{"none": serial.NoParity, "odd": serial.OddParity, "even": serial.EvenParity}
	stop := map[int]serial.StopBits{1: serial.OneStopBit, 2: serial.TwoStopBits}
	return &serial.Mode{BaudRate: c.Baud, DataBits: c.DataBits, Parity: parity[c.Parity], StopBits: stop[c.StopBits]}
}

// finder gives the function that leads from a name to the present device, with
// scanner.ErrNotFound where there is none.
func finder(name string, unstable bool) (func() (string, error), error) {
	if strings.HasPrefix(name, "usb:") {
		want, err := parseUSB(name)
		if err != nil {
			return nil, err
		}
		return func() (string, error) {
			ports, err := List()
			if err != nil {
				return "", err
			}
			return want.among(ports)
		}, nil
	}
	return pathFinder(name, unstable)
}

// opener opens a serial port by its name.
type opener struct {
	find func() (string, error)
	mode *serial.Mode
}

// Open implements link.Opener. What the device sent while nobody listened is
// thrown away: nobody was told that it was received, and the worker has scanned
// it again since.
func (o *opener) Open(context.Context) (link.Port, string, error) {
	device, err := o.find()
	if err != nil {
		return nil, "", err
	}
	if err := checkDescriptors(); err != nil {
		return nil, "", err
	}
	p, err := serial.Open(device, o.mode)
	if err != nil {
		return nil, "", explain(device, err)
	}
	if err := errors.Join(p.SetReadTimeout(readTimeout), p.ResetInputBuffer()); err != nil {
		return nil, "", errors.Join(explain(device, err), p.Close())
	}
	return p, device, nil
}

// Present implements link.Opener.
func (o *opener) Present(device string) error {
	now, err := o.find()
	if err != nil {
		return err
	}
	if now != device {
		return fmt.Errorf("%w: the scanner moved from %s to %s", scanner.ErrNotFound, device, now)
	}
	return nil
}

// explain says what a person can do about a port that does not open.
func explain(device string, err error) error {
	var pe *serial.PortError
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.As(err, &pe) && pe.Code() == serial.PortNotFound:
		return fmt.Errorf("%w: %s", scanner.ErrNotFound, device)
	case errors.As(err, &pe) && pe.Code() == serial.PermissionDenied:
		return fmt.Errorf("%s: permission denied; give the agent's user the group that owns the port (dialout on most systems)", device)
	case errors.As(err, &pe) && pe.Code() == serial.PortBusy:
		return fmt.Errorf("%s: another program uses the port; stop it, or take the port out of its settings", device)
	}
	return fmt.Errorf("%s: %w", device, err)
}
