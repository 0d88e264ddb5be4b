package device

import (
	"context"
	"errors"
	"sync"
	"time"
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
	d       *Device
	in      unpacker
	replies chan reply // what the host says while a scan waits

	mu       sync.Mutex
	params   map[uint16]byte
	disabled bool
	enabled  chan struct{} // closed while scanning is enabled
	greeting chan struct{} // closed at the host's first packet
}

// reply is a packet of the host that can answer a scan.
type reply struct {
	op   byte
	code byte // NAK cause, beep pattern
}

func newSSI(d *Device) *ssi {
	s := &ssi{d: d, replies: make(chan reply, 64)}
	s.powerUp()
	return s
}

func (s *ssi) powerUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in.reset()
	s.params = factory(s.d.cfg.Packets)
	s.disabled, s.enabled = false, closed
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
	if err := s.awaitEnabled(ctx); err != nil {
		return Answer{}, err
	}
	l = f.spoil(l)
	if s.d.cfg.AIM {
		l.Text = l.AIM + l.Text
	}
	a, err := s.scanOnce(ctx, l, f)
	if f == Double && err == nil {
		return s.scanOnce(ctx, l, "")
	}
	return a, err
}

func (s *ssi) scanOnce(ctx context.Context, l Label, f Fault) (Answer, error) {
	s.forget()
	w := &waiter{s: s, start: time.Now(), pulled: s.d.pulled()}
	if s.param(paramPackets) == 0 {
		w.Tries = 1
		if err := s.d.sendBroken(ctx, f, []byte(l.Text), 0); err != nil {
			return w.Answer, err
		}
		return w.Answer, w.tone(ctx)
	}
	for _, p := range decodePackets(l.Type, l.Text) {
		if err := s.exchange(ctx, w, p, f); err != nil || w.GaveUp || w.Nak != 0 {
			return w.Answer, err
		}
		f = "" // one fault a label is enough
	}
	return w.Answer, w.tone(ctx)
}

// awaitEnabled gives the host ToneWait to enable scanning again.
func (s *ssi) awaitEnabled(ctx context.Context) error {
	s.mu.Lock()
	enabled := s.enabled
	s.mu.Unlock()
	select {
	case <-enabled:
		return nil
	case <-time.After(s.d.cfg.ToneWait):
		return ErrDisabled
	case <-ctx.Done():
		return ctx.Err()
	}
}

// forget drops replies that came while no scan waited.
func (s *ssi) forget() {
	for {
		select {
		case <-s.replies:
		default:
			return
		}
	}
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
		if err := w.ack(ctx); err != nil {
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

// giveUp drops what the host has not read: on a real wire those bytes would
// have passed an open port or nobody.
func (s *ssi) giveUp(w *waiter) {
	w.GaveUp = true
	if end := s.d.current(); end != nil {
		end.discard()
	}
	s.d.tell(Event{Kind: GaveUp})
}

// waiter collects what the host says to one scan.
type waiter struct {
	Answer
	s      *ssi
	start  time.Time
	pulled <-chan struct{}
}

// ack waits for an ACK or NAK. It returns with neither when AckWait is over or
// the host asks to send again.
func (w *waiter) ack(ctx context.Context) error {
	limit := time.After(w.s.d.cfg.AckWait)
	for !w.Acked {
		r, err := w.next(ctx, limit)
		if err != nil || r.op == 0 {
			return err
		}
		w.note(r)
		if r.op == opNak {
			return nil
		}
	}
	return nil
}

// tone waits for the beep, at most ToneWait.
func (w *waiter) tone(ctx context.Context) error {
	limit := time.After(w.s.d.cfg.ToneWait)
	for w.Tone == None {
		r, err := w.next(ctx, limit)
		if err != nil || r.op == 0 {
			return err
		}
		w.note(r)
	}
	return nil
}

// next is the host's next reply; its op is 0 when the limit is reached.
func (w *waiter) next(ctx context.Context, limit <-chan time.Time) (reply, error) {
	select {
	case r := <-w.s.replies:
		return r, nil
	case <-limit:
		return reply{}, nil
	case <-w.pulled:
		return reply{}, ErrUnplugged
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

func (w *waiter) note(r reply) {
	switch r.op {
	case opAck:
		w.Acked = true
	case opNak:
		if r.code != nakResend {
			w.Nak = r.code
		}
	case opBeep:
		if w.Tone == None {
			w.Tone, w.Pattern, w.Took = ToneOf(r.code), r.code, time.Since(w.start)
		}
	}
}
