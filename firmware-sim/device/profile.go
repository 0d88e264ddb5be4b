package device

import (
	"fmt"
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

// misplaced refuses an option that a device of the profile has not: it would do
// nothing, and the player would believe that it did.
func (c *Config) misplaced() error {
	for _, o := range []struct {
		set bool
		is  string
		of  []Profile
	}{
		{c.Packets, "packet mode", []Profile{SSI}},
		{c.Header, "the data header", []Profile{Honeywell, HoneywellHostAck}},
		{c.NoComma, "commands without a comma", []Profile{HoneywellHostAck}},
		{c.AckNak, "acknowledgement by ACK and NAK", []Profile{Datalogic}},
		{c.NeedsEnable, "waiting for E after F", []Profile{Datalogic}},
		{c.TimeLayout != "", "the time behind a code", []Profile{Batch}},
		{c.ClockSlow != 0, "a clock", []Profile{Batch}},
	} {
		if o.set && !slices.Contains(o.of, c.Profile) {
			return fmt.Errorf("a device of profile %s has not %s, which is of %s", c.Profile, o.is, joined(o.of))
		}
	}
	return nil
}

func joined(profiles []Profile) string {
	names := make([]string, len(profiles))
	for i, p := range profiles {
		names[i] = string(p)
	}
	return strings.Join(names, ", ")
}

func profileNames() string {
	var all []Profile
	for _, p := range Profiles {
		all = append(all, p.Profile)
	}
	return joined(all)
}
