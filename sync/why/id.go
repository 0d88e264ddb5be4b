// Package why turns the log of a site into answers that a person can question:
// why a unit went to a line, and what became of a line or of a serial. It is
// pure: it reads events and lines that it is given.
package why

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"dockfill/allocation"
)

// Forms are the ways to write an ID, as people are told them.
const (
	SiteForms   = "an event's number (1204), a line (O1/1), or a serial (serial:ABC123, or with its trade item serial:04006381333931:ABC123)"
	CentreForms = "an event by its site and number (leeds:1204, of an earlier life of the site leeds:LIFE:1204), a line (O1/1), " +
		"or a serial (serial:ABC123, or with its trade item serial:04006381333931:ABC123)"
)

// ID is what is asked about. Just one of Seq, Line and Serial is set.
type ID struct {
	Site   allocation.SiteID // of an event; "" at the site itself
	Life   string            // of an event; "" is the present one
	Seq    int64
	Line   allocation.LineID
	Serial string
}

// The marks that say what stands behind them, where the bare form could be read
// in two ways.
const (
	eventMark  = "event:"
	lineMark   = "line:"
	serialMark = "serial:"
)

// maxText is the longest ID that is read, in bytes.
const maxText = 512

var errForm = errors.New("it is none of the forms")

// ParseHere reads an ID as people write it at a site; an event may carry a site's
// name, as at the centre.
func ParseHere(s string) (ID, error) { return parse(s, hereEvent) }

// ParseCentre reads an ID as people write it at the centre, where an event is of
// a site.
func ParseCentre(s string) (ID, error) { return parse(s, centreEvent) }

func parse(s string, event func(string) (ID, error)) (ID, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		return ID{}, fmt.Errorf("it is %d bytes long, at most %d are read", len(s), maxText)
	}
	if rest, ok := strings.CutPrefix(s, serialMark); ok {
		return serialID(rest)
	}
	if rest, ok := strings.CutPrefix(s, lineMark); ok {
		return lineID(rest)
	}
	if rest, ok := strings.CutPrefix(s, eventMark); ok {
		return event(rest)
	}
	if strings.Contains(s, "/") {
		return lineID(s)
	}
	return event(s)
}

func serialID(s string) (ID, error) {
	if s == "" {
		return ID{}, errors.New("the serial is missing")
	}
	return ID{Serial: s}, nil
}

func lineID(s string) (ID, error) {
	order, line := allocation.LineID(s).Split()
	if err := allocation.CheckID("order", string(order)); err != nil {
		return ID{}, err
	}
	if err := allocation.CheckLine(line); err != nil {
		return ID{}, err
	}
	return ID{Line: allocation.LineID(s)}, nil
}

func hereEvent(s string) (ID, error) {
	if strings.Contains(s, ":") {
		return centreEvent(s)
	}
	seq, err := number(s)
	return ID{Seq: seq}, err
}

func centreEvent(s string) (ID, error) {
	site, rest, ok := strings.Cut(s, ":")
	if !ok {
		return ID{}, errForm
	}
	if err := allocation.CheckSite(site); err != nil {
		return ID{}, err
	}
	id := ID{Site: allocation.SiteID(site)}
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		id.Life, rest = rest[:i], rest[i+1:]
		if err := allocation.CheckID("life", id.Life); err != nil {
			return ID{}, err
		}
	}
	var err error
	id.Seq, err = number(rest)
	return id, err
}

func number(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || s[0] == '+' {
		return 0, errForm
	}
	if n < 1 {
		return 0, errors.New("events are numbered from 1")
	}
	return n, nil
}

// String writes the ID as the parsers read it.
func (id ID) String() string {
	switch {
	case id.Serial != "":
		return serialMark + id.Serial
	case id.Line != "":
		if l := string(id.Line); !strings.HasPrefix(l, serialMark) && !strings.HasPrefix(l, lineMark) && !strings.HasPrefix(l, eventMark) {
			return l
		}
		return lineMark + string(id.Line)
	}
	return id.event()
}

func (id ID) event() string {
	if id.Site == "" {
		return strconv.FormatInt(id.Seq, 10)
	}
	text := string(id.Site) + ":"
	if id.Life != "" {
		text += id.Life + ":"
	}
	text += strconv.FormatInt(id.Seq, 10)
	if strings.HasPrefix(text, serialMark) || strings.HasPrefix(text, lineMark) || strings.HasPrefix(text, eventMark) {
		return eventMark + text
	}
	return text
}

// Short names an event for people: "leeds 1204". It leaves the life out.
func (id ID) Short() string { return strings.TrimSpace(fmt.Sprintf("%s %d", id.Site, id.Seq)) }

// Unit names goods by a serial, within a trade item where that is known.
type Unit struct {
	Trade  string // the GTIN, or the SKU where no GTIN was read; "" is any
	Serial string
}

// Readings are the units that the text behind "serial:" may mean, the likelier
// first: a serial may hold a colon itself.
func (id ID) Readings() []Unit {
	all := []Unit{{Serial: id.Serial}}
	for i, c := range id.Serial {
		if c != ':' || i == 0 || i == len(id.Serial)-1 {
			continue
		}
		trade := id.Serial[:i]
		if gtin, err := allocation.ParseGTIN(trade); err == nil {
			trade = string(gtin)
		}
		all = append(all, Unit{trade, id.Serial[i+1:]})
	}
	return all
}
