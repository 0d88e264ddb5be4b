package profile

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
)

// showFor bounds a verdict's beep: later it would be heard as another scan's.
const showFor = 2 * time.Second

// askAfter is how long nothing was said before a scanner is asked what it is:
// scans and verdicts never wait for a question.
const askAfter = 2 * time.Second

// noBeep stands before the parameters of PARAM_SEND.
const noBeep = 0xFF

// commands is what waits to be told to an SSI scanner: one at a time, the next
// after its ACK or the reply that takes an ACK's place. Settings come first, then
// the newest verdict, then what is only asked.
type commands struct {
	profile *Profile
	beep    bool
	queue   []command
	waiting bool      // the head was sent and has no answer yet
	spoke   time.Time // when either side said something last
	lit     byte      // the mask of a light that is on
	held    bool      // it was told to stop reading, and has not acknowledged that it may go on
	known   []byte
	trouble error
}

// purpose is why a command is sent, which decides what becomes of it without an
// answer.
type purpose int

const (
	setting purpose = iota // has its tries, and must succeed
	showing                // a verdict; given up when it is late
	holding                // the end of a hold; has its tries
	asking                 // a scanner need not know it
)

type command struct {
	packet  packet
	purpose purpose
	from    time.Time // not before
	until   time.Time // of a showing
	praises bool      // the tone or the light of a saved unit
	void    bool      // not to be sent, or not again
	sentAt  time.Time
	tries   int
}

// start queues the set-up, and drops the rest. Status bit 3 stays clear, so that
// the settings are temporary. A scanner that was held when the port was lost is
// let go.
func (c *commands) start(now time.Time) {
	c.stop()
	c.known, c.spoke = nil, now
	facts := c.profile.SSI
	if facts.Ask.Flush {
		c.add(setting, now, opFlushQueue)
	}
	settings := append([]byte{noBeep}, facts.Packets.bytes()...)
	if facts.Quiet != nil && c.beep {
		settings = append(settings, facts.Quiet.bytes()...)
	}
	c.add(setting, now, opParamSend, settings...)
	if h := c.profile.Hold; h != nil && c.beep {
		why := asking
		if c.held {
			why = holding
		}
		c.add(why, now, h.End.raw[0])
	}
	if facts.Ask.Capabilities {
		c.add(asking, now, opCapabilitiesRequest)
	}
	if facts.Ask.Revision {
		c.add(asking, now, opRevisionRequest)
	}
}

func (c *commands) stop() { c.queue, c.waiting, c.lit = nil, false, 0 }

func (c *commands) add(why purpose, from time.Time, op byte, data ...byte) {
	c.queue = append(c.queue, command{packet: host(op, data...), purpose: why, from: from, until: from.Add(showFor)})
}

// show queues a verdict's beep and light in place of an earlier verdict's.
func (c *commands) show(now time.Time, v allocation.Verdict) {
	if !c.beep {
		return
	}
	old := c.queue
	c.queue = nil
	var later []command
	for i, q := range old {
		switch {
		case i == 0 && c.waiting, q.purpose == setting:
			c.queue = append(c.queue, q)
		case q.purpose == asking, q.purpose == holding && !stops(v):
			later = append(later, q)
		}
	}
	c.sound(now, v)
	c.queue = append(c.queue, later...)
}

// overtaken withdraws what praises a scan behind which another was delivered.
func (c *commands) overtaken() {
	for i := range c.queue {
		c.queue[i].void = c.queue[i].praises
	}
}

// sound queues one verdict.
func (c *commands) sound(now time.Time, v allocation.Verdict) {
	if c.lit != 0 && c.can(opLEDOff) {
		c.add(showing, now, opLEDOff, c.lit)
	}
	c.add(showing, now, opBeep, c.profile.Tones.toneOf(v).raw[0])
	c.queue[len(c.queue)-1].praises = v.Saved()
	h := c.profile.Hold
	holds := h != nil && stops(v) && c.can(h.Begin.raw[0])
	if holds {
		c.add(showing, now, h.Begin.raw[0])
	}
	if light := c.profile.Lights.lightOf(v); light != nil && c.can(opLEDOn) {
		c.add(showing, now, opLEDOn, light.On.raw[0])
		c.queue[len(c.queue)-1].praises = v.Saved()
		c.add(showing, now.Add(ms(light.MS)), opLEDOff, light.Off.raw[0])
	}
	if holds {
		c.add(holding, now.Add(ms(h.MS)), h.End.raw[0])
	}
}

// can reports whether the scanner knows a command, as far as it has said.
func (c *commands) can(op byte) bool {
	return c.known == nil || bytes.IndexByte(c.known, op) >= 0
}

// capable takes a CAPABILITIES_REPLY: baud rates (2 bytes), serial parameters,
// multipacket options, then the opcodes.
func (c *commands) capable(data []byte) {
	if len(data) <= 4 {
		return
	}
	c.known = bytes.Clone(data[4:])
	if c.beep && !c.can(opBeep) {
		c.trouble = fmt.Errorf("the scanner says that it has no command %s, so it cannot sound the verdict; set beep = false for the station and use its speaker", opName(opBeep))
	}
}

func (c *commands) acknowledged() {
	if c.waiting {
		if h := c.profile.Hold; h != nil && c.queue[0].packet.op == h.End.raw[0] {
			c.held = false
		}
		c.drop()
	}
}

// garbled says that an answer may have been lost among bytes that nobody could
// read. A light is not worth it that the next tone waits for a repeat.
func (c *commands) garbled() {
	if c.waiting && (c.queue[0].packet.op == opLEDOn || c.queue[0].packet.op == opLEDOff) {
		c.drop()
	}
}

// replied takes a reply that stands for the ACK of a request.
func (c *commands) replied(request byte) {
	if c.waiting && c.queue[0].packet.op == request {
		c.drop()
	}
}

// refused sends the head once more if it arrived garbled, else drops it.
func (c *commands) refused(now time.Time, cause []byte) {
	switch {
	case !c.waiting:
		return
	case len(cause) > 0 && cause[0] == nakResend:
		c.queue[0].sentAt = now.Add(-time.Hour)
		return
	case c.queue[0].purpose != asking:
		c.trouble = fmt.Errorf("the scanner refused the command %s%s; choose the profile of its model", opName(c.queue[0].packet.op), because(cause))
	}
	c.drop()
}

func because(cause []byte) string {
	switch {
	case len(cause) == 0:
		return ""
	case cause[0] == nakUnknown:
		return ", which it does not know"
	case cause[0] == nakDenied:
		return ", which it does not allow now"
	}
	return fmt.Sprintf(" with cause %d", cause[0])
}

func (c *commands) drop() { c.queue, c.waiting = c.queue[1:], false }

// due gives what is to be sent now, and the trouble met since the last call.
func (c *commands) due(now time.Time) []Event {
	var events []Event
	for c.ready(now) {
		if head := c.queue[0]; head.void || c.over(head, now) {
			c.drop()
			if head.void {
				continue
			}
			if head.purpose != asking {
				c.trouble = scanner.ErrNotAnswering
				c.askNothing()
			}
			if head.purpose == holding && c.held { // or it would never read again
				c.add(holding, now.Add(askAfter), head.packet.op)
			}
			continue
		}
		events = append(events, Event{Kind: Send, Data: c.sendHead(now)})
	}
	if c.trouble != nil {
		events = append(events, Event{Kind: Trouble, Fault: c.trouble})
		c.trouble = nil
	}
	return events
}

// askNothing spares a scanner that answers nothing its questions, and what comes
// after them the wait.
func (c *commands) askNothing() {
	c.queue = slices.DeleteFunc(c.queue, func(q command) bool { return q.purpose == asking })
}

// ready puts a command whose time has come at the head, and reports whether there
// is one. What waits for its time holds up questions alone.
func (c *commands) ready(now time.Time) bool {
	if len(c.queue) == 0 {
		return false
	}
	if c.waiting {
		return now.Sub(c.queue[0].sentAt) >= c.patience(c.queue[0])
	}
	busy := now.Sub(c.spoke) < askAfter || slices.ContainsFunc(c.queue, func(q command) bool { return q.purpose != asking })
	for i, q := range c.queue {
		if !now.Before(q.from) && !(busy && q.purpose == asking) {
			copy(c.queue[1:i+1], c.queue[:i])
			c.queue[0] = q
			return true
		}
	}
	return false
}

func (c *commands) patience(q command) time.Duration {
	if q.purpose == asking {
		return ms(c.profile.SSI.Ask.WaitMS)
	}
	return ms(c.profile.SSI.Host.WaitMS)
}

func (c *commands) over(q command, now time.Time) bool {
	switch q.purpose {
	case asking:
		return q.tries == 1
	case showing:
		return now.After(q.until)
	}
	return q.tries == c.profile.SSI.Host.Tries
}

func (c *commands) sendHead(now time.Time) []byte {
	head := &c.queue[0]
	p := head.packet
	if head.tries > 0 {
		p.status |= bitRetransmit
	}
	head.tries++
	head.sentAt, c.spoke, c.waiting = now, now, true
	if h := c.profile.Hold; h != nil && p.op == h.Begin.raw[0] {
		c.held = true
	}
	switch p.op {
	case opLEDOn:
		c.lit = p.data[0]
	case opLEDOff:
		c.lit = 0
	}
	return p.encode()
}
