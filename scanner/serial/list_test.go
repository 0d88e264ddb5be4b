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
// equal bridge cables without serial numbers, a fitted and an unfitted UART, a
// virtual console, a Bluetooth scanner, and a Honeywell scanner in keyboard mode.
func fakeSystem(t *testing.T) sysfs {
	root := t.TempDir()
	s := sysfs{
		class: filepath.Join(root, "sys/class/tty"), byID: filepath.Join(root, "dev/serial/by-id"), dev: filepath.Join(root, "dev"),
		usb: filepath.Join(root, "sys/bus/usb/devices"),
	}
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
	put("sys/class/tty/rfcomm0/address", "00:1b:dc:0f:7a:33")
	put("sys/class/tty/rfcomm0/channel", "1")
	put("sys/devices/usb1/1-4/idVendor", "0c2e")
	put("sys/devices/usb1/1-4/idProduct", "0b81")
	put("sys/devices/usb1/1-4/serial", "17234B0F12")
	put("sys/devices/usb1/1-4/product", "Voyager 1452g")
	put("sys/devices/usb1/1-4/1-4:1.0/bInterfaceClass", "03")
	put("sys/devices/usb1/1-4/1-4:1.0/bInterfaceProtocol", "01")
	link("sys/bus/usb/devices/1-4:1.0", "sys/devices/usb1/1-4/1-4:1.0")
	put("sys/devices/usb1/1-1/1-1:1.0/bInterfaceProtocol", "01")
	link("sys/bus/usb/devices/1-1:1.0", "sys/devices/usb1/1-1/1-1:1.0")
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
		{Path: s.dev + "/rfcomm0", Stable: "bt:00:1B:DC:0F:7A:33", Product: "Bluetooth serial port"},
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

func TestBluetoothScannerIsFoundByItsAddress(t *testing.T) {
	s := fakeSystem(t)
	ports, err := s.list()
	require.NoError(t, err)
	path, err := paired("bt:00:1b:DC:0f:7a:33", ports)
	require.NoError(t, err)
	assert.Equal(t, s.dev+"/rfcomm0", path)
	_, err = paired("bt:00:1B:DC:0F:7A:34", ports)
	assert.ErrorIs(t, err, scanner.ErrNotFound)
	assert.ErrorContains(t, err, "rfcomm bind 0 00:1B:DC:0F:7A:34")
	_, err = New(scanner.Config{Station: "1", Port: "bt:00:1B"})
	assert.ErrorContains(t, err, "a Bluetooth address such as")
}

// The scanner is there, and types into whatever window is open.
func TestScannerInKeyboardModeIsNamedWithTheWayOut(t *testing.T) {
	s := fakeSystem(t)
	for _, name := range []string{
		"usb:0C2E:0B8A", "usb:0C2E:0B8A:17234B0F12", "/dev/serial/by-id/usb-Honeywell_Voyager_1452g_17234B0F12-if00",
		"/dev/serial/by-id/usb-Metrologic_Voyager_1452g-if00",
	} {
		err := s.typing(name)
		assert.ErrorIs(t, err, scanner.ErrKeyboard, name)
		assert.ErrorContains(t, err, "Voyager 1452g (0C2E:0B81) is plugged in as a keyboard", name)
		assert.ErrorContains(t, err, "scan the setup barcode", name)
	}
	for _, name := range []string{"usb:0C2E:0B8A:OTHER", "usb:05E0:1701", "/dev/serial/by-id/usb-Symbol_Scanner-if00"} {
		assert.NoError(t, s.typing(name), name)
	}
}

func TestAPortThatIsNotThereSaysWhatToDo(t *testing.T) {
	assert.EqualError(t, missing("/dev/serial/by-id/usb-none"),
		"scanner not found: plug it in, or run `dockfill-agent ports` and correct `port` (/dev/serial/by-id/usb-none)")
}

func TestListOfThisMachineNeedsNoPort(t *testing.T) {
	_, err := List()
	assert.NoError(t, err)
}
