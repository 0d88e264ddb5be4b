package device

import (
	"slices"
	"strings"
)

// Profile names what a device speaks.
type Profile string

// The profiles.
const (
	ASCII            Profile = "ascii"
	SSI              Profile = "ssi"
	HoneywellHostAck Profile = "honeywell-hostack"
	Honeywell        Profile = "honeywell"
	Datalogic        Profile = "datalogic"
	Cordless         Profile = "datalogic-cordless"
	Batch            Profile = "batch"
)

// Profiles lists every profile with its meaning, for help texts. Hears tells
// whether the worker hears the verdict from the device itself.
var Profiles = []Facts{
	{ASCII, "types its data, hears nothing", false},
	{SSI, "Zebra and Symbol in packets: acknowledged, told beep and light", true},
	{HoneywellHostAck, "Honeywell in Host ACK mode: silent and suspended until the host answers", true},
	{Honeywell, "Honeywell without Host ACK: types, beeps by itself, takes menu commands", false},
	{Datalogic, "Datalogic: types, told tones by single bytes and ESC [", true},
	{Cordless, "Datalogic behind its base: types, told tones and lights by messages, DC2 to CR", true},
	{Batch, "a handheld with a memory that it pastes at once when told to", false},
}

// Facts is what help texts and players must know of a profile.
type Facts struct {
	Profile Profile
	Meaning string
	Hears   bool
}

// Hears tells whether the worker hears the verdict from the device itself.
func (p Profile) Hears() bool {
	facts, _ := p.facts()
	return facts.Hears
}

func (p Profile) facts() (Facts, bool) {
	i := slices.IndexFunc(Profiles, func(f Facts) bool { return f.Profile == p })
	if i < 0 {
		return Facts{}, false
	}
	return Profiles[i], true
}

func profileNames() string {
	var names []string
	for _, p := range Profiles {
		names = append(names, string(p.Profile))
	}
	return strings.Join(names, ", ")
}
