package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dockfill/firmware-sim/device"
)

// tapes are the recordings of one run. A nil tapes records nothing.
type tapes struct {
	path  string
	many  bool // several devices, a file for each
	files []*tape
}

type tape struct {
	file *os.File
	rec  *device.Recorder
}

// newTapes records into path, or beside it with the device's name before the
// ending where there are several devices.
func newTapes(path string, devices int) *tapes {
	if path == "" {
		return nil
	}
	return &tapes{path: path, many: devices > 1}
}

// recorder begins a device's recording. Each step is written as it happens, so that
// what a play that was broken off has recorded is there.
func (t *tapes) recorder(name, profile string) (*device.Recorder, error) {
	if t == nil {
		return nil, nil
	}
	path := t.path
	if t.many {
		end := filepath.Ext(path)
		path = strings.TrimSuffix(path, end) + "-" + name + end
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("--record: %w", err)
	}
	r := device.NewRecorder(f, fmt.Sprintf("what went over the port of %s, profile %s", name, profile))
	t.files = append(t.files, &tape{f, r})
	return r, nil
}

// close is to be called once no device speaks any more.
func (t *tapes) close() error {
	if t == nil {
		return nil
	}
	var errs []error
	for _, f := range t.files {
		errs = append(errs, f.rec.Err(), f.file.Close())
	}
	return errors.Join(errs...)
}
