package scanner

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShortestConfigurationWorks(t *testing.T) {
	c, err := Config{Station: "1", Port: "COM3"}.Complete()
	require.NoError(t, err)
	assert.Equal(t, Config{Station: "1", Port: "COM3", Profile: ASCII, Baud: 9600, DataBits: 8, Parity: "none", StopBits: 1,
		Guard: DefaultGuard}, c)
	again, err := c.Complete()
	require.NoError(t, err)
	assert.Equal(t, c, again)
}

func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	_, err := Config{Baud: 96, DataBits: 9, Parity: "some", StopBits: 3}.Complete()
	for _, want := range []string{"station is missing", "port is missing", "baud 96", "data bits 9", `parity "some"`,
		"stop bits 3"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = Config{Station: "1", Port: "COM3", Terminator: "EOT", IdleGap: 10 * time.Millisecond}.Complete()
	assert.ErrorContains(t, err, `station 1: terminator "EOT" is none of [CR LF CRLF CRCR TAB STX/ETX STX/ETX+LRC IDLE]`)
	assert.ErrorContains(t, err, "idle gap 10ms is not between 100ms and 10s")
}
