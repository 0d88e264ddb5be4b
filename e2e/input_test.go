package e2e

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
	"dockfill/sync/wire"
)

// What a barcode may hold that somebody made in order to do harm.
var hostile = []string{
	`<script>alert(1)</script>`,
	`'; DROP TABLE event; --`,
	`=cmd|' /C calc'!A0`,
	`(01)09506000134352(21)<img src=x>`,
	`(01)09506000134353(21)A1`, // wrong check digit
	`DF:NONSENSE`,
	`\x00\x07\x1b[31m`,
	`]C1010950600013435230999999999`,
	strings.Repeat("A", 200),
}

// Whatever a scanner sends, the dock hears no good tone for it, nothing is
// counted, and the next good carton is received.
func TestBadScansAreRefusedAndTheNextGoodOneIsTaken(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"ssi", "ascii"} {
		t.Run(profile, func(t *testing.T) {
			c, s := house(t, 100, 1, stations(1), func(s *site) { s.profile = profile })
			d := s.scanner(1)
			units := int64(0)
			for _, code := range hostile {
				assert.NotEqual(t, device.Good, hears(t, d, code), "%q", code)
				units++
				hears(t, d, carton(fmt.Sprintf("N%d", units)))
				eventually(t, patience, fmt.Sprintf("the carton after %q", code), func() bool { return s.status().Totals.Units == units })
			}
			page, err := http.Get(s.http + "/site")
			require.NoError(t, err)
			defer page.Body.Close()
			html, err := io.ReadAll(page.Body)
			require.NoError(t, err)
			assert.NotContains(t, string(html), "<script>alert(1)")
			heal(t, s, c, patience)
			audit(t, s, c, nil)
		})
	}
}

// A client that shouts at the broker, speaks on another site's topic or sends
// more than a message may hold, is turned away. Nobody else notices.
func TestBrokerRefusesWhatNoSiteWouldSend(t *testing.T) {
	t.Parallel()
	c, s := house(t, 20, 1, stations(1))
	d := s.scanner(1)
	for name, packet := range map[string][]byte{
		"an oversized packet":                   publish(wire.Up("intruder"), make([]byte, wire.MaxMessage+64<<10)),
		"a length of 256 MB and nothing behind": {0x30, 0xff, 0xff, 0xff, 0x7f},
		"another site's topic":                  publish(wire.Up("leeds"), []byte(`{"v":1,"type":"hello","site":"leeds"}`)),
		"a topic that is none":                  publish("dockfill/1/zz/../up", []byte("x")),
		"retained rubbish":                      append([]byte{0x31}, publish(wire.Down("leeds"), []byte("x"))[1:]...),
		"no message at all":                     publish(wire.Up("intruder"), []byte("\x28\xb5\x2f\xfd rubbish")),
		"a broken packet":                       {0xff, 0x00, 0x82, 0x01},
	} {
		t.Run(name, func(t *testing.T) {
			conn := intrude(t, c.broker)
			_, err := conn.Write(packet)
			require.NoError(t, err)
			conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
			_, _ = io.Copy(io.Discard, conn) // it is thrown out, or ignored
			conn.Close()
			assert.Equal(t, device.Good, hears(t, d, carton(fmt.Sprintf("%x", name))[:30]))
			heal(t, s, c, patience)
			c.up()
		})
	}
	assert.Zero(t, count(c.db(), `SELECT count(*) FROM event WHERE site <> 'leeds'`))
	audit(t, s, c, nil)
}

// intrude connects to a broker as a client that calls itself a site.
func intrude(t *testing.T, broker string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", broker)
	require.NoError(t, err)
	body := append([]byte{0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60}, text("intruder.0123456789abcdef")...)
	_, err = conn.Write(append(append([]byte{0x10}, length(len(body))...), body...))
	require.NoError(t, err)
	conn.SetReadDeadline(time.Now().Add(patience))
	answer := make([]byte, 4)
	_, err = io.ReadFull(bufio.NewReader(conn), answer)
	require.NoError(t, err)
	return conn
}

// publish is an MQTT 3.1.1 PUBLISH with QoS 0.
func publish(topic string, payload []byte) []byte {
	body := append(text(topic), payload...)
	return append(append([]byte{0x30}, length(len(body))...), body...)
}

func text(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }

// length is MQTT's variable byte integer.
func length(n int) (b []byte) {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}
