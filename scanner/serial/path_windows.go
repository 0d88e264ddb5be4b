package serial

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.bug.st/serial"
	"go.bug.st/serial/enumerator"

	"dockfill/scanner"
)

// List gives the ports that are there, from the system's device tables.
func List() ([]Port, error) {
	found, err := enumerator.GetDetailedPortsList()
	if err != nil {
		return nil, fmt.Errorf("list ports: %w", err)
	}
	ports := make([]Port, 0, len(found))
	for _, f := range found {
		ports = append(ports, Port{Path: f.Name, Stable: f.Name, VID: strings.ToUpper(f.VID), PID: strings.ToUpper(f.PID),
			Serial: f.SerialNumber, Product: f.Product})
	}
	return ports, nil
}

var comForm = regexp.MustCompile(`^COM[1-9]\d{0,2}$`)

// pathFinder looks a COM port up. Windows keeps a device's number, so that the
// name is stable.
func pathFinder(name string, _ bool) (func() (string, error), error) {
	name = strings.ToUpper(name)
	if !comForm.MatchString(name) {
		return nil, fmt.Errorf("port %q is no COM port, usb:VID:PID or tcp://host:port; `dockfill-agent ports` lists names to use", name)
	}
	return func() (string, error) {
		names, err := serial.GetPortsList()
		if err != nil {
			return "", fmt.Errorf("list ports: %w", err)
		}
		if !slices.Contains(names, name) {
			return "", missing(name)
		}
		return name, nil
	}, nil
}

// missing says why a name leads to no port.
func missing(name string) error { return fmt.Errorf("%w (%s)", scanner.ErrNotFound, name) }

// checkDescriptors has nothing to check: Windows waits on handles.
func checkDescriptors() error { return nil }
