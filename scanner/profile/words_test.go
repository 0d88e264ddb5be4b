package profile

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

func named(t *testing.T, name string) *Profile {
	p, err := Set{}.Find(name)
	require.NoError(t, err)
	return p
}

// A person who listens must not need the maker's guide beside the screen.
func TestWhatIsSaidBesideScansIsInWords(t *testing.T) {
	for _, c := range []struct {
		profile    string
		fromDevice bool
		bytes      string
		says       string
	}{
		{"honeywell-hostack", false, "\x1b7,\x1b2,", "good tone, green light on"},
		{"honeywell-hostack", false, "\x1b5,\x1b5,", "question tone: CHECK"},
		{"honeywell-hostack", false, "\x1b8,", "razz: STOP"},
		{"honeywell-hostack-2020", false, "\x1b4", "long tone: HOLD"},
		{"honeywell-hostack", false, "\x16M\rREVINF.", "menu command REVINF: what the scanner is"},
		{"honeywell-hostack", false, "\x16T\r", "trigger pulled"},
		{"honeywell-hostack", true, "REVINFXenon 1902\r\n\x06.", "menu answer to REVINF: done, Xenon 1902"},
		{"honeywell", true, "DECHDR1\x05!", "menu answer to DECHDR1: no such setting"},
		{"datalogic-ack", false, "\x06\x01", "acknowledged, good tone"},
		{"datalogic-ack", false, "\x06\x01\x01", "acknowledged, question tone: CHECK"},
		{"datalogic-ack", false, "\x15", "asked to send it again"},
		{"datalogic-ack", false, "F", "razz: STOP"},
		{"datalogic-ack", false, "E", "scanning let go"},
		{"datalogic", true, "\x01\x02QD2430\x03\x04", "answer: QD2430"},
		{"datalogic", true, "\x15", "command refused"},
		{"ssi", false, string(host(opAck).encode()), "CMD_ACK (D0)"},
		{"datalogic", true, "\x15 4006", "command refused,  4006"},
		{"ascii", true, "4006381333931", ""},
		{"honeywell", true, "REVINF", ""},
	} {
		assert.Equal(t, c.says, named(t, c.profile).Said(c.fromDevice, []byte(c.bytes)), "%s %q", c.profile, c.bytes)
	}
}

func TestThePartsOfAScanAreInWords(t *testing.T) {
	for _, c := range []struct {
		profile        string
		end            scanner.Terminator
		frame, content string
		says           string
	}{
		{"ascii", scanner.CR, "4006381333931\r", "4006381333931", "code of 13 bytes, CR ends it"},
		{"ascii", scanner.Idle, "A", "A", "code of 1 byte, silence ends it"},
		{"ascii", scanner.STXETX, "\x02ABC\x03", "ABC", "STX begins it, code of 3 bytes, ETX ends it"},
		{"ascii", scanner.STXETXLRC, "\x02ABC\x03C", "ABC", "STX begins it, code of 3 bytes, ETX ends it, check byte 43: right"},
		{"ascii", scanner.STXETXLRC, "\x02ABC\x03D", "ABC", "STX begins it, code of 3 bytes, ETX ends it, check byte 44: wrong, these bytes have 43"},
		{"honeywell", scanner.CR, "\x16\xfe\x1b\x00\x00\x00\rMSGGET0014dE0\x1d4006381333931\r", "4006381333931", "data header: 14 bytes follow, symbology ]E0, code of 13 bytes, CR ends it"},
		{"batch-timed", scanner.CR, "4006381333931,20270131103000\r", "4006381333931", "code of 13 bytes, the device's time 2027-01-31 10:30:00, CR ends it"},
		{"batch-timed", scanner.CR, "4006381333931\r", "4006381333931", "code of 13 bytes, CR ends it"},
		{"ascii", scanner.CR, "AB", "C", ""},
	} {
		assert.Equal(t, c.says, named(t, c.profile).Parts(scanner.Config{Terminator: c.end}, []byte(c.frame), []byte(c.content)), "%q", c.frame)
	}
}
