package mqtt

import (
	"errors"
	"net"
)

// errOversized ends a connection on which a packet beyond the limit is announced.
var errOversized = errors.New("the broker sent a message larger than is allowed")

// guarded follows the framing of MQTT (fixed header: a type byte and one to four
// length bytes, low seven bits first) in what is read, and fails at the header
// of a packet that is too large: the library would take memory for all of it.
type guarded struct {
	net.Conn
	limit int

	inHeader bool // the type byte was read, the length is not whole yet
	length   int
	shift    int
	body     int // bytes of the present packet still to come
}

// Read is called from one goroutine at a time.
func (g *guarded) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if !g.follow(p[:n]) {
		return 0, errOversized
	}
	return n, err
}

func (g *guarded) follow(p []byte) bool {
	for len(p) > 0 {
		if g.body > 0 {
			skip := min(g.body, len(p))
			g.body -= skip
			p = p[skip:]
			continue
		}
		if !g.header(p[0]) {
			return false
		}
		p = p[1:]
	}
	return true
}

// header takes one byte of a fixed header and reports whether the packet may come.
func (g *guarded) header(b byte) bool {
	if !g.inHeader {
		g.inHeader, g.length, g.shift = true, 0, 0
		return true
	}
	g.length |= int(b&0x7f) << g.shift
	g.shift += 7
	if b&0x80 != 0 {
		return g.shift < 28
	}
	g.inHeader, g.body = false, g.length
	return g.length <= g.limit
}
