package scanner

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/scanner/barcode"
)

// Profile names what a scanner speaks: a document of package profile.
type Profile string

// The profiles that most sites need; package profile knows the others.
const (
	ASCII Profile = "ascii" // framed text, see Terminator
	SSI   Profile = "ssi"   // Zebra's Simple Serial Interface in packets
)

// Speech is a profile as package profile has read it. It is opaque here, since
// that package imports this one.
type Speech interface {
	// Verdicts reports whether the device can give the verdict by sound.
	Verdicts() bool
}

// Terminator names how a frame of ASCII ends.
type Terminator string

// The terminators. Scanners of every make can be set to one of them.
const (
	CR     Terminator = "CR"
	LF     Terminator = "LF"
	CRLF   Terminator = "CRLF"
	CRCR   Terminator = "CRCR"
	TAB    Terminator = "TAB"
	STXETX Terminator = "STX/ETX"
	// STXETXLRC is STX/ETX and a byte that checks the content.
	STXETXLRC Terminator = "STX/ETX+LRC"
	// Idle ends a frame by silence alone; for scanners without a suffix.
	Idle Terminator = "IDLE"
)

// Terminators lists them.
func Terminators() []Terminator {
	return []Terminator{CR, LF, CRLF, CRCR, TAB, STXETX, STXETXLRC, Idle}
}

// Limits of IdleGap. Measured: at 9600 baud gaps of 32 ms occur within a frame,
// so anything below 100 ms cuts good frames.
const (
	DefaultIdleGap = 200 * time.Millisecond
	MinIdleGap     = 100 * time.Millisecond
	MaxIdleGap     = 10 * time.Second
)

// Limits of Guard. The makers' own locks against reading one symbol twice are
// 400 ms (Datalogic's safety time) and 500 ms (Zebra's parameter 137), and a hand
// that scans carton after carton takes longer than the shorter of them.
const (
	DefaultGuard = 400 * time.Millisecond
	MaxGuard     = 5 * time.Second
)

// Config is one station's scanner. Complete fills in what is left empty.
type Config struct {
	Station allocation.StationID
	// Port is a stable name: a link such as /dev/serial/by-id/..., a COM port,
	// usb:VID:PID or usb:VID:PID:SERIAL, or tcp://host:port of a device server.
	Port string
	// Unstable permits a name such as /dev/ttyUSB0, which may mean another device
	// after a replug.
	Unstable bool
	Profile  Profile // default ASCII
	// Speech is what Profile names; Set.Complete of package profile puts it in. Where
	// it is nil, the profile that comes with the program under that name is meant.
	Speech   Speech
	Baud     int    // default 9600
	DataBits int    // 7 or 8, default 8
	Parity   string // none, odd, even; default none
	StopBits int    // 1 or 2, default 1
	// Terminator is for profiles of plain text; empty is the profile's own.
	Terminator Terminator
	// IdleGap is the silence after which a frame of text is over: at its end with
	// Idle, broken off with any other terminator. 0 is the profile's own.
	IdleGap time.Duration
	// Beep has the device give the verdict by beep and light, and turns off its
	// own beep at decoding, where the profile can do both.
	Beep bool
	// Layout is the keyboard layout of a scanner that types, on a port evdev: us,
	// uk, de or fr; default us.
	Layout string
	// Guard is how long after a code the same code counts as a trigger that
	// bounced, where nothing else names the unit. 0 is DefaultGuard; below 0 there
	// is none, as for a machine that reads equal codes faster than a hand.
	Guard time.Duration
	// TwinOf names a station that the same device also delivers to, over another
	// channel: each of its scans then counts once.
	TwinOf allocation.StationID
	// Rules know the house's own codes.
	Rules barcode.Rules
	// Tap, where set, hears what goes over the port as it goes, for commands that
	// show or record it. It must neither block nor keep p.
	Tap func(fromDevice bool, p []byte)
}

// Complete gives c with its defaults filled in, or every reason why it cannot
// work, one a line. Whether the port exists is not asked, nor what the profile
// says: Set.Complete of package profile does that first.
func (c Config) Complete() (Config, error) {
	c.Profile = cmp.Or(c.Profile, ASCII)
	c.Baud = cmp.Or(c.Baud, 9600)
	c.DataBits = cmp.Or(c.DataBits, 8)
	c.Parity = cmp.Or(c.Parity, "none")
	c.StopBits = cmp.Or(c.StopBits, 1)
	c.Guard = cmp.Or(c.Guard, DefaultGuard)
	if err := errors.Join(c.faults()...); err != nil {
		return Config{}, err
	}
	return c, nil
}

func (c Config) faults() (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("station %s: "+format, append([]any{c.Station}, args...)...))
	}
	if err := allocation.CheckID("station", string(c.Station)); err != nil {
		errs = append(errs, err)
	}
	if strings.TrimSpace(c.Port) == "" {
		bad("port is missing; `dockfill-agent ports` lists what is plugged in")
	}
	if c.Baud < 300 || c.Baud > 4_000_000 {
		bad("baud %d is not between 300 and 4000000", c.Baud)
	}
	if c.DataBits != 7 && c.DataBits != 8 {
		bad("data bits %d is neither 7 nor 8", c.DataBits)
	}
	if !slices.Contains([]string{"none", "odd", "even"}, c.Parity) {
		bad("parity %q is none of none, odd, even", c.Parity)
	}
	if c.StopBits != 1 && c.StopBits != 2 {
		bad("stop bits %d is neither 1 nor 2", c.StopBits)
	}
	if c.Guard > MaxGuard {
		bad("guard %v is longer than %v: equal cartons would not be counted", c.Guard, MaxGuard)
	}
	if c.TwinOf != "" && c.TwinOf == c.Station {
		bad("it cannot be its own twin; name the other station of the same scanner")
	}
	if c.Terminator != "" && !slices.Contains(Terminators(), c.Terminator) {
		bad("terminator %q is none of %v", c.Terminator, Terminators())
	}
	if c.IdleGap != 0 && (c.IdleGap < MinIdleGap || c.IdleGap > MaxIdleGap) {
		bad("idle gap %v is not between %v and %v", c.IdleGap, MinIdleGap, MaxIdleGap)
	}
	return errs
}
