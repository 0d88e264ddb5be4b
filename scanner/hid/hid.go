package hid

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dockfill/scanner"
)

// The names of ports that are ours.
const (
	posScheme   = "hid:"
	wedgeScheme = "evdev:"
)

// Names reports whether a port's name is one for New.
func Names(port string) bool {
	return strings.HasPrefix(port, posScheme) || strings.HasPrefix(port, wedgeScheme)
}

// Device is what is known about an input device without opening it.
type Device struct {
	// Path is the system's name, such as /dev/hidraw0; empty on Windows.
	Path string
	// VID and PID are four hexadecimal digits in capitals.
	VID, PID string
	// Serial is the device's serial number, Product its name; often empty.
	Serial, Product string
	// Wedge says that it types as a keyboard; else it is a HID POS scanner.
	Wedge bool
}

// Stable is the name to configure; it keeps its meaning over a replug.
func (d Device) Stable() string {
	name := posScheme
	if d.Wedge {
		name = wedgeScheme
	}
	name += d.VID + ":" + d.PID
	if d.Serial != "" {
		name += ":" + d.Serial
	}
	return name
}

// makers are the vendor ids of those who make scanners. Source: usb.ids; sure.
// Scanners behind another's chip are not among them.
var makers = map[string]string{
	"05E0": "Zebra (Symbol)", "0C2E": "Honeywell (Metrologic)", "0536": "Honeywell (Hand Held)", "067E": "Honeywell (Intermec)",
	"05F9": "Datalogic (PSC)", "080C": "Datalogic", "065A": "Opticon", "1EAB": "Newland", "27DD": "Mindeo", "076D": "Denso",
}

// Maker is the device's maker where its vendor id is one of a scanner maker, or "".
func (d Device) Maker() string { return makers[d.VID] }

// WedgeError says that a scanner is set to type as a keyboard where it cannot be
// used so. The setup barcode that leads out of that mode is its maker's.
type WedgeError struct {
	Device Device
	// Why it cannot be used as a keyboard here.
	Why string
}

func (e *WedgeError) Error() string {
	name := "the scanner " + e.Device.VID + ":" + e.Device.PID
	if m := e.Device.Maker(); m != "" {
		name += " of " + m
	}
	return name + " is in keyboard mode: " + e.Why +
		"; scan its maker's setup barcode for serial (COM) mode, then choose its port anew with `dockfill-agent ports`"
}

// name is a port's name taken apart.
type name struct {
	wedge            bool
	vid, pid, serial string
}

var nameForm = regexp.MustCompile(`^(hid|evdev):([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?$`)

func parseName(port string) (name, error) {
	m := nameForm.FindStringSubmatch(port)
	if m == nil {
		scheme, _, _ := strings.Cut(port, ":")
		return name{}, fmt.Errorf("port %q is not %s:VID:PID or %s:VID:PID:SERIAL with four hexadecimal digits each; `dockfill-agent ports` lists names to use",
			port, scheme, scheme)
	}
	return name{wedge: m[1] == "evdev", vid: strings.ToUpper(m[2]), pid: strings.ToUpper(m[3]), serial: m[4]}, nil
}

func (n name) fits(d Device) bool {
	return d.VID == n.vid && d.PID == n.pid && (n.serial == "" || n.serial == d.Serial)
}

// among picks the one device that fits. Two that fit are refused: either could be
// the other station's. A scanner that is there in the other mode is named.
func (n name) among(devices []Device) (Device, error) {
	fit := slices.DeleteFunc(slices.Clone(devices), func(d Device) bool { return !n.fits(d) })
	right := slices.DeleteFunc(slices.Clone(fit), func(d Device) bool { return d.Wedge != n.wedge })
	switch {
	case len(right) == 1:
		return right[0], nil
	case len(right) > 1:
		return Device{}, fmt.Errorf("%w: %s and %s are both USB device %s:%s; %s",
			scanner.ErrUnstableName, right[0].Path, right[1].Path, n.vid, n.pid, toldApart(right[0], right[1]))
	case len(fit) > 0 && !n.wedge:
		return Device{}, &WedgeError{Device: fit[0], Why: "a port " + posScheme + " is for HID POS mode; as a keyboard its name is " + fit[0].Stable()}
	case len(fit) > 0:
		return Device{}, fmt.Errorf("%w: the scanner is in HID POS mode; its name is %s", scanner.ErrNotFound, fit[0].Stable())
	}
	return Device{}, fmt.Errorf("%w: no USB input device %s:%s %s", scanner.ErrNotFound, n.vid, n.pid, n.serial)
}

// toldApart says how to name one of two devices of a kind.
func toldApart(a, b Device) string {
	if a.Stable() == b.Stable() {
		return "they have no serial numbers to tell them apart, so set one of them to serial (COM) mode"
	}
	return "name one by its serial number: " + a.Stable() + ", " + b.Stable()
}
