// Package device pretends to be a handheld scanner, from the scanner's side of
// the wire.
//
// A device lives on a pseudo-terminal behind a stable symlink, as a USB scanner
// lives behind a udev name, or it listens on TCP, as a device server does. It
// speaks what one of the makes speaks. Some have a way back: the host
// acknowledges each scan and tells the device which beep and which light the
// worker gets. The others only type, and the station's own speaker answers.
//
// The package is written from the makers' published facts and imports nothing
// of the product, so that a misreading in the product's decoder does not meet
// the same misreading here.
package device

import (
	"cmp"
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
	// ErrKeyboard: the device is in keyboard mode, and its port stays silent.
	ErrKeyboard = errors.New("the scanner is in keyboard mode: nothing came over its port")
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
	// Framing ends (and begins) a scan of a make without packets; CR if empty.
	Framing Framing
	// AIM puts the AIM symbology identifier before the data.
	AIM bool
	// Separator stands for GS in what the device sends, as in a scanner that was
	// set up to replace it; GS itself if empty.
	Separator string
	// Baud is the device's own speed. A host that opened the pseudo-terminal with
	// another one gets, and sends, garbage. 0 understands any speed.
	Baud int
	// Packets starts an SSI device in packet mode. A device as it comes from
	// the factory sends raw data until the host sets parameter EEh to 1.
	Packets bool
	// Header: a Honeywell device sends its data header (menu DECHDR1).
	Header bool
	// NoComma: a Honeywell device of an older model, whose escape commands have
	// no comma at their end.
	NoComma bool
	// HostWait is how long a Honeywell device in Host ACK mode stays suspended,
	// in whole seconds; 10 s, the factory's setting, if zero.
	HostWait time.Duration
	// AckNak: a Datalogic device that sends each scan until the host has it.
	AckNak bool
	// NeedsEnable: a Datalogic device stays disabled after F until E.
	NeedsEnable bool
	// ResetTime is how long a Datalogic device is deaf after R; 30 s if zero.
	ResetTime time.Duration
	// TimeLayout puts a comma and the time of the reading behind each code of a
	// batch device, in the manner of the time package; no time if empty.
	TimeLayout string
	// ClockSlow is by how much a batch device's clock is slow.
	ClockSlow time.Duration
	// AckWait is how long a device with a handshake waits for an ACK before it sends
	// again; the factory's setting if zero: 2 s, or 200 ms with AckNak.
	AckWait time.Duration
	// ToneWait is how long after the ACK the worker listens for the tone
	// before the scan counts as unanswered; 3 s if zero.
	ToneWait time.Duration
	// EnableWait is how long a worker waits for a scanner that the host has
	// disabled; 10 s if zero.
	EnableWait time.Duration
	// Record, if set, gets every byte of the wire, both ways.
	Record *Recorder
	// OnEvent, if set, is called for everything the host told the device, in
	// order, from one goroutine at a time. It must not call the device.
	OnEvent func(Event)
}

// factoryWait is AckWait as it comes, where it is not SSI's.
var factoryWait = map[Profile]time.Duration{Datalogic: 200 * time.Millisecond}

// Device is one pretend handheld. Its methods may be called from several
// goroutines; scans of one device wait for each other, as one trigger does.
type Device struct {
	cfg   Config
	wire  wire
	proto protocol

	trigger sync.Mutex    // one scan at a time
	uneasy  int           // scans before which the line must be quiet
	bounce  time.Duration // from one reading to the next of a double trigger
	wedge   atomic.Bool   // in keyboard mode
	baud    atomic.Int64  // the device's own speed, 0 for any
	writes  sync.Mutex    // a reply never lands inside a scan
	heard   atomic.Int64  // when the host last spoke, or a scan last failed; Unix µs

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
	// listens is where the host's answers to scans are kept; nil for a device
	// that hears none.
	listens() ear
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
	d.SetBaud(cfg.Baud)
	if cfg.Listen != "" {
		d.wire = &tcpWire{address: cfg.Listen}
	} else {
		d.wire = &ptyWire{link: cfg.Link}
	}
	d.proto = d.speak()
	return d, nil
}

func (d *Device) speak() protocol {
	switch d.cfg.Profile {
	case SSI:
		return newSSI(d)
	case Honeywell, HoneywellHostAck:
		return newHoneywell(d)
	case Datalogic:
		return newDatalogic(d)
	case Cordless:
		return newCordless(d)
	case Batch:
		return newBatch(d)
	}
	return newASCII(d)
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
	c.Profile = cmp.Or(c.Profile, ASCII)
	if _, known := c.Profile.facts(); !known {
		return fmt.Errorf("profile %q is none of %s", c.Profile, profileNames())
	}
	c.Framing = cmp.Or(c.Framing, CR)
	if !knownFraming(c.Framing) {
		return fmt.Errorf("framing %q is none of %s", c.Framing, framingNames())
	}
	if err := c.misplaced(); err != nil {
		return err
	}
	c.AckWait = cmp.Or(c.AckWait, factoryWait[c.Profile], 2*time.Second)
	c.ToneWait = cmp.Or(c.ToneWait, 3*time.Second)
	c.EnableWait = cmp.Or(c.EnableWait, 10*time.Second)
	c.ResetTime = cmp.Or(c.ResetTime, 30*time.Second)
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
// the scan), ErrDisabled after EnableWait, ErrNoHost (over TCP, where a make has no
// handshake), ErrKeyboard, ErrBlocked, the context's.
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
	if d.wedge.Load() {
		return Answer{}, d.err(ErrKeyboard)
	}
	if d.Address() == "" && d.cfg.Profile != Batch {
		return Answer{}, d.err(ErrUnplugged)
	}
	if err := d.settle(ctx); err != nil {
		return Answer{}, err
	}
	scan := d.proto.scan
	if f == Junk {
		scan = d.scanJunk
	}
	a, err := scan(ctx, l, f)
	if d.proto.listens() != nil && (a.Tries > 1 || a.Tone == None || f == Junk) {
		d.uneasy = 3
		d.heard.Store(time.Now().UnixMicro())
	}
	return a, d.err(err)
}

// junkWait is how long a worker listens for what the host says to junk: it may
// first have to read all of it and wait for an end that never comes.
const junkWait = 10 * time.Second

// scanJunk sends what is no scan, and takes the answer that belongs to it.
func (d *Device) scanJunk(ctx context.Context, _ Label, _ Fault) (Answer, error) {
	ear := d.proto.listens()
	w := d.listen(ear)
	if _, err := d.stream(ctx, [][]byte{junk()}, 0); err != nil || ear == nil {
		return w.Answer, err
	}
	return w.Answer, w.tone(ctx, junkWait)
}

// Bounce sets how long after the first reading of a double trigger the second
// one comes; at once if it is not set.
func (d *Device) Bounce(after time.Duration) {
	d.trigger.Lock()
	defer d.trigger.Unlock()
	d.bounce = after
}

// SetBaud gives the device another speed of its own; see Config.Baud.
func (d *Device) SetBaud(baud int) { d.baud.Store(int64(baud)) }

// Keyboard switches keyboard mode, in which the device types into whatever
// window is open and sends nothing over its port.
func (d *Device) Keyboard(on bool) { d.wedge.Store(on) }

// Ready waits until a host is there. An SSI device waits for the host's first
// packet since it was plugged in. The others wait until a host has connected, or
// opened the pseudo-terminal.
func (d *Device) Ready(ctx context.Context) error {
	select {
	case <-d.proto.greeted():
		return nil
	case <-ctx.Done():
		if d.cfg.Profile == SSI {
			return d.err(fmt.Errorf("%w at %s, or the one that has sends no SSI packet, which is waited for here: start the agent with this port and profile ssi", ErrNoHost, d.Address()))
		}
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
	d.cfg.Record.note('!', []byte("unplug"))
	p.end.close()
	<-p.done
}

// Replug plugs the device in, under the same link or address. The
// pseudo-terminal behind the link is never the one it was before.
func (d *Device) Replug() error { return d.ReplugAs(Plugging{}) }

// Plugging is how a device is plugged in. The zero value is as before.
type Plugging struct {
	// Link is another path for the symlink, from now on.
	Link string
	// Stale is bytes that wait in the port before any host opens it.
	Stale []byte
	// Hold, if set, has another program take the port, whose path it is given, before
	// any host sees it. What it gives back ends that program's hold, at Release.
	Hold func(node string) (release func(), err error)
	// Denied: nobody may open the port, until Release. Root may all the same.
	Denied bool
}

// ReplugAs plugs the device in. On TCP nothing of a Plugging is possible. A
// device that is plugged in stays as it is.
func (d *Device) ReplugAs(how Plugging) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plug != nil {
		return nil
	}
	end, err := d.wire.open(how)
	if err != nil {
		return d.err(err)
	}
	d.proto.powerUp()
	d.cfg.Record.note('!', []byte("plug"))
	d.cfg.Record.note('<', how.Stale)
	d.plug = &plug{end: end, done: make(chan struct{})}
	go d.read(d.plug)
	return nil
}

// Release gives back a port that was held or denied.
func (d *Device) Release() {
	if end := d.current(); end != nil {
		end.release()
	}
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
