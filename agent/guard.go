package agent

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
)

// twinWindow is how far the two channels of one device may lie apart: a keyboard
// types a code in up to a second while a serial port has it at once.
const twinWindow = 2 * time.Second

// sameReading refuses what is the station's newest reading once more: a trigger
// that bounced, or the device's other channel. Nothing of it becomes an event, so
// the log alone decides a replay.
//
// The windows are measured between the arrivals at the ports, not between the
// commits, which a busy disk can pull apart. A refused bounce opens the window
// anew, as the makers' own locks do: a scanner that stares at a label reads it
// once. What a device kept and sent later comes faster than any hand, and its
// equal codes are equal cartons; over its other channel it is the same again.
func (d *desk) sameReading(tx *store.Tx, at store.Station, s scan) (dock.Feedback, bool, error) {
	if s.again {
		return dock.Feedback{}, false, nil
	}
	for _, twin := range s.twins {
		other, err := tx.Station(twin)
		if err != nil {
			return dock.Feedback{}, false, err
		}
		if slices.ContainsFunc(other.Readings, func(r store.Reading) bool { return within(r, s, twinWindow) }) {
			return notCounted(s, allocation.WhyBounce, "station %s has this scan already, over the other channel of the same scanner: not counted twice", twin), true, nil
		}
	}
	if s.late || s.batch.Of() > 0 || named(s.code) || len(at.Readings) == 0 || !within(at.Readings[0], s, s.guard) {
		return dock.Feedback{}, false, nil
	}
	what := "not counted; if it is a second carton scan it again"
	if s.code.Format == barcode.Control {
		what = "the card was read once; if it was meant twice scan it again"
	}
	f := notCounted(s, allocation.WhyBounce, "same code again within %.1f s: %s", s.guard.Seconds(), what)
	return f, true, tx.Heard(s.station, readingOf(s), s.remembered())
}

// named tells codes that name one thing in the world: those are known again by
// what they name, whenever they come.
func named(c barcode.Code) bool { return c.SSCC != "" || c.Serial != "" }

// remembered is how long the readings before the newest still matter: the slow
// channel of a device may be a few codes behind the other.
func (s scan) remembered() time.Duration {
	if len(s.twins) == 0 {
		return 0
	}
	return twinWindow
}

// readingOf is what is remembered of a scan to know the next one by.
func readingOf(s scan) store.Reading {
	return store.Reading{Code: s.raw, Says: says(s.code), At: s.at}
}

// says is what a code names, however its channel dresses it: one sends the
// identifier in the text and the other beside it, one all fourteen digits and the
// other thirteen.
func says(c barcode.Code) string {
	if c.Err != nil || c.Format == barcode.House || c.GTIN == "" && c.SSCC == "" && len(c.Elements) == 0 {
		return "text " + c.Text
	}
	named := fmt.Sprintf("%s %s %q %q %d %s %q", c.GTIN, c.SSCC, c.Lot, c.Serial, c.Quantity, c.AddOn, c.SKU)
	rest := slices.Clone(c.Elements)
	slices.SortFunc(rest, func(a, b barcode.Element) int { return cmp.Or(cmp.Compare(a.AI, b.AI), cmp.Compare(a.Value, b.Value)) })
	for _, e := range rest {
		if e.AI != "01" && e.AI != "00" {
			named += fmt.Sprintf(" %s %q", e.AI, e.Value)
		}
	}
	return named
}

func within(r store.Reading, s scan, window time.Duration) bool {
	if !bytes.Equal(r.Code, s.raw) && r.Says != says(s.code) {
		return false
	}
	apart := s.at.Sub(r.At)
	return apart < window && apart > -window
}

func notCounted(s scan, why allocation.WhyCode, format string, args ...any) dock.Feedback {
	return dock.Feedback{
		Station: s.station, At: s.at, Verdict: allocation.Check, Why: why,
		Text: fmt.Sprintf(format, args...), Code: dock.Visible(string(s.raw)),
	}
}
