//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dockfill/scanner"
	"dockfill/scanner/hid"
)

const pos = "hid:0C2E:0B62:VM1"

func plugPOS() (*hidDevice, error) { return plugHID("honeywell", 0x0C2E, 0x0B62, "VM1") }

// joinPOS is a scanner with a source that has found it.
func joinPOS() (*hidDevice, *running, error) {
	d, err := plugPOS()
	if err != nil {
		return nil, nil, err
	}
	r, err := run(hid.New(scanner.Config{Station: "1", Port: pos}))
	if err != nil {
		return nil, nil, err
	}
	if err := r.connected(); err != nil {
		r.stop()
		return nil, nil, err
	}
	return d, r, nil
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
	d, r, err := joinPOS()
	if err != nil {
		return "", err
	}
	defer r.stop()
	defer func() { _ = d.unplug() }()
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
	d, r, err := joinPOS()
	if err != nil {
		return "", err
	}
	defer r.stop()
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
	d, r, err := joinPOS()
	if err != nil {
		return "", err
	}
	defer r.stop()
	defer func() { _ = d.unplug() }()
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
	d, r, err := joinPOS()
	if err != nil {
		return "", err
	}
	defer r.stop()
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
