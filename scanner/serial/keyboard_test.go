//go:build linux

package serial

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
	"dockfill/scanner/scannertest"
)

// usbTable is the kernel's table of USB devices with one scanner in it, which shows
// itself as a setup barcode bids it.
type usbTable struct {
	t    *testing.T
	root string
	*cable
}

func newUSBTable(t *testing.T) *usbTable {
	u := &usbTable{t: t, root: t.TempDir(), cable: newCable(t)}
	known := system
	system = sysfs{
		class: filepath.Join(u.root, "class/tty"), byID: filepath.Join(u.root, "by-id"),
		dev: filepath.Join(u.root, "dev"), usb: filepath.Join(u.root, "bus/usb/devices"),
	}
	t.Cleanup(func() { system = known })
	return u
}

func (u *usbTable) put(path, content string) {
	path = filepath.Join(u.root, path)
	require.NoError(u.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(u.t, os.WriteFile(path, []byte(content+"\n"), 0o644))
}

func (u *usbTable) link(path, to string) {
	path = filepath.Join(u.root, path)
	require.NoError(u.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(u.t, os.Symlink(to, path))
}

// device enumerates the scanner anew, with a product id of that mode.
func (u *usbTable) device(pid, class, protocol string) {
	for _, gone := range []string{"class", "bus", "dev", "devices"} {
		require.NoError(u.t, os.RemoveAll(filepath.Join(u.root, gone)))
	}
	u.put("devices/1-1/idVendor", "05e0")
	u.put("devices/1-1/idProduct", pid)
	u.put("devices/1-1/serial", "S2104")
	u.put("devices/1-1/product", "Symbol Bar Code Scanner")
	u.put("devices/1-1/1-1:1.0/bInterfaceClass", class)
	u.put("devices/1-1/1-1:1.0/bInterfaceProtocol", protocol)
	u.link("bus/usb/devices/1-1:1.0", filepath.Join(u.root, "devices/1-1/1-1:1.0"))
}

// speaks is the scanner as a serial port, behind which the cable lies.
func (u *usbTable) speaks() {
	u.device("1701", "02", "01")
	u.link("dev/ttyACM0", u.slave.Name())
	u.link("class/tty/ttyACM0/device", filepath.Join(u.root, "devices/1-1/1-1:1.0"))
}

// types is the same scanner as a keyboard.
func (u *usbTable) types() { u.device("1200", "03", "01") }

// Somebody scans the card for keyboard mode: the port goes, and in its place comes a
// keyboard of the same maker and number. The station says so, with the way back, and
// goes on by itself once the card for the serial mode was scanned.
func TestAScannerThatTurnsIntoAKeyboardIsNamedUntilItTurnsBack(t *testing.T) {
	for _, port := range []string{"usb:05E0:1701", "usb:05E0:1701:S2104"} {
		t.Run(port, func(t *testing.T) {
			u := newUSBTable(t)
			u.speaks()
			s, out := start(t, scanner.Config{Port: port, Terminator: scanner.CR})
			connected(t, s)
			u.send("4006381333931\r")
			require.NoError(t, scannertest.Take(t, out).Fault)

			u.types()
			u.unplug()
			require.Eventually(t, func() bool { return errors.Is(s.Status().LastError, scanner.ErrKeyboard) }, patience, 5*time.Millisecond, "%v", s.Status().LastError)
			why := s.Status().LastError
			assert.ErrorContains(t, why, "Symbol Bar Code Scanner (05E0:1200) is plugged in as a keyboard, and what it types goes to whatever window is open")
			assert.ErrorContains(t, why, "scan the setup barcode that leaves this mode: USB Device Type: SSI over USB CDC")

			u.plug()
			u.speaks()
			connected(t, s)
			u.send("4006381333931\r")
			require.NoError(t, scannertest.Take(t, out).Fault)
			assert.NoError(t, s.Status().LastError)
		})
	}
}

// Every maker whose number is known has a way back in its own words.
func TestEveryMakersKeyboardHasAWayBack(t *testing.T) {
	for _, vid := range []string{"05E0", "0C2E", "0536", "05F9", "080C", "065A", "1EAB", "27DD", "067E", "076D"} {
		assert.Contains(t, leave(vid, "0001"), "scan the setup barcode that leaves this mode: ", vid)
	}
	assert.Contains(t, leave("1234", "0001"), "USB CDC", "of another maker the usual words")
}
