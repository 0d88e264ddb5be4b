package device_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/firmware-sim/device"
)

func TestAnOptionOfAnotherMakeIsRefused(t *testing.T) {
	for _, c := range []device.Config{
		{Profile: device.ASCII, AckNak: true}, {Profile: device.SSI, Header: true}, {Profile: device.Datalogic, Packets: true},
		{Profile: device.Honeywell, NoComma: true}, {Profile: device.SSI, TimeLayout: "150405"},
	} {
		c.Link = filepath.Join(t.TempDir(), "dock")
		_, err := device.New(c)
		assert.ErrorContains(t, err, "a device of profile "+string(c.Profile)+" has not ", "%+v", c)
	}
}
