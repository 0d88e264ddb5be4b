package hid

import (
	"regexp"
	"strings"
)

var instanceForm = regexp.MustCompile(`(?i)^HID\\VID_([0-9A-F]{4})&PID_([0-9A-F]{4})`)

// wedgeOf reads an instance id of a Windows keyboard, such as
// HID\VID_05E0&PID_1200&MI_00\7&2A1B..., and tells whether a scanner maker's. The
// id holds no serial number.
func wedgeOf(instance string) (Device, bool) {
	m := instanceForm.FindStringSubmatch(instance)
	if m == nil {
		return Device{}, false
	}
	d := Device{VID: strings.ToUpper(m[1]), PID: strings.ToUpper(m[2]), Wedge: true}
	return d, d.Maker() != ""
}
