package hid

import (
	"bytes"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// unreadable is a scan that arrived with a part that says nothing. It is
// scanner.ErrGarbled, in words that fit these devices.
type unreadable string

func (u unreadable) Error() string { return string(u) }

// Is makes it one of the faults that scanner names.
func (u unreadable) Is(target error) bool { return target == scanner.ErrGarbled }

// wedge is the codec of a scanner that types. Its port gives text, see typing; the
// terminators are those of a serial line, and the device hears no answer.
type wedge struct{ *profile.Framer }

var _ profile.Codec = wedge{}

func newWedge(c scanner.Config) wedge { return wedge{profile.NewFramer(c.Terminator, c.IdleGap)} }

// Feed takes text.
func (w wedge) Feed(now time.Time, p []byte) []profile.Event { return taint(w.Framer.Feed(now, p)) }

// Silence ends or breaks off a scan when it has lasted long enough.
func (w wedge) Silence(now time.Time) []profile.Event { return taint(w.Framer.Silence(now)) }

// Lost breaks off what had begun.
func (w wedge) Lost(now time.Time) []profile.Event { return taint(w.Framer.Lost(now)) }

// Answer has no channel on a keyboard.
func (w wedge) Answer(time.Time, uint64, allocation.Verdict) []profile.Event { return nil }

// mark stands in the text before what could not be typed, which "<" and ">"
// enclose. It occurs in no UTF-8, so in no text.
const mark = 0xFF

// dropped is told for key events that the kernel could not keep.
const dropped = "events lost"

func marked(what string) string { return "\xff<" + what + ">" }

// taint makes a fault of each scan with a mark.
func taint(events []profile.Event) []profile.Event {
	for i, e := range events {
		_, rest, found := bytes.Cut(e.Data, []byte{mark, '<'})
		if e.Kind != profile.Deliver || !found {
			continue
		}
		what, _, _ := bytes.Cut(rest, []byte{'>'})
		events[i].Fault = unreadable("the scanner typed " + string(what) +
			", which is no character in the station's layout; set the scanner and the station to the same keyboard layout and scan again")
		if string(what) == dropped {
			events[i].Fault = unreadable("key events were lost because the machine was too busy; scan again")
		}
	}
	return events
}
