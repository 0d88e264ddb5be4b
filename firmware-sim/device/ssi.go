package device

import (
	"context"
	"errors"
	"sync"
)

// tries is how often a packet is sent in all before the device gives up.
const tries = 3

// The parameters that matter here. Everything else is kept and given back.
const (
	paramPackets   = 0xEE // 0 raw data (the factory's setting), 1 packets
	paramHandshake = 0x9F // 1 waits for ACK (the factory's setting)
	paramAll       = 0xFE // in a request: every parameter
	noBeep         = 0xFF // in PARAM_SEND: do not beep
)

// ssi speaks Zebra's Simple Serial Interface.
type ssi struct {
	d    *Device
	in   unpacker
	ear  ear
	gate gate

	mu       sync.Mutex
	params   map[uint16]byte
	greeting chan struct{} // closed at the host's first packet
}

func newSSI(d *Device) *ssi {
	s := &ssi{d: d, ear: newEar()}
	s.powerUp()
	return s
}

func (s *ssi) listens() ear { return s.ear }

func (s *ssi) powerUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in.reset()
	s.params = factory(s.d.cfg.Packets)
	s.gate.turn(true)
	s.greeting = make(chan struct{})
}

// factory is the parameters of a device that has power again.
func factory(packets bool) map[uint16]byte {
	p := map[uint16]byte{paramPackets: 0, paramHandshake: 1}
	if packets {
		p[paramPackets] = 1
	}
	return p
}

func (s *ssi) greeted() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.greeting
}

func (s *ssi) param(n uint16) byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.params[n]
}

// scan sends the label's packets, each until it is acknowledged, and then
// listens for the tone. A tone that comes before the ACK counts too.
func (s *ssi) scan(ctx context.Context, l Label, f Fault) (Answer, error) {
	if err := s.gate.await(ctx, s.d.cfg.EnableWait); err != nil {
		return Answer{}, err
	}
	l = f.spoil(l)
	l.Text = s.d.cfg.separated(l.Text)
	if s.d.cfg.AIM {
		l.Text = l.AIM + l.Text
	}
	a, err := s.scanOnce(ctx, l, f)
	if f == Double && err == nil {
		if err := pause(ctx, s.d.bounce); err != nil {
			return a, err
		}
		return s.scanOnce(ctx, l, "")
	}
	return a, err
}

func (s *ssi) scanOnce(ctx context.Context, l Label, f Fault) (Answer, error) {
	w := s.d.listen(s.ear)
	if s.param(paramPackets) == 0 {
		if err := s.d.sendBroken(ctx, f, []byte(l.Text), 0); err != nil {
			return w.Answer, err
		}
		return w.Answer, w.tone(ctx, s.d.cfg.ToneWait)
	}
	for _, p := range decodePackets(l.Type, l.Text) {
		if err := s.exchange(ctx, w, p, f); err != nil || w.GaveUp || w.Nak != 0 {
			return w.Answer, err
		}
		f = "" // one fault a label is enough
	}
	return w.Answer, w.tone(ctx, s.d.cfg.ToneWait)
}

// exchange sends one packet until the host has it, refuses it, or the tries
// are used up. Without handshake (parameter 9Fh = 0) it does not wait.
func (s *ssi) exchange(ctx context.Context, w *waiter, p packet, f Fault) error {
	w.Acked = false
	for w.Tries = 1; ; w.Tries++ {
		if w.Tries > 1 {
			p.status |= statusRetransmit
		}
		err := s.d.sendBroken(ctx, f, p.bytes(), 2)
		if err != nil && !errors.Is(err, ErrNoHost) {
			return err
		}
		if s.param(paramHandshake) == 0 {
			return nil
		}
		if err := w.acknowledged(ctx, s.d.cfg.AckWait); err != nil {
			return err
		}
		if w.Acked && f == LostAck {
			w.Acked, f = false, ""
			continue
		}
		if w.Acked || w.Nak != 0 {
			return nil
		}
		if w.Tries == tries {
			s.giveUp(w)
			return nil
		}
		f = ""
	}
}

// giveUp drops what was sent while no host had the port open: on a real wire nobody
// would have kept it.
func (s *ssi) giveUp(w *waiter) {
	w.GaveUp = true
	if end := s.d.current(); end != nil {
		end.discard()
	}
	s.d.tell(Event{Kind: GaveUp})
}
