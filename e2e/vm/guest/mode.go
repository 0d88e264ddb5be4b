//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// gadgets is where the kernel is told which USB device to pretend.
const gadgets = "/sys/kernel/config/usb_gadget"

// usbKeyboard is a scanner in keyboard mode on the bus, as the setup barcode makes it
// of one that was a serial port.
type usbKeyboard struct{ dir string }

func plugUSBKeyboard() (*usbKeyboard, error) {
	report, err := recorded("keyboard")
	if err != nil {
		return nil, err
	}
	if err := unix.Mount("configfs", "/sys/kernel/config", "configfs", 0, ""); err != nil && err != unix.EBUSY {
		return nil, fmt.Errorf("mount configfs: %w", err)
	}
	k := &usbKeyboard{filepath.Join(gadgets, "wedge")}
	for _, dir := range []string{"strings/0x409", "configs/c.1", "functions/hid.keys"} {
		if err := os.MkdirAll(filepath.Join(k.dir, dir), 0o755); err != nil {
			return nil, err
		}
	}
	for _, put := range []struct{ file, content string }{
		{"idVendor", "0x05E0"}, {"idProduct", "0x1200"}, {"strings/0x409/serialnumber", "S3R"}, {"strings/0x409/product", "Pretend"},
		{"functions/hid.keys/protocol", "1"}, {"functions/hid.keys/subclass", "1"}, {"functions/hid.keys/report_length", "8"},
		{"functions/hid.keys/report_desc", string(report)},
	} {
		if err := os.WriteFile(filepath.Join(k.dir, put.file), []byte(put.content), 0o644); err != nil {
			return nil, err
		}
	}
	if err := os.Symlink(filepath.Join(k.dir, "functions/hid.keys"), filepath.Join(k.dir, "configs/c.1/hid.keys")); err != nil {
		return nil, err
	}
	return k, os.WriteFile(filepath.Join(k.dir, "UDC"), []byte("dummy_udc.0"), 0o644)
}

func (k *usbKeyboard) unplug() error {
	if err := os.WriteFile(filepath.Join(k.dir, "UDC"), []byte("\n"), 0o644); err != nil {
		return err
	}
	for _, gone := range []string{"configs/c.1/hid.keys", "functions/hid.keys", "configs/c.1", "strings/0x409", ""} {
		if err := os.Remove(filepath.Join(k.dir, gone)); err != nil {
			return err
		}
	}
	return nil
}

// serialToKeyboard: the station says that its scanner types, with the way back, and
// goes on by itself when it has a port again.
func serialToKeyboard() (string, error) {
	far, r, err := attended()
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := unplugSerial(far); err != nil {
		return "", err
	}
	began := time.Now()
	keys, err := plugUSBKeyboard()
	if err != nil {
		return "", err
	}
	if err := r.trouble("Pretend (05E0:1200) is plugged in as a keyboard"); err != nil {
		return "", err
	}
	named := time.Since(began)
	if err := r.trouble("scan the setup barcode that leaves this mode: "); err != nil {
		return "", err
	}
	if err := keys.unplug(); err != nil {
		return "", err
	}
	far, back, err := plugAgain(r, "96385074")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("named after %v, back after %v", named.Round(time.Millisecond), back.Round(time.Millisecond)), unplugSerial(far)
}
