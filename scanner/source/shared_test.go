package source

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

// A scanner that types and speaks at once, or a base with two channels: the scan
// would count twice, and the device's own serial number tells.
func TestTwoWaysToOneDeviceAreTold(t *testing.T) {
	dir := t.TempDir()
	node, link := filepath.Join(dir, "ttyACM0"), filepath.Join(dir, "usb-Symbol_Scanner_S2104-if00")
	require.NoError(t, os.WriteFile(node, nil, 0o600))
	require.NoError(t, os.Symlink(node, link))
	there := []plugged{
		{stable: link, path: node, vid: "05E0", serial: "S2104"},
		{stable: "evdev:05E0:1200:S2104", path: "/dev/input/event7", vid: "05E0", serial: "S2104"},
		{stable: "usb:0C2E:0B8A:17234B", path: filepath.Join(dir, "ttyACM1"), vid: "0C2E", serial: "17234B"},
		{stable: "usb:1EAB:1A06", path: filepath.Join(dir, "ttyACM2"), vid: "1EAB"},
		{stable: "hid:1EAB:1A10", path: "/dev/hidraw1", vid: "1EAB"},
	}
	for _, c := range []struct {
		a, b, want string
	}{
		{link, "evdev:05e0:1200", `two ways to one device, USB 05E0 with serial number S2104: if a scan comes over both, write twin_of = "1" at station 2`},
		{link, "evdev:05E0:1200:S2104", "stations 1 and 2 are two ways to one device"},
		{"usb:0C2E:0B8A:17234B", "hid:0c2e:0b62:17234B", "USB 0C2E with serial number 17234B"},
		{"usb:05E0:1701:NOTPLUGGED", "evdev:05E0:1200:NOTPLUGGED", "serial number NOTPLUGGED"},
		{link, "usb:0C2E:0B8A:17234B", ""},
		{"usb:1EAB:1A06", "hid:1EAB:1A10", ""}, // no serial numbers: nobody knows
		{"tcp://10.0.0.7:4001", "tcp://10.0.0.7:4002", ""},
		{"usb:05E0:1701:1", "evdev:05E0:1200:1", ""}, // a number that all of them have
	} {
		stations := []scanner.Config{{Station: "1", Port: c.a}, {Station: "2", Port: c.b}}
		got := shared(stations, there)
		if c.want == "" {
			assert.Empty(t, got, "%s, %s", c.a, c.b)
			continue
		}
		require.Len(t, got, 1, "%s, %s", c.a, c.b)
		assert.Contains(t, got[0], c.want)
		stations[1].TwinOf = "1"
		assert.Empty(t, shared(stations, there), "what is declared needs no word")
	}
}

// A link of the system and one of a person's own, or a link and the device: two
// readers of one port each get a part of every scan, declared as twins or not.
func TestTwoNamesOfOneDeviceAreRefused(t *testing.T) {
	dir := t.TempDir()
	node, byID, own := filepath.Join(dir, "ttyACM0"), filepath.Join(dir, "usb-Symbol_Scanner_S2104-if00"), filepath.Join(dir, "dock1")
	require.NoError(t, os.WriteFile(node, nil, 0o600))
	require.NoError(t, os.Symlink(node, byID))
	require.NoError(t, os.Symlink(byID, own))
	there := []plugged{
		{stable: byID, path: node, vid: "05E0", serial: "S2104"},
		{stable: "usb:0C2E:0B8A:17234B", path: filepath.Join(dir, "ttyACM1"), vid: "0C2E", serial: "17234B"},
	}
	for _, c := range []struct {
		a, b  string
		there []plugged
		one   bool
	}{
		{byID, node, there, true},
		{own, byID, there, true},
		{own, byID, nil, true}, // such as a pseudo-terminal, which no table lists
		{"usb:0C2E:0B8A", "usb:0C2E:0B8A:17234B", there, true},
		{own, own, nil, true},
		{own, "usb:0C2E:0B8A", there, false},
		{filepath.Join(dir, "away1"), filepath.Join(dir, "away2"), there, false},
		{"", "", there, false},
		{"tcp://10.0.0.7:4001", "tcp://10.0.0.7:4002", nil, false},
	} {
		stations := []scanner.Config{{Station: "1", Port: c.a}, {Station: "2", Port: c.b, TwinOf: "1"}}
		got := same(stations, c.there)
		if !c.one {
			assert.Empty(t, got, "%s, %s", c.a, c.b)
			continue
		}
		require.Len(t, got, 1, "%s, %s", c.a, c.b)
		assert.Contains(t, got[0], "stations 1 and 2 both lead to "+dir)
		stations[1].TwinOf = ""
		assert.Empty(t, shared(stations, c.there), "it is told once")
	}
}
