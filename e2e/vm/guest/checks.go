//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"dockfill/scanner"
	"dockfill/scanner/hid"
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
	{"USB serial scanner: turned into a keyboard, and back", serialToKeyboard},
}

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
