package profile

import (
	"fmt"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
)

const (
	// responseTime is what the scanner has for its ACK.
	responseTime = 2 * time.Second
	setupTries   = 3
	// showFor bounds a verdict's beep: later it would be heard as another scan's.
	showFor = 2 * time.Second
	lightUp = time.Second
)

// Beep codes of SSI: 0-4 are one to five short high tones, 5-9 short low ones
// (reference guides); 10-14 long high ones, 20 and 21 warbles (some models'
// guides).
const (
	oneShortHigh = 0
	twoShortHigh = 1
	oneLongHigh  = 10
	slowWarble   = 21
	noBeep       = 0xFF
)

// LED masks.
const (
	green = 1 << 0
	red   = 1 << 1
)

// Parameters of PARAM_SEND.
const (
	packetFormat = 0xEE // 1: decode data in packets
	handshake    = 0x9F // 1: wait for ACK or NAK
	beepAtDecode = 0x38 // 0: silent until told (reference guides, parameter 56)
)

// commands is what waits to be told to the scanner: one at a time, the next
// after its ACK.
type commands struct {
	beep    bool
	queue   []command
	waiting bool // the head was sent and has no ACK yet
	lit     bool
	trouble error
}

type command struct {
	packet packet
	from   time.Time // not before
	until  time.Time // given up then; zero for set-up, which has its tries
	sentAt time.Time
	tries  int
}

// start queues the set-up, and drops the rest. Status bit 3 stays clear, so that
// the settings are temporary.
func (c *commands) start(now time.Time) {
	c.stop()
	settings := []byte{noBeep, packetFormat, 1, handshake, 1}
	if c.beep {
		settings = append(settings, beepAtDecode, 0)
	}
	c.queue = append(c.queue, command{packet: host(opParamSend, settings...), from: now})
}

func (c *commands) stop() { c.queue, c.waiting, c.lit = nil, false, false }

// show queues a verdict's beep and light in place of an earlier verdict's.
func (c *commands) show(now time.Time, v allocation.Verdict) {
	if !c.beep {
		return
	}
	keep := 0
	for keep < len(c.queue) && (c.queue[keep].until.IsZero() || (keep == 0 && c.waiting)) {
		keep++
	}
	c.queue = c.queue[:keep]
	if c.lit {
		c.add(now, opLEDOff, green|red)
	}
	tone, light := feedback(v)
	c.add(now, opBeep, tone)
	if light != 0 {
		c.add(now, opLEDOn, light)
		c.add(now.Add(lightUp), opLEDOff, light)
	}
}

// feedback gives the beep code and the LED mask of a verdict. A word that is
// not known is told as STOP: no good tone by mistake.
func feedback(v allocation.Verdict) (tone, light byte) {
	switch v {
	case allocation.Allocated, allocation.Stock:
		return oneShortHigh, green
	case allocation.Held:
		return oneLongHigh, 0
	case allocation.Check:
		return twoShortHigh, 0
	}
	return slowWarble, red
}

func (c *commands) add(from time.Time, op, data byte) {
	c.queue = append(c.queue, command{packet: host(op, data), from: from, until: from.Add(showFor)})
}

func (c *commands) acknowledged() {
	if c.waiting {
		c.drop()
	}
}

// refused sends the head once more if it arrived garbled, else drops it.
func (c *commands) refused(now time.Time, cause []byte) {
	switch {
	case !c.waiting:
	case len(cause) > 0 && cause[0] == nakResend:
		c.queue[0].sentAt = now.Add(-responseTime)
	default:
		c.trouble = fmt.Errorf("the scanner refused command %02X with cause %d", c.queue[0].packet.op, cause)
		c.drop()
	}
}

func (c *commands) drop() { c.queue, c.waiting = c.queue[1:], false }

// due gives what is to be sent now, and the trouble met since the last call.
func (c *commands) due(now time.Time) []Event {
	var events []Event
	for len(c.queue) > 0 && c.ready(now) {
		if c.queue[0].over(now) {
			c.trouble = scanner.ErrNotAnswering
			c.drop()
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

// ready reports whether the head's time has come, or that of its repeat.
func (c *commands) ready(now time.Time) bool {
	head := c.queue[0]
	return !now.Before(head.from) && (!c.waiting || now.Sub(head.sentAt) >= responseTime)
}

func (c *commands) sendHead(now time.Time) []byte {
	head := &c.queue[0]
	p := head.packet
	if head.tries > 0 {
		p.status |= bitRetransmit
	}
	head.tries++
	head.sentAt, c.waiting = now, true
	switch p.op {
	case opLEDOn:
		c.lit = true
	case opLEDOff:
		c.lit = false
	}
	return p.encode()
}

func (c command) over(now time.Time) bool {
	if c.until.IsZero() {
		return c.tries == setupTries
	}
	return now.After(c.until)
}
