package wire

import (
	"encoding/json"
	"fmt"
)

// Welcome answers a Hello. The site compares Stored with its own log before it
// sends; where the hash differs, it does not send.
type Welcome struct {
	Head
	// Minted is true where Head.Incarnation is new: the site begins an empty log
	// under it. Instead is the life that it replaces, as the hello named it, and Kept
	// how far the centre holds that one's log.
	Minted  bool   `json:"minted"`
	Instead string `json:"instead,omitempty"`
	Kept    Cursor `json:"kept,omitzero"`
	// Followed is the life of the centre that the hello followed. A site that follows
	// another by now has moved on, and the answer is late.
	Followed string `json:"followed,omitempty"`
	// Report is true where the centre asks what this life was granted, as it was put
	// back to an older copy and has no witness: the site sends Report messages before
	// its events, until a welcome no longer asks.
	Report bool `json:"report,omitempty"`
	// Facts is true where the site is welcome to send its events and not to
	// allocate.
	Facts  bool   `json:"facts,omitempty"`
	Centre string `json:"centre"` // the centre's incarnation
	Stored Cursor `json:"stored"`
	Safe   Cursor `json:"safe"`
}

func (*Welcome) kind() string { return "welcome" }

// Ack is the centre's own receipt. Stored: in the centre's database. Safe: also
// in a copy off the centre's machine; the site deletes only below it. A receipt of a
// life of the centre that the site does not follow is worth nothing: that life's
// database is gone.
type Ack struct {
	Head
	Centre string `json:"centre"` // the centre's incarnation
	Stored Cursor `json:"stored"`
	Safe   Cursor `json:"safe"`
}

func (*Ack) kind() string { return "ack" }

// Commands carries a run of numbered commands without a gap. The site applies
// them in order, a whole message in one transaction, and says so by an event.
type Commands struct {
	Head
	Centre   string    `json:"centre"`
	First    int64     `json:"first"` // number of the first command; the rest follow
	Commands []Command `json:"commands"`
}

func (*Commands) kind() string { return "commands" }

func (m *Commands) check() error {
	if len(m.Commands) == 0 || m.First < 1 || m.Centre == "" {
		return fmt.Errorf("a run of commands needs a centre, a first number from 1 and a command")
	}
	for i, c := range m.Commands {
		if err := c.check(); err != nil {
			return fmt.Errorf("command %d: %w", m.First+int64(i), err)
		}
	}
	return nil
}

// CommandsOverhead bounds the bytes that a message adds to its commands, which
// are measured by Command.Size.
const CommandsOverhead = 512

// Size is how many bytes the command takes in a message, its comma included.
func (c Command) Size() (int, error) {
	text, err := json.Marshal(c)
	return len(text) + 1, err
}

// Fence tells a site to stop allocating: it keeps its log and waits for people.
type Fence struct {
	Head
	Reason  string `json:"reason"`  // a code, such as "centre-behind"
	Message string `json:"message"` // a sentence for the person at the site
}

func (*Fence) kind() string { return "fence" }

// Probe asks the process that it names whether it lives, where another would take
// its place, and that other one, too. It answers at once by a Hello with Welcomed and
// the Word: one without it may be late, of a process that ended.
type Probe struct {
	Head
	Word string `json:"word"`
}

func (*Probe) kind() string { return "probe" }
