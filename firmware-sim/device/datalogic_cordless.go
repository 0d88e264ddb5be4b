package device

import (
	"bytes"
	"fmt"
)

// cordlessDatalogic is a Datalogic handheld behind its base. Facts, from the chapters on
// message formatting of the Gryphon, QuickScan and PowerScan reference guides:
//
//   - The base passes on messages, at most 48 characters between DC2 and CR, and
//     takes them only while it is set to ignore host commands: single bytes do
//     nothing. (DC2 falls away in answer to a label, where the base waits for the
//     host before it signals a good transmission; that mode is not played here.)
//   - Text in a message is shown on a display; the sounds and lights of its escape
//     sequences are played together.
//   - What no CR ends is thrown away after a while.
type cordlessDatalogic struct{ *datalogic }

func newCordless(d *Device) *cordlessDatalogic { return &cordlessDatalogic{newDatalogic(d)} }

const (
	dc2        = 0x12
	maxMessage = 48
)

func (c *cordlessDatalogic) hear(b []byte) {
	c.in = append(c.in, b...)
	for end := bytes.IndexByte(c.in, '\r'); end >= 0; end = bytes.IndexByte(c.in, '\r') {
		message := c.in[:end]
		c.in = c.in[end+1:]
		c.obey(message)
	}
}

// obey plays one message.
func (c *cordlessDatalogic) obey(message []byte) {
	text, isOne := bytes.CutPrefix(message, []byte{dc2})
	if !isOne || len(text) > maxMessage {
		c.d.tell(Event{Kind: Told, Words: fmt.Sprintf("%q, ignored: a message is at most %d characters between DC2 and CR", message, maxMessage)})
		return
	}
	var notes []note
	for at := bytes.IndexByte(text, esc); at >= 0 && at+4 <= len(text); at = bytes.IndexByte(text, esc) {
		notes = append(notes, c.sequence(text[at+1:at+4])...)
		text = text[at+4:]
	}
	c.play(notes)
}
