package device

// This file is what a wrong baud rate makes of bytes.

// garbled is what a receiver at one speed reads of bytes that were sent at
// another one, 8 bits, no parity, 1 stop bit: it takes the first falling edge for
// a start bit and samples the middle of each bit of its own. Either speed may be 0
// for unknown; then, and where they agree within the 3 % that a UART forgives, the
// bytes stay as they are.
func garbled(b []byte, from, to int) []byte {
	if from == 0 || to == 0 || 100*max(from-to, to-from) <= 3*from {
		return b
	}
	line := signal{b, float64(from)}
	bit := 1 / float64(to)
	var out []byte
	for at := 0.0; ; {
		start, ok := line.falls(at)
		if !ok {
			return out
		}
		var c byte
		for i := range 8 {
			if line.high(start + (1.5+float64(i))*bit) {
				c |= 1 << i
			}
		}
		out = append(out, c)
		at = start + 9.5*bit
	}
}

// signal is the level of the line while bytes are sent one after the other.
type signal struct {
	bytes []byte
	baud  float64
}

// frameBits is a byte on the line: start bit, 8 data bits, stop bit.
const frameBits = 10

// high is the level at a time, in seconds; an idle line is high.
func (s signal) high(at float64) bool { return s.bit(int(at * s.baud)) }

func (s signal) bit(n int) bool {
	if n < 0 || n >= frameBits*len(s.bytes) {
		return true
	}
	switch in := n % frameBits; in {
	case 0:
		return false
	case frameBits - 1:
		return true
	default:
		return s.bytes[n/frameBits]>>(in-1)&1 == 1
	}
}

// falls is when the line next goes from high to low, or false for never.
func (s signal) falls(after float64) (float64, bool) {
	for n := max(1, int(after*s.baud)+1) - 1; n < frameBits*len(s.bytes); n++ {
		at := float64(n) / s.baud
		if at >= after && !s.bit(n) && s.bit(n-1) {
			return at, true
		}
	}
	return 0, false
}
