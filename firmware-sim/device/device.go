// Package device pretends to be a handheld scanner, from the scanner's side of
// the wire.
//
// A device lives on a pseudo-terminal behind a stable symlink, as a USB scanner
// lives behind a udev name, or it listens on TCP, as a device server does. It
// speaks plain framed ASCII, which has no way back, or Zebra SSI, which has: the
// host acknowledges each scan and tells the device which beep and which light
// the worker gets.
//
// The package is written from the makers' published facts and imports nothing
// of the product, so that a misreading in the product's decoder does not meet
// the same misreading here.
package device

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The states in which a device cannot scan, or cannot hope for an answer.
var (
	// ErrUnplugged: the device hangs on no wire; Replug it first.
	ErrUnplugged = errors.New("the device is unplugged")
	// ErrDisabled: the host has sent SCAN_DISABLE and not taken it back.
	ErrDisabled = errors.New("the host has disabled scanning")
	// ErrNoHost: nothing has opened the other end of the wire.
	ErrNoHost = errors.New("no host has opened the port")
	// ErrBlocked: the host has the port but does not read from it.
	ErrBlocked = errors.New("the host does not read from the port")
)

// Config describes one device. The zero value of every field but the address
// is usable.
type Config struct {
	// Name stands in messages; the address stands in where it is empty.
	Name string
	// Link is the path of the symlink that leads to the pseudo-terminal.
	// A stale symlink there is replaced, any other file is an error.
	Link string
	// Listen is a TCP address, used instead of Link.
	Listen string
	// Profile is what the device speaks; ASCII if empty.
	Profile Profile
	// Framing ends (and begins) an ASCII scan; CR if empty.
	Framing Framing
	// AIM puts the AIM symbology identifier before the data.
	AIM bool
	// Packets starts an SSI device in packet mode. A device as it comes from
	// the factory sends raw data until the host sets parameter EEh to 1.
	Packets bool
	// AckWait is how long an SSI device waits for an ACK before it sends
	// again; 2 s, the factory's setting, if zero.
	AckWait time.Duration
	// ToneWait is how long after the ACK the worker listens for the tone
	// before the scan counts as unanswered; 3 s if zero.
	ToneWait time.Duration
	// OnEvent, if set, is called for everything the host told the device, in
	// order, from one goroutine at a time. It must not call the device.
	OnEvent func(Event)
}

// Profile names what a device speaks.
type Profile string

// The profiles.
const (
	ASCII Profile = "ascii"
	SSI   Profile = "ssi"
)

// Device is one pretend handheld. Its methods may be called from several
// goroutines; scans of one device wait for each other, as one trigger does.
type Device struct {
	cfg   Config
	wire  wire
	proto protocol

	trigger sync.Mutex   // one scan at a time
	uneasy  int          // scans before which the line must be quiet
	writes  sync.Mutex   // a reply never lands inside a scan
	heard   atomic.Int64 // when the host last spoke, or a scan last failed; Unix µs

	mu   sync.Mutex
	plug *plug // nil while unplugged
}

// plug is one life of the wire, from Replug to Unplug.
type plug struct {
	end  endpoint
	done chan struct{} // closed when the reader has ended
}

// protocol is what differs from make to make.
type protocol interface {
	// scan sends a label and waits for whatever answer the make has.
	scan(ctx context.Context, l Label, f Fault) (Answer, error)
	// hear takes bytes from the host.
	hear(b []byte)
	// silence is told when nothing came for the host's inter-character limit.
	silence()
	// powerUp forgets what a device forgets without power.
	powerUp()
	// greeted is closed once a host is there.
	greeted() <-chan struct{}
}

// New describes a device without plugging it in. It refuses a configuration
// that names no address or two, or an unknown profile or framing.
func New(cfg Config) (*Device, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	d := &Device{cfg: cfg}
	if cfg.Listen != "" {
		d.wire = &tcpWire{address: cfg.Listen}
	} else {
		d.wire = &ptyWire{link: cfg.Link}
	}
	if cfg.Profile == SSI {
		d.proto = newSSI(d)
	} else {
		d.proto = newASCII(d)
	}
	return d, nil
}

// Open is New and Replug in one.
func Open(cfg Config) (*Device, error) {
	d, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return d, d.Replug()
}

func (c *Config) complete() error {
	if (c.Link == "") == (c.Listen == "") {
		return errors.New("a device needs either a link (pseudo-terminal) or a TCP address to listen on")
	}
	if c.Profile == "" {
		c.Profile = ASCII
	}
	if c.Profile != ASCII && c.Profile != SSI {
		return fmt.Errorf("profile %q is none of ascii, ssi", c.Profile)
	}
	if c.Framing == "" {
		c.Framing = CR
	}
	if _, ok := framings[c.Framing]; !ok {
		return fmt.Errorf("framing %q is none of cr, lf, crlf, tab, stx-etx, none", c.Framing)
	}
	if c.AckWait == 0 {
		c.AckWait = 2 * time.Second
	}
	if c.ToneWait == 0 {
		c.ToneWait = 3 * time.Second
	}
	if c.Name == "" {
		c.Name = c.Link + c.Listen
	}
	return nil
}

// Name is the configured name, or the address.
func (d *Device) Name() string { return d.cfg.Name }

// Address is where the host finds the device: the symlink, or the TCP address
// with the port that was really taken. It is empty while unplugged.
func (d *Device) Address() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plug == nil {
		return ""
	}
	return d.plug.end.address()
}

// Scan reads one label and returns what the worker got for it. A device
// without a way back returns an empty Answer as soon as the bytes are sent. No
// tone is not an error: see Answer.Tone. Errors: ErrUnplugged (before or during
// the scan), ErrDisabled after ToneWait, ErrNoHost (ASCII over TCP), ErrBlocked,
// the context's.
//
// No protocol says which scan an answer belongs to. After a scan that was sent
// twice or got no tone the next scans wait until the line is quiet, so that a
// late answer is not taken for theirs.
func (d *Device) Scan(ctx context.Context, l Label) (Answer, error) {
	return d.ScanBadly(ctx, l, "")
}

// ScanBadly is Scan with one thing wrong with it.
func (d *Device) ScanBadly(ctx context.Context, l Label, f Fault) (Answer, error) {
	d.trigger.Lock()
	defer d.trigger.Unlock()
	if d.Address() == "" {
		return Answer{}, d.err(ErrUnplugged)
	}
	if err := d.settle(ctx); err != nil {
		return Answer{}, err
	}
	if f == Junk {
		return Answer{}, d.err(d.send(ctx, junk()))
	}
	a, err := d.proto.scan(ctx, l, f)
	if d.cfg.Profile == SSI && (a.Tries > 1 || a.Tone == None) {
		d.uneasy = 3
		d.heard.Store(time.Now().UnixMicro())
	}
	return a, d.err(err)
}

// Ready waits until a host is there. An SSI device waits for the host's first
// packet since it was plugged in. An ASCII device waits for a connection on
// TCP; on a pseudo-terminal it cannot tell, and what it sends waits there.
func (d *Device) Ready(ctx context.Context) error {
	select {
	case <-d.proto.greeted():
		return nil
	case <-ctx.Done():
		return d.err(fmt.Errorf("%w at %s: start the agent with this port", ErrNoHost, d.Address()))
	}
}

// Unplug pulls the cable: the host's port fails at once and bytes that it has
// not read are lost. A device that is unplugged already stays so.
func (d *Device) Unplug() {
	d.mu.Lock()
	p := d.plug
	d.plug = nil
	d.mu.Unlock()
	if p == nil {
		return
	}
	p.end.close()
	<-p.done
}

// Replug plugs the device in, under the same link or address. The
// pseudo-terminal behind the link is never the one it was before.
func (d *Device) Replug() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plug != nil {
		return nil
	}
	end, err := d.wire.open()
	if err != nil {
		return d.err(err)
	}
	d.proto.powerUp()
	d.plug = &plug{end: end, done: make(chan struct{})}
	go d.read(d.plug)
	return nil
}

// Close unplugs the device for good and removes its link.
func (d *Device) Close() { d.Unplug() }

// err puts the device's name before an error.
func (d *Device) err(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", d.cfg.Name, err)
}
