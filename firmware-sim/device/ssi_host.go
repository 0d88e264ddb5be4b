package device

import (
	"context"
	"slices"
)

// This file is what the device does when the host speaks.

func (s *ssi) hear(b []byte) {
	for p, ok := range s.in.add(b) {
		if !ok {
			s.d.tell(Event{Kind: Garbled})
			s.refuse(nakResend)
			continue
		}
		if p.source == fromHost {
			s.obey(p)
			s.greet() // after it, so that a scan that waited for the host is sent in its mode
		}
	}
}

// silence ends a packet that the host began and did not finish in time.
func (s *ssi) silence() { s.in.reset() }

func (s *ssi) greet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.greeting:
	default:
		close(s.greeting)
	}
}

// obey answers every packet but ACK and NAK: with data where the host asked for
// data, with ACK where the device did as told, else with NAK.
func (s *ssi) obey(p packet) {
	first := byte(0)
	if len(p.data) > 0 {
		first = p.data[0]
	}
	switch p.op {
	case opAck:
		s.answered(Event{Kind: Acked})
	case opNak:
		s.answered(Event{Kind: Nak, Code: first})
	case opBeep:
		s.beep(p.data)
	case opLEDOn, opLEDOff:
		s.light(p.op, p.data)
	case opScanEnable, opScanDisable:
		s.enable(p.op == opScanEnable)
	case opStart, opStop:
		s.session(p.op == opStart)
	case opParamSend:
		s.set(p.data)
	case opParamRequest:
		s.give(p.data)
	case opParamDefaults:
		s.mu.Lock()
		s.params = factory(s.d.cfg.Packets)
		s.mu.Unlock()
		s.accept()
	case opCapabilitiesRequest:
		s.reply(opCapabilitiesReply, capabilities)
	case opRevisionRequest:
		s.reply(opRevisionReply, []byte(revision))
	case opFlushQueue, opSleep, opAimOff, opAimOn:
		s.accept()
	default:
		s.refuse(nakUnknown)
	}
}

// answered passes on what may answer a scan.
func (s *ssi) answered(e Event) {
	s.d.tell(e)
	s.ear.hear(reply{kind: e.Kind, code: e.Code, notes: e.notes})
}

// The replies are sent first: a host that waits for its ACK must not wait for
// whoever listens to our events. A reply that cannot be sent is lost, as on a
// wire.
func (s *ssi) reply(op byte, data []byte) {
	_ = s.d.send(context.Background(), packet{op: op, source: fromScanner, data: data}.bytes())
}

func (s *ssi) accept()           { s.reply(opAck, nil) }
func (s *ssi) refuse(cause byte) { s.reply(opNak, []byte{cause}) }

func (s *ssi) beep(data []byte) {
	if len(data) != 1 || int(data[0]) >= len(patterns) {
		s.refuse(nakDenied)
		return
	}
	s.accept()
	s.answered(beepEvent(data[0]))
}

func (s *ssi) light(op byte, data []byte) {
	if len(data) != 1 {
		s.refuse(nakDenied)
		return
	}
	s.accept()
	kind := LEDOn
	if op == opLEDOff {
		kind = LEDOff
	}
	s.d.tell(Event{Kind: kind, Code: data[0]})
}

func (s *ssi) enable(on bool) {
	s.gate.turn(on)
	s.accept()
	if on {
		s.d.tell(Event{Kind: Enabled})
	} else {
		s.d.tell(Event{Kind: Disabled})
	}
}

func (s *ssi) session(on bool) {
	s.accept()
	e := Event{Kind: Trigger}
	if on {
		e.Code = 1
	}
	s.d.tell(e)
}

// set stores parameters: a beep code (FFh for none), then pairs of number and
// value. A number that starts with F0h to F2h has a second byte.
func (s *ssi) set(data []byte) {
	values, ok := pairs(data)
	if !ok {
		s.refuse(nakDenied)
		return
	}
	s.mu.Lock()
	for _, v := range values {
		s.params[v.Number] = v.Code
	}
	s.mu.Unlock()
	s.accept()
	if data[0] != noBeep {
		s.d.tell(beepEvent(data[0]))
	}
	for _, v := range values {
		s.d.tell(v)
	}
}

// pairs reads PARAM_SEND's data; false where it does not add up.
func pairs(data []byte) ([]Event, bool) {
	if len(data) < 3 {
		return nil, false
	}
	var values []Event
	for rest := data[1:]; len(rest) > 0; {
		number, n := paramNumber(rest)
		if n == 0 || len(rest) <= n {
			return nil, false
		}
		values = append(values, Event{Kind: Param, Number: number, Code: rest[n]})
		rest = rest[n+1:]
	}
	return values, true
}

// paramNumber is a parameter's number and how many bytes it took; 0 bytes for
// a number that this device does not have.
func paramNumber(b []byte) (uint16, int) {
	switch {
	case b[0] < 0xF0:
		return uint16(b[0]), 1
	case b[0] <= 0xF2 && len(b) > 1:
		return 0x100*uint16(b[0]-0xF0+1) + uint16(b[1]), 2
	}
	return 0, 0
}

// give answers a request for parameters with those it knows.
func (s *ssi) give(asked []byte) {
	s.mu.Lock()
	out := []byte{noBeep}
	for n := range uint16(0xF0) {
		v, known := s.params[n]
		if known && (slices.Contains(asked, byte(n)) || slices.Contains(asked, paramAll)) {
			out = append(out, byte(n), v)
		}
	}
	s.mu.Unlock()
	s.reply(opParamSend, out[:min(len(out), maxData)])
}

// revision is software, board, engine and class, separated by spaces.
const revision = "DOCKSIM01 PTY 00 00"

// capabilities: two bytes of baud rates (here 9600 to 115200), serial options
// (8 bits, no parity), multipacket options (ACK each packet), then the
// operation codes that the device understands.
var capabilities = []byte{
	0x03, 0xE0, 0x15, 0x01,
	opRevisionRequest, opAimOff, opAimOn, opParamSend, opParamRequest, opParamDefaults,
	opAck, opNak, opFlushQueue, opCapabilitiesRequest, opStart, opStop, opBeep,
	opLEDOn, opLEDOff, opScanEnable, opScanDisable, opSleep,
}
