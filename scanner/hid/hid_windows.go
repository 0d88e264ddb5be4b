package hid

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/windows/registry"
)

// Windows opens keyboards for itself alone (Microsoft's list of HID clients; sure).
const errNoWedges = "Windows keeps every keyboard for itself, so that a service cannot own a scanner that types"

// keyboards is where Windows lists the devices that its keyboard driver serves at
// present: values named 0, 1, 2 and so on hold their instance ids.
const keyboards = `SYSTEM\CurrentControlSet\Services\kbdhid\Enum`

// Wedges gives the keyboards of scanner makers that are plugged in.
func Wedges() ([]Device, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, keyboards, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil, nil // no USB keyboard has been plugged in since the start
	}
	if err != nil {
		return nil, fmt.Errorf("list keyboards: %w", err)
	}
	defer func() { _ = key.Close() }()
	var found []Device
	for i := 0; ; i++ {
		instance, _, err := key.GetStringValue(strconv.Itoa(i))
		if err != nil {
			return found, nil
		}
		if d, ok := wedgeOf(instance); ok {
			found = append(found, d)
		}
	}
}
