package device

import (
	"fmt"
	"slices"
	"strings"
	"time"
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
// whether the worker hears the verdict from the device itself, Keeps whether it can be
// carried out of range and sends what it kept when it is back.
var Profiles = []Facts{
	{ASCII, "types its data, hears nothing", false, false},
	{SSI, "Zebra and Symbol in packets: acknowledged, told beep and light", true, true},
	{HoneywellHostAck, "Honeywell in Host ACK mode: silent and suspended until the host answers", true, true},
	{Honeywell, "Honeywell without Host ACK: types, beeps by itself, takes menu commands", false, false},
	{Datalogic, "Datalogic: types, told tones by single bytes and ESC [", true, false},
	{Cordless, "Datalogic behind its base: types, told tones and lights by messages, DC2 to CR", true, true},
	{Batch, "a handheld with a memory that it pastes at once when told to", false, false},
}

// Facts is what help texts and players must know of a profile.
type Facts struct {
	Profile Profile
	Meaning string
	Hears   bool
	Keeps   bool
}

// Hears tells whether the worker hears the verdict from the device itself.
func (p Profile) Hears() bool {
	facts, _ := p.facts()
	return facts.Hears
}

// Roams says why a device of the profile cannot be carried out of range, or nil.
func (p Profile) Roams() error {
	if facts, _ := p.facts(); facts.Keeps {
		return nil
	}
	var cordless []Profile
	for _, f := range Profiles {
		if f.Keeps {
			cordless = append(cordless, f.Profile)
		}
	}
	return fmt.Errorf("a device of profile %s hangs on its wire or keeps its scans anyway; one that can be carried out of range is of %s", p, joined(cordless))
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
		{c.HostWait != 0, "a wait for the host", []Profile{Honeywell, HoneywellHostAck}},
		{c.ResetTime != 0, "a time of deafness after R", []Profile{Datalogic}},
		{c.TimeLayout != "", "the time behind a code", []Profile{Batch}},
		{c.ClockSlow != 0, "a clock", []Profile{Batch}},
	} {
		if o.set && !slices.Contains(o.of, c.Profile) {
			return fmt.Errorf("a device of profile %s has not %s, which is of %s", c.Profile, o.is, joined(o.of))
		}
	}
	if c.AckWait != 0 && c.Profile != SSI && !c.AckNak {
		return fmt.Errorf("a device of profile %s waits for no acknowledgement; %s does, and %s with acknak", c.Profile, SSI, Datalogic)
	}
	if c.HostWait != 0 && (c.HostWait < time.Second || c.HostWait > 90*time.Second) {
		return fmt.Errorf("a device waits 1s to 90s for its host, not %s", c.HostWait)
	}
	if c.Baud != 0 && c.Listen != "" {
		return fmt.Errorf("a TCP address has no speed; a pseudo-terminal has")
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
