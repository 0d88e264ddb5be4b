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

// Profile names what a scanner speaks.
type Profile string

// The profiles.
const (
	ASCII Profile = "ascii" // framed text, see Terminator
	SSI   Profile = "ssi"   // Zebra's Simple Serial Interface in packets
)

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
	// Idle ends a frame by silence alone; for scanners without a suffix.
	Idle Terminator = "IDLE"
)

var terminators = []Terminator{CR, LF, CRLF, CRCR, TAB, STXETX, Idle}

// Limits of IdleGap. Measured: at 9600 baud gaps of 32 ms occur within a frame,
// so anything below 100 ms cuts good frames.
const (
	DefaultIdleGap = 200 * time.Millisecond
	MinIdleGap     = 100 * time.Millisecond
	MaxIdleGap     = 10 * time.Second
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
	Baud     int     // default 9600
	DataBits int     // 7 or 8, default 8
	Parity   string  // none, odd, even; default none
	StopBits int     // 1 or 2, default 1
	// Terminator is for ASCII alone; default CR.
	Terminator Terminator
	// IdleGap is the silence after which a frame of ASCII is over: at its end with
	// Idle, broken off with any other terminator. Default DefaultIdleGap.
	IdleGap time.Duration
	// Beep has the device give the verdict by beep and light, and turns off its
	// own beep at decoding, where the profile can do both.
	Beep bool
	// Rules know the house's own codes.
	Rules barcode.Rules
}

// Complete gives c with its defaults filled in, or every reason why it cannot
// work, one a line. Whether the port exists is not asked.
func (c Config) Complete() (Config, error) {
	c.Profile = cmp.Or(c.Profile, ASCII)
	c.Baud = cmp.Or(c.Baud, 9600)
	c.DataBits = cmp.Or(c.DataBits, 8)
	c.Parity = cmp.Or(c.Parity, "none")
	c.StopBits = cmp.Or(c.StopBits, 1)
	if c.Profile == ASCII {
		c.Terminator = cmp.Or(c.Terminator, CR)
		c.IdleGap = cmp.Or(c.IdleGap, DefaultIdleGap)
	}
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
	c.profileFaults(bad)
	return errs
}

func (c Config) profileFaults(bad func(string, ...any)) {
	switch c.Profile {
	case ASCII:
		if !slices.Contains(terminators, c.Terminator) {
			bad("terminator %q is none of %v", c.Terminator, terminators)
		}
		if c.IdleGap < MinIdleGap || c.IdleGap > MaxIdleGap {
			bad("idle gap %v is not between %v and %v", c.IdleGap, MinIdleGap, MaxIdleGap)
		}
	case SSI:
		if c.Terminator != "" || c.IdleGap != 0 {
			bad("profile ssi sends packets and takes neither terminator nor idle gap")
		}
		if c.DataBits != 8 {
			bad("profile ssi needs 8 data bits")
		}
	default:
		bad("profile %q is none of ascii, ssi", c.Profile)
	}
}
