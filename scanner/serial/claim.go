package serial

import (
	"fmt"
	"sync"

	"dockfill/allocation"
	"dockfill/scanner"
)

// claims are the devices that stations of this process have open. The system
// refuses another process, but not always a second reader in the same one: two
// names that lead to one device after a replug would halve every scan.
type claims struct {
	mu sync.Mutex
	by map[string]allocation.StationID
}

var open = claims{by: map[string]allocation.StationID{}}

// take notes that the station opens the device; another station's is refused.
func (c *claims) take(device string, station allocation.StationID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other, taken := c.by[device]; taken && other != station {
		return fmt.Errorf("%w: %s is open at station %s, under another name; give station %s a port of its own, or take one out", scanner.ErrHeld, device, other, station)
	}
	c.by[device] = station
	return nil
}

func (c *claims) free(device string, station allocation.StationID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by[device] == station {
		delete(c.by, device)
	}
}
