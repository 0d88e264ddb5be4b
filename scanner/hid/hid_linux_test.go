package hid

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"dockfill/scanner"
	"dockfill/scanner/scannertest"
)

const patience = 20 * time.Second

// machine is a pretended kernel: a tree of files, and sockets that keep the
// bounds of what is written, for devices.
type machine struct {
	t   *testing.T
	sys system

	mu      sync.Mutex
	devices map[string]*os.File // the agent's end by path
}

func newMachine(t *testing.T) *machine {
	root := t.TempDir()
	m := &machine{t: t, devices: map[string]*os.File{}}
	m.sys = system{hidraw: filepath.Join(root, "hidraw"), input: filepath.Join(root, "input"), dev: "/dev",
		proc: filepath.Join(root, "proc"), open: m.open, grab: func(*os.File) error { return nil }, kept: 1 << 20}
	return m
}

func (m *machine) open(path string) (*os.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.devices[path]
	if f == nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: unix.ENOENT}
	}
	delete(m.devices, path)
	return f, nil
}

func (m *machine) file(text string, path ...string) {
	m.t.Helper()
	name := filepath.Join(path...)
	require.NoError(m.t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(m.t, os.WriteFile(name, []byte(text), 0o644))
}

// scanner plugs a HID POS scanner in.
func (m *machine) scanner(node, id, serial, descriptor string) *os.File {
	m.t.Helper()
	m.file(string(recorded(m.t, descriptor)), m.sys.hidraw, node, "device", "report_descriptor")
	far := m.device("/dev/" + node)
	m.file("DRIVER=hid-generic\nHID_ID=0003:"+id+"\nHID_NAME=Pretend Scanner\nHID_UNIQ="+serial+"\n", m.sys.hidraw, node, "device", "uevent")
	return far
}

// keyboard plugs a device with keys in.
func (m *machine) keyboard(node, vid, pid, keys string) *os.File {
	m.t.Helper()
	far := m.device("/dev/input/" + node)
	for name, text := range map[string]string{"id/vendor": vid, "id/product": pid, "uniq": "", "name": "Pretend Keyboard", "capabilities/key": keys} {
		m.file(text+"\n", m.sys.input, node, "device", name)
	}
	return far
}

func (m *machine) device(path string) *os.File {
	m.t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(m.t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.devices[path] = os.NewFile(uintptr(pair[0]), path)
	far := os.NewFile(uintptr(pair[1]), "far "+path)
	m.t.Cleanup(func() { _ = far.Close() })
	return far
}

func (m *machine) unplug(far *os.File, class, node string) {
	m.t.Helper()
	require.NoError(m.t, os.RemoveAll(filepath.Join(class, node)))
	require.NoError(m.t, far.Close())
}

// run runs a source for the length of the test.
func (m *machine) run(c scanner.Config) (scanner.Source, <-chan scanner.Scan) {
	m.t.Helper()
	c.Station = "1"
	s, err := build(c, m.sys)
	require.NoError(m.t, err)
	return s, scannertest.Run(m.t, s)
}

func send(t *testing.T, far *os.File, b []byte) {
	t.Helper()
	_, err := far.Write(b)
	require.NoError(t, err)
}

func until(t *testing.T, s scanner.Source, text string) {
	t.Helper()
	require.Eventually(t, func() bool { err := s.Status().LastError; return err != nil && strings.Contains(err.Error(), text) },
		patience, 5*time.Millisecond, "never %q", text)
}

func TestScannerIsReadAndFoundAgainUnderAnotherNode(t *testing.T) {
	m := newMachine(t)
	far := m.scanner("hidraw0", "00000C2E:00000B62", "A1", "honeywell")
	s, out := m.run(scanner.Config{Port: "hid:0C2E:0B62:A1"})
	send(t, far, report(8, 0, "]E4", "96385074"))
	got := scannertest.Take(t, out)
	require.NoError(t, got.Fault)
	assert.Equal(t, "96385074", string(got.Raw))
	assert.Equal(t, "]E4", got.Code.Symbology)
	assert.Equal(t, "hid:0C2E:0B62:A1", got.Source)
	assert.Equal(t, "/dev/hidraw0 (HID POS: the screen and the speaker give the verdict)", s.Status().Device)

	send(t, far, report(56, 1, "]Q0", strings.Repeat("A", 56)))
	m.unplug(far, m.sys.hidraw, "hidraw0")
	assert.ErrorIs(t, scannertest.Take(t, out).Fault, scanner.ErrUnterminated)
	until(t, s, "no USB input device 0C2E:0B62 A1")

	far = m.scanner("hidraw7", "00000C2E:00000B62", "A1", "newland")
	send(t, far, report(3, 0, "NEW"))
	got = scannertest.Take(t, out)
	assert.Equal(t, "NEW", string(got.Raw), "read by its new descriptor")
	assert.Empty(t, got.Code.Symbology)
}

// An agent that is slow to take scans leaves the device's queue empty all the same.
func TestFloodBeforeAnUnplugIsDeliveredWhole(t *testing.T) {
	m := newMachine(t)
	far := m.scanner("hidraw0", "00001EAB:00000D10", "", "newland")
	_, out := m.run(scanner.Config{Port: "hid:1EAB:0D10"})
	const count = 3000
	for i := range count {
		text := "N" + strconv.Itoa(i)
		send(t, far, report(len(text), 0, text))
	}
	m.unplug(far, m.sys.hidraw, "hidraw0")
	for i := range count {
		got := scannertest.Take(t, out)
		require.NoError(t, got.Fault)
		require.Equal(t, "N"+strconv.Itoa(i), string(got.Raw))
	}
}

// What a device dropped because nobody read it is not passed over in silence.
func TestFullDeviceIsToldAsAHole(t *testing.T) {
	m := newMachine(t)
	m.sys.kept = 63
	far := m.scanner("hidraw0", "00001EAB:00000D10", "", "newland")
	for i := range 70 {
		text := "N" + strconv.Itoa(i)
		send(t, far, report(len(text), 0, text))
	}
	_, out := m.run(scanner.Config{Port: "hid:1EAB:0D10"})
	for i := range 63 {
		got := scannertest.Take(t, out)
		require.NoError(t, got.Fault)
		require.Equal(t, "N"+strconv.Itoa(i), string(got.Raw))
	}
	assert.Empty(t, scannertest.Take(t, out).Raw, "the hole itself")
	for i := 63; i < 70; i++ {
		got := scannertest.Take(t, out)
		assert.Equal(t, errHole, got.Fault)
		assert.Equal(t, "N"+strconv.Itoa(i), string(got.Raw))
	}
	// What follows at once may be the rest of a scan that was lost.
	var got scanner.Scan
	require.Eventually(t, func() bool {
		send(t, far, report(3, 0, "NEW"))
		got = scannertest.Take(t, out)
		return got.Fault == nil
	}, patience, 10*time.Millisecond)
	assert.Equal(t, "NEW", string(got.Raw))
}

func TestKeyboardIsGrabbedAndRead(t *testing.T) {
	m := newMachine(t)
	grabbed := make(chan string, 1)
	m.sys.grab = func(f *os.File) error { grabbed <- f.Name(); return nil }
	far := m.keyboard("event3", "05e0", "1200", "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe")
	s, out := m.run(scanner.Config{Port: "evdev:05E0:1200", Layout: "de"})
	assert.Equal(t, "/dev/input/event3", <-grabbed)
	send(t, far, typed(stroke{kY}, stroke{shift, kMinus}, stroke{keyEnter}))
	assert.Equal(t, "z?", string(scannertest.Take(t, out).Raw))
	assert.Equal(t, "/dev/input/event3 (keyboard: the screen and the speaker give the verdict)", s.Status().Device)
}

func TestTakenKeyboardNamesItsHolder(t *testing.T) {
	m := newMachine(t)
	m.sys.grab = func(*os.File) error { return unix.EBUSY }
	m.keyboard("event3", "05E0", "1200", "fffffffffffffffe")
	m.file("pos-software\n", m.sys.proc, "4711", "comm")
	require.NoError(t, os.MkdirAll(filepath.Join(m.sys.proc, "4711", "fd"), 0o755))
	require.NoError(t, os.Symlink("/dev/input/event3", filepath.Join(m.sys.proc, "4711", "fd", "9")))
	s, _ := m.run(scanner.Config{Port: "evdev:05E0:1200"})
	until(t, s, "taken the scanner for itself (it has been opened by pos-software (process 4711)); stop it")
	assert.Empty(t, m.sys.holders("/dev/input/event4"))
}

func TestDevicesAreListedWithoutOpening(t *testing.T) {
	m := newMachine(t)
	m.sys.open = func(path string) (*os.File, error) { t.Errorf("%s was opened", path); return nil, os.ErrPermission }
	m.scanner("hidraw0", "00000C2E:00000B62", "A1", "honeywell")
	m.scanner("hidraw1", "000005E0:00001200", "", "keyboard") // the same device as event3
	m.keyboard("event3", "05e0", "1200", "febeffdfffefffff fffffffffffffffe")
	m.keyboard("event4", "046d", "c077", "70000 0 0 0 0") // a mouse
	m.keyboard("event5", "0000", "0001", "10000000000000 0")
	m.file("", m.sys.input, "mouse0", "device", "name")
	found, err := m.sys.list()
	require.NoError(t, err)
	assert.Equal(t, []Device{
		{Path: "/dev/hidraw0", VID: "0C2E", PID: "0B62", Serial: "A1", Product: "Pretend Scanner"},
		{Path: "/dev/input/event3", VID: "05E0", PID: "1200", Product: "Pretend Keyboard", Wedge: true},
	}, found)
	none, err := newMachine(t).sys.list()
	assert.NoError(t, err)
	assert.Empty(t, none)
}

func TestSettingsThatDoNotFitAreRefused(t *testing.T) {
	for want, c := range map[string]scanner.Config{
		`layout "dvorak" is none of de, fr, uk, us`: {Station: "1", Port: "evdev:05E0:1200", Layout: "dvorak"},
		`layout "us" is for keyboards`:              {Station: "1", Port: "hid:05E0:1200", Layout: "us"},
		`profile ssi is for serial ports`:           {Station: "1", Port: "hid:05E0:1200", Profile: scanner.SSI},
		`terminator STX/ETX+LRC is for lines`:       {Station: "1", Port: "hid:05E0:1200", Terminator: scanner.STXETXLRC},
		`station is missing`:                        {Port: "hid:05E0:1200"},
	} {
		_, err := New(c)
		assert.ErrorContains(t, err, want)
	}
}

func TestClosedDoorSaysWhoHasTheKey(t *testing.T) {
	m := newMachine(t)
	m.sys.open = func(path string) (*os.File, error) {
		return nil, &os.PathError{Op: "open", Path: path, Err: unix.EACCES}
	}
	m.scanner("hidraw0", "00000C2E:00000B62", "A1", "honeywell")
	s, _ := m.run(scanner.Config{Port: "hid:0C2E:0B62"})
	until(t, s, "/dev/hidraw0: permission denied; ")

	path := filepath.Join(t.TempDir(), "node")
	m.file("", path)
	require.NoError(t, os.Chmod(path, 0o600))
	assert.Contains(t, owner(path), "it belongs to root alone; a udev rule gives it to a group")
}
