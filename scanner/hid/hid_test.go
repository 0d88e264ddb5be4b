package hid

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

func TestNamesAreToldFromOthers(t *testing.T) {
	for _, port := range []string{"hid:0C2E:0B62", "evdev:05e0:1200:S3R:1", "hid:nonsense"} {
		assert.True(t, Names(port), port)
	}
	for _, port := range []string{"usb:0C2E:0B62", "/dev/hidraw0", "COM3", "tcp://hid:4001", ""} {
		assert.False(t, Names(port), port)
	}
}

func TestBadNamesAreRefused(t *testing.T) {
	for _, port := range []string{"hid:", "hid:C2E:0B62", "evdev:05E0", "hid:0C2E:0B62:"} {
		_, err := New(scanner.Config{Station: "1", Port: port})
		assert.ErrorContains(t, err, "with four hexadecimal digits each", port)
	}
}

func TestNameLeadsToOneDeviceOrSaysWhyNot(t *testing.T) {
	honeywell := Device{Path: "/dev/hidraw0", VID: "0C2E", PID: "0B62", Serial: "A1"}
	second := Device{Path: "/dev/hidraw1", VID: "0C2E", PID: "0B62", Serial: "B2"}
	zebra := Device{Path: "/dev/input/event3", VID: "05E0", PID: "1200", Wedge: true}
	all := []Device{honeywell, second, zebra}
	for port, want := range map[string]Device{"hid:0c2e:0b62:B2": second, "evdev:05E0:1200": zebra} {
		n, err := parseName(port)
		require.NoError(t, err)
		got, err := n.among(all)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.True(t, Names(got.Stable()))
		again, err := parseName(got.Stable())
		require.NoError(t, err)
		assert.True(t, again.fits(got))
	}
	fails := func(port string) error {
		n, err := parseName(port)
		require.NoError(t, err)
		_, err = n.among(all)
		return err
	}
	err := fails("hid:0C2E:0B62")
	assert.ErrorIs(t, err, scanner.ErrUnstableName)
	assert.ErrorContains(t, err, "hid:0C2E:0B62:A1, hid:0C2E:0B62:B2")
	all = append(all, zebra)
	assert.ErrorContains(t, fails("evdev:05E0:1200"), "no serial numbers to tell them apart, so set one of them to serial (COM) mode")
	all = all[:3]
	assert.ErrorIs(t, fails("hid:1EAB:0D10"), scanner.ErrNotFound)

	var wedge *WedgeError
	require.ErrorAs(t, fails("hid:05E0:1200"), &wedge)
	assert.Equal(t, zebra, wedge.Device)
	assert.EqualError(t, wedge, "the scanner 05E0:1200 of Zebra (Symbol) is in keyboard mode: a port hid: is for HID POS mode; as a keyboard its name is evdev:05E0:1200"+
		"; scan its maker's setup barcode for serial (COM) mode, then choose its port anew with `dockfill-agent ports`")
	assert.ErrorContains(t, fails("evdev:0C2E:0B62:A1"), "is in HID POS mode; its name is hid:0C2E:0B62:A1")
}

func TestWindowsInstanceTellsAScannerFromAKeyboard(t *testing.T) {
	d, ok := wedgeOf(`HID\VID_05E0&PID_1200&MI_00\7&2a1b3c4d&0&0000`)
	assert.True(t, ok)
	assert.Equal(t, Device{VID: "05E0", PID: "1200", Wedge: true}, d)
	for _, instance := range []string{`HID\VID_046D&PID_C31C&MI_00\7&1`, `ACPI\PNP0303\4&1`, ``} {
		_, ok := wedgeOf(instance)
		assert.False(t, ok, instance)
	}
}
