//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dockfill/scanner"
	"dockfill/scanner/hid"
)

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
