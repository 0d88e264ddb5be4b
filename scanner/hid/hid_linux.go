package hid

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"dockfill/scanner"
	"dockfill/scanner/link"
	"dockfill/scanner/profile"
)

// New builds the Source of a station whose port is one of ours. The errors are
// those of profile.Complete and of settings that do not fit; whether the scanner
// is there is no matter.
func New(c scanner.Config) (scanner.Source, error) {
	return build(c, kernel)
}

// List gives the HID POS scanners and the keyboards that are plugged in. Nothing
// is opened. A scanner that hides behind another maker's chip is a keyboard like
// any other, so all of them are told.
func List() ([]Device, error) { return kernel.list() }

// Wedges gives the keyboards of scanner makers that are plugged in.
func Wedges() ([]Device, error) {
	all, err := List()
	return slices.DeleteFunc(all, func(d Device) bool { return !d.Wedge || d.Maker() == "" }), err
}

func build(c scanner.Config, sys system) (scanner.Source, error) {
	c, err := profile.Complete(c)
	if err != nil {
		return nil, err
	}
	o, codec, err := parts(c, sys)
	if err != nil {
		return nil, fmt.Errorf("station %s: %w", c.Station, err)
	}
	return link.New(c, o, codec), nil
}

func parts(c scanner.Config, sys system) (link.Opener, profile.Codec, error) {
	n, err := parseName(c.Port)
	if err != nil {
		return nil, nil, err
	}
	if c.Profile != scanner.ASCII {
		return nil, nil, fmt.Errorf("profile %s is for serial ports; leave the profile out on port %s", c.Profile, c.Port)
	}
	if !n.wedge {
		if c.Layout != "" {
			return nil, nil, fmt.Errorf("layout %q is for keyboards, ports evdev:; a HID POS scanner sends characters, so leave it out", c.Layout)
		}
		if c.Terminator == scanner.STXETXLRC {
			return nil, nil, fmt.Errorf("terminator %s is for lines that lose bits; USB checks its reports, so take CR or none", c.Terminator)
		}
		o := &posOpener{sys: sys, name: n}
		return o, newJoiner(c, func() layout { return o.layout }), nil
	}
	layout, ok := layouts[c.Layout]
	if c.Layout == "" {
		layout, ok = layouts["us"], true
	}
	if !ok {
		return nil, nil, fmt.Errorf("layout %q is none of %s", c.Layout, strings.Join(slices.Sorted(maps.Keys(layouts)), ", "))
	}
	return &wedgeOpener{sys: sys, name: n, layout: layout}, newWedge(c), nil
}

// posOpener opens a HID POS scanner. A device that is gone shows itself by an
// error of its next read, so presence is not asked for; what was read before is
// still delivered then.
type posOpener struct {
	sys    system
	name   name
	layout layout // of the device that was opened last
}

// Open implements link.Opener.
func (o *posOpener) Open(context.Context) (link.Port, string, error) {
	d, err := o.sys.find(o.name)
	if err != nil {
		return nil, "", err
	}
	descriptor, err := o.sys.descriptor(filepath.Base(d.Path))
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", scanner.ErrNotFound, err)
	}
	if o.layout, err = layoutOf(descriptor); err != nil {
		return nil, "", fmt.Errorf("%s: %w", d.Path, err)
	}
	f, err := o.sys.open(d.Path)
	if err != nil {
		return nil, "", explain(d.Path, err)
	}
	r, err := newReports(f, o.sys.kept)
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s: %w", d.Path, err), f.Close())
	}
	return newDrain(r), d.Path + " (HID POS: the screen and the speaker give the verdict)", nil
}

// Present implements link.Opener.
func (o *posOpener) Present(string) error { return nil }

// wedgeOpener opens a keyboard for itself alone, so that no code is typed into
// another program.
type wedgeOpener struct {
	sys    system
	name   name
	layout keyLayout
}

// Open implements link.Opener.
func (o *wedgeOpener) Open(context.Context) (link.Port, string, error) {
	d, err := o.sys.find(o.name)
	if err != nil {
		return nil, "", err
	}
	f, err := o.sys.open(d.Path)
	if err != nil {
		return nil, "", explain(d.Path, err)
	}
	if err := o.sys.grab(f); err != nil {
		return nil, "", errors.Join(o.sys.ungrabbed(d.Path, err), f.Close())
	}
	return newDrain(newTyping(keys{f}, o.layout)), d.Path + " (keyboard: the screen and the speaker give the verdict)", nil
}

// Present implements link.Opener.
func (o *wedgeOpener) Present(string) error { return nil }

// keys is an open keyboard.
type keys struct{ *os.File }

func (k keys) Read(p []byte) (int, error) {
	n, err := k.File.Read(p)
	return n, unplugged(err)
}

// unplugged names the errors of a device that is gone.
func unplugged(err error) error {
	if errors.Is(err, unix.EIO) || errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("the scanner was unplugged: %w", err)
	}
	return err
}

// explain says what a person can do about a device that does not open.
func explain(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%w: %s", scanner.ErrNotFound, path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: permission denied; %s", path, owner(path))
	}
	return err
}
