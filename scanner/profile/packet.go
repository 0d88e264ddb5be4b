package profile

import "errors"

// The SSI opcodes used here (Zebra, Simple Serial Interface; the integration
// guides of SE-955 and the reference guides of DS8108 and DS9908 agree).
const (
	opParamSend  = 0xC6
	opAck        = 0xD0
	opNak        = 0xD1
	opBeep       = 0xE6
	opLEDOn      = 0xE7
	opLEDOff     = 0xE8
	opDecodeData = 0xF3
	opEvent      = 0xF6
)

// Bits of an SSI packet's status byte.
const (
	bitRetransmit   = 1 << 0
	bitContinuation = 1 << 1 // more packets of the same scan follow
)

// Causes of a NAK.
const (
	nakResend  = 1 // bad checksum
	nakUnknown = 2
)

const (
	fromScanner = 0
	fromHost    = 4
	minPacket   = 4   // length byte, opcode, source, status
	maxPacket   = 257 // the length byte's 255, and the checksum
)

// packet is one SSI packet: a length byte that counts itself and everything but
// the checksum, opcode, source, status, data, and the two's complement of the
// 16-bit sum of all bytes before it, high byte first.
type packet struct {
	op, source, status byte
	data               []byte
}

func host(op byte, data ...byte) packet { return packet{op: op, source: fromHost, data: data} }

func (p packet) encode() []byte {
	b := append([]byte{byte(minPacket + len(p.data)), p.op, p.source, p.status}, p.data...)
	sum := checksum(b)
	return append(b, byte(sum>>8), byte(sum))
}

func checksum(b []byte) uint16 {
	var sum uint16
	for _, c := range b {
		sum += uint16(c)
	}
	return -sum
}

var (
	errPartial  = errors.New("packet is not complete")
	errChecksum = errors.New("packet is garbled")
)

// decodePacket reads b, which must hold one packet and nothing more. The packet's
// data is part of b. The errors are errPartial and errChecksum.
func decodePacket(b []byte) (packet, error) {
	if len(b) > 0 && b[0] < minPacket {
		return packet{}, errChecksum
	}
	if len(b) == 0 || len(b) < int(b[0])+2 {
		return packet{}, errPartial
	}
	n := int(b[0])
	if sum := checksum(b[:n]); len(b) != n+2 || b[n] != byte(sum>>8) || b[n+1] != byte(sum) {
		return packet{}, errChecksum
	}
	return packet{op: b[1], source: b[2], status: b[3], data: b[4:n]}, nil
}

// symbologyOf gives the AIM identifier for the code type of DECODE_DATA where it
// decides how the data is read. The two-dimensional types do not say whether a
// label is GS1, and the numbers of DataBar differ between models, so they give
// none; such scanners should send AIM identifiers.
func symbologyOf(codeType byte) string {
	switch codeType {
	case 0x01:
		return "]A0" // Code 39
	case 0x03:
		return "]C0" // Code 128
	case 0x06:
		return "]I0" // interleaved 2 of 5
	case 0x08, 0x09, 0x0B, 0x10:
		return "]E0" // UPC-A, UPC-E, EAN-13, UPC-E1
	case 0x0A:
		return "]E4" // EAN-8
	case 0x0F:
		return "]C1" // GS1-128
	case 0x48, 0x4B, 0x88, 0x8B:
		return "]E3" // UPC-A and EAN-13 with an add-on
	}
	return ""
}
