//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dockfill/scanner"
	"dockfill/scanner/serial"
)

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

// attended plugs the scanner in and has a station listen to it.
func attended() (far *os.File, r *running, err error) {
	if far, err = plugSerial(); err != nil {
		return nil, nil, err
	}
	if r, err = run(serial.New(scanner.Config{Station: "1", Port: "usb:05E0:1701:S3R"})); err != nil {
		return nil, nil, err
	}
	if err := r.connected(); err != nil {
		r.stop()
		return nil, nil, err
	}
	return far, r, nil
}

// plugAgain plugs it in again and scans; back is how long the station took to have it.
func plugAgain(r *running, code string) (far *os.File, back time.Duration, err error) {
	began := time.Now()
	if far, err = plugSerial(); err != nil {
		return nil, 0, err
	}
	if err := r.connected(); err != nil {
		return nil, 0, err
	}
	back = time.Since(began)
	return far, back, read(r, far, code)
}

// read scans a code and waits until the station has it.
func read(r *running, far *os.File, code string) error {
	if _, err := far.WriteString(code + "\r"); err != nil {
		return err
	}
	_, err := r.expect(code)
	return err
}

func serialReplug() (string, error) {
	far, r, err := attended()
	if err != nil {
		return "", err
	}
	defer r.stop()
	first := r.Status().Device
	if err := read(r, far, "96385074"); err != nil {
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
	far, back, err := plugAgain(r, "AFTER")
	if err != nil {
		return "", err
	}
	ports, _ := filepath.Glob("/dev/ttyACM*")
	return fmt.Sprintf("%s, loss seen after %v, back after %v as %s (there are %v)", first, lost.Round(time.Millisecond),
		back.Round(time.Millisecond), r.Status().Device, ports), unplugSerial(far)
}
