package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/scenarios"
)

// option is a word that describes a device in a scenario.
type option struct {
	name, usage, meaning string
	set                  func(c *device.Config, value string) error
}

// deviceOptions lists them for the parser and for the help text.
var deviceOptions = []option{
	{"link", "link=PATH", "the symlink that the agent opens", text(func(c *device.Config) *string { return &c.Link })},
	{"listen", "listen=ADDR", "listen on TCP instead, as a device server does", text(func(c *device.Config) *string { return &c.Listen })},
	{"framing", "framing=" + framingWords("|"), "how a scan ends (not ssi)", func(c *device.Config, v string) error {
		c.Framing = device.Framing(v)
		return nil
	}},
	{"aim", "aim", "put the AIM identifier before the data", flag(func(c *device.Config) *bool { return &c.AIM })},
	{"gs", "gs=TEXT", "what the scanner sends in the place of GS", text(func(c *device.Config) *string { return &c.Separator })},
	{"baud", "baud=N", "the scanner's own speed; an agent with another one gets garbage (pseudo-terminal)", func(c *device.Config, v string) (err error) {
		c.Baud, err = number(v)
		return err
	}},
	{"packets", "packets", "ssi: in packet mode from the start", flag(func(c *device.Config) *bool { return &c.Packets })},
	{"header", "header", "honeywell: send the data header DECHDR1", flag(func(c *device.Config) *bool { return &c.Header })},
	{"nocomma", "nocomma", "honeywell-hostack: an older model, whose escape commands end without a comma", flag(func(c *device.Config) *bool { return &c.NoComma })},
	{"hostwait", "hostwait=TIME", "honeywell-hostack: wait that long for the host, 1s to 90s (10s)", span(func(c *device.Config) *time.Duration { return &c.HostWait })},
	{"acknak", "acknak", "datalogic: send each scan until the agent has acknowledged it", flag(func(c *device.Config) *bool { return &c.AckNak })},
	{"ackwait", "ackwait=TIME", "ssi, or datalogic with acknak: send again after that long without an acknowledgement (2s, datalogic 200ms)", span(func(c *device.Config) *time.Duration { return &c.AckWait })},
	{"needs-e", "needs-e", "datalogic: after F disabled until E", flag(func(c *device.Config) *bool { return &c.NeedsEnable })},
	{"deaf", "deaf=TIME", "datalogic: deaf that long after R (30s)", span(func(c *device.Config) *time.Duration { return &c.ResetTime })},
	{"time", "time[=LAYOUT]", "batch: a comma and the time behind each code, laid out as in Go (" + batchTime + ")", func(c *device.Config, v string) error {
		if c.TimeLayout = v; v == "" {
			c.TimeLayout = batchTime
		}
		return nil
	}},
	{"slow", "slow=TIME", "batch: the device's clock is that slow", span(func(c *device.Config) *time.Duration { return &c.ClockSlow })},
}

// batchTime is the usual time behind a code: the device's own clock, no zone.
const batchTime = "20060102150405"

func text(field func(*device.Config) *string) func(*device.Config, string) error {
	return func(c *device.Config, v string) error {
		*field(c) = v
		return nil
	}
}

func flag(field func(*device.Config) *bool) func(*device.Config, string) error {
	return func(c *device.Config, v string) error {
		if v != "" {
			return fmt.Errorf("the option stands alone, without =%s", v)
		}
		*field(c) = true
		return nil
	}
}

func span(field func(*device.Config) *time.Duration) func(*device.Config, string) error {
	return func(c *device.Config, v string) (err error) {
		*field(c), err = period(v)
		return err
	}
}

// configure makes a device of a scenario's words.
func configure(name, profile string, words []string) (device.Config, error) {
	c := device.Config{Name: name, Profile: device.Profile(profile)}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		if err := setOption(&c, key, value); err != nil {
			return c, err
		}
		if key == "framing" && c.Profile == device.SSI {
			return c, fmt.Errorf("a device of profile %s sends packets and has no framing", device.SSI)
		}
	}
	return c, nil
}

func setOption(c *device.Config, key, value string) error {
	var known []string
	for _, o := range deviceOptions {
		if o.name == key {
			return o.set(c, value)
		}
		known = append(known, o.name)
	}
	return fmt.Errorf("a device has no option %q; %s", key, scenarios.Suggest(key, known))
}

// number is a positive whole number.
func number(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no number above 0", s)
	}
	return n, nil
}

func framingWords(between string) string {
	var words []string
	for _, f := range device.Framings {
		words = append(words, string(f))
	}
	return strings.Join(words, between)
}

func profileWords(between string) string {
	var words []string
	for _, p := range device.Profiles {
		words = append(words, string(p.Profile))
	}
	return strings.Join(words, between)
}

// words takes what follows a verb's fixed words: xN, and KEY=VALUE or KEY of the
// known keys, in any order.
func words(verb string, more []string, keys ...string) (times int, values map[string]string, err error) {
	times, values = 1, map[string]string{}
	for _, w := range more {
		key, value, _ := strings.Cut(w, "=")
		if n, isTimes := strings.CutPrefix(w, "x"); isTimes && !strings.Contains(w, "=") {
			if times, err = number(n); err != nil {
				return 0, nil, fmt.Errorf("%q is no count: write x20", w)
			}
			continue
		}
		if _, err := strconv.Atoi(w); err == nil {
			return 0, nil, fmt.Errorf("%q is no count: write x20", w)
		}
		if !slices.Contains(keys, key) {
			return 0, nil, fmt.Errorf("%q is not understood here: %s", w, scenarios.Usage(verb))
		}
		values[key] = value
	}
	return times, values, nil
}
