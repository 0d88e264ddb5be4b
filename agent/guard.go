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
// commits, which a busy disk can pull apart. What lay unread while the agent stood
// still arrived at any time since: where that may have been inside of the window,
// counting it could count twice, so the worker is asked. A refused bounce opens the window
// anew, as the makers' own locks do: a scanner that stares at a label reads it
// once. What a device kept and sent later comes faster than any hand, and its
// equal codes are equal cartons; over its other channel it is the same again.
func (d *desk) sameReading(tx *store.Tx, at store.Station, s scan) (dock.Feedback, bool, error) {
	var twins []store.Station
	for _, twin := range s.twins {
		other, err := tx.Station(twin)
		if err != nil {
			return dock.Feedback{}, false, err
		}
		twins = append(twins, other)
	}
	f, again, bounced := readAgain(at, twins, s)
	if !bounced {
		return f, again, nil
	}
	return f, true, tx.Heard(s.station, readingOf(s), s.remembered())
}

// readAgain says whether a scan is its station's newest reading once more, or one of the
// device's other channel. bounced is the former, which opens the window anew.
func readAgain(at store.Station, twins []store.Station, s scan) (f dock.Feedback, again, bounced bool) {
	if s.again {
		return f, false, false
	}
	for _, twin := range twins {
		if r, same := sameWithin(twin.Readings, s, twinWindow); same {
			return otherChannel(s, twin.ID, r), true, false
		}
	}
	if s.late || s.batch.Of() > 0 || named(s.code) || len(at.Readings) == 0 {
		return f, false, false
	}
	r, same := sameWithin(at.Readings[:1], s, s.guard)
	if !same {
		return f, false, false
	}
	return bounce(s, r), true, true
}

// otherChannel tells of a scan that the other channel of its device may have brought.
func otherChannel(s scan, twin allocation.StationID, r store.Reading) dock.Feedback {
	if _, most := apart(r, s); most >= twinWindow && !named(s.code) {
		return notCounted(s, allocation.WhyBounce, "station %s may have this scan already, over the other channel of the same scanner; the agent read nothing for a while, so the time between is not known: %s", twin, scanAgain(s))
	}
	return notCounted(s, allocation.WhyBounce, "station %s has this scan already, over the other channel of the same scanner: not counted twice", twin)
}

// bounce tells of a code that is, or may be, the reading before once more.
func bounce(s scan, r store.Reading) dock.Feedback {
	if _, most := apart(r, s); most >= s.guard {
		return notCounted(s, allocation.WhyBounce, "same code again, and the agent read nothing for a while, so the time between is not known: %s", scanAgain(s))
	}
	return notCounted(s, allocation.WhyBounce, "same code again within %.1f s: %s", s.guard.Seconds(), scanAgain(s))
}

// scanAgain is how a worker has what was not counted counted.
func scanAgain(s scan) string {
	if s.code.Format == barcode.Control {
		return "the card was read once; if it was meant twice scan it again"
	}
	return "not counted; if it is a second carton scan it again"
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
	return store.Reading{Code: s.raw, Says: says(s.code), At: s.at, Since: s.earliest()}
}

func (s scan) earliest() time.Time {
	if s.since.IsZero() {
		return s.at
	}
	return s.since
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

// sameWithin finds a reading of the same code that may lie within the window.
func sameWithin(all []store.Reading, s scan, window time.Duration) (store.Reading, bool) {
	i := slices.IndexFunc(all, func(r store.Reading) bool {
		least, _ := apart(r, s)
		return least < window && (bytes.Equal(r.Code, s.raw) || r.Says == says(s.code))
	})
	if i < 0 {
		return store.Reading{}, false
	}
	return all[i], true
}

// apart is how long a reading and a scan lie apart, at least and at most.
func apart(r store.Reading, s scan) (least, most time.Duration) {
	least = max(0, s.earliest().Sub(r.At), r.Since.Sub(s.at))
	most = max(s.at.Sub(r.Since), r.At.Sub(s.earliest()))
	return least, most
}

func notCounted(s scan, why allocation.WhyCode, format string, args ...any) dock.Feedback {
	return dock.Feedback{
		Station: s.station, At: s.at, Verdict: allocation.Check, Why: why,
		Text: fmt.Sprintf(format, args...), Code: dock.Visible(string(s.raw)),
	}
}
