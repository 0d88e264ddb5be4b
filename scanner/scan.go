package scanner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"dockfill/allocation"
	"dockfill/scanner/barcode"
)

// Faults of a frame, in Scan.Fault. Each asks for STOP, except
// ErrDoubtfulRepeat and ErrStale, which ask for CHECK.
var (
	// ErrTooLong: more than MaxScan bytes without an end. One is given for the
	// whole run, however long.
	ErrTooLong = errors.New("the scan has no end: more than 4096 bytes without a terminator; check the terminator in the scanner and in the station's settings")
	// ErrUnterminated: the scanner fell silent in the middle of a frame, or the
	// bytes are what followed such a pause.
	ErrUnterminated = errors.New("the scan broke off without its terminator; scan again, and check the terminator if this repeats")
	// ErrUnfinished: packets of one scan came, and the rest did not follow in time, or
	// the packet is such a rest.
	ErrUnfinished = errors.New("the scan came in several packets and not all of them arrived; scan again, and check the cable or the radio link if this repeats")
	// ErrUnframed: bytes outside of STX and ETX.
	ErrUnframed = errors.New("the scan came without STX and ETX; set the scanner to send them, or choose another terminator")
	// ErrGarbled: packets with wrong checksums, and no good repeat after them.
	ErrGarbled = errors.New("the scan arrived garbled and was not repeated; scan again, and check the cable and the baud rate")
	// ErrUnpacketed: an SSI scanner sent plain data. It has been told again to send packets.
	ErrUnpacketed = errors.New("the scanner sent data without packets; it was set up anew, scan again")
	// ErrStale: the bytes lay in the port before it was opened, or came on their
	// heels. Nobody heard a verdict for them.
	ErrStale = errors.New("this was scanned while nobody listened and is not counted; look at what it was, and scan it again if it lies there still")
	// ErrBrokenUpload: a record of a device's memory whose upload broke off. None
	// of it counts, as the whole will come again.
	ErrBrokenUpload = errors.New("the upload broke off and nothing of it is counted; send the scanner's memory again")
	// ErrDoubtfulRepeat: the last scan's code again, one try of which was garbled or
	// whose verdict was not heard, so that it may be the same unit or an equal one.
	ErrDoubtfulRepeat = errors.New("the same code came twice around a transmission that failed; check whether it was one unit or two")
)

// Failures of a port, in Status.LastError.
var (
	// ErrNotFound: no such port at present; the search goes on.
	ErrNotFound = errors.New("scanner not found: plug it in, or run `dockfill-agent ports` and correct `port`")
	// ErrUnstableName: the port's name may mean another device after a replug.
	ErrUnstableName = errors.New("port name is not stable")
	// ErrTooManyFiles: the process has so many files open that a port cannot be
	// watched.
	ErrTooManyFiles = errors.New("too many open files")
	// ErrWriteStalled: the device takes no bytes.
	ErrWriteStalled = errors.New("the scanner takes no bytes; unplug it and plug it in again")
	// ErrHeld: another process has the port.
	ErrHeld = errors.New("another program uses the port")
	// ErrNoPermission: the agent's user may not open the port.
	ErrNoPermission = errors.New("the port may not be opened")
	// ErrKeyboard: the scanner is there, and types instead of talking.
	ErrKeyboard = errors.New("the scanner is in keyboard mode")
	// ErrWrongRate: what comes is no text.
	ErrWrongRate = errors.New("what the scanner sends is no text")
	// ErrNoTrigger: the device's profile knows no command that has it read.
	ErrNoTrigger = errors.New("the scanner cannot be told to read; pull its trigger")
	// ErrGone: the port that was open is there no longer.
	ErrGone = errors.New("the scanner went away: it was unplugged, switched off or is restarting; it is looked for under its name")
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
	// Since is the earliest moment at which it may have come. It is At, unless the
	// reader was held up: then the scan lay in the system's buffer, nobody knows how long.
	Since time.Time
	// Raw is the frame content without framing; of a faulty frame its first
	// MaxScan bytes. It is the receiver's own.
	Raw []byte
	// Code is what the content says; meaningless where Fault is set.
	Code barcode.Code
	// Fault is set for a frame that could not be read: one of the faults above.
	Fault error
	// Late says that the device kept the scan and sent it later: from its memory,
	// or in a run faster than any hand. At is then when it was read here.
	Late bool
	// DeviceTime is when the device says that it read the code; zero where it has
	// no clock.
	DeviceTime time.Time
	// Batch is the scan's place in an upload of a device's memory; zero for none.
	Batch Batch
	// Answer gives the device the verdict: its acknowledgement where the
	// protocol has one, its beep and its light. To be called after the commit.
	// It never blocks, and only the first call counts. After the port was lost
	// it does nothing but remember the scan as answered. It is never nil.
	Answer func(allocation.Verdict)
}

// Batch is a scan's place in one upload of a device's memory. The zero value is
// no batch.
type Batch struct {
	Upload *Upload
	// N counts from 1 to Of, in the device's order.
	N int
}

// Of counts the upload's readable records; 0 where there is none.
func (b Batch) Of() int {
	if b.Upload == nil {
		return 0
	}
	return len(b.Upload.Records)
}

// Upload is what a device's memory sent in one go. It is not changed once it is
// delivered.
type Upload struct {
	// At is when it was whole; a station has no two of one time.
	At time.Time
	// Continues says that the upload before broke off inside a record and that this
	// one begins with the record's rest.
	Continues bool
	// Records are those that could be read, in the device's order.
	Records []Record
}

// Record is what one record of a memory is known again by.
type Record struct {
	// Key is equal for equal content, the device's time included.
	Key string
	// Timed: the device's time is in it, so that no other reading has this Key.
	Timed bool
	// Gap: something stood before it that could not be read.
	Gap bool
}

// RecordKey makes the key of a record from its content; nth counts the equal ones
// of an upload from 1 where they carry the device's time, and is 0 elsewhere.
func RecordKey(content []byte, nth int) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(bytes.Clone(content), uint32(nth)))
	return string(sum[:16])
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

// Puller is a Source whose device can be told to read, as if its trigger were pulled.
type Puller interface {
	// Pull has the device begin to read, or end it. The errors are ErrNotFound while
	// there is no port, and ErrNoTrigger.
	Pull(on bool) error
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
	// Revision is what the device says of itself, "" where it says nothing.
	Revision string
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
	Late        int64 // scans that the device had kept, see Scan.Late
}
