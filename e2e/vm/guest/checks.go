//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dockfill/scanner"
	"dockfill/scanner/hid"
	"dockfill/scanner/serial"
)

type check struct {
	name string
	run  func() (figures string, err error)
}

var checks = []check{
	{"the kernel drops reports of a slow reader", kernelDrops},
	{"HID POS scanner: found, read, continued", posRead},
	{"HID POS scanner: a flood on a slow agent", posFlood},
	{"HID POS scanner: no hole without a word", posHoles},
	{"HID POS scanner: unplug and replug", posReplug},
	{"a keyboard on a hid: port is refused by name", wedgeRefused},
	{"keyboard: grabbed, typed, hidden from others", wedgeTyped},
	{"keyboard: held by another program", wedgeHeld},
	{"keyboard: unplug and replug", wedgeReplug},
	{"USB serial scanner: read, unplug and replug", serialReplug},
}

const pos = "hid:0C2E:0B62:VM1"

// running is a source at work.
type running struct {
	scanner.Source
	out  chan scanner.Scan
	stop func()
}

func run(s scanner.Source, err error) (*running, error) {
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Source: s, out: make(chan scanner.Scan)}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, r.out) }()
	r.stop = func() { cancel(); <-ended }
	return r, nil
}

func (r *running) connected() error {
	if err := eventually("connected", func() bool { return r.Status().State == scanner.Connected }); err != nil {
		return fmt.Errorf("%w: %v", err, r.Status().LastError)
	}
	return nil
}

func (r *running) trouble(text string) error {
	err := eventually(text, func() bool { e := r.Status().LastError; return e != nil && strings.Contains(e.Error(), text) })
	if err != nil {
		return fmt.Errorf("%w: %v", err, r.Status().LastError)
	}
	return nil
}

// expect waits for a good scan.
func (r *running) expect(raw string) (scanner.Scan, error) {
	select {
	case s := <-r.out:
		if s.Fault != nil || string(s.Raw) != raw {
			return s, fmt.Errorf("scan %q with fault %v, expected %q", s.Raw, s.Fault, raw)
		}
		return s, nil
	case <-time.After(30 * time.Second):
		return scanner.Scan{}, fmt.Errorf("no scan %q came: %+v", raw, r.Status())
	}
}

func plugPOS() (*hidDevice, error) { return plugHID("honeywell", 0x0C2E, 0x0B62, "VM1") }

func listed(stable string) (found hid.Device, err error) {
	err = eventually(stable, func() bool {
		devices, e := hid.List()
		for _, d := range devices {
			if d.Stable() == stable {
				found = d
				return true
			}
		}
		return e != nil
	})
	return found, err
}

func kernelDrops() (string, error) {
	d, err := plugPOS()
	if err != nil {
		return "", err
	}
	defer func() { _ = d.unplug() }()
	dev, err := listed(pos)
	if err != nil {
		return "", err
	}
	fd, err := unix.Open(dev.Path, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }()
	for i := range 200 {
		if err := d.scan("]C1", fmt.Sprint("N", i)); err != nil {
			return "", err
		}
	}
	kept := 0
	for buf := make([]byte, 64); ; kept++ {
		if _, err := unix.Read(fd, buf); err != nil {
			break
		}
	}
	if kept >= 200 {
		return "", fmt.Errorf("it kept all %d", kept)
	}
	return fmt.Sprintf("%d of 200 kept", kept), nil
}

func posRead() (string, error) {
	d, err := plugPOS()
	if err != nil {
		return "", err
	}
	defer func() { _ = d.unplug() }()
	r, err := run(hid.New(scanner.Config{Station: "1", Port: pos}))
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := r.connected(); err != nil {
		return "", err
	}
	if err := d.scan("]C1", "0109501101530003"); err != nil {
		return "", err
	}
	s, err := r.expect("0109501101530003")
	if err != nil {
		return "", err
	}
	if s.Code.GTIN != "09501101530003" {
		return "", fmt.Errorf("read as %+v", s.Code)
	}
	long := strings.Repeat("0123456789", 30)
	if err := d.scan("]Q0", long); err != nil {
		return "", err
	}
	_, err = r.expect(long)
	return r.Status().Device, err
}

func posFlood() (string, error) {
	d, err := plugPOS()
	if err != nil {
		return "", err
	}
	r, err := run(hid.New(scanner.Config{Station: "1", Port: pos}))
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := r.connected(); err != nil {
		return "", err
	}
	// USB's own pace is a report a millisecond; a device cannot be faster.
	const count = 5000
	began := time.Now()
	for i := range count {
		if err := d.scan("]C1", fmt.Sprint("N", i)); err != nil {
			return "", err
		}
		time.Sleep(time.Millisecond)
	}
	sent := time.Since(began)
	if err := d.unplug(); err != nil {
		return "", err
	}
	began = time.Now()
	for i := range count {
		if _, err := r.expect(fmt.Sprint("N", i)); err != nil {
			return "", fmt.Errorf("after %d: %w", i, err)
		}
	}
	return fmt.Sprintf("%d sent in %v while nothing was taken, and the scanner unplugged; all taken, in order, in %v",
		count, sent.Round(time.Millisecond), time.Since(began).Round(time.Millisecond)), nil
}

// posHoles sends faster than any USB device could, so that the kernel drops.
func posHoles() (string, error) {
	d, err := plugPOS()
	if err != nil {
		return "", err
	}
	defer func() { _ = d.unplug() }()
	r, err := run(hid.New(scanner.Config{Station: "1", Port: pos}))
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := r.connected(); err != nil {
		return "", err
	}
	const count = 5000
	for i := range count {
		if err := d.scan("]C1", fmt.Sprint("N", i)); err != nil {
			return "", err
		}
	}
	good, holes, next, told := 0, 0, 0, false
	for {
		select {
		case s := <-r.out:
			var n int
			if _, err := fmt.Sscanf(string(s.Raw), "N%d", &n); err != nil || s.Fault != nil {
				told = true
				continue
			}
			if n != next && !told {
				return "", fmt.Errorf("from %d to %d without a word", next, n)
			}
			if n != next {
				holes++
			}
			good, next, told = good+1, n+1, false
		case <-time.After(3 * time.Second):
			if next != count && !told {
				return "", fmt.Errorf("the end is missing from %d on without a word", next)
			}
			return fmt.Sprintf("%d of %d taken, %d holes, each told", good, count, holes), nil
		}
	}
}

func posReplug() (string, error) {
	d, err := plugPOS()
	if err != nil {
		return "", err
	}
	r, err := run(hid.New(scanner.Config{Station: "1", Port: pos}))
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := r.connected(); err != nil {
		return "", err
	}
	began := time.Now()
	if err := d.unplug(); err != nil {
		return "", err
	}
	if err := r.trouble("unplugged: read /dev/hidraw"); err != nil {
		return "", err
	}
	lost := time.Since(began)
	if err := r.trouble("no USB input device"); err != nil {
		return "", err
	}
	began = time.Now()
	if d, err = plugPOS(); err != nil {
		return "", err
	}
	defer func() { _ = d.unplug() }()
	if err := r.connected(); err != nil {
		return "", err
	}
	back := time.Since(began)
	if err := d.scan("]C1", "AFTER"); err != nil {
		return "", err
	}
	_, err = r.expect("AFTER")
	return fmt.Sprintf("loss seen after %v, back after %v", lost.Round(time.Millisecond), back.Round(time.Millisecond)), err
}

func wedgeRefused() (string, error) {
	d, err := plugHID("keyboard", 0x05E0, 0x1200, "KB1")
	if err != nil {
		return "", err
	}
	defer func() { _ = d.unplug() }()
	if _, err := listed("evdev:05E0:1200:KB1"); err != nil {
		return "", err
	}
	r, err := run(hid.New(scanner.Config{Station: "1", Port: "hid:05E0:1200:KB1"}))
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := r.trouble("is in keyboard mode"); err != nil {
		return "", err
	}
	wedges, err := hid.Wedges()
	if err != nil || len(wedges) != 1 || wedges[0].Maker() == "" {
		return "", fmt.Errorf("wedges %+v, %w", wedges, err)
	}
	return r.Status().LastError.Error(), nil
}

const wedge = "evdev:05E0:1200"

// Key codes.
const (
	keyEnter, keyShift, keyCtrl, keyClose, keyA, key1, key2 = 28, 42, 29, 27, 30, 2, 3
)

func plugWedge() (*keyboard, *running, error) {
	k, err := plugKeyboard(0x05E0, 0x1200)
	if err != nil {
		return nil, nil, err
	}
	r, err := run(hid.New(scanner.Config{Station: "1", Port: wedge}))
	return k, r, err
}

func typeScan(k *keyboard) error {
	for _, keys := range [][]uint16{{keyShift, keyA}, {key1}, {keyCtrl, keyClose}, {key2}, {keyEnter}} {
		if err := k.hit(keys...); err != nil {
			return err
		}
	}
	return nil
}

const typedScan = "A1\x1d2"

func wedgeTyped() (string, error) {
	k, r, err := plugWedge()
	if err != nil {
		return "", err
	}
	defer r.stop()
	defer func() { _ = k.unplug() }()
	if err := r.connected(); err != nil {
		return "", err
	}
	path, _, _ := strings.Cut(r.Status().Device, " ")
	other, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(other) }()
	if err := typeScan(k); err != nil {
		return "", err
	}
	if _, err := r.expect(typedScan); err != nil {
		return "", err
	}
	if n, err := unix.Read(other, make([]byte, 1024)); !errors.Is(err, unix.EAGAIN) {
		return "", fmt.Errorf("another program read %d bytes, %w", n, err)
	}
	return r.Status().Device + ", another reader saw nothing", nil
}

func wedgeHeld() (string, error) {
	k, err := plugKeyboard(0x05E0, 0x1200)
	if err != nil {
		return "", err
	}
	defer func() { _ = k.unplug() }()
	dev, err := listed(wedge)
	if err != nil {
		return "", err
	}
	holder := exec.Command("/init", "hold", dev.Path)
	said, err := holder.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := holder.Start(); err != nil {
		return "", err
	}
	if line, err := bufio.NewReader(said).ReadString('\n'); line != "held\n" {
		return "", fmt.Errorf("holder: %q %w", line, err)
	}
	r, err := run(hid.New(scanner.Config{Station: "1", Port: wedge}))
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := r.trouble(fmt.Sprintf("opened by init (process %d)", holder.Process.Pid)); err != nil {
		return "", err
	}
	told := r.Status().LastError.Error()
	if err := holder.Process.Kill(); err != nil {
		return "", err
	}
	_ = holder.Wait()
	if err := r.connected(); err != nil {
		return "", err
	}
	if err := typeScan(k); err != nil {
		return "", err
	}
	_, err = r.expect(typedScan)
	return told, err
}

func wedgeReplug() (string, error) {
	k, r, err := plugWedge()
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := r.connected(); err != nil {
		return "", err
	}
	if err := errors.Join(k.hit(keyShift, keyA), k.key(keyShift, 1)); err != nil {
		return "", err
	}
	began := time.Now()
	if err := k.unplug(); err != nil {
		return "", err
	}
	if s := <-r.out; !errors.Is(s.Fault, scanner.ErrUnterminated) {
		return "", fmt.Errorf("scan %q with fault %w", s.Raw, s.Fault)
	}
	lost := time.Since(began)
	if err := r.trouble("no USB input device"); err != nil {
		return "", err
	}
	if k, err = plugKeyboard(0x05E0, 0x1200); err != nil {
		return "", err
	}
	defer func() { _ = k.unplug() }()
	if err := r.connected(); err != nil {
		return "", err
	}
	if err := typeScan(k); err != nil {
		return "", err
	}
	_, err = r.expect(typedScan)
	return fmt.Sprintf("half a scan told as broken off %v after the unplug", lost.Round(time.Millisecond)), err
}

// plugSerial plugs a CDC ACM scanner in and gives its own end.
func plugSerial() (*os.File, error) {
	if err := load("g_serial", "idVendor=0x05E0 idProduct=0x1701 iSerialNumber=S3R iProduct=Pretend"); err != nil {
		return nil, err
	}
	var far *os.File
	err := eventually("/dev/ttyGS0", func() bool {
		f, err := os.OpenFile("/dev/ttyGS0", os.O_RDWR|unix.O_NOCTTY, 0)
		far = f
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return far, raw(int(far.Fd()))
}

// raw sends bytes as they are.
func raw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ICANON
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}

func unplugSerial(far *os.File) error {
	if err := far.Close(); err != nil {
		return err
	}
	var err error
	waited := eventually("g_serial free", func() bool { err = unix.DeleteModule("g_serial", unix.O_NONBLOCK); return err == nil })
	if waited != nil {
		return fmt.Errorf("%w: %w", waited, err)
	}
	return nil
}

func serialReplug() (string, error) {
	far, err := plugSerial()
	if err != nil {
		return "", err
	}
	r, err := run(serial.New(scanner.Config{Station: "1", Port: "usb:05E0:1701:S3R"}))
	if err != nil {
		return "", err
	}
	defer r.stop()
	if err := r.connected(); err != nil {
		return "", err
	}
	first := r.Status().Device
	if _, err := far.WriteString("96385074\r"); err != nil {
		return "", err
	}
	if _, err := r.expect("96385074"); err != nil {
		return "", err
	}
	// Something else takes the old number before the scanner comes back.
	stale, err := os.OpenFile(first, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = stale.Close() }()
	began := time.Now()
	if err := unplugSerial(far); err != nil {
		return "", err
	}
	if err := eventually("the loss", func() bool { return r.Status().State != scanner.Connected }); err != nil {
		return "", err
	}
	lost := time.Since(began)
	began = time.Now()
	if far, err = plugSerial(); err != nil {
		return "", err
	}
	if err := r.connected(); err != nil {
		return "", err
	}
	back, second := time.Since(began), r.Status().Device
	if _, err := far.WriteString("AFTER\r"); err != nil {
		return "", err
	}
	if _, err = r.expect("AFTER"); err != nil {
		return "", err
	}
	ports, _ := filepath.Glob("/dev/ttyACM*")
	return fmt.Sprintf("%s, loss seen after %v, back after %v as %s (there are %v)", first, lost.Round(time.Millisecond),
		back.Round(time.Millisecond), second, ports), unplugSerial(far)
}
