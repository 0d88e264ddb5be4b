//go:build !windows

package serial

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"dockfill/scanner"
)

// List gives the ports that are there, by reading the system's tables.
func List() ([]Port, error) { return system.list() }

// numbered devices get their number in the order of plugging in.
var numbered = regexp.MustCompile(`^/dev/(ttyUSB|ttyACM|rfcomm|pts/)\d+$`)

// pathFinder follows a path anew each time.
func pathFinder(path string, unstable bool) (func() (string, error), error) {
	path = filepath.Clean(path)
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("port %q is no absolute path, usb:VID:PID, bt:ADDRESS or tcp://host:port; `dockfill-agent ports` lists names to use", path)
	}
	if numbered.MatchString(path) && !unstable {
		return nil, fmt.Errorf("%w: %s can be another device after a replug; %s", scanner.ErrUnstableName, path, system.advice(path))
	}
	return func() (string, error) { return follow(path) }, nil
}

func follow(path string) (string, error) {
	device, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", missing(path)
	}
	return device, err
}

// checkDescriptors refuses to open a port whose descriptor would not fit into
// the set that the library waits on: 1024 in all, three for a port.
func checkDescriptors() error {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return fmt.Errorf("%w: %w", scanner.ErrTooManyFiles, err)
	}
	defer func() { _ = f.Close() }()
	if next := f.Fd(); next > 1000 {
		return fmt.Errorf("%w: the next file would be number %d, and ports cannot be watched above 1023; close files, or run fewer stations in one agent",
			scanner.ErrTooManyFiles, next)
	}
	return nil
}

// sysfs is where the kernel tells about ports.
type sysfs struct{ class, byID, dev, usb string }

var system = sysfs{class: "/sys/class/tty", byID: "/dev/serial/by-id", dev: "/dev", usb: "/sys/bus/usb/devices"}

// advice names the link to use in place of a path.
func (s sysfs) advice(path string) string {
	if link := s.links()[path]; link != "" {
		return "use " + link + ", or set unstable = true"
	}
	return "use a link to it, or set unstable = true"
}

// links maps devices to their links by id.
func (s sysfs) links() map[string]string {
	entries, err := os.ReadDir(s.byID)
	if err != nil {
		return nil // no USB port is plugged in
	}
	links := map[string]string{}
	for _, e := range entries {
		link := filepath.Join(s.byID, e.Name())
		if device, err := filepath.EvalSymlinks(link); err == nil {
			links[device] = link
		}
	}
	return links
}

func (s sysfs) list() ([]Port, error) {
	entries, err := os.ReadDir(s.class)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list ports: %w", err)
	}
	links := s.links()
	var ports []Port
	for _, e := range entries {
		if p, ok := s.port(e.Name()); ok {
			p.Stable = cmp.Or(p.Stable, stableName(p, links))
			ports = append(ports, p)
		}
	}
	return ports, nil
}

// port describes a terminal that has a device behind it. The kernel keeps ttyS
// entries of type 0 for ports that are not fitted.
func (s sysfs) port(name string) (Port, bool) {
	if address := readLine(filepath.Join(s.class, name, "address")); address != "" && strings.HasPrefix(name, "rfcomm") {
		return Port{Path: filepath.Join(s.dev, name), Stable: "bt:" + strings.ToUpper(address), Product: "Bluetooth serial port"}, true
	}
	device, err := filepath.EvalSymlinks(filepath.Join(s.class, name, "device"))
	if err != nil || readLine(filepath.Join(s.class, name, "type")) == "0" {
		return Port{}, false
	}
	p := Port{Path: filepath.Join(s.dev, name)}
	if dir := usbDir(device); dir != "" {
		p.VID = strings.ToUpper(readLine(filepath.Join(dir, "idVendor")))
		p.PID = strings.ToUpper(readLine(filepath.Join(dir, "idProduct")))
		p.Serial = readLine(filepath.Join(dir, "serial"))
		p.Product = readLine(filepath.Join(dir, "product"))
	}
	return p, true
}

// usbDir climbs from an interface to its USB device.
func usbDir(dir string) string {
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "idVendor")); err == nil {
			return dir
		}
	}
	return ""
}

func stableName(p Port, links map[string]string) string {
	switch {
	case links[p.Path] != "":
		return links[p.Path]
	case p.VID != "" && p.Serial != "":
		return "usb:" + p.VID + ":" + p.PID + ":" + p.Serial
	case p.VID != "":
		return "usb:" + p.VID + ":" + p.PID
	}
	return p.Path
}

func readLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
