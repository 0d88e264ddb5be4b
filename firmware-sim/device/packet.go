package device

import (
	"fmt"
	"iter"
)

// The SSI operation codes, by the makers' names.
const (
	opRevisionRequest     = 0xA3
	opRevisionReply       = 0xA4
	opAimOff              = 0xC4
	opAimOn               = 0xC5
	opParamSend           = 0xC6
	opParamRequest        = 0xC7
	opParamDefaults       = 0xC8
	opAck                 = 0xD0
	opNak                 = 0xD1
	opFlushQueue          = 0xD2
	opCapabilitiesRequest = 0xD3
	opCapabilitiesReply   = 0xD4
	opStart               = 0xE4
	opStop                = 0xE5
	opBeep                = 0xE6
	opLEDOn               = 0xE7
	opLEDOff              = 0xE8
	opScanEnable          = 0xE9
	opScanDisable         = 0xEA
	opSleep               = 0xEB
	opDecodeData          = 0xF3
)

// Who sends a packet.
const (
	fromScanner = 0
	fromHost    = 4
)

// The bits of the status byte.
const (
	statusRetransmit   = 1 << 0
	statusContinuation = 1 << 1
)

// The causes of a NAK.
const (
	nakResend  = 1
	nakUnknown = 2
	nakDenied  = 6
	nakCancel  = 10
)

func nakCause(c byte) string {
	switch c {
	case nakResend:
		return "bad checksum, send again"
	case nakUnknown:
		return "not understood"
	case nakDenied:
		return "denied"
	case nakCancel:
		return "cancelled"
	}
	return fmt.Sprintf("cause %d", c)
}

// The length byte counts everything but the checksum.
const (
	minPacket = 4
	maxPacket = 255
	maxData   = maxPacket - minPacket
)

// packet is one SSI packet: length, op, source, status, data, checksum.
type packet struct {
	op, source, status byte
	data               []byte // at most maxData bytes
}

// bytes is the packet as it goes over the wire.
func (p packet) bytes() []byte {
	b := make([]byte, 0, minPacket+len(p.data)+2)
	b = append(b, byte(minPacket+len(p.data)), p.op, p.source, p.status)
	b = append(b, p.data...)
	sum := checksum(b)
	return append(b, byte(sum>>8), byte(sum))
}

// checksum is the two's complement of the 16-bit sum of the bytes.
func checksum(b []byte) uint16 {
	var sum uint16
	for _, c := range b {
		sum += uint16(c)
	}
	return -sum
}

// unpacker finds packets in a stream of bytes.
type unpacker struct{ buf []byte }

// add takes bytes and gives back each packet that they complete; ok is false
// where its checksum is wrong. A byte that cannot be a length is skipped.
func (u *unpacker) add(b []byte) iter.Seq2[packet, bool] {
	u.buf = append(u.buf, b...)
	return func(yield func(packet, bool) bool) {
		for len(u.buf) > 0 {
			n := int(u.buf[0])
			if n < minPacket {
				u.buf = u.buf[1:]
				continue
			}
			if len(u.buf) < n+2 {
				return
			}
			raw := u.buf[:n+2]
			u.buf = u.buf[n+2:]
			sum := uint16(raw[n])<<8 | uint16(raw[n+1])
			p := packet{op: raw[1], source: raw[2], status: raw[3], data: raw[4:n]}
			if !yield(p, checksum(raw[:n]) == sum) {
				return
			}
		}
	}
}

// reset drops what is half received.
func (u *unpacker) reset() { u.buf = nil }

// decodePackets packs a label. Every packet begins with the code type (seen in a
// working library for Zebra's engines; the makers' guides show one packet only);
// all but the last one have the continuation bit.
func decodePackets(codeType byte, text string) []packet {
	var packets []packet
	for part := range chunks([]byte(text), maxData-1) {
		data := append([]byte{codeType}, part...)
		packets = append(packets, packet{op: opDecodeData, source: fromScanner, status: statusContinuation, data: data})
	}
	if len(packets) == 0 {
		packets = []packet{{op: opDecodeData, source: fromScanner, data: []byte{codeType}}}
	}
	packets[len(packets)-1].status = 0
	return packets
}

// chunks cuts b into parts of at most n bytes.
func chunks(b []byte, n int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			k := min(n, len(b))
			if !yield(b[:k:k]) {
				return
			}
			b = b[k:]
		}
	}
}
