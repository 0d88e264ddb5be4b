package profile

import (
	"bytes"
	"errors"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
)

// ssi speaks Zebra's Simple Serial Interface in packets.
//
// A scan is acknowledged only by Answer, so that a scanner whose scan got no
// verdict repeats it or complains by itself (2 s, three tries, then four low
// beeps). SSI has no sequence numbers: the retransmit flag with the payload that
// came last, inside the repeat window, is the same scan again; it is acknowledged
// again and not delivered. If one of the tries was garbled, an equal payload can
// be either the same scan or the next equal carton; it is delivered with
// ErrDoubtfulRepeat.
type ssi struct {
	facts       *SSIFacts
	symbologies map[byte]string
	out         commands
	last        time.Time

	began   time.Time // of what is in in
	arose   time.Time // when that may have begun, at the earliest
	in      []byte    // a packet that has begun, or what a garbled one left
	away    time.Time // since when what is fed next may have come; zero for just now
	garbled bool      // what arrives is ignored until the line is silent
	// resendBy is when the repeat asked for by a NAK is overdue; zero if none is.
	resendBy time.Time
	doubt    bool // a packet was garbled since the last good one

	joined   []byte // content of the packets of a scan that goes on
	joinType byte
	broken   bool // the port was lost inside a scan; its rest is no scan

	newest decoded
	epoch  int // counts connections
	up     bool
	lastID uint64
	events []Event
}

// decoded is the last good DECODE_DATA packet.
type decoded struct {
	payload  []byte
	id       uint64 // 0 for a packet that others follow
	at       time.Time
	came     time.Time // when it may have come, at the earliest
	epoch    int
	answered bool
	verdict  allocation.Verdict // once answered
	missed   bool               // the answer came too late and was withheld, or did not get out
	doubtful bool               // it may be the unit before, whose answer was missed
}

// joinWithin is how soon the next packet of a scan begins behind the one before, or
// behind its repeat. The guides give no figure; this one is ours: a scanner that was
// acknowledged goes on at once, and a hand needs longer for the next label.
const joinWithin = time.Second

// newSSI makes a codec. With beep the scanner gives the verdict, and its own
// beep at decoding is turned off.
func newSSI(p *Profile, beep bool) *ssi {
	s := &ssi{facts: p.SSI, symbologies: map[byte]string{}, out: commands{profile: p, beep: beep && p.Verdicts()}}
	for _, t := range p.SSI.Types {
		s.symbologies[byte(t.Code)] = t.AIM
	}
	return s
}

// Connect sends the start-up settings.
func (s *ssi) Connect(now time.Time) []Event {
	s.last, s.in, s.garbled = now, s.in[:0], false
	s.epoch++
	s.up = true
	s.out.start(now)
	return s.finish(now)
}

// Away implements Timed.
func (s *ssi) Away(since time.Time) { s.away = since }

// Feed takes bytes.
func (s *ssi) Feed(now time.Time, p []byte) []Event {
	for _, b := range p {
		if len(s.in) == 0 {
			s.began, s.arose = now, s.came(now)
		}
		if len(s.in) < scanner.MaxScan {
			s.in = append(s.in, b)
		}
		if s.garbled {
			continue
		}
		switch pkt, err := decodePacket(s.in); err {
		case nil:
			s.handle(now, pkt)
			s.in = s.in[:0]
		case errChecksum:
			s.garbled = true
		}
	}
	s.last, s.out.spoke, s.away = now, now, time.Time{}
	return s.finish(now)
}

// Silence ends a garbled or unfinished packet and drives the timers.
func (s *ssi) Silence(now time.Time) []Event {
	if len(s.in) > 0 && now.Sub(s.last) >= ms(s.facts.Gap.MS) {
		s.misread(now)
	}
	if !s.resendBy.IsZero() && now.After(s.resendBy) {
		s.resendBy = time.Time{}
		s.fault(nil, scanner.ErrGarbled)
	}
	if s.joined != nil && now.Sub(s.newest.at) >= s.resendPatience() {
		s.breakOff()
	}
	return s.finish(now)
}

// Answer acknowledges the scan and has the verdict shown. A scanner whose time is
// over has complained, or sends again: neither its acknowledgement nor a good tone is
// sent then, as they would be taken for the next scan's; nor is the good tone of a scan
// behind which another was delivered.
func (s *ssi) Answer(now time.Time, id uint64, v allocation.Verdict) []Event {
	newest := id == s.newest.id
	if newest {
		s.newest.answered, s.newest.verdict = true, v
		s.newest.missed = !s.inTime(now)
	}
	over := !newest || s.newest.missed
	if !s.up || newest && s.newest.epoch != s.epoch || over && v.Saved() {
		return []Event{{Kind: Unheard, ID: id}}
	}
	// An acknowledgement of an older scan would be taken for that of the newest.
	if newest && !s.newest.missed {
		s.send(host(opAck))
	}
	s.out.show(now, v)
	return s.finish(now)
}

// Unwritten implements Timed.
func (s *ssi) Unwritten() { s.newest.missed = s.newest.answered }

// inTime reports whether the scanner still waits for the newest packet's answer.
func (s *ssi) inTime(now time.Time) bool {
	return scanner.Elapsed(s.newest.came, now) < ms(s.facts.Scanner.WaitMS)*19/20
}

// Pull implements Puller. A scanner whose trigger mode does not allow it refuses,
// which stands in the status.
func (s *ssi) Pull(now time.Time, on bool) ([]Event, bool) {
	t := s.out.profile.Trigger
	if t == nil || !s.up {
		return nil, t != nil
	}
	op := t.End.raw[0]
	if on {
		op = t.Begin.raw[0]
	}
	if !s.out.can(op) {
		return nil, false
	}
	s.out.add(showing, now, op)
	return s.finish(now), true
}

// Lost forgets the line but not the last scan: the scanner may send it again
// after a replug.
func (s *ssi) Lost(time.Time) []Event {
	s.in, s.garbled, s.resendBy = s.in[:0], false, time.Time{}
	s.up = false
	s.out.stop()
	if s.joined != nil {
		s.breakOff()
		s.broken = true
	}
	return s.flush()
}

// misread judges what was no packet: plain text comes from a scanner that lost
// its settings, anything else is asked for again.
func (s *ssi) misread(now time.Time) {
	text := bytes.TrimRight(s.in, "\r\n")
	if isPlainText(text) {
		s.fault(bytes.Clone(text), scanner.ErrUnpacketed)
		s.out.start(now)
	} else {
		s.send(host(opNak, nakResend))
		s.out.garbled()
		s.doubt = true
		if s.resendBy.IsZero() {
			s.resendBy = now.Add(s.resendPatience())
		}
	}
	s.in, s.garbled = s.in[:0], false
}

// resendPatience is how long the repeat that a NAK asks for may take: the scanner
// sends it at once, or when its own wait is over.
func (s *ssi) resendPatience() time.Duration { return ms(s.facts.Scanner.WaitMS) * 3 / 2 }

// isPlainText tells a label's text from a garbled packet, which holds the zero
// of its source byte or other control characters.
func isPlainText(b []byte) bool {
	for _, c := range b {
		if c != 0x1d && (c < ' ' || c > '~') {
			return false
		}
	}
	return len(b) >= minPacket
}

// handle takes a good packet. An ACK or NAK is never answered; a packet with
// the host's source is our own, echoed by the line.
func (s *ssi) handle(now time.Time, p packet) {
	s.resendBy = time.Time{}
	switch {
	case p.source == fromHost:
	case p.op == opAck:
		s.out.acknowledged()
	case p.op == opNak:
		s.out.refused(now, p.data)
	case p.op == opDecodeData && len(p.data) > 0:
		s.decode(now, p)
	case p.op == opRevisionReply:
		s.out.replied(opRevisionRequest)
		s.events = append(s.events, Event{Kind: Learned, Data: printable(p.data)})
	case p.op == opCapabilitiesReply:
		s.out.replied(opCapabilitiesRequest)
		s.out.capable(p.data)
	case p.op == opParamSend:
		s.out.replied(opParamRequest)
		s.send(host(opAck))
	case p.op == opEvent:
		s.send(host(opAck))
	default:
		s.send(host(opNak, nakUnknown))
	}
}

// printable is what a person can read of a scanner's words.
func printable(b []byte) []byte {
	return bytes.TrimSpace(bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, b))
}

// decode takes one packet of a scan.
func (s *ssi) decode(now time.Time, p packet) {
	doubt := s.doubt
	s.doubt = false
	var fault error
	if s.isRepeat(now, p) {
		// A scanner does not go on to another scan before it has an answer.
		if !doubt || !s.newest.answered || s.newest.id == 0 {
			s.repeat(now)
			return
		}
		fault = scanner.ErrDoubtfulRepeat
	}
	if fault == nil && s.overlooked(now, p) {
		fault = scanner.ErrDoubtfulRepeat
	}
	s.partJoined(p)
	if s.broken = s.broken && s.within(now, ms(s.facts.Repeat.MS)); s.broken {
		fault = scanner.ErrUnfinished
	}
	s.newest = decoded{
		payload: bytes.Clone(p.data), at: now, came: s.came(now), epoch: s.epoch, doubtful: errors.Is(fault, scanner.ErrDoubtfulRepeat),
	}
	s.join(p)
	if p.status&bitContinuation != 0 {
		s.newest.answered = true
		s.send(host(opAck))
		return
	}
	s.complete(fault)
}

// partJoined breaks off the scan that goes on where this packet is none of it. One that
// lay in the system's buffer may be the rest or another label: then it is neither.
func (s *ssi) partJoined(p packet) {
	if s.joined == nil {
		return
	}
	late := s.began.Sub(s.newest.at) > joinWithin
	if other := s.joinType != p.data[0]; other || late {
		s.breakOff()
		s.broken = !other && s.arose.Sub(s.newest.at) <= joinWithin
	}
}

// within reports whether what is fed now may have come so soon behind the newest.
func (s *ssi) within(now time.Time, span time.Duration) bool {
	return s.came(now).Sub(s.newest.at) <= span
}

// isRepeat reports whether the scanner says so of the newest's content. What was read
// long after may have come at once.
func (s *ssi) isRepeat(now time.Time, p packet) bool {
	return p.status&bitRetransmit != 0 && bytes.Equal(p.data, s.newest.payload) && s.within(now, ms(s.facts.Repeat.MS))
}

// overlooked reports whether the newest scan's content comes anew after the scanner
// gave up waiting for its answer: the worker heard it complain, and scans the same unit
// again, or the next one.
func (s *ssi) overlooked(now time.Time, p packet) bool {
	n := s.newest
	missed := n.missed && (n.verdict.Saved() || n.doubtful) || !n.answered && !s.inTime(now)
	return missed && n.id != 0 && bytes.Equal(p.data, n.payload) && s.within(now, doubtFor)
}

// repeat acknowledges again what was answered; what waits for its answer gets it
// then. A repeat shows that no acknowledgement was heard: one that was read too late to
// be answered leaves the scanner to complain.
func (s *ssi) repeat(now time.Time) {
	s.newest.at, s.newest.came, s.newest.epoch = now, s.came(now), s.epoch
	s.events = append(s.events, Event{Kind: Repeat})
	if !s.newest.answered {
		return
	}
	if !s.inTime(now) {
		s.newest.missed = true
		return
	}
	s.send(host(opAck))
	if s.newest.missed {
		s.newest.missed = false
		s.out.show(now, s.newest.verdict)
	}
}

// came is when what is fed now may have come at the earliest.
func (s *ssi) came(now time.Time) time.Time {
	if s.away.IsZero() {
		return now
	}
	return s.away
}

// join appends the packet's content to the scan, up to one byte too many.
func (s *ssi) join(p packet) {
	s.joinType = p.data[0]
	s.joined = append(s.joined, p.data[1:]...)
	s.joined = s.joined[:min(len(s.joined), scanner.MaxScan+1)]
	if s.joined == nil {
		s.joined = []byte{}
	}
}

// complete delivers a whole scan. A suffix that the scanner was set to add is
// taken off.
func (s *ssi) complete(fault error) {
	data := s.joined
	s.joined, s.broken = nil, false
	if len(data) > scanner.MaxScan {
		data, fault = data[:scanner.MaxScan], scanner.ErrTooLong
	}
	s.lastID++
	s.newest.id = s.lastID
	s.out.overtaken()
	s.events = append(s.events, Event{Kind: Deliver, ID: s.lastID, Fault: fault,
		Data: bytes.TrimRight(data, "\r\n"), Symbology: s.symbologies[s.joinType]})
}

// breakOff gives up a scan whose further packets did not come.
func (s *ssi) breakOff() {
	s.fault(s.joined, scanner.ErrUnfinished)
	s.joined = nil
}

// fault delivers what no acknowledgement is owed for; its verdict is shown all
// the same.
func (s *ssi) fault(data []byte, why error) {
	s.lastID++
	s.events = append(s.events, Event{Kind: Deliver, ID: s.lastID, Data: data, Fault: why})
}

func (s *ssi) send(p packet) {
	s.events = append(s.events, Event{Kind: Send, Data: p.encode()})
}

// finish adds the commands whose time has come.
func (s *ssi) finish(now time.Time) []Event {
	if s.up {
		s.events = append(s.events, s.out.due(now)...)
	}
	return s.flush()
}

func (s *ssi) flush() []Event {
	out := s.events
	s.events = nil
	return out
}
