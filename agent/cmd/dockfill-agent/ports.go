package main

import (
	"fmt"
	"io"
	"strings"

	"dockfill/agent/dock"
	"dockfill/scanner"
	"dockfill/scanner/hid"
	"dockfill/scanner/profile"
	"dockfill/scanner/serial"
)

type portsCmd struct {
	JSON bool `help:"Print JSON."`
}

// Help says what is looked at.
func (portsCmd) Help() string {
	return `It reads the system's tables and opens no port, so that nothing is sent to a device that is no scanner. Listed are serial ports, HID point-of-sale
scanners, and keyboards of scanner makers. Device servers (tcp://host:port) cannot be listed.

Exit status:
  0  the ports were listed, also where there is none.
  2  they could not be listed.`
}

// portSeen is a port and what is known of it.
type portSeen struct {
	Stable  string `json:"stable"` // the name to configure
	Path    string `json:"path"`
	Kind    string `json:"kind"` // serial, hidpos or keyboard
	VID     string `json:"vid,omitempty"`
	PID     string `json:"pid,omitempty"`
	Serial  string `json:"serial,omitempty"`
	Product string `json:"product,omitempty"`
	// Profile is the one that fits best, with why; empty where the ids tell nothing.
	Profile string `json:"profile,omitempty"`
	Why     string `json:"why,omitempty"`
	// HeldBy are the programs that have it open, as far as this user may know.
	HeldBy []string `json:"held_by"`
	// Problem is what stands in the way, with what to do.
	Problem string `json:"problem,omitempty"`
}

func (c portsCmd) Run(p *program) error {
	// The site's own profiles, where the configuration is readable.
	config, _ := p.load()
	ports, err := seePorts(config.Profiles)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, map[string]any{"schema": schema, "ports": ports})
	}
	if len(ports) == 0 {
		_, err := fmt.Fprintln(p.out, "No scanner port is plugged in. A scanner in keyboard mode shows no serial port: set it to USB serial (CDC) mode first.")
		return err
	}
	for _, s := range ports {
		s.print(p.out)
	}
	return nil
}

// seePorts lists what is plugged in; nothing is opened.
func seePorts(profiles profile.Set) ([]portSeen, error) {
	lines, err := serial.List()
	if err != nil {
		return nil, fmt.Errorf("the serial ports could not be listed: %w", err)
	}
	inputs, err := inputDevices()
	if err != nil {
		return nil, fmt.Errorf("the input devices could not be listed: %w", err)
	}
	seen := []portSeen{}
	for _, x := range lines {
		seen = append(seen, portSeen{Stable: orElse(x.Stable, x.Path), Path: x.Path, Kind: string(profile.Serial), VID: x.VID, PID: x.PID, Serial: x.Serial, Product: x.Product})
	}
	for _, d := range inputs {
		s := portSeen{Stable: d.Stable(), Path: d.Path, Kind: string(profile.HIDPOS), VID: d.VID, PID: d.PID, Serial: d.Serial, Product: d.Product}
		if d.Wedge {
			s.Kind = string(profile.Keyboard)
		}
		seen = append(seen, s)
	}
	for i := range seen {
		seen[i].look(profiles)
	}
	return seen, nil
}

// inputDevices are the HID scanners, and of the keyboards those that scanner
// makers make: what a person types on is nobody's port.
func inputDevices() ([]hid.Device, error) {
	all, err := hid.List()
	if err != nil {
		return nil, err
	}
	found, err := hid.Wedges()
	for _, d := range all {
		if !d.Wedge {
			found = append(found, d)
		}
	}
	return found, err
}

// look adds what fits, who holds it, and what stands in the way.
func (s *portSeen) look(profiles profile.Set) {
	s.HeldBy = []string{}
	if s.Path != "" {
		programs, forbids := serial.Look(s.Path)
		s.HeldBy = append(s.HeldBy, programs...)
		if forbids != nil {
			s.Problem = strings.TrimPrefix(forbids.Error(), scanner.ErrNoPermission.Error()+": ")
		}
	}
	fits := profiles.Suggest(s.VID, s.PID)
	if len(fits) == 0 {
		return
	}
	best := fits[0]
	s.Why = best.Why
	if others := names(profile.Undecided(fits)); len(others) > 0 {
		s.Why += fmt.Sprintf("; the id cannot tell which it is of %s: `dockfill-agent setup` asks", strings.Join(others, ", "))
	}
	switch s.Kind {
	case string(profile.Serial):
		s.Profile = best.Profile
	case string(profile.HIDPOS):
		s.Profile = string(scanner.ASCII) // the only one that ports of this kind take
	default:
		if p, err := profiles.Find(best.Profile); err == nil && s.Problem == "" {
			s.Problem = "it types as a keyboard; " + advice(p, "leave-keyboard", "set it to USB serial (CDC) mode by its maker's setup barcode")
		}
	}
}

// names are those of the profiles.
func names(of []profile.Suggestion) (all []string) {
	for _, s := range of {
		all = append(all, s.Profile)
	}
	return all
}

// advice is what a person is to look for in the maker's guide.
func advice(p *profile.Profile, purpose, otherwise string) string {
	for _, s := range p.Setup {
		if s.Purpose == purpose {
			return "scan the setup barcode of its guide: " + s.Words
		}
	}
	return otherwise
}

// print writes one port, its name to configure first.
func (s portSeen) print(out io.Writer) {
	fmt.Fprintf(out, "%s\n", dock.Visible(s.Stable))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "  %-8s %s\n", name, dock.Visible(value))
		}
	}
	line("now", s.Path)
	line("kind", s.Kind)
	if s.VID != "" {
		line("usb", strings.TrimRight(s.VID+":"+s.PID+" "+s.Serial, " "))
	}
	line("product", s.Product)
	if s.Profile != "" {
		line("profile", s.Profile+" ("+s.Why+")")
	}
	line("held by", strings.Join(s.HeldBy, ", "))
	line("problem", s.Problem)
}
