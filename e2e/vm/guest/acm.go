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
