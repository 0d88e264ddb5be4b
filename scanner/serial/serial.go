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
//	bt:00:11:22:33:44:55        the serial port bound to a Bluetooth device (Linux)
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

	"dockfill/allocation"
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
	c, err := profile.Complete(c)
	if err != nil {
		return nil, err
	}
	o, err := openerOf(c)
	if err != nil {
		return nil, fmt.Errorf("station %s: %w", c.Station, err)
	}
	codec, err := profile.New(c)
	if err != nil {
		return nil, err
	}
	return link.New(c, o, codec), nil
}

func openerOf(c scanner.Config) (link.Opener, error) {
	if address, ok := strings.CutPrefix(c.Port, "tcp://"); ok {
		return newServer(address)
	}
	find, err := finder(c.Port, c.Unstable)
	if err != nil {
		return nil, err
	}
	return &opener{station: c.Station, find: find, mode: modeOf(c), repeats: c.Profile == scanner.SSI}, nil
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
	if strings.HasPrefix(name, "bt:") {
		if !btForm.MatchString(name) {
			return nil, fmt.Errorf("port %q is not bt: and a Bluetooth address such as bt:00:11:22:33:44:55", name)
		}
		return func() (string, error) {
			ports, err := List()
			if err != nil {
				return "", err
			}
			return paired(name, ports)
		}, nil
	}
	return pathFinder(name, unstable)
}

// opener opens a serial port by its name.
type opener struct {
	station allocation.StationID
	find    func() (string, error)
	mode    *serial.Mode
	repeats bool // the device sends again what was not acknowledged
}

// Open implements link.Opener. What the device sent while nobody listened goes
// into quarantine, as nobody was told that it was received; from a device that
// repeats it is only told of, as it will come again.
func (o *opener) Open(context.Context) (link.Port, string, error) {
	device, err := o.find()
	if err != nil {
		return nil, "", err
	}
	if err := checkDescriptors(); err != nil {
		return nil, "", err
	}
	if err := shared(device); err != nil {
		return nil, "", err
	}
	if err := open.take(device, o.station); err != nil {
		return nil, "", err
	}
	p, err := serial.Open(device, o.mode)
	if err != nil {
		open.free(device, o.station)
		return nil, "", explain(device, err)
	}
	l := &line{Port: p, old: leftover(p), free: func() { open.free(device, o.station) }}
	if o.repeats {
		err = p.ResetInputBuffer()
	}
	if err := errors.Join(p.SetReadTimeout(readTimeout), err); err != nil {
		return nil, "", errors.Join(explain(device, err), l.Close())
	}
	return l, device, nil
}

// line is an open port and what lay in it.
type line struct {
	serial.Port
	old  []byte
	free func() // lets another station open the device
}

// Read implements link.Port.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Port.Read(p)
	return n, gone(err)
}

// Write implements link.Port.
func (l *line) Write(p []byte) (int, error) {
	n, err := l.Port.Write(p)
	return n, gone(err)
}

// gone says what the library means by a port that was closed, though nobody here
// closed it, and the system by an error of an unplugged device.
func gone(err error) error {
	var pe *serial.PortError
	if errors.As(err, &pe) && pe.Code() == serial.PortClosed || vanished(err) {
		return scanner.ErrGone
	}
	return err
}

// Close implements link.Port. The device is free even where the system keeps a dead
// port for ever.
func (l *line) Close() error {
	l.free()
	return l.Port.Close()
}

// Discard implements link.Discarder.
func (l *line) Discard() error { return l.ResetOutputBuffer() }

// Leftover implements link.Leftover.
func (l *line) Leftover() []byte { return l.old }

// leftoverWait is how long the system gets to hand over what it holds.
const leftoverWait = 5 * time.Millisecond

// leftover reads what lies in a port that was opened just now, up to two frames
// of the longest kind. What is more is read later, on the heels of it.
func leftover(p serial.Port) (old []byte) {
	if p.SetReadTimeout(leftoverWait) != nil {
		return nil
	}
	buf := make([]byte, 2*scanner.MaxScan)
	for len(old) < len(buf) {
		n, err := p.Read(buf[len(old):])
		if n == 0 || err != nil {
			break
		}
		old = buf[:len(old)+n]
	}
	return old
}

// Present implements link.Opener.
func (o *opener) Present(device string) error {
	now, err := o.find()
	if err != nil {
		return err
	}
	if now != device {
		return fmt.Errorf("%w (it moved from %s to %s)", scanner.ErrNotFound, device, now)
	}
	return nil
}

// explain says what a person can do about a port that does not open.
func explain(device string, err error) error {
	var pe *serial.PortError
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.As(err, &pe) && pe.Code() == serial.PortNotFound:
		return fmt.Errorf("%w (%s)", scanner.ErrNotFound, device)
	case errors.As(err, &pe) && pe.Code() == serial.PermissionDenied:
		return forbidden(device)
	case errors.As(err, &pe) && pe.Code() == serial.PortBusy:
		return held(device)
	}
	return fmt.Errorf("%s: %w", device, err)
}
