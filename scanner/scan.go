package scanner

import (
	"context"
	"errors"
	"time"

	"dockfill/allocation"
	"dockfill/scanner/barcode"
)

// Faults of a frame, in Scan.Fault. Each asks for STOP, except
// ErrDoubtfulRepeat, which asks for CHECK.
var (
	// ErrTooLong: more than MaxScan bytes without an end. One is given for the
	// whole run, however long.
	ErrTooLong = errors.New("the scan has no end: more than 4096 bytes without a terminator; check the terminator in the scanner and in the station's settings")
	// ErrUnterminated: the scanner fell silent in the middle of a frame, or the
	// bytes are what followed such a pause.
	ErrUnterminated = errors.New("the scan broke off without its terminator; scan again, and check the terminator if this repeats")
	// ErrUnframed: bytes outside of STX and ETX.
	ErrUnframed = errors.New("the scan came without STX and ETX; set the scanner to send them, or choose another terminator")
	// ErrGarbled: packets with wrong checksums, and no good repeat after them.
	ErrGarbled = errors.New("the scan arrived garbled and was not repeated; scan again, and check the cable and the baud rate")
	// ErrUnpacketed: an SSI scanner sent plain data. It has been told again to send packets.
	ErrUnpacketed = errors.New("the scanner sent data without packets; it was set up anew, scan again")
	// ErrDoubtfulRepeat: a repeat of the last scan, one try of which was garbled,
	// so that it may be the same scan or an equal one.
	ErrDoubtfulRepeat = errors.New("the same code came twice around a garbled transmission; check whether it was one unit or two")
)

// Failures of a port, in Status.LastError.
var (
	// ErrNotFound: no such port at present; the search goes on.
	ErrNotFound = errors.New("scanner not found")
	// ErrUnstableName: the port's name may mean another device after a replug.
	ErrUnstableName = errors.New("port name is not stable")
	// ErrTooManyFiles: the process has so many files open that a port cannot be
	// watched.
	ErrTooManyFiles = errors.New("too many open files")
	// ErrWriteStalled: the device takes no bytes.
	ErrWriteStalled = errors.New("the scanner takes no bytes; unplug it and plug it in again")
	// ErrPortFailed: the port broke while it was read or written.
	ErrPortFailed = errors.New("port failed")
	// ErrNotAnswering: the device does not acknowledge commands.
	ErrNotAnswering = errors.New("the scanner does not answer commands; check that it is set to the station's profile and baud rate")
)

// MaxScan is the longest frame content in bytes.
const MaxScan = 4096

// Scan is one frame that a device sent.
type Scan struct {
	Station allocation.StationID
	// Source names the port as configured.
	Source string
	// At is when the last byte was read.
	At time.Time
	// Raw is the frame content without framing; of a faulty frame its first
	// MaxScan bytes. It is the receiver's own.
	Raw []byte
	// Code is what the content says; meaningless where Fault is set.
	Code barcode.Code
	// Fault is set for a frame that could not be read: one of the faults above.
	Fault error
	// Answer gives the device the verdict: its acknowledgement where the
	// protocol has one, its beep and its light. To be called after the commit.
	// It never blocks, and only the first call counts. After the port was lost
	// it does nothing but remember the scan as answered. It is never nil.
	Answer func(allocation.Verdict)
}

// Source is one station's scanner, however it is attached.
type Source interface {
	// Run delivers scans in the order in which the device sent them until ctx
	// ends. It survives the loss of the device and searches for it without end;
	// meanwhile it delivers nothing. A frame that broke off in a loss comes with
	// ErrUnterminated. It waits while out is full and reads nothing meanwhile, so
	// that nothing is dropped. The result is ctx's error, always. Run is called
	// once.
	Run(ctx context.Context, out chan<- Scan) error
	// Status may be called at any time from any goroutine.
	Status() Status
}

// State is how a Source stands.
type State string

// The states.
const (
	// Connected: the port is open.
	Connected State = "connected"
	// Searching: the port is not there or cannot be opened; LastError says why.
	Searching State = "searching"
	// Stalled: the device takes no bytes, or the agent takes no scans.
	Stalled State = "stalled"
)

// Status is what an operator sees of a Source.
type Status struct {
	Station allocation.StationID
	State   State
	// Port is the configured name; Device what it led to, such as /dev/ttyACM0.
	Port, Device string
	// Since is when State began.
	Since time.Time
	// LastScan is when the last frame came, faulty or not; zero for never.
	LastScan time.Time
	Counts   Counts
	// LastError is the latest trouble, nil if there was none since the port opened.
	LastError error
}

// Counts run from the start of the process.
type Counts struct {
	Scans       int64 // frames delivered without fault
	Faults      int64 // frames delivered with a fault
	Repeats     int64 // retransmissions that were acknowledged again and not delivered
	Connects    int64 // times that the port was opened
	LostAnswers int64 // answers that found no device to show them
}
