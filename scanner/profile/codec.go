// Package profile holds what scanners speak. What is known of a make stands in a
// document (Profile, makes/*.toml); an engine speaks by it, as a state machine
// without input, output or clock: bytes, answers and the time go in, events come
// out.
//
// Silence is told to a codec, never computed from the times of two reads: a
// busy machine reads late what came in time, and only a read that came back
// empty shows that the wire was idle.
package profile

import (
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
)

// Codec is one device's conversation. It outlives the loss of its port, because
// a device may repeat after a replug what it sent before. Calls must not
// overlap.
type Codec interface {
	// Connect starts anew on an open port.
	Connect(now time.Time) []Event
	// Feed takes bytes as they came, in any pieces.
	Feed(now time.Time, p []byte) []Event
	// Silence says that a read has just come back empty; it also drives the
	// timers, and should come about every 100 ms while nothing arrives.
	Silence(now time.Time) []Event
	// Answer gives the verdict on the frame of a Deliver event, once for each ID.
	Answer(now time.Time, id uint64, v allocation.Verdict) []Event
	// Lost says that the port is gone.
	Lost(now time.Time) []Event
}

// Puller is a Codec whose device can be told to read.
type Puller interface {
	// Pull presses the trigger, or lets it go; false where the device has none that
	// could be told.
	Pull(now time.Time, on bool) ([]Event, bool)
}

// Timed is a Codec whose device waits for its answer for a limited time.
type Timed interface {
	// Away says that nobody read for a while: what is fed next may have come at any
	// time since then.
	Away(since time.Time)
	// Unwritten says that bytes for the device did not get out: it has not heard what
	// the newest scan was answered.
	Unwritten()
}

// Kind says what is to be done with an Event.
type Kind int

// The kinds.
const (
	Send    Kind = iota // write Data to the port
	Deliver             // a frame: Data, Symbology, ID, and Fault where it could not be read
	Repeat              // a retransmission was recognised; for the count
	Trouble             // Fault is for the status alone
	Unheard             // an answer had no device to go to; for the count
	Learned             // Data is what the device says of itself
)

// Event is one thing to do. Data is the receiver's own.
type Event struct {
	Kind      Kind
	Data      []byte
	Symbology string
	ID        uint64
	Fault     error
	// Late, DeviceTime and Batch are those of scanner.Scan.
	Late       bool
	DeviceTime time.Time
	Batch      scanner.Batch
}
