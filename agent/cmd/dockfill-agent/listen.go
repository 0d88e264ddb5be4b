package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/source"
)

type listenCmd struct {
	target
	Station    string `placeholder:"ID" xor:"what" help:"Listen as this station is configured."`
	Port       string `placeholder:"NAME" xor:"what" help:"Listen to this port: a name out of 'ports', usb:VID:PID, COM3 or tcp://host:port."`
	Profile    string `placeholder:"NAME" help:"What the scanner on --port speaks (default ascii); a wrong name gets the list."`
	Baud       int    `placeholder:"RATE" help:"Speed of --port (default: the profile's)."`
	Terminator string `placeholder:"END" help:"How a scan on --port ends: cr, lf, crlf, crcr, tab, stx-etx, stx-etx-lrc, idle (default: the profile's)."`
	Count      int    `placeholder:"N" help:"Stop after so many scans; 0 goes on until Ctrl-C."`
	JSON       bool   `help:"Print one JSON line for each scan."`
	Record     string `placeholder:"FILE" type:"path" help:"Write what goes over the port to FILE, both ways, in the form that firmware-sim plays back."`
}

// Help says what is shown.
func (listenCmd) Help() string {
	return `For each scan: its bytes as they came over the port, with control characters by name, what its parts mean in the profile, the symbology identifier,
the elements, and whether the agent would accept it by its form. Whether its item is known is not asked. Nothing is saved, so the scanner never hears a good beep.
What moves without being a scan is shown by itself: "<" comes from the scanner, ">" goes to it, each with what it means.

Exit status:
  0  it was listened until Ctrl-C, or until --count scans had come.
  2  the configuration has faults, or the running agent holds the port.`
}

// Run shows scans as they come. They are not saved, so the scanner never hears a
// good beep for one.
func (l listenCmd) Run(p *program) (err error) {
	c, err := l.settings(p)
	if err != nil {
		return err
	}
	if err := l.refuseHeld(p, c.Port, l.Port == ""); err != nil {
		return err
	}
	wire := newTap(c)
	if l.Record != "" {
		f, err := os.Create(l.Record)
		if err != nil {
			return fmt.Errorf("the recording cannot be written: %w", err)
		}
		wire.tape = newTape(f)
		defer func() { err = errors.Join(err, wire.tape.close()) }()
	}
	c.Tap = wire.hear
	fmt.Fprintf(p.err, "Listening to %s, profile %s. Nothing is saved. Ctrl-C ends.\n", c.Port, c.Profile)
	return attend(p.ctx, c, func(from scanner.Source, scans <-chan scanner.Scan) error {
		return l.show(p, wire, c, from, scans)
	})
}

// attend runs a scanner's source while f does.
func attend(ctx context.Context, c scanner.Config, f func(scanner.Source, <-chan scanner.Scan) error) error {
	from, err := source.New(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	scans, done := make(chan scanner.Scan), make(chan error, 1)
	go func() { done <- from.Run(ctx, scans) }()
	err = f(from, scans)
	cancel()
	<-done // its error is ctx's, always
	return err
}

// show prints scans, and every change of the port between them.
func (l listenCmd) show(p *program, w *tap, c scanner.Config, from scanner.Source, scans <-chan scanner.Scan) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	told := ""
	tell := func() {
		if line := portLine(from.Status()); line != told {
			told = line
			fmt.Fprintln(p.err, line)
		}
	}
	for seen := 0; l.Count == 0 || seen < l.Count; {
		select {
		case s := <-scans:
			seen++
			tell() // before it, and where it is the last
			s.Answer(allocation.Check)
			if err := l.print(p, w, c, s); err != nil {
				return err
			}
		case <-tick.C:
			w.tape.plugged(from.Status().State == scanner.Connected)
			tell()
			if !l.JSON {
				w.printRest(p.out)
			}
		case <-p.ctx.Done():
			return nil
		}
	}
	return nil
}

func portLine(st scanner.Status) string {
	text := string(st.State)
	if st.Device != "" {
		text += " " + st.Device
	}
	if st.Revision != "" {
		text += ", " + dock.Visible(st.Revision)
	}
	if st.LastError != nil {
		text += ": " + st.LastError.Error()
	}
	return text
}

func (l listenCmd) print(p *program, w *tap, c scanner.Config, s scanner.Scan) error {
	wire := w.frame(c, s)
	h := hearing(wire, s)
	if w.speech != nil {
		h.Means = w.speech.Parts(c, h.bytes, s.Raw)
	}
	if l.JSON {
		w.printRest(io.Discard) // programs get the scans alone
		return printJSON(p.out, h)
	}
	w.printBefore(p.out, len(wire))
	if err := h.print(p.out); err != nil {
		return err
	}
	w.printRest(p.out)
	return nil
}

// settings are the station's, or those of the flags.
func (l listenCmd) settings(p *program) (scanner.Config, error) {
	switch {
	case l.Port == "" && l.Station == "":
		return scanner.Config{}, usageError("name what to listen to: --station 1, or --port with a name that `dockfill-agent ports` lists")
	case l.Port == "" && (l.Profile != "" || l.Baud != 0 || l.Terminator != ""):
		return scanner.Config{}, usageError("--profile, --baud and --terminator go with --port; a station has its own in the configuration")
	case l.Count < 0:
		return scanner.Config{}, usageError("--count cannot be negative")
	case l.Port != "":
		return l.ofFlags(p)
	}
	site, err := p.load()
	if err != nil {
		return scanner.Config{}, err
	}
	for _, c := range site.Stations {
		if string(c.Station) != l.Station {
			continue
		}
		if c.Port == "" {
			return c, fmt.Errorf("station %s has no port in %s; it takes scans by the API alone", l.Station, p.configFile())
		}
		return c, nil
	}
	return scanner.Config{}, fmt.Errorf("%s names no station %q", p.configFile(), l.Station)
}

// ofFlags also knows the site's own profiles and codes, where there is a
// configuration without faults.
func (l listenCmd) ofFlags(p *program) (scanner.Config, error) {
	site, err := p.load()
	if err != nil {
		site = config.Config{}
	}
	end, err := terminatorOf(l.Terminator)
	if err != nil {
		return scanner.Config{}, err
	}
	return portConfig(site, scanner.Config{
		Station: "listen", Port: l.Port, Profile: scanner.Profile(strings.ToLower(l.Profile)), Baud: l.Baud, Terminator: end,
	})
}

// portConfig completes the settings of a port that a person named. Its mistakes
// are the person's.
func portConfig(of config.Config, c scanner.Config) (scanner.Config, error) {
	c.Unstable, c.Rules = true, of.Rules
	if c.Profile == "" {
		c.Profile = scanner.ASCII
	}
	p, err := of.Profiles.Find(string(c.Profile))
	if err != nil {
		return c, usageError(err.Error())
	}
	c.Beep = p.Verdicts()
	complete, err := of.Profiles.Complete(c)
	if err == nil {
		_, err = source.New(complete)
	}
	if err != nil {
		return c, usageError(strings.ReplaceAll(err.Error(), fmt.Sprintf("station %s: ", c.Station), ""))
	}
	return complete, nil
}

// terminatorOf reads a terminator as a configuration names it.
func terminatorOf(name string) (scanner.Terminator, error) {
	if name == "" {
		return "", nil
	}
	var names []string
	for _, t := range scanner.Terminators() {
		if strings.EqualFold(name, terminatorName(t)) {
			return t, nil
		}
		names = append(names, terminatorName(t))
	}
	return "", usageError(fmt.Sprintf("terminator %q is none of %s", name, strings.Join(names, ", ")))
}

// terminatorName is how a configuration names a terminator.
func terminatorName(t scanner.Terminator) string {
	return strings.ToLower(strings.NewReplacer("/", "-", "+", "-").Replace(string(t)))
}

// refuseHeld keeps two programs from sharing a port: each would get a part of
// the bytes, and scans would be lost. Where nothing configured is needed, a
// configuration with faults does not matter.
func (t target) refuseHeld(p *program, port string, configured bool) error {
	c, err := t.client(p)
	if err != nil {
		if !configured {
			return nil
		}
		return err
	}
	c.http.Timeout = 3 * time.Second
	var st dock.StatusBody
	if _, err := c.get(p.ctx, "/api/v1/status", &st); err != nil {
		return nil // no agent runs; a port that something else holds cannot be opened
	}
	at := slices.IndexFunc(st.Stations, func(s dock.StationJSON) bool { return s.Port == port })
	if at < 0 {
		return nil
	}
	return fmt.Errorf("the running agent holds %s as station %s, and two readers would lose scans; stop it first with `dockfill-agent service stop`, or watch %s/?station=%s",
		port, st.Stations[at].ID, c.base, st.Stations[at].ID)
}
