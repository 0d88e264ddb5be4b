package device

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Fault is one thing that goes wrong with a scan; empty means nothing does.
type Fault string

// The faults.
const (
	Split    Fault = "split"    // the bytes come in threes, 20 ms apart
	NoTerm   Fault = "noterm"   // the end of the frame is missing
	Nul      Fault = "nul"      // NUL bytes inside the data
	Control  Fault = "control"  // bell, escape and delete inside the data
	Noise    Fault = "noise"    // line noise before the frame
	Stall    Fault = "stall"    // half of the frame, a second of silence, the rest
	SplitEnd Fault = "splitend" // the last byte comes 50 ms after the others
	LostGS   Fault = "lostgs"   // the GS between the elements is missing
	Double   Fault = "double"   // the trigger bounces: the label is read twice
	Torn     Fault = "torn"     // the cable is pulled in the middle of the frame
	Checksum Fault = "checksum" // SSI: the first try has a wrong checksum
	LostAck  Fault = "lostack"  // the first ACK is not heard, the scan comes again
	Junk     Fault = "junk"     // 1 MB without any end, instead of a scan
)

// Faults lists every fault with its meaning, for help texts.
var Faults = []struct {
	Fault   Fault
	Meaning string
}{
	{Split, "the bytes come in threes, 20 ms apart"},
	{NoTerm, "the end of the frame is missing (SSI: of the first try)"},
	{Nul, "NUL bytes inside the data"},
	{Control, "bell, escape and delete inside the data"},
	{Noise, "line noise before the frame"},
	{Stall, "half of the frame, a second of silence, the rest (SSI: of the first try)"},
	{SplitEnd, "the last byte comes 50 ms after the others: CR, then LF"},
	{LostGS, "the GS between the elements is missing"},
	{Double, "the trigger bounces: the label is read twice"},
	{Torn, "the cable is pulled in the middle of the frame"},
	{Checksum, "SSI: the first try has a wrong checksum; framing stx-etx-lrc: a wrong LRC"},
	{LostAck, "ssi, and datalogic with acknak: the first ACK is not heard, the scan comes again"},
	{Junk, "1 MB without any end, instead of a scan"},
}

// Possible says why a device of this configuration cannot have a fault, at a scan or
// in the midst of an upload; nil where it can. What is impossible would do nothing,
// and the player would believe that it did.
func (c Config) Possible(f Fault, upload bool) error {
	c.Profile, c.Framing = cmp.Or(c.Profile, ASCII), cmp.Or(c.Framing, CR)
	sums := c.Profile == SSI || c.Framing == STXETXLRC
	repeats := c.Profile == SSI || c.AckNak
	switch {
	case f == Checksum && !sums:
		return fmt.Errorf("the fault %q needs a handshake, which the profile %s has not, or framing=%s", f, c.Profile, STXETXLRC)
	case f == LostAck && !repeats:
		return fmt.Errorf("the fault %q needs a handshake, which the profile %s has not", f, c.Profile)
	case (f == NoTerm || f == SplitEnd) && c.Framing == NoEnd && c.Profile != SSI:
		return fmt.Errorf("the fault %q happens to the end of a frame, and with framing=%s there is none", f, NoEnd)
	case upload && f.ofReading():
		return fmt.Errorf("the fault %q happens when a code is read, and not on the wire: write `bad` above the upload", f)
	case c.Profile == Batch && !upload && f != "" && f != Junk && !f.ofReading():
		return fmt.Errorf("the fault %q happens on the wire, where a device of profile %s sends nothing before its upload: write `upload NAME fault=%s`", f, Batch, f)
	}
	return nil
}

// ofReading tells the faults that happen to what is read from those of the wire.
func (f Fault) ofReading() bool { return f == Nul || f == Control || f == LostGS || f == Double }

// piece is bytes that are sent in one go, after a pause.
type piece struct {
	after time.Duration
	bytes []byte
}

// spoil does to a label what the fault does to the data.
func (f Fault) spoil(l Label) Label {
	half := len(l.Text) / 2
	switch f {
	case Nul:
		l.Text = l.Text[:half] + "\x00\x00" + l.Text[half:]
	case Control:
		l.Text = l.Text[:half] + "\a\x1b\x7f" + l.Text[half:]
	case LostGS:
		l.Text = strings.ReplaceAll(l.Text, GS, "")
	}
	return l
}

// onWire does to a frame what the fault does on the wire. The last `end` bytes
// of the frame are its terminator or its checksum.
func (f Fault) onWire(frame []byte, end int) []piece {
	switch f {
	case Split:
		return inThrees(frame)
	case NoTerm:
		return []piece{{0, frame[:len(frame)-end]}}
	case Stall:
		half := len(frame) / 2
		return []piece{{0, frame[:half]}, {time.Second, frame[half:]}}
	case SplitEnd:
		last := len(frame) - 1
		return []piece{{0, frame[:last]}, {50 * time.Millisecond, frame[last:]}}
	case Noise:
		return []piece{{0, noise}, {interCharacter + 50*time.Millisecond, frame}}
	case Torn:
		return []piece{{0, frame[:len(frame)/2]}}
	case Checksum:
		wrong := bytes.Clone(frame)
		wrong[len(wrong)-1] ^= 0x55
		return []piece{{0, wrong}}
	}
	return []piece{{0, frame}}
}

func inThrees(frame []byte) []piece {
	var pieces []piece
	for chunk := range chunks(frame, 3) {
		pieces = append(pieces, piece{20 * time.Millisecond, chunk})
	}
	return pieces
}

// noise is what a wrong baud rate or a bad cable looks like. It holds neither
// CR nor LF, and no SSI length that could be waited for long.
var noise = []byte{0xFF, 0xFE, 0x00, 0xF8, 0x80, 0xE0, 0xFF, 0x00, 0xC0, 0xFE, 0x06, 0x98}

// junk is 1 MB of digits that no terminator ever ends.
func junk() []byte { return []byte(strings.Repeat("0123456789abcdef", 1<<16)) }
