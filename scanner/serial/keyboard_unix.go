//go:build !windows

package serial

import (
	"fmt"
	"path/filepath"
	"strings"

	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// typist is a USB device that is plugged in as a keyboard.
type typist struct{ vid, pid, serial, product string }

// typists reads them from the kernel's table of USB devices.
func (s sysfs) typists() (all []typist) {
	// An interface of class 3 (HID) and protocol 1 is a keyboard.
	interfaces, _ := filepath.Glob(filepath.Join(s.usb, "*", "bInterfaceProtocol"))
	for _, i := range interfaces {
		dir := filepath.Dir(i)
		if readLine(i) != "01" || readLine(filepath.Join(dir, "bInterfaceClass")) != "03" {
			continue
		}
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			continue
		}
		device := usbDir(real)
		all = append(all, typist{
			vid: strings.ToUpper(readLine(filepath.Join(device, "idVendor"))), pid: strings.ToUpper(readLine(filepath.Join(device, "idProduct"))),
			serial: readLine(filepath.Join(device, "serial")), product: readLine(filepath.Join(device, "product")),
		})
	}
	return all
}

// is tells whether the keyboard is the device that a port's name means. The
// product id says nothing, as it changes with the mode.
func (t typist) is(name string) bool {
	if want, err := parseUSB(name); err == nil {
		return t.vid == want.vid && (want.serial == "" || t.serial == want.serial)
	}
	base := filepath.Base(name)
	return len(t.serial) >= 4 && strings.Contains(base, t.serial) ||
		len(t.product) >= 4 && strings.Contains(base, strings.ReplaceAll(t.product, " ", "_"))
}

// typing says that the scanner which a name means is there and types.
func (s sysfs) typing(name string) error {
	for _, t := range s.typists() {
		if t.is(name) {
			return fmt.Errorf("%w: %s (%s:%s) is plugged in as a keyboard, and what it types goes to whatever window is open; %s",
				scanner.ErrKeyboard, orScanner(t.product), t.vid, t.pid, leave(t.vid, t.pid))
		}
	}
	return nil
}

func orScanner(product string) string {
	if product == "" {
		return "the scanner"
	}
	return product
}

// leave says which setup barcode makes a serial port of the keyboard again.
func leave(vid, pid string) string {
	for _, may := range profile.Suggest(vid, pid) {
		p, err := profile.Set{}.Find(may.Profile)
		if err != nil {
			continue
		}
		for _, s := range p.Setup {
			if s.Purpose == "leave-keyboard" {
				return "scan the setup barcode that leaves this mode: " + s.Words
			}
		}
	}
	return "scan the setup barcode of its guide that makes it a USB serial port (\"USB CDC\", \"COM port emulation\", \"virtual COM\")"
}

// missing says why a name leads to no port.
func missing(name string) error {
	if err := system.typing(name); err != nil {
		return err
	}
	return fmt.Errorf("%w (%s)", scanner.ErrNotFound, name)
}
