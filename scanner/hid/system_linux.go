package hid

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// system is where the kernel tells about input devices.
type system struct {
	hidraw, input string // classes in /sys
	dev, proc     string
	open          func(path string) (*os.File, error)
	grab          func(*os.File) error
	// kept is how many unread reports a hidraw device keeps for a reader; what
	// comes then is dropped without a word. Measured, and HIDRAW_BUFFER_SIZE - 1.
	kept int
}

var kernel = system{hidraw: "/sys/class/hidraw", input: "/sys/class/input", dev: "/dev", proc: "/proc", open: os.Open, grab: grab, kept: 63}

func (s system) find(n name) (Device, error) {
	devices, err := s.list()
	if err != nil {
		return Device{}, err
	}
	return n.among(devices)
}

func (s system) list() ([]Device, error) {
	raw, err := s.scan(s.hidraw, "hidraw", s.posDevice)
	if err != nil {
		return nil, err
	}
	typing, err := s.scan(s.input, "event", s.keyboard)
	return append(raw, typing...), err
}

func (s system) scan(class, prefix string, read func(string) (Device, bool)) ([]Device, error) {
	entries, err := os.ReadDir(class)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // the kernel has no such devices
	}
	if err != nil {
		return nil, fmt.Errorf("list input devices: %w", err)
	}
	var found []Device
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if d, ok := read(e.Name()); ok {
			found = append(found, d)
		}
	}
	return found, nil
}

// posDevice describes a hidraw device that is a HID POS scanner by its report
// descriptor.
func (s system) posDevice(node string) (Device, bool) {
	descriptor, err := s.descriptor(node)
	if err != nil {
		return Device{}, false
	}
	if _, err := layoutOf(descriptor); err != nil {
		return Device{}, false
	}
	d := Device{Path: filepath.Join(s.dev, node)}
	for line := range strings.Lines(readText(filepath.Join(s.hidraw, node, "device", "uevent"))) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "HID_ID": // bus, vendor and product, as in 0003:00000C2E:00000B62
			if ids := strings.Split(value, ":"); len(ids) == 3 {
				d.VID, d.PID = lastFour(ids[1]), lastFour(ids[2])
			}
		case "HID_NAME":
			d.Product = value
		case "HID_UNIQ":
			d.Serial = value
		}
	}
	return d, d.VID != ""
}

func (s system) descriptor(node string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.hidraw, node, "device", "report_descriptor"))
}

// keyboard describes an evdev device that has the keys of a keyboard: 1, Enter
// and A. Mice and power buttons have others.
func (s system) keyboard(node string) (Device, bool) {
	dir := filepath.Join(s.input, node, "device")
	words := strings.Fields(readText(filepath.Join(dir, "capabilities", "key"))) // the lowest keys stand last
	if len(words) == 0 {
		return Device{}, false
	}
	const needed = 1<<2 | 1<<28 | 1<<30
	keys, err := strconv.ParseUint(words[len(words)-1], 16, 64)
	if err != nil || keys&needed != needed {
		return Device{}, false
	}
	d := Device{
		Path: filepath.Join(s.dev, "input", node), Wedge: true,
		VID: lastFour(readText(filepath.Join(dir, "id", "vendor"))), PID: lastFour(readText(filepath.Join(dir, "id", "product"))),
		Serial: readText(filepath.Join(dir, "uniq")), Product: readText(filepath.Join(dir, "name")),
	}
	return d, d.VID != ""
}

func lastFour(id string) string {
	if len(id) < 4 {
		return ""
	}
	return strings.ToUpper(id[len(id)-4:])
}

func readText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// eviocgrab is _IOW('E', 0x90, int).
const eviocgrab = 0x40044590

// grab makes an open evdev device ours alone until it is closed.
func grab(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var grabbed error
	err = raw.Control(func(fd uintptr) { grabbed = unix.IoctlSetInt(int(fd), eviocgrab, 1) })
	return errors.Join(err, grabbed)
}

// ungrabbed says why a keyboard could not be had alone.
func (s system) ungrabbed(path string, err error) error {
	if !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("%s: cannot take the keyboard for the agent alone: %w", path, err)
	}
	who := "which one cannot be seen from this account; `fuser -v " + path + "` as root tells"
	if holders := s.holders(path); len(holders) > 0 {
		who = "it has been opened by " + strings.Join(holders, ", ")
	}
	return fmt.Errorf("%s: another program has taken the scanner for itself (%s); stop it, or take the port out of its settings: %w", path, who, err)
}

// holders names the other processes that have a device open, as far as this
// process may see them.
func (s system) holders(path string) (names []string) {
	own := strconv.Itoa(os.Getpid())
	links, _ := filepath.Glob(filepath.Join(s.proc, "[0-9]*", "fd", "*"))
	for _, link := range links {
		dir := filepath.Dir(filepath.Dir(link))
		if pid := filepath.Base(dir); pid != own {
			if target, err := os.Readlink(link); err == nil && target == path {
				names = append(names, readText(filepath.Join(dir, "comm"))+" (process "+pid+")")
			}
		}
	}
	return names
}

// owner says which group may open a device.
func owner(path string) string {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return "its group cannot be read"
	}
	if st.Gid == 0 || st.Mode&0o040 == 0 {
		return "it belongs to root alone; a udev rule gives it to a group, see docs/scanners/hid.md"
	}
	group := strconv.Itoa(int(st.Gid))
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return "give the agent's user the group " + group + ", which owns it"
}
