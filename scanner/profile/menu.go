package profile

import (
	"bytes"
	"fmt"
	"time"

	"dockfill/scanner"
)

// Status characters of a menu answer (Honeywell's user guides, serial programming
// commands): done, no such setting, value out of range.
const (
	enq = 0x05
	ack = 0x06
	nak = 0x15
)

const maxMenuAnswer = 1024

// menu tells a Honeywell scanner its settings when the port opens, one after
// the other. The scanner sends each back with a status character before the
// storage sign.
type menu struct {
	facts   *Menu
	next    int
	tries   int
	waiting bool
	sentAt  time.Time
}

func (m *menu) begin() { m.next, m.tries, m.waiting = 0, 0, false }

// due sends the next command, or the last one again. A scanner that answers none
// is asked nothing more.
func (m *menu) due(now time.Time) []Event {
	switch {
	case m.next == len(m.facts.Commands), m.waiting && now.Sub(m.sentAt) < ms(m.facts.WaitMS):
		return nil
	case m.tries == m.facts.Tries:
		m.next, m.waiting = len(m.facts.Commands), false
		return []Event{{Kind: Trouble, Fault: scanner.ErrNotAnswering}}
	}
	m.tries++
	m.waiting, m.sentAt = true, now
	c := m.facts.Commands[m.next]
	return []Event{{Kind: Send, Data: append(bytes.Clone(m.facts.Prefix.raw), c.Tag+c.Storage...)}}
}

// hear implements aside.
func (m *menu) hear(_ time.Time, said []byte) (heard, []Event) {
	if !m.waiting {
		return notMine, nil
	}
	c := m.facts.Commands[m.next]
	n := min(len(said), len(c.Tag))
	if !bytes.EqualFold(said[:n], []byte(c.Tag[:n])) {
		return notMine, nil
	}
	end := len(said) - 2
	switch {
	case end >= len(c.Tag) && said[end+1] == c.Storage[0] && bytes.IndexByte([]byte{enq, ack, nak}, said[end]) >= 0:
		return whole, m.answered(c, said[end], said[len(c.Tag):end])
	case end >= len(c.Tag) && !c.Learn, len(said) > maxMenuAnswer:
		return notMine, nil
	}
	return more, nil
}

func (m *menu) answered(c MenuCommand, status byte, said []byte) []Event {
	m.next++
	m.tries, m.waiting = 0, false
	switch {
	case status == enq:
		return []Event{{Kind: Trouble, Fault: fmt.Errorf("the scanner does not know the setting %s (%s); take it out of the profile, or choose the profile of its model", c.Tag, c.Why)}}
	case status == nak:
		return []Event{{Kind: Trouble, Fault: fmt.Errorf("the scanner refused the value of the setting %s (%s); correct it in the profile", c.Tag, c.Why)}}
	case c.Learn:
		return []Event{{Kind: Learned, Data: bytes.TrimSpace(bytes.Clone(said))}}
	}
	return nil
}
