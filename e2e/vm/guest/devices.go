//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Requests to /dev/uhid. Source: linux/uhid.h.
const (
	uhidDestroy = 1
	uhidCreate2 = 11
	uhidInput2  = 12
)

// hidDevice is a HID device of ours, as the kernel's user space driver makes it.
type hidDevice struct{ f *os.File }

type create2 struct {
	Kind                              uint32
	Name                              [128]byte
	Phys, Uniq                        [64]byte
	Size, Bus                         uint16
	Vendor, Product, Version, Country uint32
	Descriptor                        [4096]byte
}

// recorded reads a report descriptor.
func recorded(descriptor string) ([]byte, error) {
	text, err := os.ReadFile("/descriptors/" + descriptor)
	if err != nil {
		return nil, err
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	return hex.DecodeString(digits.String())
}

func plugHID(descriptor string, vid, pid uint32, serial string) (*hidDevice, error) {
	raw, err := recorded(descriptor)
	if err != nil {
		return nil, err
	}
	c := create2{Kind: uhidCreate2, Size: uint16(len(raw)), Bus: 3, Vendor: vid, Product: pid}
	copy(c.Name[:], "Pretend Scanner")
	copy(c.Uniq[:], serial)
	copy(c.Descriptor[:], raw)
	f, err := os.OpenFile("/dev/uhid", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	go func() { _, _ = io.Copy(io.Discard, f) }() // what the kernel asks of the device
	d := &hidDevice{f}
	return d, d.tell(&c)
}

func (d *hidDevice) tell(what any) error {
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, what); err != nil {
		return err
	}
	_, err := d.f.Write(b.Bytes())
	return err
}

// send sends an input report.
func (d *hidDevice) send(report []byte) error {
	b := binary.LittleEndian.AppendUint32(nil, uhidInput2)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(report)))
	_, err := d.f.Write(append(b, report...))
	return err
}

func (d *hidDevice) unplug() error {
	if err := d.tell(uint32(uhidDestroy)); err != nil {
		return err
	}
	return d.f.Close()
}

// scan sends text as a Honeywell does, in as many reports as it takes.
func (d *hidDevice) scan(symbology, text string) error {
	for {
		n := min(len(text), 56)
		report := append([]byte{2, byte(n)}, symbology+text[:n]...)
		report = append(report, make([]byte, 64-len(report))...)
		text = text[n:]
		if len(text) > 0 {
			report[63] = 1
		}
		if err := d.send(report); err != nil || len(text) == 0 {
			return err
		}
	}
}

// Requests to /dev/uinput and events. Sources: linux/uinput.h, linux/input.h.
const (
	uiSetEventBit = 0x40045564
	uiSetKeyBit   = 0x40045565
	uiCreate      = 0x5501
	uiDestroy     = 0x5502
	eviocgrab     = 0x40044590
	evKey         = 1
)

// keyboard is an input device of ours.
type keyboard struct{ f *os.File }

// userDevice names a keyboard, in the form that is written.
type userDevice struct {
	Name                          [80]byte
	Bus, Vendor, Product, Version uint16
	Effects                       uint32
	Axes                          [4 * 64]int32
}

func plugKeyboard(vid, pid uint16) (*keyboard, error) {
	f, err := os.OpenFile("/dev/uinput", os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	if err := unix.IoctlSetInt(fd, uiSetEventBit, evKey); err != nil {
		return nil, err
	}
	for code := 1; code < 128; code++ {
		if err := unix.IoctlSetInt(fd, uiSetKeyBit, code); err != nil {
			return nil, err
		}
	}
	u := userDevice{Bus: 3, Vendor: vid, Product: pid}
	copy(u.Name[:], "Pretend Wedge")
	if err := binary.Write(f, binary.LittleEndian, &u); err != nil {
		return nil, err
	}
	return &keyboard{f}, unix.IoctlSetInt(fd, uiCreate, 0)
}

// key sends one key event with the end of its packet.
func (k *keyboard) key(code uint16, value int32) error {
	var b bytes.Buffer
	for _, e := range []struct {
		Time       [2]int64
		Kind, Code uint16
		Value      int32
	}{{Kind: evKey, Code: code, Value: value}, {}} {
		if err := binary.Write(&b, binary.LittleEndian, e); err != nil {
			return err
		}
	}
	_, err := k.f.Write(b.Bytes())
	return err
}

// hit presses the keys in order and lets them go the other way round, at the pace
// of a scanner.
func (k *keyboard) hit(codes ...uint16) error {
	for i := range 2 * len(codes) {
		code, value := codes[min(i, 2*len(codes)-1-i)], int32(1)
		if i >= len(codes) {
			value = 0
		}
		if err := k.key(code, value); err != nil {
			return err
		}
		time.Sleep(4 * time.Millisecond)
	}
	return nil
}

func (k *keyboard) unplug() error {
	if err := unix.IoctlSetInt(int(k.f.Fd()), uiDestroy, 0); err != nil {
		return err
	}
	return k.f.Close()
}

// hold takes a keyboard for this process alone and stays: another program.
func hold(path string) {
	f, err := os.Open(path)
	if err == nil {
		err = unix.IoctlSetInt(int(f.Fd()), eviocgrab, 1)
	}
	if err != nil {
		fmt.Println("cannot hold", path, err)
		os.Exit(1)
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, f)
}
