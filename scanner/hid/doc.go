// Package hid reads scanners that are USB or Bluetooth input devices, on Linux and
// without cgo: HID POS scanners through hidraw, and scanners that type through
// evdev. docs/scanners/hid.md tells how they are set up.
//
// A port is configured by a name that a replug does not change:
//
//	hid:0C2E:0B62          the only such HID POS scanner, by vendor and product id
//	hid:0C2E:0B62:S3CR3T   the same with its serial number
//	evdev:05E0:1200        a scanner that types, a keyboard wedge
//
// The way of a scan: a goroutine takes what the device sends as soon as it sends it
// (drain), because the kernel keeps 63 reports and then drops without a word. A
// HID POS scanner's report is taken apart as its own descriptor says (descriptor,
// report) and reports are joined to scans (pos). A keyboard's key events become
// text by the declared layout (typing, typist, keys), and text becomes scans by the
// terminators of a serial line (wedge). Devices are found in /sys without opening
// any of them (system).
//
// Neither kind takes an answer: the screen and the speaker of the station give the
// verdict alone, and the status says so.
package hid
