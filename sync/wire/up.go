package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"dockfill/allocation"
)

// Hello opens a session: the site says who it is and where it stands. It is
// repeated until a Welcome or a Fence names its nonce.
type Hello struct {
	Head
	Run       int64         `json:"run"`       // starts of this database, from 1
	HeadAt    Cursor        `json:"head"`      // the newest event of the site's log
	Stored    Cursor        `json:"stored"`    // the highest such acknowledgement seen
	Safe      Cursor        `json:"safe"`      // likewise
	Commands  CommandCursor `json:"commands"`  // the last command applied
	Registers Hash          `json:"registers"` // digest of the site's right registers
	// Doubt is why the site does not vouch for its database: its anchors do not
	// agree with it, or the centre's history is another. Absent: it does.
	Doubt string `json:"doubt,omitempty"`
	// Late is true where Head.Incarnation is a life that the database left: only
	// its events are to be taken.
	Late bool `json:"late,omitempty"`
	// Welcomed is true where this process was welcomed on this connection: it
	// says only that it is there and how far its log has come.
	Welcomed bool   `json:"welcomed,omitempty"`
	Word     string `json:"word,omitempty"` // of the Probe that it answers
	Program  string `json:"program"`        // version of the agent, for people
}

// CommandCursor is a place in the numbered commands that one life of the centre
// gives one site. N 0 stands before the first.
type CommandCursor struct {
	Centre string `json:"centre"` // the centre's incarnation
	N      int64  `json:"n"`
}

func (*Hello) kind() string { return "hello" }

// Events carries a run of events without a gap. Prev is the hash before the
// first one and Last the hash behind the last one; the reader computes those
// between from the raw bytes.
type Events struct {
	Head
	First  int64             `json:"first"`
	Prev   Hash              `json:"prev"`
	Last   Hash              `json:"last"`
	Events []json.RawMessage `json:"events"` // stored bytes of Event, exactly
}

func (*Events) kind() string { return "events" }

// EventsOverhead bounds the bytes that a batch adds to its events, so that a
// sender can fill a batch to MaxMessage; each event adds one more for a comma.
const EventsOverhead = 512

// marshal joins the stored bytes themselves: the JSON encoder would be free to
// rewrite them, and then no hash would hold.
func (m *Events) marshal() ([]byte, error) {
	fill(m)
	envelope := *m
	envelope.Events = []json.RawMessage{}
	text, err := json.Marshal(&envelope)
	if err != nil {
		return nil, err
	}
	text = slices.Grow(bytes.TrimSuffix(text, []byte("]}")), m.size())
	for i, raw := range m.Events {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, raw...)
	}
	return append(text, "]}"...), nil
}

// size is what the events take in the message.
func (m *Events) size() int {
	bytes := 0
	for _, raw := range m.Events {
		bytes += len(raw) + 1
	}
	return bytes + 1
}

func (m *Events) check() error {
	switch {
	case len(m.Events) == 0:
		return fmt.Errorf("it carries no event")
	case m.First < 1:
		return fmt.Errorf("first is %d, sequence numbers begin at 1", m.First)
	}
	for i, raw := range m.Events {
		if len(raw) > MaxEvent {
			return fmt.Errorf("event %d has %d bytes, at most %d are allowed", m.First+int64(i), len(raw), MaxEvent)
		}
	}
	return nil
}

// Verify follows the chain through the batch and reports whether it ends in
// Last; hashes[i] is the hash behind event First+i.
func (m *Events) Verify() (hashes []Hash, ok bool) {
	hashes = make([]Hash, len(m.Events))
	h := m.Prev
	for i, raw := range m.Events {
		h = h.Next(raw)
		hashes[i] = h
	}
	return hashes, h == m.Last
}

// Report tells what a life of a site was granted in all, line by line, where a Welcome
// asks for it. It goes out in Parts messages, of which each says the same again when it
// is repeated: totals only grow. The centre counts it when it has all parts of one
// process under the same Centre.
type Report struct {
	Head
	Centre  string    `json:"centre"` // the life of the centre that asked
	Part    int       `json:"part"`   // from 1
	Parts   int       `json:"parts"`
	Granted []Granted `json:"granted"`
}

// Granted is the total that a life was ever granted of a line, in units.
type Granted struct {
	Line allocation.LineID `json:"line"`
	N    int64             `json:"n"`
}

// ReportLines is how many lines a Report carries at most.
const ReportLines = 2000

func (*Report) kind() string { return "report" }

func (m *Report) check() error {
	switch {
	case m.Centre == "" || m.Incarnation == "":
		return fmt.Errorf("a report names a life of the centre and one of the site")
	case m.Part < 1 || m.Part > m.Parts:
		return fmt.Errorf("it is part %d of %d", m.Part, m.Parts)
	case len(m.Granted) > ReportLines:
		return fmt.Errorf("it names %d lines, at most %d are allowed", len(m.Granted), ReportLines)
	}
	for _, g := range m.Granted {
		if g.N < 0 {
			return fmt.Errorf("line %s was granted %d", g.Line, g.N)
		}
	}
	return nil
}
