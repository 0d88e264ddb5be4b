//go:build linux

package serial

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

// fakeSystem builds the kernel's tables for a Zebra scanner (a CDC device), two
// equal bridge cables without serial numbers, a fitted and an unfitted UART, and
// a virtual console.
func fakeSystem(t *testing.T) sysfs {
	root := t.TempDir()
	s := sysfs{class: filepath.Join(root, "sys/class/tty"), byID: filepath.Join(root, "dev/serial/by-id"), dev: filepath.Join(root, "dev")}
	put := func(path, content string) {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content+"\n"), 0o644))
	}
	link := func(path, to string) {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.Symlink(filepath.Join(root, to), path))
	}
	put("sys/devices/usb1/1-1/idVendor", "05e0")
	put("sys/devices/usb1/1-1/idProduct", "1701")
	put("sys/devices/usb1/1-1/serial", "S21042523021234")
	put("sys/devices/usb1/1-1/product", "Symbol Bar Code Scanner")
	put("sys/devices/usb1/1-1/1-1:1.0/bInterfaceClass", "02")
	link("sys/class/tty/ttyACM0/device", "sys/devices/usb1/1-1/1-1:1.0")
	for _, n := range []string{"2", "3"} {
		put("sys/devices/usb1/1-"+n+"/idVendor", "067b")
		put("sys/devices/usb1/1-"+n+"/idProduct", "2303")
		put("sys/devices/usb1/1-"+n+"/1-"+n+":1.0/ttyUSB"+n+"/port_number", "0")
		link("sys/class/tty/ttyUSB"+n+"/device", "sys/devices/usb1/1-"+n+"/1-"+n+":1.0/ttyUSB"+n)
	}
	put("sys/devices/pnp0/00:04/id", "PNP0501")
	link("sys/class/tty/ttyS0/device", "sys/devices/pnp0/00:04")
	put("sys/class/tty/ttyS0/type", "4")
	link("sys/class/tty/ttyS1/device", "sys/devices/pnp0/00:04")
	put("sys/class/tty/ttyS1/type", "0")
	put("sys/class/tty/tty1/dev", "4:1")
	put("dev/ttyACM0", "")
	put("dev/ttyUSB2", "")
	link("dev/serial/by-id/usb-Symbol_Scanner-if00", "dev/ttyACM0")
	return s
}

func TestPortsAreListedWithTheNameToConfigure(t *testing.T) {
	s := fakeSystem(t)
	ports, err := s.list()
	require.NoError(t, err)
	assert.Equal(t, []Port{
		{Path: s.dev + "/ttyACM0", Stable: s.byID + "/usb-Symbol_Scanner-if00", VID: "05E0", PID: "1701", Serial: "S21042523021234", Product: "Symbol Bar Code Scanner"},
		{Path: s.dev + "/ttyS0", Stable: s.dev + "/ttyS0"},
		{Path: s.dev + "/ttyUSB2", Stable: "usb:067B:2303", VID: "067B", PID: "2303"},
		{Path: s.dev + "/ttyUSB3", Stable: "usb:067B:2303", VID: "067B", PID: "2303"},
	}, ports)
}

func TestUSBDeviceIsFoundByItsNumbers(t *testing.T) {
	s := fakeSystem(t)
	ports, err := s.list()
	require.NoError(t, err)
	find := func(name string) (string, error) {
		u, err := parseUSB(name)
		require.NoError(t, err)
		return u.among(ports)
	}
	for _, name := range []string{"usb:05e0:1701", "usb:05E0:1701:S21042523021234"} {
		path, err := find(name)
		require.NoError(t, err)
		assert.Equal(t, s.dev+"/ttyACM0", path)
	}
	_, err = find("usb:05E0:1701:OTHER")
	assert.ErrorIs(t, err, scanner.ErrNotFound)
	_, err = find("usb:067B:2303")
	assert.ErrorIs(t, err, scanner.ErrUnstableName)
	assert.ErrorContains(t, err, "ttyUSB2")
	assert.ErrorContains(t, err, "ttyUSB3")
}

func TestUnstableNameIsRefusedWithTheLinkToUse(t *testing.T) {
	s := fakeSystem(t)
	assert.Contains(t, s.advice(s.dev+"/ttyACM0"), "use "+s.byID+"/usb-Symbol_Scanner-if00")
	for _, name := range []string{"/dev/ttyUSB0", "/dev/ttyACM12", "/dev/pts/4", "/dev/../dev/rfcomm0"} {
		_, err := New(scanner.Config{Station: "1", Port: name})
		assert.ErrorIs(t, err, scanner.ErrUnstableName, name)
		assert.ErrorContains(t, err, "unstable = true", name)
		_, err = New(scanner.Config{Station: "1", Port: name, Unstable: true})
		assert.NoError(t, err, name)
	}
	for _, name := range []string{"/dev/ttyS0", "/dev/serial/by-id/usb-x", "/srv/link", "usb:05E0:1701", "tcp://host:4001"} {
		_, err := New(scanner.Config{Station: "1", Port: name})
		assert.NoError(t, err, name)
	}
}

func TestNameThatIsNoneIsRefused(t *testing.T) {
	for name, want := range map[string]string{
		"ttyUSB0": "no absolute path", "usb:5E0:1701": "four hexadecimal digits", "tcp://host": "not tcp://host:port",
		"COM3": "no absolute path", "": "port is missing",
	} {
		_, err := New(scanner.Config{Station: "1", Port: name})
		assert.ErrorContains(t, err, want, name)
	}
}

func TestListOfThisMachineNeedsNoPort(t *testing.T) {
	_, err := List()
	assert.NoError(t, err)
}
