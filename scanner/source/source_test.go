package source_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
	"dockfill/scanner/source"
)

func TestThePortsNameSaysHowAScannerIsAttached(t *testing.T) {
	for _, port := range []string{"tcp://10.0.0.7:4001", "usb:05E0:1701", "hid:05E0:1300"} {
		s, err := source.New(scanner.Config{Station: "1", Port: port})
		require.NoError(t, err, port)
		assert.Equal(t, scanner.Searching, s.Status().State, "nothing is opened yet")
		assert.Equal(t, port, s.Status().Port)
	}
}

func TestANameThatIsNoneIsRefused(t *testing.T) {
	for _, port := range []string{"", "ttyUSB0", "hid:05E0", "tcp://nowhere", "usb:1", "bt:1"} {
		_, err := source.New(scanner.Config{Station: "1", Port: port})
		assert.Error(t, err, port)
	}
}
