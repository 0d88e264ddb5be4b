package profile

import (
	"errors"
	"fmt"
	"strings"
)

// The opcodes of SSI (Zebra, Simple Serial Interface: the integration guides of
// SE-955 and the reference guides of DS4308, DS8108 and DS9908 agree).
const (
	opRevisionRequest     = 0xA3
	opRevisionReply       = 0xA4
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
	opEvent               = 0xF6
)

// opName names an opcode for a person.
func opName(op byte) string {
	name, known := map[byte]string{
		opRevisionRequest: "REQUEST_REVISION", opRevisionReply: "REPLY_REVISION", opParamSend: "PARAM_SEND",
		opParamRequest: "PARAM_REQUEST", opParamDefaults: "PARAM_DEFAULTS", opAck: "CMD_ACK", opNak: "CMD_NAK",
		opFlushQueue: "FLUSH_QUEUE", opCapabilitiesRequest: "CAPABILITIES_REQUEST", opCapabilitiesReply: "CAPABILITIES_REPLY",
		opStart: "START_DECODE", opStop: "STOP_DECODE", opBeep: "BEEP", opLEDOn: "LED_ON", opLEDOff: "LED_OFF",
		opScanEnable: "SCAN_ENABLE", opScanDisable: "SCAN_DISABLE", opSleep: "SLEEP", opDecodeData: "DECODE_DATA", opEvent: "EVENT",
	}[op]
	if !known {
		return fmt.Sprintf("%02X", op)
	}
	return fmt.Sprintf("%s (%02X)", name, op)
}

// Bits of an SSI packet's status byte.
const (
	bitRetransmit   = 1 << 0
	bitContinuation = 1 << 1 // more packets of the same scan follow
)

// Causes of a NAK.
const (
	nakResend  = 1 // bad checksum
	nakUnknown = 2 // no such command, or not here
	nakDenied  = 6 // not allowed now
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

// packetWords names the SSI packets in b for a person, such as "CMD_ACK (D0)", those
// that arrived garbled too; "" where b begins with none.
func (p *Profile) packetWords(b []byte) string {
	var all []string
	for len(b) > 0 {
		n := int(b[0]) + 2
		if n < minPacket+2 || n > len(b) {
			break
		}
		pkt, err := decodePacket(b[:n])
		switch b = b[n:]; {
		case err != nil:
			all = append(all, "a packet with a wrong checksum")
		case pkt.op == opNak && len(pkt.data) > 0:
			all = append(all, opName(pkt.op)+map[byte]string{nakResend: ": send it again", nakUnknown: ": not known", nakDenied: ": not allowed now"}[pkt.data[0]])
		case pkt.op == opDecodeData && len(pkt.data) > 0:
			all = append(all, opName(pkt.op)+p.scanWords(pkt))
		default:
			all = append(all, opName(pkt.op))
		}
	}
	return strings.Join(all, ", ")
}

// scanWords tells of a scan's packet: code type with the symbology that it stands for,
// size, and what its status says.
func (p *Profile) scanWords(pkt packet) string {
	symbology := ""
	for _, t := range p.SSI.Types {
		if byte(t.Code) == pkt.data[0] {
			symbology = " (" + t.AIM + ")"
		}
	}
	says := fmt.Sprintf(": code type %02X%s, %d bytes of the code", pkt.data[0], symbology, len(pkt.data)-1)
	if pkt.status&bitRetransmit != 0 {
		says += ", sent again"
	}
	if pkt.status&bitContinuation != 0 {
		says += ", goes on in the next packet"
	}
	return says
}
