package profile

import (
	"time"

	"dockfill/scanner"
)

// Profile is what is known of a make of scanner: a document of TOML, in which
// each table is a fact, with where it is from and how sure it is. See
// docs/scanners/profiles.md.
type Profile struct {
	// Name is the document's file name without its ending.
	Name   string `toml:"-"`
	Title  string `toml:"title"`
	Engine Engine `toml:"engine"`
	About  string `toml:"about"`
	USB    []USB  `toml:"usb"`
	Line   *Line  `toml:"line"`
	Frame  *Frame `toml:"frame"`
	// Answer is set where the device waits for the host after each scan.
	Answer *Answer `toml:"answer"`
	// Tones and Lights say how the device gives the verdict; without tones it cannot.
	Tones  *Tones  `toml:"tone"`
	Lights *Lights `toml:"light"`
	Hold   *Hold   `toml:"hold"`
	Start  []Start `toml:"start"`
	// Trigger is set where the device can be told to read.
	Trigger *Trigger  `toml:"trigger"`
	SSI     *SSIFacts `toml:"ssi"`
	Menu    *Menu     `toml:"menu"`
	Header  *Header   `toml:"header"`
	Reply   *Reply    `toml:"reply"`
	Memory  *Memory   `toml:"memory"`
	Setup   []Setup   `toml:"setup"`

	file   string
	places places
}

// Engine names the state machine that speaks for a profile.
type Engine string

// The engines.
const (
	SSIEngine       Engine = "ssi"
	HoneywellEngine Engine = "honeywell"
	DatalogicEngine Engine = "datalogic"
	ASCIIEngine     Engine = "ascii"
)

// Sure says how sure a fact is.
type Sure string

// How sure: in the maker's own documents; seen on a device or a wire; seen in one
// program that works; none of these.
const (
	Vendor     Sure = "vendor"
	Measured   Sure = "measured"
	OneProgram Sure = "one implementation"
	Unverified Sure = "unverified"
)

// Evidence stands with each fact.
type Evidence struct {
	Source string `toml:"source"`
	Sure   Sure   `toml:"sure"`
}

// USB is an id under which such a device shows itself. VID and PID are four
// hexadecimal digits; without a PID every product of the maker is meant.
type USB struct {
	VID  string `toml:"vid"`
	PID  string `toml:"pid"`
	Mode Mode   `toml:"mode"`
	Evidence
}

// Mode is how a USB device offers its scans.
type Mode string

// The modes. Any says that the id does not tell.
const (
	Serial   Mode = "serial"
	Keyboard Mode = "keyboard"
	HIDPOS   Mode = "hidpos"
	OtherUSB Mode = "other"
	AnyUSB   Mode = "any"
)

// Line is the serial line as the maker delivers it.
type Line struct {
	Baud     int    `toml:"baud"`
	DataBits int    `toml:"data_bits"`
	Parity   string `toml:"parity"`
	StopBits int    `toml:"stop_bits"`
	Evidence
}

// Frame is how text is cut into scans.
type Frame struct {
	Terminator scanner.Terminator `toml:"terminator"`
	IdleGapMS  int                `toml:"idle_gap_ms"`
	Evidence
}

// Answer is what a device expects that waits after each scan. It scans nothing
// meanwhile.
type Answer struct {
	// LimitMS is how long it waits; an answer after that would be taken for the
	// next scan's.
	LimitMS int `toml:"limit_ms"`
	// Sends is how often it sends a scan in all while there is no answer.
	Sends int `toml:"sends"`
	// ResendMS is after how long without an answer it sends a scan again by itself;
	// 0 where that is not known. The same code at that time may be a repeat though we
	// have answered: the answer was lost.
	ResendMS int `toml:"resend_ms"`
	// Ack acknowledges a scan, before any tone; empty where the tone is the answer.
	Ack Bytes `toml:"ack"`
	// Resend asks for a garbled scan again; empty where it cannot be asked.
	Resend Bytes `toml:"resend"`
	// Quiet says that the device makes no sound before it has the answer.
	Quiet bool `toml:"quiet"`
	Evidence
}

// Tones are the sounds that the verdicts use, see toneOf.
type Tones struct {
	Good     Tone `toml:"good"`
	Long     Tone `toml:"long"`
	Question Tone `toml:"question"`
	Razz     Tone `toml:"razz"`
}

// Tone is one sound: the bytes to send; with SSI the beep code.
type Tone struct {
	Send Bytes `toml:"send"`
	Evidence
}

// Lights are those that the verdicts use.
type Lights struct {
	Green *Light `toml:"green"`
	Red   *Light `toml:"red"`
}

// Light is one lamp: the bytes that turn it on and off; with SSI the mask.
// Without Off it goes out by itself.
type Light struct {
	On  Bytes `toml:"on"`
	Off Bytes `toml:"off"`
	MS  int   `toml:"ms"`
	Evidence
}

// Hold keeps the device from scanning after STOP; with SSI the bytes are opcodes.
type Hold struct {
	Begin Bytes `toml:"begin"`
	End   Bytes `toml:"end"`
	MS    int   `toml:"ms"`
	Evidence
}

// Start is sent each time the port opens.
type Start struct {
	Send Bytes  `toml:"send"`
	Why  string `toml:"why"`
	Evidence
}

// Trigger has the device read as if its trigger were pulled, and let go; with SSI the
// bytes are opcodes.
type Trigger struct {
	Begin Bytes `toml:"begin"`
	End   Bytes `toml:"end"`
	Evidence
}

// SSIFacts are what differs between speakers of SSI.
type SSIFacts struct {
	// Packets are the parameters that turn packets and handshake on, Quiet those
	// that turn off the beep at decoding.
	Packets *Parameters `toml:"packets"`
	Quiet   *Parameters `toml:"quiet"`
	// Host is what a command has for its answer, Scanner what a scan has.
	Host    *Tries    `toml:"host"`
	Scanner *Tries    `toml:"scanner"`
	Gap     *Span     `toml:"gap"`    // the longest silence inside a packet
	Repeat  *Span     `toml:"repeat"` // inside it a flagged packet repeats the last
	Ask     *Ask      `toml:"ask"`
	Types   []SSIType `toml:"type"`
}

// Parameters are numbers and values for PARAM_SEND. A number of two or three bytes
// is written as one, such as 0xF04E for F0 4E.
type Parameters struct {
	Set [][2]int `toml:"set"`
	Evidence
}

// bytes gives the pairs as they go over the wire.
func (p *Parameters) bytes() (b []byte) {
	for _, pair := range p.Set {
		for shift := 16; shift > 0; shift -= 8 {
			if pair[0]>>shift > 0 {
				b = append(b, byte(pair[0]>>shift))
			}
		}
		b = append(b, byte(pair[0]), byte(pair[1]))
	}
	return b
}

// Tries is how long an answer may take and how often is asked.
type Tries struct {
	WaitMS int `toml:"wait_ms"`
	Tries  int `toml:"tries"`
	Evidence
}

// Span is a length of time.
type Span struct {
	MS int `toml:"ms"`
	Evidence
}

// Ask says what is asked of a scanner when its port opens.
type Ask struct {
	Flush        bool `toml:"flush"` // have it throw away scans that it has not sent
	Capabilities bool `toml:"capabilities"`
	Revision     bool `toml:"revision"`
	WaitMS       int  `toml:"wait_ms"` // a scanner that knows the question answers by then
	Evidence
}

// SSIType is a code type of DECODE_DATA and the symbology identifier that it
// stands for.
type SSIType struct {
	Code int    `toml:"code"`
	AIM  string `toml:"aim"`
	Evidence
}

// Menu is Honeywell's way to change settings.
type Menu struct {
	Prefix   Bytes         `toml:"prefix"`
	WaitMS   int           `toml:"wait_ms"`
	Tries    int           `toml:"tries"`
	Commands []MenuCommand `toml:"command"`
	Evidence
}

// MenuCommand is one setting or question of a menu, sent when the port opens.
type MenuCommand struct {
	Tag string `toml:"tag"`
	// Storage is ! for a setting until power off; a question may need a full stop.
	Storage string `toml:"storage"`
	// Learn says that the answer's text is what the device says of itself.
	Learn bool   `toml:"learn"`
	Why   string `toml:"why"`
	Evidence
}

// Header is Honeywell's data header, which carries the symbology identifier.
type Header struct {
	Begin Bytes `toml:"begin"`
	Evidence
}

// Reply is how a device answers a command in a stream of scans: text between
// Begin and End, or one byte.
type Reply struct {
	Begin Bytes `toml:"begin"`
	End   Bytes `toml:"end"`
	Done  Bytes `toml:"done"`
	Bad   Bytes `toml:"bad"`
	Evidence
}

// Memory is a device that keeps scans and sends them all at once.
type Memory struct {
	// Scans is how many make an upload; fewer may be scans of a hand.
	Scans int `toml:"scans"`
	// EndMS is the silence after which an upload is whole.
	EndMS int `toml:"end_ms"`
	// Record is what each of them looks like, such as CODE,YYYYMMDDhhmmss; empty
	// where it is the code alone.
	Record string `toml:"record"`
	Evidence
}

// Setup is what a person does once to a device, by scanning its maker's sheet.
type Setup struct {
	// Purpose is one of serial-mode, host-ack, terminator, quiet,
	// identifiers, leave-keyboard, memory.
	Purpose string `toml:"purpose"`
	// Words say what to look for in the maker's guide.
	Words string `toml:"words"`
	// Barcode is what the code on that sheet holds, where that is known and a
	// printed one works.
	Barcode string `toml:"barcode"`
	Evidence
}

// Verdicts reports whether the device can give the verdict by sound.
func (p *Profile) Verdicts() bool { return p.Tones != nil }

// Quiet reports whether the device makes no sound of its own before the verdict,
// once it is set up.
func (p *Profile) Quiet() bool {
	return p.Answer != nil && p.Answer.Quiet || p.SSI != nil && p.SSI.Quiet != nil
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }
