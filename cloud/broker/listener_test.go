package broker

import (
	"net"
	"testing"

	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The hang of the library's own way comes once in a dozen stops under the race
// detector, so its cause is held here and not its chance.
func TestClosingThePortAsksNothingOfTheLibrary(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served{Net: listeners.NewNet("tcp", l)}.Close(func(string) { assert.Fail(t, "the library may stand for ever here") })
	_, err = l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
}
