package device

import (
	"bytes"
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

// Faults lists every fault with its meaning, for help texts. A device without
// handshake cannot have those that need one, and scans as if nothing were
// wrong.
var Faults = []struct {
	Fault     Fault
	Meaning   string
	Handshake bool
}{
	{Split, "the bytes come in threes, 20 ms apart", false},
	{NoTerm, "the end of the frame is missing (SSI: of the first try)", false},
	{Nul, "NUL bytes inside the data", false},
	{Control, "bell, escape and delete inside the data", false},
	{Noise, "line noise before the frame", false},
	{Stall, "half of the frame, a second of silence, the rest (SSI: of the first try)", false},
	{SplitEnd, "the last byte comes 50 ms after the others: CR, then LF", false},
	{LostGS, "the GS between the elements is missing", false},
	{Double, "the trigger bounces: the label is read twice", false},
	{Torn, "the cable is pulled in the middle of the frame", false},
	{Checksum, "SSI: the first try has a wrong checksum; framing stx-etx-lrc: a wrong LRC", true},
	{LostAck, "ssi, and datalogic with acknak: the first ACK is not heard, the scan comes again", true},
	{Junk, "1 MB without any end, instead of a scan", false},
}

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
