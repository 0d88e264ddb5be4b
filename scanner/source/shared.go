package source

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/hid"
	"dockfill/scanner/serial"
)

// plugged is a port that is there, and the USB device that it is a part of.
type plugged struct {
	stable, path         string
	vid, serial, product string
}

// Shared tells in a sentence of each two stations whose ports belong to one device, by
// its USB vendor id and serial number, and that are not each other's twin: one scan
// may come over both. Nothing is opened; a device that is not plugged in is known by
// its port's name alone. What Same refuses is not told again.
func Shared(stations []scanner.Config) []string { return shared(stations, present()) }

// Same tells in a sentence of each two stations whose ports lead to one and the same
// device now, whatever their names: each would get a part of every scan. That cannot
// be meant, not of twins either.
func Same(stations []scanner.Config) []string { return same(stations, present()) }

func same(stations []scanner.Config, there []plugged) (sentences []string) {
	for i, b := range stations {
		for _, a := range stations[:i] {
			if x := leads(a.Port, there); x != "" && x == leads(b.Port, there) {
				sentences = append(sentences, fmt.Sprintf("stations %s and %s both lead to %s, and each would get a part of every scan: give each its own, or take one out", a.Station, b.Station, x))
			}
		}
	}
	return sentences
}

// leads is the path that a port's name leads to now, "" where it leads nowhere.
func leads(port string, there []plugged) string {
	if p := behind(port, there); p.path != "" {
		return p.path
	}
	if !filepath.IsAbs(port) {
		return ""
	}
	target, _ := filepath.EvalSymlinks(port) // "" where there is none
	return target
}

func present() (all []plugged) {
	lines, _ := serial.List() // what cannot be listed gives no hint
	for _, p := range lines {
		all = append(all, plugged{p.Stable, p.Path, p.VID, p.Serial, p.Product})
	}
	inputs, _ := hid.List()
	for _, d := range inputs {
		all = append(all, plugged{d.Stable(), d.Path, d.VID, d.Serial, d.Product})
	}
	return all
}

func shared(stations []scanner.Config, there []plugged) (sentences []string) {
	for i, b := range stations {
		for _, a := range stations[:i] {
			if a.TwinOf == b.Station || b.TwinOf == a.Station || a.Port == b.Port {
				continue
			}
			if s := oneDevice(a.Station, b.Station, behind(a.Port, there), behind(b.Port, there)); s != "" {
				sentences = append(sentences, s)
			}
		}
	}
	return sentences
}

// leastSerial is how long a serial number is that tells devices apart; some makers
// give all of them a short one.
const leastSerial = 4

func oneDevice(a, b allocation.StationID, x, y plugged) string {
	if x.vid == "" || x.vid != y.vid || x.serial != y.serial || len(x.serial) < leastSerial || x.path != "" && x.path == y.path {
		return ""
	}
	return fmt.Sprintf("stations %s and %s are two ways to one device, USB %s with serial number %s: if a scan comes over both, write twin_of = %q at station %s, or it counts twice",
		a, b, x.vid, x.serial, a, b)
}

// usbName takes apart a port's name that says which USB device it is.
var usbName = regexp.MustCompile(`^(usb|hid|evdev):([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?$`)

// behind gives what is known of the device that a port's name means.
func behind(port string, there []plugged) plugged {
	target, err := filepath.EvalSymlinks(port)
	for _, p := range there {
		if p.stable == port || p.path != "" && (p.path == port || err == nil && p.path == target) {
			return p
		}
	}
	m := usbName.FindStringSubmatch(port)
	if m == nil {
		return plugged{}
	}
	named := plugged{vid: strings.ToUpper(m[2]), serial: m[4]}
	for _, p := range there {
		if strings.EqualFold(strings.TrimSuffix(p.stable, ":"+p.serial), strings.TrimSuffix(port, ":"+m[4])) && (m[4] == "" || m[4] == p.serial) {
			return p
		}
	}
	return named
}
