package serial

import (
	"fmt"
	"regexp"
	"strings"

	"dockfill/scanner"
)

// Port is what is known about a port without opening it.
type Port struct {
	// Path is the system's name, such as /dev/ttyACM0 or COM3.
	Path string
	// Stable is the name to configure; it keeps its meaning over a replug.
	Stable string
	// VID and PID are four hexadecimal digits, empty where the port is not USB.
	VID, PID string
	// Serial is the device's serial number, Product its name; often empty.
	Serial, Product string
}

// usbName is a name of the form usb:VID:PID[:SERIAL].
type usbName struct{ vid, pid, serial string }

func (u usbName) String() string {
	if u.serial == "" {
		return "usb:" + u.vid + ":" + u.pid
	}
	return "usb:" + u.vid + ":" + u.pid + ":" + u.serial
}

var usbForm = regexp.MustCompile(`^usb:([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?$`)

func parseUSB(name string) (usbName, error) {
	m := usbForm.FindStringSubmatch(name)
	if m == nil {
		return usbName{}, fmt.Errorf("port %q is not usb:VID:PID or usb:VID:PID:SERIAL with four hexadecimal digits each", name)
	}
	return usbName{vid: strings.ToUpper(m[1]), pid: strings.ToUpper(m[2]), serial: m[3]}, nil
}

// btForm is a name of the form bt:00:11:22:33:44:55, a Bluetooth device's address.
var btForm = regexp.MustCompile(`^bt:[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$`)

// paired picks the serial port that the system has bound to a Bluetooth device.
func paired(name string, ports []Port) (string, error) {
	for _, p := range ports {
		if strings.EqualFold(p.Stable, name) {
			return p.Path, nil
		}
	}
	address := name[len("bt:"):]
	return "", fmt.Errorf("%w (%s: no serial port is bound to it; pair it, then `rfcomm bind 0 %s`)", scanner.ErrNotFound, name, address)
}

// among picks the one port that fits. Two that fit are refused: either could be
// the other station's.
func (u usbName) among(ports []Port) (string, error) {
	var fit []Port
	for _, p := range ports {
		if p.VID == u.vid && p.PID == u.pid && (u.serial == "" || p.Serial == u.serial) {
			fit = append(fit, p)
		}
	}
	switch len(fit) {
	case 0:
		return "", missing(u.String())
	case 1:
		return fit[0].Path, nil
	}
	return "", fmt.Errorf("%w: %s and %s are both USB device %s:%s; name one by its serial number or link: %s, %s",
		scanner.ErrUnstableName, fit[0].Path, fit[1].Path, u.vid, u.pid, fit[0].Stable, fit[1].Stable)
}
