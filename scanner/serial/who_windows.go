package serial

import (
	"fmt"

	"dockfill/scanner"
)

// Windows tells nobody who holds a port, and opens each for one program alone.

func held(device string) error {
	return fmt.Errorf("%w: %s is open in another program; close that (Resource Monitor lists what runs), or give the station another port", scanner.ErrHeld, device)
}

func shared(string) error { return nil }

func forbidden(device string) error {
	return fmt.Errorf("%w: %s; run the service as LocalService, which may, or as an administrator", scanner.ErrNoPermission, device)
}
